-- Alerts: the newest go first, and incidents of different classes are not gathered.

-- The pending deliveries of a channel from the newest back.
CREATE INDEX delivery_newest ON delivery (channel, id) WHERE state = 'pending';

-- A recorder's channels are devices: which recorder one belongs to.
ALTER TABLE device ADD COLUMN recorder INTEGER REFERENCES device (id);

CREATE INDEX device_of_recorder ON device (recorder) WHERE recorder IS NOT NULL;

-- The name with what tells a device from others of the same name.
ALTER TABLE device ADD COLUMN distinct_name TEXT;
UPDATE device SET distinct_name = name WHERE key LIKE 'discovered/%' AND instr(name, ' (') > 1;
UPDATE device SET name = substr(name, 1, instr(name, ' (') - 1)
WHERE distinct_name IS NOT NULL
  AND (SELECT count(*) FROM device AS other
       WHERE substr(other.name, 1, instr(other.name || ' (', ' (') - 1)
           = substr(device.name, 1, instr(device.name, ' (') - 1)) = 1;

-- What may join an incident: 0 alarms, 1 faults, 2 nothing.
ALTER TABLE incident ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
