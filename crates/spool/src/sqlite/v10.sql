-- Mails that a device sends again because it was not told that they are stored.

-- Mails of the last minutes, by the digest of their bytes. Rows of incidents that are gone count for
-- nothing; old ones are removed by a sweep.
CREATE TABLE known_mail (
    device   INTEGER NOT NULL,
    digest   BLOB NOT NULL,
    incident INTEGER NOT NULL,
    -- In milliseconds since 1970.
    at       INTEGER NOT NULL,
    PRIMARY KEY (device, digest)
) STRICT, WITHOUT ROWID;

-- Torn mails without pictures, whose alerts wait in case the device sends them again.
CREATE TABLE torn_mail (
    device  INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (device, arrival)
) STRICT, WITHOUT ROWID;
