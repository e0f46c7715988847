-- Sessions: what devices and receivers said to each other.

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
