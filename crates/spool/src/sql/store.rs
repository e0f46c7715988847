//! Storing an arrival: its row, its incident and its due deliveries, in one transaction
//! (docs/spool.md, A3). Loads what `core` decides from, and writes what it decides.

use tipoff_model::{ArrivalId, BlobName, DeviceId, IncidentId, Planner};

use super::incident_rows::{self, Opening};
use super::incident_summary::{self, IncidentSummary};
use super::new_deliveries::{self, Added};
use super::statement::{Lock, Sql, json, params};
use super::{dedup, known_mails, past, resent, shares, sightings};
use crate::core::alerting::{self, IncidentAlerts};
use crate::core::bounds;
use crate::core::delivery_placement::Placed;
use crate::core::facts::facts_of;
use crate::core::incident_head::{IncidentHead, joined};
use crate::core::incident_kind::IncidentKind;
use crate::core::repeated_files::may_be_sent_again;
use crate::{NewArrival, Result, Stored};

/// Stores an arrival inside the writer's transaction.
pub(super) fn store(
    sql: &dyn Sql,
    planner: &dyn Planner,
    mut arrival: NewArrival,
    locked_max: u64,
) -> Result<Stored> {
    bounds::bound(&mut arrival.envelope);
    sql.lock(Lock::Arrival(&arrival.blob.name.0))?;
    let (device, share) = shares::resolve(sql, &mut arrival)?;
    sql.lock(Lock::Device(device))?;
    let NewArrival { content, digests, again, .. } = &mut arrival;
    let seen_in = dedup::mark(sql, device, content, digests, *again)?;
    let resent = resent::compare(sql, device, &arrival)?;
    if resent.repeats.is_some() {
        arrival.content.media.iter_mut().for_each(|media| media.repeat = true);
    }
    let seen_in = resent.repeats.or(seen_in);
    sightings::note_arrival(sql, device, arrival.received_at, arrival.vendor)?;
    let muted = sightings::is_muted(sql, DeviceId(device), arrival.received_at)?;
    let facts = facts_of(&arrival, muted, resent.repeats.is_some());
    let kind = IncidentKind::of_arrival(planner.is_silent(&facts));
    let class = planner.class(&facts);
    let latest = incident_rows::latest(sql, device, kind, class)?;
    let joins = joined(planner, &facts, seen_in, latest);
    let joins = shares::unless_full(sql, joins, locked_max)?;
    let alerts = match joins {
        Some(incident) => incident_rows::alerts(sql, incident)?,
        None => IncidentAlerts::default(),
    };
    let place = new_deliveries::device_place(sql, device)?;
    let past = past::load(sql, planner, &facts, &alerts, &place)?;
    let ready_at = alerting::ready_at(arrival.ready_at, resent.due_at);
    let plan = alerting::decide(planner, &facts, &alerts, &past, ready_at);
    let (incident, event) = match joins {
        Some(incident) => (incident, incident_rows::join(sql, incident, &facts)?),
        None => {
            let head = IncidentHead::opened_by(&facts);
            let opening = Opening { device, share, kind, class, muted, head: &head };
            (incident_rows::open(sql, &opening)?, head.event)
        }
    };
    incident_rows::set_suppressed_reason(sql, incident, &plan)?;
    resent::withdraw(sql, planner, &resent, arrival.received_at)?;
    let placed = Placed::of(&facts);
    let id = insert_arrival(sql, incident, &arrival)?;
    let NewArrival { envelope, content, .. } = &arrival;
    let summary = IncidentSummary { incident, arrival: id, envelope, content };
    incident_summary::note(sql, &summary, None)?;
    let opened = joins.is_none().then_some(incident);
    incident_summary::count(sql, arrival.received_at, arrival.torn, arrival.blob.size, opened)?;
    let notified = &alerts.notified;
    let added = Added { incident, event, arrival: id, placed, device: &place, notified };
    for due in &plan.due {
        new_deliveries::add(sql, &added, due)?;
    }
    remember_digests(sql, device, incident, &arrival)?;
    if resent.repeats.is_none() {
        resent::remember(sql, device, id, &arrival)?;
    }
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: id, incident, joined: joins.is_some(), channels })
}

/// The arrival with this blob, as [`store`] returned it, if it was stored: for whoever did not get the answer.
pub(super) fn find(sql: &dyn Sql, blob: &BlobName) -> Result<Option<Stored>> {
    sql.lock(Lock::Arrival(&blob.0))?;
    let select = "SELECT id, incident, EXISTS (SELECT 1 FROM arrival AS earlier
                WHERE earlier.incident = arrival.incident AND earlier.id < arrival.id)
         FROM arrival WHERE blob = ?1";
    let found = sql.row(select, params![blob.0], |row| {
        Ok((ArrivalId(row.get(0)?), IncidentId(row.get(1)?), row.get(2)?))
    })?;
    let Some((arrival, incident, joined)) = found else { return Ok(None) };
    let select = "SELECT DISTINCT channel FROM delivery_arrival
         JOIN delivery ON delivery.id = delivery_arrival.delivery
         WHERE delivery_arrival.arrival = ?1 ORDER BY channel";
    let channels = sql.rows(select, params![arrival.0], |row| row.get(0))?;
    Ok(Some(Stored { arrival, incident, joined, channels }))
}

/// Remembers the digests by which the files are recognised if they come again.
fn remember_digests(
    sql: &dyn Sql,
    device: i64,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<()> {
    let NewArrival { content, digests, unacknowledged, .. } = arrival;
    if may_be_sent_again(arrival) {
        dedup::remember(sql, device, incident, content, digests, *unacknowledged)?;
    }
    Ok(())
}

fn insert_arrival(sql: &dyn Sql, incident: IncidentId, arrival: &NewArrival) -> Result<ArrivalId> {
    let id = sql.insert_row("INSERT INTO arrival
               (incident, received_at, torn, event, blob, bytes, envelope, content, tree, mail_digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", params![
            incident.0,
            arrival.received_at.0,
            arrival.torn,
            arrival.event.as_str(),
            arrival.blob.name.0,
            i64::try_from(arrival.blob.size).unwrap_or(i64::MAX),
            json(&arrival.envelope)?,
            json(&arrival.content)?,
            arrival.tree,
            arrival.digest_to_keep().as_ref().map(known_mails::to_bytes),
        ])?;
    let id = ArrivalId(id);
    shares::added(sql, incident, shares::weight(sql, id)?)?;
    Ok(id)
}
