//! What uploads can do after they are stored: go on, and be called something else. Bytes are only
//! ever added.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{
    AlertKind, ArrivalId, Content, Device, DeviceId, Due, Envelope, Event, Facts, IncidentId,
    Planner, Timestamp,
};

use super::incident_summary::{self, IncidentSummary};
use super::new_deliveries::{self, Added};
use super::{at, dedup, devices, from_json, incident_rows, json, number, past, shares, sightings};
use crate::core::placement::Placed;
use crate::core::{alerting, facts};
use crate::{DedupPolicy, Growth, Result, SpoolError, Stored, Upload};

/// Number of trees of which it is noted that their devices make no folders.
const EXPECTS_FOLDERS_MAX: u32 = 10_000;
/// So many more are noted before the least needed are forgotten, which looks at all of them.
const EXPECTS_FOLDERS_MORE: u32 = 500;

/// See [`crate::Spool::grow`].
pub(super) fn grow(
    connection: &Connection,
    planner: &dyn Planner,
    mut growth: Growth,
    locked_max: u64,
) -> Result<Stored> {
    let Owner { device, incident, id } = owner(connection, growth.arrival)?;
    if !shares::may_grow(connection, incident, locked_max)? {
        return Err(SpoolError::Full("locked incidents take half of the room".to_owned()));
    }
    let weight = shares::weight(connection, growth.arrival)?;
    let Growth { content, digests, .. } = &mut growth;
    dedup::mark(connection, id, content, digests, DedupPolicy::Always)?;
    let (envelope, before) = understood(connection, growth.arrival)?;
    update(connection, &growth)?;
    let more = shares::weight(connection, growth.arrival)? - weight;
    shares::added(connection, incident, more)?;
    let (arrival, content) = (growth.arrival, &growth.content);
    let glance = IncidentSummary { incident, arrival, envelope: &envelope, content };
    incident_summary::note(connection, &glance, Some(&before))?;
    let muted = sightings::is_muted(connection, DeviceId(id), growth.received_at)?;
    let facts = Facts {
        began_at: growth.began_at,
        received_at: growth.received_at,
        event: growth.event,
        torn: growth.torn,
        housekeeping: growth.housekeeping,
        envelope: Some(&envelope),
        muted,
        ..facts::facts_of_content(&device, &growth.content)
    };
    let event = incident_rows::join(connection, incident, &facts)?;
    let alerts = incident_rows::alerts(connection, incident)?;
    let place = new_deliveries::device_place(connection, id)?;
    let past = past::load(connection, planner, &facts, &alerts, &place)?;
    let plan = alerting::decide(planner, &facts, &alerts, &past, growth.ready_at);
    incident_rows::set_suppressed_reason(connection, incident, &plan)?;
    let (placed, notified) = (Placed::of(&facts), &alerts.notified);
    let added = Added { incident, event, arrival, placed, device: &place, notified };
    for due in &plan.due {
        // A delivery that cannot have begun will bring all of it.
        if !put_off(connection, &growth, due)? {
            new_deliveries::add(connection, &added, due)?;
        }
    }
    let Growth { content, digests, torn, .. } = &growth;
    dedup::remember(connection, id, incident, content, digests, *torn)?;
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: growth.arrival, incident, joined: true, channels })
}

/// Who an arrival is from.
struct Owner {
    device: Device,
    incident: IncidentId,
    id: i64,
}

fn owner(connection: &Connection, arrival: ArrivalId) -> Result<Owner> {
    let owner = connection
        .prepare_cached(
            "SELECT incident.device, incident.id FROM arrival
             JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1",
        )?
        .query_row([arrival.0], |row| Ok((row.get(0)?, IncidentId(row.get(1)?))))
        .optional()?;
    let Some((id, incident)) = owner else {
        return Err(SpoolError::NoArrival(arrival));
    };
    let device = devices::read(connection, id)?.ok_or(SpoolError::NoArrival(arrival))?;
    Ok(Owner { device, incident, id })
}

/// What is known of an arrival until now.
fn understood(connection: &Connection, arrival: ArrivalId) -> Result<(Envelope, Content)> {
    Ok(connection
        .prepare_cached("SELECT envelope, content FROM arrival WHERE id = ?1")?
        .query_row([arrival.0], |row| Ok((from_json(row, 0)?, from_json(row, 1)?)))?)
}

