-- The kind of an incident: 0 of arrivals, 1 of arrivals of which nobody is alerted, 2 of no arrival.
ALTER TABLE incident RENAME COLUMN silent TO incident_kind;
