-- Uploads: what the views of devices need besides their arrivals.

-- The bytes of a path that is not UTF-8, as the device wrote them.
CREATE TABLE path_bytes (
    arrival INTEGER PRIMARY KEY REFERENCES arrival (id) ON DELETE CASCADE,
    path    BLOB NOT NULL
) STRICT;

-- The views of devices that make no folders and give up where one is missing.
CREATE TABLE expects_folders (
    tree TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
