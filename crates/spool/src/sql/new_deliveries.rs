//! Writes the deliveries that an arrival makes due, where [`crate::core::delivery_placement`] places it.

use tipoff_model::{
    AlertKind, ArrivalId, Due, Event, Facts, IncidentId, NotifiedChannel, Timestamp,
};

use super::statement::{Row, Sql, at, from_json, number, params};
use super::{delivery_rows, device_rows, summaries};
use crate::Result;
use crate::core::delivery::{NewDelivery, is_untried};
use crate::core::delivery_placement::{PendingDelivery, Placed, Placement, is_scan, place};
use crate::core::summary::{Summary, joinable};
use crate::core::turn_place::DevicePlace;

/// Pending deliveries of an incident on a channel that are read, the newest first: older ones have no room.
const PENDING_MAX: u32 = 16;

/// An arrival whose deliveries are written.
pub(super) struct Added<'a> {
    pub(super) incident: IncidentId,
    /// The event of the incident.
    pub(super) event: Event,
    pub(super) arrival: ArrivalId,
    pub(super) placed: Placed,
    /// Where the incident's device stands in the queues.
    pub(super) device: &'a DevicePlace,
    /// The channels that were alerted of the incident before.
    pub(super) notified: &'a [NotifiedChannel],
}

/// Says that follow-ups of an incident are planned for the channels that were alerted of it.
pub(super) fn expect(
    sql: &dyn Sql,
    incident: IncidentId,
    arrival: ArrivalId,
    notified: &[NotifiedChannel],
    facts: &Facts<'_>,
) -> Result<()> {
    sql.expect(&|ahead| {
        for NotifiedChannel { channel, .. } in notified {
            let _ = pending(ahead, (incident, arrival), channel, facts.received_at);
        }
    })
}

/// Writes the deliveries of a plan. What waits on a channel is read before anything is written, unless the plan names the
/// channel twice.
pub(super) fn add_all(sql: &dyn Sql, added: &Added<'_>, plan: &[Due]) -> Result<()> {
    let waiting = sql.together(|sql| -> Result<Vec<_>> {
        plan.iter().map(|due| waiting(sql, added, due)).collect()
    })?;
    for ((place, due), waiting) in plan.iter().enumerate().zip(waiting) {
        let is_second = plan.iter().take(place).any(|before| before.channel == due.channel);
        match is_second {
            true => add(sql, added, due)?,
            false => write(sql, added, due, &waiting)?,
        }
    }
    Ok(())
}

/// Writes a delivery, or a place in one that waits.
pub(super) fn add(sql: &dyn Sql, added: &Added<'_>, due: &Due) -> Result<()> {
    write(sql, added, due, &waiting(sql, added, due)?)
}

/// What waits on a channel and may take an arrival in.
enum Waiting {
    Deliveries(Vec<PendingDelivery>),
    Summaries(Vec<Summary>),
}

/// Only follow-ups and summaries join others: what waits is read for them alone.
fn waiting(sql: &dyn Sql, added: &Added<'_>, due: &Due) -> Result<Waiting> {
    Ok(match due.kind {
        AlertKind::Summary => {
            Waiting::Summaries(summaries::read(sql, &due.channel, added.device, added.placed.now)?)
        }
        AlertKind::FollowUp => Waiting::Deliveries(pending(
            sql,
            (added.incident, added.arrival),
            &due.channel,
            added.placed.now,
        )?),
        _ => Waiting::Deliveries(Vec::new()),
    })
}

fn write(sql: &dyn Sql, added: &Added<'_>, due: &Due, waiting: &Waiting) -> Result<()> {
    let pending = match waiting {
        Waiting::Summaries(summaries) => return add_to_summary(sql, added, due, summaries),
        Waiting::Deliveries(pending) => pending,
    };
    let delivery = match place(due, added.placed, pending) {
        Placement::New => {
            let Placed { video, now, .. } = added.placed;
            insert(sql, added.incident, added.device, video, due, now)?
        }
        Placement::Into { delivery, due_at } => {
            due_at.map_or(Ok(()), |due_at| delivery_rows::set_due(sql, delivery, due_at))?;
            delivery
        }
    };
    delivery_rows::cover(sql, delivery, added.arrival)
}