fn update(connection: &Connection, growth: &Growth) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE arrival SET bytes = ?2, content = ?3, event = ?4, torn = ?5 WHERE id = ?1",
        )?
        .execute(params![
            growth.arrival.0,
            i64::try_from(growth.size).unwrap_or(i64::MAX),
            json(&growth.content)?,
            growth.event.as_str(),
            growth.torn,
        ])?;
    Ok(())
}

/// Moves a delivery of the arrival that cannot have begun; whether there is one. Where the clock was set
/// back, one that is due later may have begun.
fn put_off(connection: &Connection, growth: &Growth, due: &Due) -> Result<bool> {
    let now = growth.received_at;
    let moved = connection
        .prepare_cached(
            "UPDATE delivery SET due_at = CASE kind WHEN 'first' THEN ?4 ELSE ?5 END
             WHERE channel = ?2 AND state = 'pending' AND due_at > ?3 AND kind <> 'summary'
               AND created_at <= ?6
               AND id IN (SELECT delivery FROM delivery_arrival WHERE arrival = ?1)",
        )?
        .execute(params![
            growth.arrival.0,
            due.channel,
            now.0,
            growth.ready_at.max(now).0,
            due.due_at.0,
            now.latest_recorded().0,
        ])?;
    Ok(moved > 0)
}

/// See [`crate::Spool::rename`].
pub(super) fn rename(
    connection: &Connection,
    planner: &dyn Planner,
    renamed: &Renamed,
) -> Result<Vec<String>> {
    let Owner { device, incident, id } = owner(connection, renamed.arrival)?;
    let (mut envelope, mut content) = understood(connection, renamed.arrival)?;
    envelope.path = Some(renamed.path.clone());
    for media in &mut content.media {
        media.name.clone_from(&renamed.name);
    }
    connection
        .prepare_cached("UPDATE arrival SET envelope = ?2, content = ?3, event = ?4 WHERE id = ?1")?
        .execute(params![
            renamed.arrival.0,
            json(&envelope)?,
            json(&content)?,
            renamed.event.as_str()
        ])?;
    let glance = IncidentSummary {
        incident,
        arrival: renamed.arrival,
        envelope: &envelope,
        content: &content,
    };
    incident_summary::note(connection, &glance, Some(&content))?;
    let facts = Facts {
        began_at: renamed.now,
        received_at: renamed.now,
        event: renamed.event,
        envelope: Some(&envelope),
        ..facts::facts_of_content(&device, &content)
    };
    let alerts = incident_rows::alerts(connection, incident)?;
    let place = new_deliveries::device_place(connection, id)?;
    let past = past::load(connection, planner, &facts, &alerts, &place)?;
    let plan = alerting::decide(planner, &facts, &alerts, &past, renamed.now);
    let added = Added {
        incident,
        event: renamed.event,
        arrival: renamed.arrival,
        placed: Placed::of(&facts),
        device: &place,
        notified: &alerts.notified,
    };
    let mut channels = Vec::new();
    for due in plan.due {
        // The pages of a scan still wait for each other.
        let first_at = if facts.is_page() { due.due_at } else { renamed.now };
        let is_due = hasten(connection, renamed, &due, first_at)?;
        if !is_due && due.kind == AlertKind::First {
            // By its new name it is news to one who was not to hear of it.
            new_deliveries::add(connection, &added, &due)?;
        }
        if is_due || due.kind == AlertKind::First {
            channels.push(due.channel);
        }
    }
    Ok(channels)
}

/// A new name of an upload.
pub(super) struct Renamed {
    pub(super) arrival: ArrivalId,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) event: Event,
    pub(super) now: Timestamp,
}

