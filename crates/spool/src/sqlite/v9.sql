-- Incidents of which somebody wants no more alerts.

-- Who asked for it, in words for the owner; NULL: nobody did.
ALTER TABLE incident ADD COLUMN dismissed_by TEXT;

-- When, in milliseconds since 1970.
ALTER TABLE incident ADD COLUMN dismissed_at INTEGER;
