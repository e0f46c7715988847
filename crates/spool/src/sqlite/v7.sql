-- Reports: what is told by the clock.

-- What is said of an incident that no arrival opened, besides its subject.
ALTER TABLE incident ADD COLUMN note TEXT;

-- The name of the report that an incident is.
ALTER TABLE incident ADD COLUMN report TEXT;