/// What waited for the name need not wait longer than any other; whether there was something. The
/// first alert waits until `first_at`, a follow-up for what gathers.
fn hasten(
    connection: &Connection,
    renamed: &Renamed,
    due: &Due,
    first_at: Timestamp,
) -> Result<bool> {
    let moved = connection
        .prepare_cached(
            "UPDATE delivery
             SET due_at = min(due_at, CASE kind WHEN 'first' THEN ?3 ELSE ?4 END)
             WHERE channel = ?2 AND state = 'pending' AND attempts = 0 AND kind <> 'summary'
               AND id IN (SELECT delivery FROM delivery_arrival WHERE arrival = ?1)",
        )?
        .execute(params![renamed.arrival.0, due.channel, first_at.0, due.due_at.0])?;
    Ok(moved > 0)
}

/// See [`crate::Spool::uploads`].
pub(super) fn list(connection: &Connection, tree: &str, limit: u32) -> Result<Vec<Upload>> {
    let mut select = connection.prepare_cached(
        "SELECT id, envelope, bytes, received_at, torn, path FROM arrival
         LEFT JOIN path_bytes ON path_bytes.arrival = arrival.id WHERE tree = ?1
         ORDER BY id DESC LIMIT ?2",
    )?;
    let uploads = select.query_map(params![tree, limit], |row| {
        let envelope: Envelope = from_json(row, 1)?;
        Ok(Upload {
            arrival: ArrivalId(row.get(0)?),
            path: envelope.path.unwrap_or_default(),
            size: number(row, 2)?,
            received_at: at(row, 3)?,
            torn: row.get(4)?,
            path_bytes: row.get(5)?,
        })
    })?;
    let mut uploads: Vec<Upload> = uploads.collect::<rusqlite::Result<_>>()?;
    uploads.reverse();
    Ok(uploads)
}

/// See [`crate::Spool::note_path`].
pub(super) fn note_path(connection: &Connection, arrival: ArrivalId, path: &[u8]) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO path_bytes (arrival, path) SELECT id, ?2 FROM arrival WHERE id = ?1
             ON CONFLICT (arrival) DO UPDATE SET path = excluded.path",
        )?
        .execute(params![arrival.0, path])?;
    Ok(())
}

/// See [`crate::Spool::note_expects_folders`].
pub(super) fn note_expects_folders(
    connection: &Connection,
    tree: &str,
    now: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO expects_folders (tree, at) VALUES (?1, ?2)
             ON CONFLICT (tree) DO UPDATE SET at = excluded.at",
        )?
        .execute(params![tree, now.0])?;
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM expects_folders")?
        .query_row([], |row| row.get(0))?;
    if count > EXPECTS_FOLDERS_MAX + EXPECTS_FOLDERS_MORE {
        forget_expecting(connection, EXPECTS_FOLDERS_MAX)?;
    }
    Ok(())
}

/// Trees of proven devices are called `user/…`, those of others `peer/ADDRESS/…` and the like: of each address the
/// latest stay first, so that made-up users push out only each other.
fn forget_expecting(connection: &Connection, stay: u32) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM expects_folders WHERE tree IN
               (SELECT tree FROM
                  (SELECT tree, at, row_number() OVER (PARTITION BY
                     substr(path, 1, instr(path || '/', '/') - 1) ORDER BY at DESC) AS number
                   FROM (SELECT tree, at, substr(tree, instr(tree, '/') + 1) AS path
                         FROM expects_folders))
                ORDER BY tree LIKE 'user/%' DESC, number, at DESC LIMIT -1 OFFSET ?1)",
        )?
        .execute([stay])?;
    Ok(())
}

/// See [`crate::Spool::expects_folders`].
pub(super) fn expects_folders(connection: &Connection, tree: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM expects_folders WHERE tree = ?1)")?
        .query_row([tree], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_users_push_out_only_each_other() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE expects_folders (tree TEXT PRIMARY KEY, at INTEGER)")
            .unwrap();
        let note = |tree: &str, at| note_expects_folders(&connection, tree, Timestamp(at)).unwrap();
        note("user/yard", 0);
        note("peer/10.0.0.1/yard", 0);
        for number in 0..50 {
            note(&format!("peer/10.0.0.2/{number}"), number);
        }
        forget_expecting(&connection, 10).unwrap();
        let expects = |tree: &str| expects_folders(&connection, tree).unwrap();
        assert!(expects("user/yard") && expects("peer/10.0.0.1/yard"));
        assert!(expects("peer/10.0.0.2/49") && !expects("peer/10.0.0.2/41"));
    }
}
