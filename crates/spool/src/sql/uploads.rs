//! Uploads after they are stored: read and written for the decisions of [`crate::core::uploads`] when a device
//! appends to one or renames it. Also the lists from which the trees of devices are made.
//!
//! Bytes are only ever added: nothing that a device does here removes what was stored.

use tipoff_model::{
    ArrivalId, Content, Device, DeviceId, Due, Envelope, IncidentId, Planner, Timestamp,
};

use super::incident_rows::{self, Gain};
use super::incident_summary::{self, IncidentSummary};
use super::new_deliveries::{self, Added};
use super::shares::{self, Weight};
use super::statement::{Lock, Sql, at, from_json, json, number, params};
use super::{dedup, delivery_rows, device_rows, planning, sightings};
use crate::blobs::segments;
use crate::core::delivery_placement::Placed;
use crate::core::incident_summary::counts;
use crate::core::uploads::{self, EXPECTS_FOLDERS_MAX, NewName, Sending};
use crate::{DedupPolicy, Growth, Result, SpoolError, Stored, Upload};

/// See [`crate::Spool::grow`]. `locked_max` is the number of bytes that locked incidents may take.
///
/// # Errors
/// [`SpoolError::Full`] if the upload is in a locked incident and locked incidents have no room left;
/// [`SpoolError::NoArrival`] if the upload was removed meanwhile.
pub(super) fn grow(
    sql: &dyn Sql,
    planner: &dyn Planner,
    mut growth: Growth,
    locked_max: u64,
) -> Result<Stored> {
    sql.lock(Lock::DeviceOfArrival(growth.arrival.0))?;
    let StoredUpload { incident, owner, device, envelope, content: before, .. } =
        read(sql, growth.arrival)?;
    if !shares::may_grow(sql, incident, locked_max)? {
        return Err(SpoolError::Full("locked incidents take half of the room".to_owned()));
    }
    let Growth { content, digests, .. } = &mut growth;
    dedup::mark(sql, owner, content, digests, DedupPolicy::Always)?;
    let weight = write_growth(sql, &growth)?;
    let Growth { arrival, content, received_at: now, .. } = &growth;
    let joined = incident_rows::read(sql, incident)?;
    let muted = sightings::is_muted(sql, DeviceId(owner), *now)?;
    let facts = uploads::facts_of_growth(&growth, &device, &envelope, muted);
    let alerts = incident_rows::alerts(sql, &joined)?;
    let (plan, place) = planning::plan(sql, planner, (owner, &facts), &alerts, growth.ready_at)?;
    let ((pictures, videos), (pictures_before, videos_before)) = (counts(content), counts(&before));
    let gain = Gain {
        weight,
        pictures: pictures - pictures_before,
        videos: videos - videos_before,
        suppressed_reason: plan.suppressed_reason.as_deref(),
    };
    let event = incident_rows::join(sql, &joined, &facts, &gain)?;
    let summary = IncidentSummary { incident, arrival: *arrival, envelope: &envelope, content };
    incident_summary::note(sql, &summary, joined.cover)?;
    let (placed, notified) = (Placed::of(&facts), &alerts.notified);
    let added = Added { incident, event, arrival: *arrival, placed, device: &place, notified };
    for due in &plan.due {
        let covering = delivery_rows::covering(sql, *arrival, &due.channel)?;
        send(sql, &added, due, uploads::grown(due, &covering, growth.ready_at, *now))?;
    }
    let Growth { content, digests, torn, .. } = &growth;
    dedup::remember(sql, owner, incident, content, digests, *torn)?;
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: growth.arrival, incident, joined: true, channels })
}

/// See [`crate::Spool::rename`]. The number of media stays, so that the counts of the incident stay too.
///
/// # Errors
/// [`SpoolError::NoArrival`] if the upload was removed meanwhile.
pub(super) fn rename(
    sql: &dyn Sql,
    planner: &dyn Planner,
    arrival: ArrivalId,
    new: &NewName,
) -> Result<Vec<String>> {
    sql.lock(Lock::DeviceOfArrival(arrival.0))?;
    let StoredUpload { incident, owner, device, mut envelope, mut content, torn } =
        read(sql, arrival)?;
    new.apply(&mut envelope, &mut content);
    sql.change(
        "UPDATE arrival SET envelope = ?2, content = ?3, event = ?4 WHERE id = ?1",
        params![arrival.0, json(&envelope)?, json(&content)?, new.event.as_str()],
    )?;
    let summary = IncidentSummary { incident, arrival, envelope: &envelope, content: &content };
    let joined = incident_rows::read(sql, incident)?;
    incident_summary::note(sql, &summary, joined.cover)?;
    let muted = sightings::is_muted(sql, DeviceId(owner), new.now)?;
    let facts = new.facts(&device, &envelope, &content, (torn, muted));
    let alerts = incident_rows::alerts(sql, &joined)?;
    let (mut plan, place) = planning::plan(sql, planner, (owner, &facts), &alerts, new.now)?;
    let (placed, notified) = (Placed::of(&facts), &alerts.notified);
    let added = Added { incident, event: new.event, arrival, placed, device: &place, notified };
    let mut channels = Vec::new();
    for due in plan.due.drain(..) {
        let covering = delivery_rows::covering(sql, arrival, &due.channel)?;
        if send(sql, &added, &due, uploads::renamed(&due, &covering, &facts))? {
            channels.push(due.channel);
        }
    }
    if !channels.is_empty() {
        incident_rows::set_suppressed_reason(sql, incident, &plan)?;
    }
    Ok(channels)
}

