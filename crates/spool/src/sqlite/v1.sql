-- Times are milliseconds since 1970 UTC. JSON columns hold the types of tipoff-model.

-- What the spool knows of itself.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id   INTEGER PRIMARY KEY,
    key  TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    device          INTEGER NOT NULL REFERENCES device (id),
    event           TEXT NOT NULL,
    subject         TEXT NOT NULL,
    began_at        INTEGER NOT NULL,
    last_arrival_at INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_of_device ON incident (device, id);
CREATE INDEX incident_by_age ON incident (last_arrival_at);

CREATE TABLE arrival (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    incident    INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    received_at INTEGER NOT NULL,
    torn        INTEGER NOT NULL,
    event       TEXT NOT NULL,
    blob        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    envelope    TEXT NOT NULL,
    content     TEXT NOT NULL
) STRICT;
CREATE INDEX arrival_of_incident ON arrival (incident, bytes);
CREATE UNIQUE INDEX arrival_of_blob ON arrival (blob);

-- The whole pictures of torn arrivals, so that the device can send them again unalerted.
CREATE TABLE torn_media (
    device   INTEGER NOT NULL REFERENCES device (id),
    print    BLOB NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    PRIMARY KEY (device, print)
) STRICT, WITHOUT ROWID;
CREATE INDEX torn_media_of_incident ON torn_media (incident);

CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    incident   INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    channel    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    ended_at   INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0,
    progress   INTEGER NOT NULL DEFAULT 0,
    reference  TEXT
) STRICT;
CREATE INDEX delivery_pending ON delivery (channel, due_at, id) WHERE state = 'pending';
CREATE INDEX delivery_of_incident ON delivery (incident, channel);

CREATE TABLE delivery_arrival (
    delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    arrival  INTEGER NOT NULL REFERENCES arrival (id) ON DELETE CASCADE,
    PRIMARY KEY (delivery, arrival)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_of_arrival ON delivery_arrival (arrival);

CREATE TABLE attempt (
    delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    took_ms  INTEGER NOT NULL,
    error    TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_memory (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;