fn add_to_summary(
    sql: &dyn Sql,
    added: &Added<'_>,
    due: &Due,
    summaries: &[Summary],
) -> Result<()> {
    let now = added.placed.now;
    let summary = match joinable(summaries, due, added.event, now) {
        Some(summary) => summary,
        None => insert(sql, added.incident, added.device, false, due, now)?,
    };
    let is_follow_up = added.notified.iter().any(|it| it.channel == due.channel);
    summaries::add(sql, summary, added.arrival, is_follow_up)
}

/// The incident's first alert and its follow-ups that wait on a channel, in the order of their numbers. What a first
/// alert covers is read only where it may wait for pages.
fn pending(
    sql: &dyn Sql,
    (incident, arrival): (IncidentId, ArrivalId),
    channel: &str,
    now: Timestamp,
) -> Result<Vec<PendingDelivery>> {
    let select = "SELECT d.id, d.kind, d.created_at, d.due_at, d.state, d.attempts, d.video,
                (SELECT count(*) FROM delivery_arrival WHERE delivery_arrival.delivery = d.id),
                (SELECT count(*) FROM delivery_arrival
                 WHERE delivery_arrival.delivery = d.id AND arrival = ?3)
         FROM delivery AS d
         WHERE d.incident = ?1 AND d.channel = ?2 AND d.state = 'pending'
           AND d.kind IN ('first', 'followup')
         ORDER BY d.id DESC LIMIT ?4";
    let values = params![incident.0, channel, arrival.0, PENDING_MAX];
    let mut pending = sql.rows(select, values, read_pending)?;
    pending.reverse();
    for delivery in pending.iter_mut().filter(|it| it.may_gather_pages(now)) {
        let select = "SELECT content FROM delivery_arrival
             JOIN arrival ON arrival.id = delivery_arrival.arrival
             WHERE delivery_arrival.delivery = ?1";
        let contents = sql.rows(select, params![delivery.id], |row| from_json(row, 0))?;
        delivery.is_scan = is_scan(&contents);
    }
    Ok(pending)
}

fn read_pending(row: &Row<'_>) -> Result<PendingDelivery> {
    Ok(PendingDelivery {
        id: row.get(0)?,
        kind: delivery_rows::kind(row, 1)?,
        created_at: at(row, 2)?,
        due_at: at(row, 3)?,
        is_untried: is_untried(delivery_rows::state(row, 4)?, number(row, 5)?),
        video: row.get(6)?,
        arrivals: number(row, 7)?,
        has_arrival: row.get::<i64>(8)? > 0,
        is_scan: false,
    })
}

/// Writes a delivery of its own; its number. `video`: it waits for a video that is transcoded.
pub(super) fn insert(
    sql: &dyn Sql,
    incident: IncidentId,
    device: &DevicePlace,
    video: bool,
    due: &Due,
    now: Timestamp,
) -> Result<i64> {
    let new = NewDelivery::new(incident, device, video, due, now);
    let number = sql.number("delivery")?;
    sql.insert_numbered(
        number,
        "INSERT INTO delivery (id, incident, channel, kind, state, created_at, due_at, video, route,
                               of_place, device, place, gathers_until)
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            number,
            new.incident.0,
            new.due.channel,
            new.due.kind.as_str(),
            new.created_at.0,
            new.due.due_at.0,
            new.video,
            new.due.route,
            new.due.of_address,
            new.device,
            new.place,
            new.gathers_until.map(|at| at.0),
        ],
    )
}

/// What decides where a device stands in the queues. A device that is not stored any more stands alone.
pub(super) fn device_place(sql: &dyn Sql, device: i64) -> Result<DevicePlace> {
    let place = device_rows::by_id(sql, device)?.map(|row| row.place());
    Ok(place.unwrap_or(DevicePlace { device, ..DevicePlace::default() }))
}
