-- What each reader of the dashboard has seen and starred.
CREATE TABLE mark (
    -- `account/3`, or `proxy/anna` for a user whom a reverse proxy let in.
    reader   TEXT NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    seen     INTEGER NOT NULL DEFAULT 0,
    starred  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (reader, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_of_incident ON mark (incident);
CREATE INDEX mark_starred ON mark (reader, incident) WHERE starred = 1;

-- The incidents of a night are counted by hour, device and event without reading their rows.
DROP INDEX incident_by_begin;
CREATE INDEX incident_by_begin ON incident (began_at, device, event, incident_kind);
