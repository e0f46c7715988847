//! Storing an arrival: its row, its incident and its due deliveries, in one transaction
//! (docs/spool.md, A3).

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{
    AlertKind, ArrivalId, Due, Facts, History, IncidentId, MediaKind, OpenIncident, Planner,
    Timestamp,
};

use super::{at, json};
use crate::{NewArrival, Result, Stored};

/// How many arrivals one follow-up takes in.
pub(super) const ARRIVALS_PER_DELIVERY_MAX: u32 = 50;

/// Stores an arrival inside the writer's transaction.
pub(super) fn store(
    connection: &Connection,
    planner: &dyn Planner,
    mut arrival: NewArrival,
) -> Result<Stored> {
    let device = device_id(connection, &arrival)?;
    let seen_in = mark_repeats(connection, device, &mut arrival)?;
    let history = DeviceHistory { connection, device };
    let (incident, joined, due) = {
        let facts = facts_of(&arrival);
        let joins = match seen_in {
            Some(incident) if facts.repeat => Some(incident),
            _ => latest_incident(connection, device)?
                .filter(|latest| planner.joins(&facts, latest))
                .map(|latest| latest.id),
        };
        let (kind, told) = match joins {
            Some(incident) => (AlertKind::FollowUp, channels_told(connection, incident)?),
            None => (AlertKind::First, Vec::new()),
        };
        // What joins an incident that nobody was told of (a torn arrival without a picture opened
        // it) is news to every channel.
        let kind = if told.is_empty() { AlertKind::First } else { kind };
        let due = planner.due(&facts, kind, &told, &history);
        let incident = match joins {
            Some(incident) => touch_incident(connection, incident, &arrival)?,
            None => open_incident(connection, device, &arrival)?,
        };
        (incident, joins.is_some(), (kind, due))
    };
    let id = insert_arrival(connection, incident, &arrival)?;
    let (kind, due) = due;
    for due in &due {
        add_delivery(connection, incident, id, kind, due, arrival.received_at)?;
    }
    if arrival.torn {
        remember_torn(connection, device, incident, &arrival)?;
    }
    let channels = due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: id, incident, joined, channels })
}

fn facts_of(arrival: &NewArrival) -> Facts<'_> {
    let media = &arrival.content.media;
    let is_shot =
        |kind| matches!(kind, MediaKind::Picture | MediaKind::Video | MediaKind::Animation);
    Facts {
        device: &arrival.device,
        received_at: arrival.received_at,
        event: arrival.event,
        torn: arrival.torn,
        whole_picture: media.iter().any(|media| media.whole && is_shot(media.kind)),
        repeat: media.iter().any(|media| media.repeat)
            && media.iter().all(|media| media.repeat || !is_shot(media.kind)),
    }
}

