-- Shares: what of the spool belongs to whom, and what people locked.

-- Identity: what is proven and what is only claimed.

-- Accounts: users, sessions, links, the audit log.

-- People who may log in to the dashboard.
CREATE TABLE user (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL COLLATE NOCASE UNIQUE,
    -- 'owner' or 'viewer'.
    role         TEXT NOT NULL,
    -- Hash of the password (PHC string format); NULL: no password is set.
    password     TEXT,
    -- Secret of the one-time codes (RFC 6238); NULL: none are asked for.
    totp         BLOB,
    -- Secret that no code has confirmed yet.
    totp_pending BLOB,
    -- Latest time step whose code was used.
    totp_step    INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
) STRICT;

-- The one password of earlier versions becomes the first owner's.
INSERT INTO user (name, role, password, created_at)
    SELECT 'owner', 'owner', value, unixepoch() * 1000 FROM meta WHERE key = 'password';
DELETE FROM meta WHERE key = 'password';

-- Codes that replace a one-time code, once each; only their digests.
CREATE TABLE recovery_code (
    user   INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (user, digest)
) STRICT, WITHOUT ROWID;

-- Browsers that are logged in, now with their user, where they are and what they are.
ALTER TABLE login RENAME TO login_before_users;
CREATE TABLE login (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    print      BLOB NOT NULL UNIQUE,
    user       INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    -- Address that the browser used last; empty: not known.
    address    TEXT NOT NULL,
    -- User-Agent of the browser, shortened.
    browser    TEXT NOT NULL
) STRICT;
CREATE INDEX login_user ON login (user, seen_at);
INSERT INTO login (print, user, created_at, seen_at, address, browser)
    SELECT print, (SELECT min(id) FROM user), created_at, seen_at, '', ''
    FROM login_before_users WHERE EXISTS (SELECT 1 FROM user);
DROP TABLE login_before_users;

-- What a token may be used for: `change`, `read` or `feed`; and when it was used last.
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'read';
UPDATE token SET scope = 'change' WHERE may_change;
ALTER TABLE token DROP COLUMN may_change;
ALTER TABLE token ADD COLUMN used_at INTEGER;

-- Links to one incident that need no login. What opens them is signed and stands nowhere.
CREATE TABLE share_link (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    incident   INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    made_by    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    opened     INTEGER NOT NULL DEFAULT 0,
    opened_at  INTEGER
) STRICT;
CREATE INDEX share_link_of_incident ON share_link (incident);

-- Who did what. Rows are added, and the oldest of whoever has the most removed: nothing else.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor      TEXT NOT NULL,
    address    TEXT,
    what       TEXT NOT NULL,
    object     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    count      INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_of_actor ON audit (actor_kind, actor, id);
