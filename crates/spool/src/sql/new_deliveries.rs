//! Writes the deliveries that an arrival makes due.

use tipoff_model::{
    AlertKind, ArrivalId, Due, Event, IncidentId, Media, NotifiedChannel, Timestamp,
};

use super::statement::{Row, Sql, at, from_json, number, params};
use super::summaries;
use crate::Result;
use crate::core::placement::{PendingDelivery, Placed, Placement, place};
use crate::core::summary::joinable;
use crate::core::turn_place::DevicePlace;

/// Pending deliveries of an incident on a channel that are looked at, the newest first: older ones have no room.
const PENDING_MAX: u32 = 16;

/// An arrival whose deliveries are written.
pub(super) struct Added<'a> {
    pub(super) incident: IncidentId,
    /// The event of the incident.
    pub(super) event: Event,
    pub(super) arrival: ArrivalId,
    pub(super) placed: Placed,
    pub(super) device: &'a DevicePlace,
    /// The channels that were alerted of the incident before.
    pub(super) notified: &'a [NotifiedChannel],
}

/// Writes a delivery, or a place in one that waits.
pub(super) fn add(sql: &dyn Sql, added: &Added<'_>, due: &Due) -> Result<()> {
    if due.kind == AlertKind::Summary {
        return add_to_summary(sql, added, due);
    }
    let pending = match due.kind {
        AlertKind::FollowUp => pending(sql, added, &due.channel)?,
        _ => Vec::new(),
    };
    let delivery = match place(due, added.placed, &pending) {
        Placement::New => {
            let Placed { video, now, .. } = added.placed;
            insert(sql, added.incident, added.device, video, due, now)?
        }
        Placement::Into { delivery, due_at } => {
            if let Some(due_at) = due_at {
                sql.execute(
                    "UPDATE delivery SET due_at = ?2 WHERE id = ?1",
                    params![delivery, due_at.0],
                )?;
            }
            delivery
        }
    };
    sql.execute(
        "INSERT OR IGNORE INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)",
        params![delivery, added.arrival.0],
    )?;
    Ok(())
}

fn add_to_summary(sql: &dyn Sql, added: &Added<'_>, due: &Due) -> Result<()> {
    let now = added.placed.now;
    let summaries = summaries::read(sql, &due.channel, added.device, now)?;
    let summary = match joinable(&summaries, due, added.event, now) {
        Some(summary) => summary,
        None => insert(sql, added.incident, added.device, false, due, now)?,
    };
    let is_follow_up = added.notified.iter().any(|it| it.channel == due.channel);
    summaries::add(sql, summary, added.arrival, is_follow_up)
}

/// The incident's first alert and its follow-ups that wait on a channel, in the order of their numbers.
fn pending(sql: &dyn Sql, added: &Added<'_>, channel: &str) -> Result<Vec<PendingDelivery>> {
    // What a first alert covers is read only where it may wait for pages.
    let select = "SELECT id, kind, created_at, due_at, attempts = 0, video,
                (SELECT count(*) FROM delivery_arrival WHERE delivery = delivery.id),
                EXISTS (SELECT 1 FROM delivery_arrival
                        WHERE delivery = delivery.id AND arrival = ?3),
                CASE WHEN kind = 'first' AND attempts = 0 AND due_at > ?4 THEN
                    (SELECT json_group_array(json_extract(arrival.content, '$.media'))
                     FROM delivery_arrival JOIN arrival ON arrival.id = delivery_arrival.arrival
                     WHERE delivery_arrival.delivery = delivery.id)
                END
         FROM delivery
         WHERE incident = ?1 AND channel = ?2 AND state = 'pending'
           AND kind IN ('first', 'followup')
         ORDER BY id DESC LIMIT ?5";
    let (incident, now) = (added.incident.0, added.placed.now.0);
    let values = params![incident, channel, added.arrival.0, now, PENDING_MAX];
    let pending = sql.rows(select, values, read_pending)?;
    let mut pending: Vec<PendingDelivery> = pending;
    pending.reverse();
    Ok(pending)
}

fn read_pending(row: &Row<'_>) -> Result<PendingDelivery> {
    let media: Option<String> = row.get(8)?;
    let is_scan = match media {
        None => false,
        Some(_) => from_json::<Vec<Vec<Media>>>(row, 8)?.iter().flatten().all(Media::is_document),
    };
    let kind: String = row.get(1)?;
    Ok(PendingDelivery {
        id: row.get(0)?,
        kind: match kind == AlertKind::First.as_str() {
            true => AlertKind::First,
            false => AlertKind::FollowUp,
        },
        created_at: at(row, 2)?,
        due_at: at(row, 3)?,
        is_untried: row.get(4)?,
        video: row.get(5)?,
        arrivals: number(row, 6)?,
        has_arrival: row.get(7)?,
        is_scan,
    })
}

/// Writes a delivery of its own; its number.
pub(super) fn insert(
    sql: &dyn Sql,
    incident: IncidentId,
    device: &DevicePlace,
    video: bool,
    due: &Due,
    now: Timestamp,
) -> Result<i64> {
    let gathers_until = (due.kind == AlertKind::Summary).then_some(due.due_at.0);
    let id = sql.insert_row(
        "INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, video, route,
                                   of_place, device, place, gathers_until)
             VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            incident.0,
            due.channel,
            due.kind.as_str(),
            now.0,
            due.due_at.0,
            video,
            due.route,
            due.of_address,
            device.device,
            device.of(due.kind),
            gathers_until,
        ],
    )?;
    Ok(id)
}

/// What decides where a device stands in the queues.
pub(super) fn device_place(sql: &dyn Sql, device: i64) -> Result<DevicePlace> {
    let place = sql.row(
        "SELECT device.recorder, coalesce(device.label, recorder.label) IS NOT NULL, device.place
             FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE device.id = ?1",
        params![device],
        |row| {
            let (recorder, is_named, address) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(DevicePlace { device, recorder, is_named, address })
        },
    )?;
    Ok(place.unwrap_or(DevicePlace { device, ..DevicePlace::default() }))
}
