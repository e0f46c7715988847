-- Browsers that get notifications (Web Push).
CREATE TABLE push_subscription (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- `account/3`, or `proxy/anna` for a user whom a reverse proxy let in.
    reader     TEXT NOT NULL,
    browser    TEXT NOT NULL,
    -- The login in which it was made. Not a reference: a login that expires leaves the subscription.
    login      INTEGER,
    endpoint   TEXT NOT NULL UNIQUE,
    p256dh     TEXT NOT NULL,
    auth       TEXT NOT NULL,
    origin     TEXT NOT NULL,
    -- JSON lists; empty: all.
    devices    TEXT NOT NULL,
    events     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
