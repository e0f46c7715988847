//! What uploads can do after they are stored: go on, and be called something else. Bytes are only
//! ever added.

use tipoff_model::{
    AlertKind, ArrivalId, Content, Device, DeviceId, Due, Envelope, Event, Facts, IncidentId,
    Planner, Timestamp,
};

use super::incident_summary::{self, IncidentSummary};
use super::new_deliveries::{self, Added};
use super::statement::{Sql, at, from_json, json, number, params};
use super::{dedup, devices, home_settings, incident_rows, past, shares, sightings};
use crate::core::placement::Placed;
use crate::core::{alerting, facts};
use crate::{DedupPolicy, Growth, Result, SpoolError, Stored, Upload};

/// Number of trees of which it is noted that their devices make no folders.
const EXPECTS_FOLDERS_MAX: u32 = 10_000;
/// So many more are noted before the least needed are forgotten, which looks at all of them.
const EXPECTS_FOLDERS_MORE: u32 = 500;

/// See [`crate::Spool::grow`].
pub(super) fn grow(
    sql: &dyn Sql,
    planner: &dyn Planner,
    mut growth: Growth,
    locked_max: u64,
) -> Result<Stored> {
    let Owner { device, incident, id } = owner(sql, growth.arrival)?;
    if !shares::may_grow(sql, incident, locked_max)? {
        return Err(SpoolError::Full("locked incidents take half of the room".to_owned()));
    }
    let weight = shares::weight(sql, growth.arrival)?;
    let Growth { content, digests, .. } = &mut growth;
    dedup::mark(sql, id, content, digests, DedupPolicy::Always)?;
    let (envelope, before) = understood(sql, growth.arrival)?;
    update(sql, &growth)?;
    let more = shares::weight(sql, growth.arrival)? - weight;
    shares::added(sql, incident, more)?;
    let (arrival, content) = (growth.arrival, &growth.content);
    let glance = IncidentSummary { incident, arrival, envelope: &envelope, content };
    incident_summary::note(sql, &glance, Some(&before))?;
    let muted = sightings::is_muted(sql, DeviceId(id), growth.received_at)?
        || home_settings::is_muted(sql, growth.received_at)?;
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
    let event = incident_rows::join(sql, incident, &facts)?;
    let alerts = incident_rows::alerts(sql, incident)?;
    let place = new_deliveries::device_place(sql, id)?;
    let past = past::load(sql, planner, &facts, &alerts, &place)?;
    let plan = alerting::decide(planner, &facts, &alerts, &past, growth.ready_at);
    incident_rows::set_suppressed_reason(sql, incident, &plan)?;
    let (placed, notified) = (Placed::of(&facts), &alerts.notified);
    let added = Added { incident, event, arrival, placed, device: &place, notified };
    for due in &plan.due {
        // A delivery that cannot have begun will bring all of it.
        if !put_off(sql, &growth, due)? {
            new_deliveries::add(sql, &added, due)?;
        }
    }
    let Growth { content, digests, torn, .. } = &growth;
    dedup::remember(sql, id, incident, content, digests, *torn)?;
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: growth.arrival, incident, joined: true, channels })
}

/// Who an arrival is from.
struct Owner {
    device: Device,
    incident: IncidentId,
    id: i64,
}

fn owner(sql: &dyn Sql, arrival: ArrivalId) -> Result<Owner> {
    let owner = sql.row(
        "SELECT incident.device, incident.id FROM arrival
             JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1",
        params![arrival.0],
        |row| Ok((row.get(0)?, IncidentId(row.get(1)?))),
    )?;
    let Some((id, incident)) = owner else {
        return Err(SpoolError::NoArrival(arrival));
    };
    let device = devices::read(sql, id)?.ok_or(SpoolError::NoArrival(arrival))?;
    Ok(Owner { device, incident, id })
}

/// What is known of an arrival until now.
fn understood(sql: &dyn Sql, arrival: ArrivalId) -> Result<(Envelope, Content)> {
    sql.one("SELECT envelope, content FROM arrival WHERE id = ?1", params![arrival.0], |row| {
        Ok((from_json(row, 0)?, from_json(row, 1)?))
    })
}

fn update(sql: &dyn Sql, growth: &Growth) -> Result<()> {
    sql.execute(
        "UPDATE arrival SET bytes = ?2, content = ?3, event = ?4, torn = ?5 WHERE id = ?1",
        params![
            growth.arrival.0,
            i64::try_from(growth.size).unwrap_or(i64::MAX),
            json(&growth.content)?,
            growth.event.as_str(),
            growth.torn,
        ],
    )?;
    Ok(())
}

/// Moves a delivery of the arrival that cannot have begun; whether there is one. Where the clock was set
/// back, one that is due later may have begun.
fn put_off(sql: &dyn Sql, growth: &Growth, due: &Due) -> Result<bool> {
    let now = growth.received_at;
    let moved = sql.execute(
        "UPDATE delivery SET due_at = CASE kind WHEN 'first' THEN ?4 ELSE ?5 END
             WHERE channel = ?2 AND state = 'pending' AND due_at > ?3 AND kind <> 'summary'
               AND created_at <= ?6
               AND id IN (SELECT delivery FROM delivery_arrival WHERE arrival = ?1)",
        params![
            growth.arrival.0,
            due.channel,
            now.0,
            growth.ready_at.max(now).0,
            due.due_at.0,
            now.latest_recorded().0,
        ],
    )?;
    Ok(moved > 0)
}

