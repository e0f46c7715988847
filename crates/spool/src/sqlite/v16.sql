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
