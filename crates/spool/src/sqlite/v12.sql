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
    -- By the index of incidents: that of states would be gone through for each of them.
    pending = (SELECT count(*) FROM delivery
               WHERE delivery.incident = incident.id AND +state = 'pending');
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
-- Of what a summary stands for (`held`), the follow-ups of incidents whose first alert the channel has.
ALTER TABLE delivery ADD COLUMN held_follow_ups INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET
    device = (SELECT incident.device FROM incident WHERE incident.id = delivery.incident),
    place = coalesce((SELECT CASE WHEN device.label IS NULL AND device.place IS NOT NULL THEN device.place
                                  ELSE '#' || coalesce(device.recorder, device.id) END
                      FROM incident JOIN device ON device.id = incident.device
                      WHERE incident.id = delivery.incident), '');
CREATE INDEX delivery_turns ON delivery (channel, place, device DESC, id DESC, due_at, incident, kind, video)
    WHERE state = 'pending';
CREATE INDEX delivery_of_place ON delivery (place, channel, created_at) WHERE kind = 'first' AND place >= '$';

-- Accounts: users, sessions, links, the audit log.

-- People who may log in to the dashboard.
CREATE TABLE user (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL COLLATE NOCASE UNIQUE,
    -- 'owner' or 'viewer'.
    role         TEXT NOT NULL,
    -- Hash of the password (PHC string format); NULL: no password is set.
    password     TEXT,
    -- Secret of the one-time codes (RFC 6238); NULL: none are asked for.
    totp         BLOB,
    -- Secret that no code has confirmed yet.
    totp_pending BLOB,
    -- Latest time step whose code was used.
    totp_step    INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
) STRICT;

-- The one password of earlier versions becomes the first owner's.
INSERT INTO user (name, role, password, created_at)
    SELECT 'owner', 'owner', value, unixepoch() * 1000 FROM meta WHERE key = 'password';
DELETE FROM meta WHERE key = 'password';

-- Codes that replace a one-time code, once each; only their digests.
CREATE TABLE recovery_code (
    user   INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (user, digest)
) STRICT, WITHOUT ROWID;

-- Browsers that are logged in, now with their user, where they are and what they are.
ALTER TABLE login RENAME TO login_before_users;
CREATE TABLE login (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    print      BLOB NOT NULL UNIQUE,
    user       INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    -- Address that the browser used last; empty: not known.
    address    TEXT NOT NULL,
    -- User-Agent of the browser, shortened.
    browser    TEXT NOT NULL
) STRICT;
CREATE INDEX login_user ON login (user, seen_at);
INSERT INTO login (print, user, created_at, seen_at, address, browser)
    SELECT print, (SELECT min(id) FROM user), created_at, seen_at, '', ''
    FROM login_before_users WHERE EXISTS (SELECT 1 FROM user);
DROP TABLE login_before_users;

-- What a token may be used for: `change`, `read` or `feed`; and when it was used last.
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'read';
UPDATE token SET scope = 'change' WHERE may_change;
ALTER TABLE token DROP COLUMN may_change;
ALTER TABLE token ADD COLUMN used_at INTEGER;
-- The user with whom the token ends; NULL: no user made it, or an earlier version did.
ALTER TABLE token ADD COLUMN maker INTEGER REFERENCES user ON DELETE CASCADE;
-- Who made it, to be shown; empty: an earlier version did not note it.
ALTER TABLE token ADD COLUMN made_by TEXT NOT NULL DEFAULT '';

-- Links to one incident that need no login. What opens them is signed and stands nowhere.
CREATE TABLE share_link (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    incident   INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    made_by    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    opened     INTEGER NOT NULL DEFAULT 0,
    opened_at  INTEGER
) STRICT;
CREATE INDEX share_link_of_incident ON share_link (incident);

-- Who did what. Rows are added, and the oldest of whoever has the most removed: nothing else.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor      TEXT NOT NULL,
    address    TEXT,
    what       TEXT NOT NULL,
    object     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    count      INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_of_actor ON audit (actor_kind, actor, id);