fn device_id(connection: &Connection, arrival: &NewArrival) -> Result<i64> {
    let device = &arrival.device;
    let known = connection
        .prepare_cached("SELECT id, name FROM device WHERE key = ?1")?
        .query_row([&device.key], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    match known {
        Some((id, name)) if name == device.name => Ok(id),
        Some((id, _)) => {
            connection
                .prepare_cached("UPDATE device SET name = ?2 WHERE id = ?1")?
                .execute(params![id, device.name])?;
            Ok(id)
        }
        None => {
            connection
                .prepare_cached("INSERT INTO device (key, name) VALUES (?1, ?2)")?
                .execute(params![device.key, device.name])?;
            Ok(connection.last_insert_rowid())
        }
    }
}

/// Marks the media that a torn arrival has brought before; the incident of the latest such.
fn mark_repeats(
    connection: &Connection,
    device: i64,
    arrival: &mut NewArrival,
) -> Result<Option<IncidentId>> {
    let mut seen_in = None;
    for (media, print) in arrival.content.media.iter_mut().zip(&arrival.prints) {
        let Some(print) = print else { continue };
        let incident = connection
            .prepare_cached("SELECT incident FROM torn_media WHERE device = ?1 AND print = ?2")?
            .query_row(params![device, print], |row| row.get(0))
            .optional()?
            .map(IncidentId);
        media.repeat = incident.is_some();
        seen_in = incident.or(seen_in);
    }
    Ok(seen_in)
}

fn remember_torn(
    connection: &Connection,
    device: i64,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO torn_media (device, print, incident) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    let whole = arrival.content.media.iter().zip(&arrival.prints).filter(|(media, _)| media.whole);
    for print in whole.filter_map(|(_, print)| *print) {
        insert.execute(params![device, print, incident.0])?;
    }
    Ok(())
}

/// The keys of the devices that left torn media.
pub(super) fn torn_devices(connection: &Connection) -> Result<Vec<String>> {
    let mut select =
        connection.prepare("SELECT key FROM device WHERE id IN (SELECT device FROM torn_media)")?;
    let keys = select.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn latest_incident(connection: &Connection, device: i64) -> Result<Option<OpenIncident>> {
    let latest = connection
        .prepare_cached(
            "SELECT id, began_at, last_arrival_at FROM incident WHERE device = ?1
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([device], |row| {
            Ok(OpenIncident {
                id: IncidentId(row.get(0)?),
                began_at: at(row, 1)?,
                last_arrival_at: at(row, 2)?,
            })
        })
        .optional()?;
    Ok(latest)
}

fn channels_told(connection: &Connection, incident: IncidentId) -> Result<Vec<String>> {
    let mut select = connection
        .prepare_cached("SELECT DISTINCT channel FROM delivery WHERE incident = ?1 ORDER BY id")?;
    let channels = select.query_map([incident.0], |row| row.get(0))?;
    Ok(channels.collect::<Result<_, _>>()?)
}

fn open_incident(connection: &Connection, device: i64, arrival: &NewArrival) -> Result<IncidentId> {
    connection
        .prepare_cached(
            "INSERT INTO incident (device, event, subject, began_at, last_arrival_at)
             VALUES (?1, ?2, ?3, ?4, ?4)",
        )?
        .execute(params![
            device,
            arrival.event.as_str(),
            arrival.content.subject,
            arrival.received_at.0
        ])?;
    Ok(IncidentId(connection.last_insert_rowid()))
}

fn touch_incident(
    connection: &Connection,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<IncidentId> {
    connection
        .prepare_cached(
            "UPDATE incident SET last_arrival_at = max(last_arrival_at, ?2) WHERE id = ?1",
        )?
        .execute(params![incident.0, arrival.received_at.0])?;
    Ok(incident)
}

fn insert_arrival(
    connection: &Connection,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<ArrivalId> {
    connection
        .prepare_cached(
            "INSERT INTO arrival
               (incident, received_at, torn, event, blob, bytes, envelope, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            incident.0,
            arrival.received_at.0,
            arrival.torn,
            arrival.event.as_str(),
            arrival.blob.name.0,
            i64::try_from(arrival.blob.size).unwrap_or(i64::MAX),
            json(&arrival.envelope)?,
            json(&arrival.content)?,
        ])?;
    Ok(ArrivalId(connection.last_insert_rowid()))
}

/// A delivery of its own, or a place in a follow-up that has not been attempted yet: a burst
/// becomes an album, not a queue.
fn add_delivery(
    connection: &Connection,
    incident: IncidentId,
    arrival: ArrivalId,
    kind: AlertKind,
    due: &Due,
    now: Timestamp,
) -> Result<()> {
    let waiting = match kind {
        AlertKind::First => None,
        AlertKind::FollowUp => waiting_follow_up(connection, incident, &due.channel)?,
    };
    let delivery = match waiting {
        Some(delivery) => delivery,
        None => {
            connection
                .prepare_cached(
                    "INSERT INTO delivery (incident, channel, kind, state, created_at, due_at)
                     VALUES (?1, ?2, ?3, 'pending', ?4, ?5)",
                )?
                .execute(params![incident.0, due.channel, kind.as_str(), now.0, due.due_at.0])?;
            connection.last_insert_rowid()
        }
    };
    connection
        .prepare_cached("INSERT INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)")?
        .execute(params![delivery, arrival.0])?;
    Ok(())
}

/// A follow-up that has room for another arrival: a camera gone mad makes many alerts of bounded
/// size, not one without bounds.
fn waiting_follow_up(
    connection: &Connection,
    incident: IncidentId,
    channel: &str,
) -> Result<Option<i64>> {
    let waiting = connection
        .prepare_cached(
            "SELECT id FROM delivery WHERE incident = ?1 AND channel = ?2 AND kind = 'followup'
             AND state = 'pending' AND attempts = 0
             AND (SELECT count(*) FROM delivery_arrival WHERE delivery = delivery.id) < ?3
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![incident.0, channel, ARRIVALS_PER_DELIVERY_MAX], |row| row.get(0))
        .optional()?;
    Ok(waiting)
}

/// What the rules may ask of the past of one device.
struct DeviceHistory<'a> {
    connection: &'a Connection,
    device: i64,
}

impl History for DeviceHistory<'_> {
    fn last_first_alert(&self, channel: &str) -> Option<Timestamp> {
        self.connection
            .prepare_cached(
                "SELECT delivery.created_at FROM incident
                 JOIN delivery ON delivery.incident = incident.id
                 WHERE incident.device = ?1 AND delivery.channel = ?2 AND delivery.kind = 'first'
                 ORDER BY incident.id DESC LIMIT 1",
            )
            .and_then(|mut select| {
                select.query_row(params![self.device, channel], |row| at(row, 0)).optional()
            })
            .unwrap_or_else(|error| {
                // Better an alert too many than one too few.
                tracing::error!(%error, "The spool could not tell when a channel was last alerted.");
                None
            })
    }
}
