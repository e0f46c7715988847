-- Columns are named as the code names what they hold.

-- The digest of a file's bytes, of a browser's session and of a token.
ALTER TABLE known_media RENAME COLUMN print TO digest;
ALTER TABLE login RENAME COLUMN print TO digest;
ALTER TABLE token RENAME COLUMN print TO digest;

-- Who built the device.
ALTER TABLE device RENAME COLUMN maker TO vendor;

-- Why nobody is alerted to an incident, in words for its owner.
ALTER TABLE incident RENAME COLUMN untold TO suppressed_reason;
