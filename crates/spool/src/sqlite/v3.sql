-- The dashboard: what is shown of incidents, and what people say of devices and channels.

-- What a list shows of an incident, so that it need not look into every arrival.
ALTER TABLE incident ADD COLUMN pictures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN videos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN cover_arrival INTEGER;
ALTER TABLE incident ADD COLUMN cover_index INTEGER;
ALTER TABLE incident ADD COLUMN cover_video INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX incident_by_device ON incident (device, id);
CREATE INDEX incident_by_event ON incident (event, id);
CREATE INDEX incident_by_begin ON incident (began_at);
CREATE INDEX incident_of_day ON incident (device, began_at, silent);

CREATE TEMPORARY TABLE seen AS
    SELECT arrival.incident AS incident, arrival.id AS arrival, file.key AS place,
           file.value ->> '$.kind' AS kind
    FROM arrival, json_each(arrival.content, '$.media') AS file
    WHERE file.value ->> '$.kind' IN ('picture', 'animation', 'video');
CREATE INDEX seen_of_incident ON seen (incident, kind = 'video', arrival, place);
UPDATE incident SET
    pictures = (SELECT count(*) FROM seen WHERE incident = incident.id AND kind <> 'video'),
    videos = (SELECT count(*) FROM seen WHERE incident = incident.id AND kind = 'video');
UPDATE incident SET (cover_arrival, cover_index, cover_video) =
    (SELECT arrival, place, kind = 'video' FROM seen WHERE incident = incident.id
     ORDER BY kind = 'video', arrival, place LIMIT 1)
WHERE pictures + videos > 0;
DROP TABLE seen;

-- The words by which an incident is found, in small letters.
CREATE TABLE words (
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    arrival  INTEGER NOT NULL,
    words    TEXT NOT NULL,
    PRIMARY KEY (incident, arrival)
) STRICT, WITHOUT ROWID;
INSERT INTO words
    SELECT incident, id, lower(content ->> '$.subject' || ' ' || substr(content ->> '$.text', 1, 500)
        || ' ' || (envelope ->> '$.sender') || ' ' || coalesce(envelope ->> '$.path', ''))
    FROM arrival;

-- How long videos play.
CREATE TABLE clip (
    incident  INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    arrival   INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    length_ms INTEGER NOT NULL,
    PRIMARY KEY (incident, arrival, place)
) STRICT, WITHOUT ROWID;

-- What people say of a device.
ALTER TABLE device ADD COLUMN label TEXT;
ALTER TABLE device ADD COLUMN maker TEXT;
ALTER TABLE device ADD COLUMN user TEXT;
ALTER TABLE device ADD COLUMN password TEXT;
ALTER TABLE device ADD COLUMN muted_until INTEGER;
ALTER TABLE device ADD COLUMN silent_after INTEGER;
ALTER TABLE device ADD COLUMN silence_told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN merged_into INTEGER REFERENCES device (id);
ALTER TABLE device ADD COLUMN last_at INTEGER;
CREATE UNIQUE INDEX device_by_user ON device (user) WHERE user IS NOT NULL;
CREATE INDEX device_by_last ON device (last_at);
CREATE INDEX device_merged ON device (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX device_watched ON device (silent_after) WHERE silent_after IS NOT NULL;
UPDATE device SET last_at = (SELECT max(last_arrival_at) FROM incident WHERE device = device.id);

-- What arrived in each hour since 1970.
CREATE TABLE hour (
    hour     INTEGER PRIMARY KEY,
    arrivals INTEGER NOT NULL,
    torn     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT;
INSERT INTO hour
    SELECT received_at / 3600000, count(*), sum(torn), sum(bytes) FROM arrival GROUP BY 1;

-- Channels that are to rest.
CREATE TABLE paused (
    channel TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_by_outcome ON delivery (state, channel, incident);
CREATE INDEX delivery_by_end ON delivery (channel, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX attempt_failed ON attempt (at) WHERE error IS NOT NULL;