/// See [`crate::Spool::rename`].
pub(super) fn rename(
    sql: &dyn Sql,
    planner: &dyn Planner,
    renamed: &Renamed,
) -> Result<Vec<String>> {
    let Owner { device, incident, id } = owner(sql, renamed.arrival)?;
    let (mut envelope, mut content) = understood(sql, renamed.arrival)?;
    envelope.path = Some(renamed.path.clone());
    for media in &mut content.media {
        media.name.clone_from(&renamed.name);
    }
    sql.execute(
        "UPDATE arrival SET envelope = ?2, content = ?3, event = ?4 WHERE id = ?1",
        params![renamed.arrival.0, json(&envelope)?, json(&content)?, renamed.event.as_str()],
    )?;
    let glance = IncidentSummary {
        incident,
        arrival: renamed.arrival,
        envelope: &envelope,
        content: &content,
    };
    incident_summary::note(sql, &glance, Some(&content))?;
    let facts = Facts {
        began_at: renamed.now,
        received_at: renamed.now,
        event: renamed.event,
        envelope: Some(&envelope),
        ..facts::facts_of_content(&device, &content)
    };
    let alerts = incident_rows::alerts(sql, incident)?;
    let place = new_deliveries::device_place(sql, id)?;
    let past = past::load(sql, planner, &facts, &alerts, &place)?;
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
        let is_due = hasten(sql, renamed, &due, first_at)?;
        if !is_due && due.kind == AlertKind::First {
            // By its new name it is news to one who was not to hear of it.
            new_deliveries::add(sql, &added, &due)?;
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
fn hasten(sql: &dyn Sql, renamed: &Renamed, due: &Due, first_at: Timestamp) -> Result<bool> {
    let moved = sql.execute(
        "UPDATE delivery
             SET due_at = min(due_at, CASE kind WHEN 'first' THEN ?3 ELSE ?4 END)
             WHERE channel = ?2 AND state = 'pending' AND attempts = 0 AND kind <> 'summary'
               AND id IN (SELECT delivery FROM delivery_arrival WHERE arrival = ?1)",
        params![renamed.arrival.0, due.channel, first_at.0, due.due_at.0],
    )?;
    Ok(moved > 0)
}

/// See [`crate::Spool::uploads`].
pub(super) fn list(sql: &dyn Sql, tree: &str, limit: u32) -> Result<Vec<Upload>> {
    let select = "SELECT id, envelope, bytes, received_at, torn, path FROM arrival
         LEFT JOIN path_bytes ON path_bytes.arrival = arrival.id WHERE tree = ?1
         ORDER BY id DESC LIMIT ?2";
    let uploads = sql.rows(select, params![tree, limit], |row| {
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
    let mut uploads: Vec<Upload> = uploads;
    uploads.reverse();
    Ok(uploads)
}

/// See [`crate::Spool::note_path`].
pub(super) fn note_path(sql: &dyn Sql, arrival: ArrivalId, path: &[u8]) -> Result<()> {
    sql.execute(
        "INSERT INTO path_bytes (arrival, path) SELECT id, ?2 FROM arrival WHERE id = ?1
             ON CONFLICT (arrival) DO UPDATE SET path = excluded.path",
        params![arrival.0, path],
    )?;
    Ok(())
}

/// See [`crate::Spool::note_expects_folders`].
pub(super) fn note_expects_folders(sql: &dyn Sql, tree: &str, now: Timestamp) -> Result<()> {
    sql.execute(
        "INSERT INTO expects_folders (tree, at) VALUES (?1, ?2)
             ON CONFLICT (tree) DO UPDATE SET at = excluded.at",
        params![tree, now.0],
    )?;
    let count: u32 =
        sql.one("SELECT count(*) FROM expects_folders", params![], |row| row.get(0))?;
    if count > EXPECTS_FOLDERS_MAX + EXPECTS_FOLDERS_MORE {
        forget_expecting(sql, EXPECTS_FOLDERS_MAX)?;
    }
    Ok(())
}

/// Trees of proven devices are called `user/…`, those of others `peer/ADDRESS/…` and the like: of each address the
/// latest stay first, so that made-up users push out only each other.
fn forget_expecting(sql: &dyn Sql, stay: u32) -> Result<()> {
    sql.execute(
        "DELETE FROM expects_folders WHERE tree IN
               (SELECT tree FROM
                  (SELECT tree, at, row_number() OVER (PARTITION BY
                     substr(path, 1, instr(path || '/', '/') - 1) ORDER BY at DESC) AS number
                   FROM (SELECT tree, at, substr(tree, instr(tree, '/') + 1) AS path
                         FROM expects_folders))
                ORDER BY tree LIKE 'user/%' DESC, number, at DESC LIMIT 1000000000 OFFSET ?1)",
        params![stay],
    )?;
    Ok(())
}

/// See [`crate::Spool::expects_folders`].
pub(super) fn expects_folders(sql: &dyn Sql, tree: &str) -> Result<bool> {
    sql.one("SELECT EXISTS (SELECT 1 FROM expects_folders WHERE tree = ?1)", params![tree], |row| {
        row.get(0)
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

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
