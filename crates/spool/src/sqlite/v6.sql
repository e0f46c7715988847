-- Rules: which route tells of an incident, why nobody is told, which mode holds.

-- The name of the route that sends a delivery: it says how it is told.
ALTER TABLE delivery ADD COLUMN route TEXT;

-- Why nobody hears of an incident, in words for its owner.
ALTER TABLE incident ADD COLUMN untold TEXT;

-- What somebody chose for the house as a whole, and when.
CREATE TABLE choice (
    what  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many arrivals a delivery tells of as a count, because they were too many to be told one by one.
ALTER TABLE delivery ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN gathers_until INTEGER;
CREATE INDEX delivery_summary ON delivery (channel, gathers_until) WHERE kind = 'summary';
