-- The sums of an hour may be in several rows. This engine, which has one writer, has one.
CREATE TABLE hour_sums (
    hour           INTEGER NOT NULL,
    sum_row        INTEGER NOT NULL DEFAULT 0,
    arrivals       INTEGER NOT NULL,
    torn           INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,
    first_incident INTEGER,
    last_incident  INTEGER,
    PRIMARY KEY (hour, sum_row)
) STRICT, WITHOUT ROWID;
INSERT INTO hour_sums (hour, arrivals, torn, bytes, first_incident, last_incident)
    SELECT hour, arrivals, torn, bytes, first_incident, last_incident FROM hour;
DROP TABLE hour;
ALTER TABLE hour_sums RENAME TO hour;
