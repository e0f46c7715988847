-- Uploads: what is kept without telling anybody, videos that belong to an earlier alert, files that
-- a device sees again, and one device that speaks several protocols.

ALTER TABLE incident ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN has_video INTEGER NOT NULL DEFAULT 0;
DROP INDEX incident_of_device;
CREATE INDEX incident_of_device ON incident (device, silent, id);

-- Whose tree an upload stands in.
ALTER TABLE arrival ADD COLUMN tree TEXT;
CREATE INDEX arrival_of_tree ON arrival (tree, id) WHERE tree IS NOT NULL;

-- Media that, if they come again, are no news: all of uploads; of mails the whole pictures of those
-- that were torn.
CREATE TABLE known_media (
    device   INTEGER NOT NULL REFERENCES device (id),
    print    BLOB NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    torn     INTEGER NOT NULL,
    PRIMARY KEY (device, print)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_media_of_incident ON known_media (incident);
INSERT INTO known_media SELECT device, print, incident, 1 FROM torn_media;
DROP TABLE torn_media;

-- By what a device was heard: at which address, by which protocol, calling itself what.
CREATE TABLE heard (
    place    TEXT NOT NULL,
    protocol TEXT NOT NULL,
    told     TEXT NOT NULL,
    device   INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (place, protocol, told)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_of_device ON heard (device);

-- Follow-ups with videos: what has to be made ready holds no picture back.
ALTER TABLE delivery ADD COLUMN video INTEGER NOT NULL DEFAULT 0;
