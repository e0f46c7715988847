-- Nodes that share a spool, and what each of them holds. Empty here: the embedded engine has one node, which holds
-- everything. The statements are the same for every engine.
CREATE TABLE node (
    run TEXT PRIMARY KEY, -- random, of one run of the program
    name TEXT NOT NULL,
    beat INTEGER NOT NULL, -- counts
    wants TEXT NOT NULL -- digest of what it wants to hold
);
CREATE TABLE lease (
    kind TEXT NOT NULL, -- channel, task
    name TEXT NOT NULL,
    run TEXT, -- NULL: nobody's
    fence INTEGER NOT NULL, -- grows with each holder
    PRIMARY KEY (kind, name)
);
CREATE INDEX lease_run ON lease (run);
