-- Alerts: the newest go first, and incidents of different classes are not gathered.

-- The pending deliveries of a channel from the newest back.
CREATE INDEX delivery_newest ON delivery (channel, id) WHERE state = 'pending';

-- What may join an incident: 0 alarms, 1 faults, 2 nothing.
ALTER TABLE incident ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