/// Writes how an alert of a changed upload is sent. Whether it is.
fn send(sql: &dyn Sql, added: &Added<'_>, due: &Due, sending: Sending) -> Result<bool> {
    match sending {
        Sending::No => return Ok(false),
        Sending::Placed => new_deliveries::add(sql, added, due)?,
        Sending::Waiting(waiting) => {
            for (delivery, due_at) in waiting {
                delivery_rows::set_due(sql, delivery, due_at)?;
            }
        }
    }
    Ok(true)
}

/// An upload as it is stored.
struct StoredUpload {
    incident: IncidentId,
    /// The number of the device that the incident belongs to. A merge of devices may have changed it since.
    owner: i64,
    device: Device,
    envelope: Envelope,
    content: Content,
    torn: bool,
}

fn read(sql: &dyn Sql, arrival: ArrivalId) -> Result<StoredUpload> {
    let select = "SELECT incident.id, incident.device, envelope, content, torn
         FROM arrival JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1";
    let stored = sql.row(select, params![arrival.0], |row| {
        let (incident, owner): (_, i64) = (IncidentId(row.get(0)?), row.get(1)?);
        Ok((incident, owner, from_json(row, 2)?, from_json(row, 3)?, row.get(4)?))
    })?;
    let (incident, owner, envelope, content, torn) =
        stored.ok_or(SpoolError::NoArrival(arrival))?;
    let device = device_rows::read(sql, owner)?.ok_or(SpoolError::NoArrival(arrival))?;
    Ok(StoredUpload { incident, owner, device, envelope, content, torn })
}

/// Writes all that is known now of an upload that has grown; by how much. Its row grows with it, and its share counts rows
/// as well as blobs: both are weighed before and after.
fn write_growth(sql: &dyn Sql, growth: &Growth) -> Result<Weight> {
    if let Some(begin) = segments::before_last(&growth.blob.name) {
        let select = "SELECT bytes FROM arrival WHERE id = ?1";
        if sql.one(select, params![growth.arrival.0], |row| number::<u64>(row, 0))? != begin {
            return Err(SpoolError::File("another session has added to this upload".to_owned()));
        }
    }
    let weight = shares::weight(sql, growth.arrival)?;
    sql.change(
        "UPDATE arrival SET bytes = ?2, content = ?3, event = ?4, torn = ?5, segments = ?6 WHERE id = ?1",
        params![
            growth.arrival.0,
            i64::try_from(growth.blob.size).unwrap_or(i64::MAX),
            json(&growth.content)?,
            growth.event.as_str(),
            growth.torn,
            segments::list(&growth.blob.name),
        ],
    )?;
    Ok(shares::weight(sql, growth.arrival)?.since(weight))
}

/// See [`crate::Spool::uploads`]. The newest are read, and returned in the order of receipt.
pub(super) fn list(sql: &dyn Sql, tree: &str, limit: u32) -> Result<Vec<Upload>> {
    let select = "SELECT id, envelope, bytes, received_at, torn, path FROM arrival
         LEFT JOIN path_bytes ON path_bytes.arrival = arrival.id WHERE tree = ?1
         ORDER BY id DESC LIMIT ?2";
    let mut uploads = sql.rows(select, params![tree, limit], |row| {
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
    uploads.reverse();
    Ok(uploads)
}

/// See [`crate::Spool::note_path`]. Notes nothing if the upload was removed meanwhile.
pub(super) fn note_path(sql: &dyn Sql, arrival: ArrivalId, path: &[u8]) -> Result<()> {
    sql.change(
        "INSERT INTO path_bytes (arrival, path) SELECT id, ?2 FROM arrival WHERE id = ?1
         ON CONFLICT (arrival) DO UPDATE SET path = excluded.path",
        params![arrival.0, path],
    )?;
    Ok(())
}

/// See [`crate::Spool::note_expects_folders`].
pub(super) fn note_expects_folders(sql: &dyn Sql, tree: &str, now: Timestamp) -> Result<()> {
    sql.change(
        "INSERT INTO expects_folders (tree, at) VALUES (?1, ?2)
         ON CONFLICT (tree) DO UPDATE SET at = excluded.at",
        params![tree, now.0],
    )?;
    let count = sql.one("SELECT count(*) FROM expects_folders", params![], |row| number(row, 0))?;
    if !uploads::are_too_many(count) {
        return Ok(());
    }
    let select = "SELECT tree, at FROM expects_folders";
    let trees = sql.rows(select, params![], |row| Ok((row.get(0)?, at(row, 1)?)))?;
    for tree in uploads::least_needed(trees, EXPECTS_FOLDERS_MAX) {
        sql.change("DELETE FROM expects_folders WHERE tree = ?1", params![tree])?;
    }
    Ok(())
}

/// See [`crate::Spool::expects_folders`].
pub(super) fn expects_folders(sql: &dyn Sql, tree: &str) -> Result<bool> {
    let select = "SELECT at FROM expects_folders WHERE tree = ?1";
    Ok(sql.row(select, params![tree], |row| at(row, 0))?.is_some())
}
