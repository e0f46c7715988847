-- Shares: what of the spool belongs to whom, and what people locked.

-- Identity: what is proven and what is only claimed.

-- Accounts: users, sessions, links, the audit log.

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
