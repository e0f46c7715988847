-- The base of every spool: what a new one begins with. The later files change it.
--
-- Times are milliseconds since 1970 UTC. JSON columns hold the types of tipoff-model.

-- Facts about the spool itself, such as its random name.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    -- The name that somebody gave it. NULL: nobody did.
    label        TEXT,
    maker        TEXT,
    -- Its login, if somebody added it on the dashboard.
    user         TEXT,
    password     TEXT,
    muted_until  INTEGER,
    -- Milliseconds without an arrival after which an inactivity alert is sent.
    silent_after INTEGER,
    -- Whether that alert was sent since its latest arrival.
    silence_told INTEGER NOT NULL DEFAULT 0,
    -- The device that stands for this one since somebody merged them.
    merged_into  INTEGER REFERENCES device (id),
    last_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX device_by_user ON device (user) WHERE user IS NOT NULL;
CREATE INDEX device_by_last ON device (last_at);
CREATE INDEX device_merged ON device (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX device_watched ON device (silent_after) WHERE silent_after IS NOT NULL;

-- Where a device was seen: at which address, by which protocol, under which name of its own.
CREATE TABLE heard (
    place    TEXT NOT NULL,
    protocol TEXT NOT NULL,
    told     TEXT NOT NULL,
    device   INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (place, protocol, told)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_of_device ON heard (device);

CREATE TABLE incident (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    device          INTEGER NOT NULL REFERENCES device (id),
    event           TEXT NOT NULL,
    subject         TEXT NOT NULL,
    began_at        INTEGER NOT NULL,
    last_arrival_at INTEGER NOT NULL,
    -- 0: alerted, 1: stored without an alert, 2: no arrival opened it.
    silent          INTEGER NOT NULL DEFAULT 0,
    has_video       INTEGER NOT NULL DEFAULT 0,
    -- What a list shows of it, so that a list reads no arrivals.
    pictures        INTEGER NOT NULL DEFAULT 0,
    videos          INTEGER NOT NULL DEFAULT 0,
    cover_arrival   INTEGER,
    cover_index     INTEGER,
    cover_video     INTEGER NOT NULL DEFAULT 0,
    muted           INTEGER NOT NULL DEFAULT 0,
    -- Why nobody is alerted to it, in words for its owner.
    untold          TEXT,
    -- Text of one that no arrival opened, besides its subject.
    note            TEXT,
    -- Name of the report that it is.
    report          TEXT
) STRICT;
CREATE INDEX incident_by_age ON incident (last_arrival_at);
CREATE INDEX incident_of_device ON incident (device, silent, id);
CREATE INDEX incident_by_device ON incident (device, id);
CREATE INDEX incident_by_event ON incident (event, id);
CREATE INDEX incident_by_begin ON incident (began_at);
CREATE INDEX incident_of_day ON incident (device, began_at, silent);

CREATE TABLE arrival (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    incident    INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    received_at INTEGER NOT NULL,
    torn        INTEGER NOT NULL,
    event       TEXT NOT NULL,
    blob        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    envelope    TEXT NOT NULL,
    content     TEXT NOT NULL,
    -- The view of a device in which an upload is listed.
    tree        TEXT
) STRICT;
CREATE INDEX arrival_of_incident ON arrival (incident, bytes);
CREATE UNIQUE INDEX arrival_of_blob ON arrival (blob);
CREATE INDEX arrival_of_tree ON arrival (tree, id) WHERE tree IS NOT NULL;

-- Media that are not alerted again if they come again: all of uploads; of mails the whole pictures of torn ones.
CREATE TABLE known_media (
    device   INTEGER NOT NULL REFERENCES device (id),
    print    BLOB NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    torn     INTEGER NOT NULL,
    PRIMARY KEY (device, print)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_media_of_incident ON known_media (incident);

-- The words by which an incident is found, in small letters.
CREATE TABLE words (
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    arrival  INTEGER NOT NULL,
    words    TEXT NOT NULL,
    PRIMARY KEY (incident, arrival)
) STRICT, WITHOUT ROWID;

-- Lengths of videos.
CREATE TABLE clip (
    incident  INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    arrival   INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    length_ms INTEGER NOT NULL,
    PRIMARY KEY (incident, arrival, place)
) STRICT, WITHOUT ROWID;

-- What arrived in each hour since 1970.
CREATE TABLE hour (
    hour     INTEGER PRIMARY KEY,
    arrivals INTEGER NOT NULL,
    torn     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    incident      INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    channel       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    ended_at      INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    progress      INTEGER NOT NULL DEFAULT 0,
    reference     TEXT,
    -- Whether it is a follow-up with a video: while the video is converted, it holds no picture back.
    video         INTEGER NOT NULL DEFAULT 0,
    -- Name of the route that sends it.
    route         TEXT,
    -- Number of arrivals that a summary stands for.
    held          INTEGER NOT NULL DEFAULT 0,
    gathers_until INTEGER
) STRICT;
CREATE INDEX delivery_pending ON delivery (channel, due_at, id) WHERE state = 'pending';
CREATE INDEX delivery_of_incident ON delivery (incident, channel);
CREATE INDEX delivery_by_outcome ON delivery (state, channel, incident);
CREATE INDEX delivery_by_end ON delivery (channel, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX delivery_summary ON delivery (channel, gathers_until) WHERE kind = 'summary';

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
CREATE INDEX attempt_failed ON attempt (at) WHERE error IS NOT NULL;

CREATE TABLE channel_memory (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;

-- Paused channels.
CREATE TABLE paused (
    channel TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What somebody chose for all devices, such as the home mode, and when.
CREATE TABLE choice (
    what  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Transcripts of the sessions of devices with receivers.
CREATE TABLE session (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    protocol TEXT NOT NULL,
    peer     TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    device   INTEGER REFERENCES device (id) ON DELETE SET NULL,
    login    TEXT,
    tls      TEXT,
    outcome  TEXT NOT NULL,
    failed   INTEGER NOT NULL,
    hint     TEXT,
    arrivals TEXT NOT NULL,
    lines    TEXT NOT NULL
) STRICT;
CREATE INDEX session_of_device ON session (device, id);
CREATE INDEX session_of_peer ON session (peer, device, id);
CREATE INDEX session_by_age ON session (ended_at);

-- Browsers that are logged in, by the digest of their secret.
CREATE TABLE login (
    print      BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens of programs, by the digest of their secret.
CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    print      BLOB NOT NULL UNIQUE,
    may_change INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
