-- The list of an arrival's segments, if its bytes are in several objects. NULL: they are in `blob` alone.
ALTER TABLE arrival ADD COLUMN segments TEXT;
