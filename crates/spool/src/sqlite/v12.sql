-- Shares: what of the spool belongs to whom, and what people locked.

-- Identity: what is proven and what is only claimed.

-- The share that a discovered device counts to: its address, of IPv6 the /64. NULL: it is configured, or was added.
ALTER TABLE device ADD COLUMN place TEXT;
-- When it was first heard, in milliseconds since 1970.
ALTER TABLE device ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
-- Whether something came with its own proven login.
ALTER TABLE device ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;
UPDATE device SET place = substr(key, 12, instr(substr(key, 12), '/') - 1)
WHERE key LIKE 'discovered/%/%';
CREATE INDEX device_by_place ON device (place, first_at) WHERE place IS NOT NULL;
CREATE INDEX device_by_first ON device (first_at) WHERE place IS NOT NULL;

-- Whose turn a delivery takes in the queue of its channel: that of its device, and of the place that the device
-- counts to; if people know the device, '#' and the number of itself or of its recorder.
ALTER TABLE delivery ADD COLUMN device INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN place TEXT NOT NULL DEFAULT '';
-- Whether a summary stands for all discovered devices at the place.
ALTER TABLE delivery ADD COLUMN of_place INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET
    device = (SELECT incident.device FROM incident WHERE incident.id = delivery.incident),
    place = coalesce((SELECT CASE WHEN device.label IS NULL AND device.place IS NOT NULL THEN device.place
                                  ELSE '#' || coalesce(device.recorder, device.id) END
                      FROM incident JOIN device ON device.id = incident.device
                      WHERE incident.id = delivery.incident), '');
CREATE INDEX delivery_turns ON delivery (channel, place, device, id DESC, due_at, incident, kind, video)
    WHERE state = 'pending';
CREATE INDEX delivery_of_place ON delivery (place, channel, created_at) WHERE kind = 'first' AND place >= '$';

-- Accounts: users, sessions, links, the audit log.
