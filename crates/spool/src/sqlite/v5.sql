-- Accounts: who may see the dashboard. Secrets stand here as digests only.

-- The browsers that are logged in.
CREATE TABLE login (
    print      BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens for programs.
CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    print      BLOB NOT NULL UNIQUE,
    may_change INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
