-- Fleet size: nothing that people look at or that is asked for regularly reads all of the history.

-- The searched text of each incident, in pieces of three characters, without the text itself: a number that it finds
-- is looked up in `words`. It knows the arrivals up to `words_mark`, except for the incidents in `words_dirty`.
CREATE VIRTUAL TABLE words_index USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
-- Each step adds one segment: more of them are merged at once than by default.
INSERT INTO words_index (words_index, rank) VALUES ('automerge', 8);
-- The pieces that the index has, for texts of one or two characters.
CREATE VIRTUAL TABLE words_terms USING fts5vocab (words_index, instance);

-- The newest arrival that the index knows: one row.
CREATE TABLE words_mark (
    arrival INTEGER NOT NULL
) STRICT;
-- Incidents whose words have changed, or were removed, since they were indexed.
CREATE TABLE words_dirty (
    incident INTEGER PRIMARY KEY
) STRICT;

-- Two spaces follow each text, so that a piece begins with each of its characters. A character 0 would end a text for
-- the index: the program indexes those texts.
INSERT INTO words_index (rowid, words)
    SELECT incident, group_concat(words, '  ') || '  ' FROM words GROUP BY incident;
INSERT INTO words_dirty (incident)
    SELECT DISTINCT incident FROM words WHERE instr(words, char(0)) > 0;
INSERT INTO words_mark (arrival) SELECT coalesce(max(id), 0) FROM arrival;

CREATE TRIGGER words_changed AFTER UPDATE OF words ON words
WHEN old.words <> new.words AND old.arrival <= (SELECT arrival FROM words_mark) BEGIN
    INSERT INTO words_dirty (incident) VALUES (old.incident) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER words_removed AFTER DELETE ON words
WHEN old.arrival <= (SELECT arrival FROM words_mark) BEGIN
    INSERT INTO words_dirty (incident) VALUES (old.incident) ON CONFLICT DO NOTHING;
END;

-- The first and the last incident that began in an hour: where the incidents of a day are.
ALTER TABLE hour ADD COLUMN first_incident INTEGER;
ALTER TABLE hour ADD COLUMN last_incident INTEGER;
INSERT INTO hour (hour, arrivals, torn, bytes, first_incident, last_incident)
    SELECT CASE WHEN began_at >= 0 THEN began_at ELSE began_at - 3599999 END / 3600000 AS began,
           0, 0, 0, min(id), max(id)
    FROM incident WHERE true GROUP BY began
    ON CONFLICT (hour) DO UPDATE SET first_incident = excluded.first_incident,
                                     last_incident = excluded.last_incident;

-- The bytes of files, summed as the other bytes of incidents and shares are.
ALTER TABLE incident ADD COLUMN blob_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN blob_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE incident SET blob_bytes =
    (SELECT coalesce(sum(bytes), 0) FROM arrival WHERE arrival.incident = incident.id);
UPDATE share SET blob_bytes =
    (SELECT coalesce(sum(blob_bytes), 0) FROM incident WHERE incident.share = share.id);
DROP TRIGGER incident_added;
DROP TRIGGER incident_changed;
DROP TRIGGER incident_removed;
CREATE TRIGGER incident_added AFTER INSERT ON incident BEGIN
    UPDATE share SET
        bytes = bytes + new.bytes,
        blob_bytes = blob_bytes + new.blob_bytes,
        settled_bytes = settled_bytes + iif(new.pending = 0 AND new.locked_at IS NULL, new.bytes, 0),
        locked_bytes = locked_bytes + iif(new.locked_at IS NULL, 0, new.bytes)
    WHERE id = new.share;
END;
CREATE TRIGGER incident_changed AFTER UPDATE OF share, bytes, blob_bytes, pending, locked_at ON incident
WHEN old.bytes <> new.bytes OR old.blob_bytes <> new.blob_bytes OR (old.pending = 0) <> (new.pending = 0)
     OR (old.locked_at IS NULL) <> (new.locked_at IS NULL) OR old.share IS NOT new.share BEGIN
    UPDATE share SET
        bytes = bytes - old.bytes,
        blob_bytes = blob_bytes - old.blob_bytes,
        settled_bytes = settled_bytes - iif(old.pending = 0 AND old.locked_at IS NULL, old.bytes, 0),
        locked_bytes = locked_bytes - iif(old.locked_at IS NULL, 0, old.bytes)
    WHERE id = old.share;
    UPDATE share SET
        bytes = bytes + new.bytes,
        blob_bytes = blob_bytes + new.blob_bytes,
        settled_bytes = settled_bytes + iif(new.pending = 0 AND new.locked_at IS NULL, new.bytes, 0),
        locked_bytes = locked_bytes + iif(new.locked_at IS NULL, 0, new.bytes)
    WHERE id = new.share;
END;
CREATE TRIGGER incident_removed AFTER DELETE ON incident BEGIN
    UPDATE share SET
        bytes = bytes - old.bytes,
        blob_bytes = blob_bytes - old.blob_bytes,
        settled_bytes = settled_bytes - iif(old.pending = 0 AND old.locked_at IS NULL, old.bytes, 0),
        locked_bytes = locked_bytes - iif(old.locked_at IS NULL, 0, old.bytes)
    WHERE id = old.share;
END;

-- The latest failed attempt of each channel.
CREATE TABLE last_error (
    channel TEXT PRIMARY KEY,
    at      INTEGER NOT NULL,
    error   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO last_error (channel, at, error)
    SELECT channel, max(at), error FROM attempt JOIN delivery ON delivery.id = attempt.delivery
    WHERE error IS NOT NULL GROUP BY channel;
DROP INDEX attempt_failed;

-- The day's deliveries of a channel are counted without reading their rows.
DROP INDEX delivery_by_end;
CREATE INDEX delivery_by_end ON delivery (channel, state, ended_at) WHERE ended_at IS NOT NULL;

-- Files of torn arrivals, which few devices have: a start looks for those devices.
CREATE INDEX known_media_torn ON known_media (device) WHERE torn = 1;
