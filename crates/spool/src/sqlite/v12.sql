-- Shares: what of the spool belongs to whom, and what people locked.

-- Who shares the spool: each known device, and each address at which strangers are. The sums over the
-- incidents of a holder are kept by the triggers below, so that a choice reads one row for each holder.
CREATE TABLE share (
    id            INTEGER PRIMARY KEY,
    -- `device/12`, `address/192.168.1.50`, `address/2001:db8:1:2::`
    holder        TEXT NOT NULL UNIQUE,
    known         INTEGER NOT NULL,
    -- What its incidents take, in bytes: files and rows.
    bytes         INTEGER NOT NULL DEFAULT 0,
    -- Of these in incidents that can be evicted and have no pending delivery.
    settled_bytes INTEGER NOT NULL DEFAULT 0,
    -- Of these in locked incidents.
    locked_bytes  INTEGER NOT NULL DEFAULT 0
) STRICT;

ALTER TABLE incident ADD COLUMN share INTEGER;
-- What it takes, in bytes: files and rows.
ALTER TABLE incident ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- Its pending deliveries.
ALTER TABLE incident ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
-- Who locked it, in words for the owner, and when, in milliseconds since 1970; NULL: nobody did.
ALTER TABLE incident ADD COLUMN locked_by TEXT;
ALTER TABLE incident ADD COLUMN locked_at INTEGER;

-- What a kept transcript takes, in bytes.
ALTER TABLE session ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

CREATE TEMPORARY TABLE holding AS
    SELECT device.id AS device,
           CASE WHEN substr(coalesce(recorder.key, device.key), 1, 11) <> 'discovered/'
                     OR coalesce(recorder.label, device.label, recorder.user, device.user) IS NOT NULL
                THEN 'device/' || coalesce(recorder.id, device.id)
                ELSE 'address/' || substr(device.key, 12, instr(substr(device.key, 12), '/') - 1)
           END AS holder
    FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder;
CREATE INDEX holding_by_device ON holding (device);
INSERT INTO share (holder, known) SELECT DISTINCT holder, holder LIKE 'device/%' FROM holding;
UPDATE incident SET
    share = (SELECT share.id FROM holding JOIN share USING (holder)
             WHERE holding.device = incident.device),
    bytes = 1024 + (SELECT coalesce(sum((bytes + 4095) / 4096 * 4096 + length(envelope)
                                        + length(content) + 2048), 0)
                    FROM arrival WHERE arrival.incident = incident.id),
    pending = (SELECT count(*) FROM delivery
               WHERE delivery.incident = incident.id AND state = 'pending');
DROP TABLE holding;
UPDATE share SET (bytes, settled_bytes) =
    (SELECT coalesce(sum(bytes), 0), coalesce(sum(bytes) FILTER (WHERE pending = 0), 0)
     FROM incident WHERE incident.share = share.id);
UPDATE session SET bytes = length(lines);

CREATE INDEX session_bytes ON session (peer, id, bytes);

-- The oldest incident of a holder that can be evicted.
CREATE INDEX incident_of_share ON incident (share, (pending > 0), id) WHERE locked_at IS NULL;
CREATE INDEX incident_locked ON incident (id) WHERE locked_at IS NOT NULL;

CREATE TRIGGER delivery_added AFTER INSERT ON delivery WHEN new.state = 'pending' BEGIN
    UPDATE incident SET pending = pending + 1 WHERE id = new.incident;
END;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state ON delivery
WHEN (old.state = 'pending') <> (new.state = 'pending') BEGIN
    UPDATE incident SET pending = pending + iif(new.state = 'pending', 1, -1)
    WHERE id = new.incident;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery WHEN old.state = 'pending' BEGIN
    UPDATE incident SET pending = pending - 1 WHERE id = old.incident;
END;
CREATE TRIGGER incident_added AFTER INSERT ON incident BEGIN
    UPDATE share SET
        bytes = bytes + new.bytes,
        settled_bytes = settled_bytes + iif(new.pending = 0 AND new.locked_at IS NULL, new.bytes, 0),
        locked_bytes = locked_bytes + iif(new.locked_at IS NULL, 0, new.bytes)
    WHERE id = new.share;
END;
CREATE TRIGGER incident_changed AFTER UPDATE OF share, bytes, pending, locked_at ON incident
WHEN old.bytes <> new.bytes OR (old.pending = 0) <> (new.pending = 0)
     OR (old.locked_at IS NULL) <> (new.locked_at IS NULL) OR old.share IS NOT new.share BEGIN
    UPDATE share SET
        bytes = bytes - old.bytes,
        settled_bytes = settled_bytes - iif(old.pending = 0 AND old.locked_at IS NULL, old.bytes, 0),
        locked_bytes = locked_bytes - iif(old.locked_at IS NULL, 0, old.bytes)
    WHERE id = old.share;
    UPDATE share SET
        bytes = bytes + new.bytes,
        settled_bytes = settled_bytes + iif(new.pending = 0 AND new.locked_at IS NULL, new.bytes, 0),
        locked_bytes = locked_bytes + iif(new.locked_at IS NULL, 0, new.bytes)
    WHERE id = new.share;
END;
CREATE TRIGGER incident_removed AFTER DELETE ON incident BEGIN
    UPDATE share SET
        bytes = bytes - old.bytes,
        settled_bytes = settled_bytes - iif(old.pending = 0 AND old.locked_at IS NULL, old.bytes, 0),
        locked_bytes = locked_bytes - iif(old.locked_at IS NULL, 0, old.bytes)
    WHERE id = old.share;
END;

-- Identity: what is proven and what is only claimed.

-- Accounts: users, sessions, links, the audit log.
