-- Mails that a device sends again because it was not told that they are stored.

-- The digest of a mail that may come again, and 1 if it has a Message-ID: see known_mails.rs.
ALTER TABLE arrival ADD COLUMN mail_digest BLOB;

-- Torn mails without pictures, whose alerts wait in case the device sends them again.
CREATE TABLE torn_mail (
    device  INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    -- In milliseconds since 1970.
    at      INTEGER NOT NULL,
    PRIMARY KEY (device, arrival)
) STRICT, WITHOUT ROWID;
