//! The rows of incidents as arrivals open and join them.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Event, Facts, IncidentClass, IncidentId, OpenIncident, Timestamp};

use super::at;
use crate::Result;
use crate::core::shares;

/// What `incident.class` holds.
const fn class_number(class: IncidentClass) -> i64 {
    match class {
        IncidentClass::Alarm => 0,
        IncidentClass::Fault => 1,
        IncidentClass::Alone => 2,
    }
}

pub(super) fn latest_incident(
    connection: &Connection,
    device: i64,
    silent: bool,
    class: IncidentClass,
) -> Result<Option<OpenIncident>> {
    if class == IncidentClass::Alone {
        return Ok(None);
    }
    let latest = connection
        .prepare_cached(
            "SELECT id, began_at, last_arrival_at, has_video FROM incident
             WHERE device = ?1 AND silent = ?2 AND class = ?3 ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![device, silent, class_number(class)], |row| {
            Ok(OpenIncident {
                id: IncidentId(row.get(0)?),
                began_at: at(row, 1)?,
                last_arrival_at: at(row, 2)?,
                has_video: row.get(3)?,
            })
        })
        .optional()?;
    Ok(latest)
}

/// An incident that is opened.
pub(super) struct Opening<'a> {
    pub(super) device: i64,
    /// Whose it is: a row of `share`.
    pub(super) share: i64,
    /// What `incident.silent` is to hold.
    pub(super) silent: i64,
    pub(super) class: IncidentClass,
    pub(super) event: Event,
    pub(super) subject: &'a str,
    pub(super) at: Timestamp,
    pub(super) video: bool,
    pub(super) muted: bool,
}

pub(super) fn open_incident(connection: &Connection, new: &Opening<'_>) -> Result<IncidentId> {
    connection
        .prepare_cached(
            "INSERT INTO incident
               (device, event, subject, began_at, last_arrival_at, silent, has_video, muted, class,
                share, bytes)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            new.device,
            new.event.as_str(),
            new.subject,
            new.at.0,
            new.silent,
            new.video,
            new.muted,
            class_number(new.class),
            new.share,
            shares::INCIDENT_BYTES,
        ])?;
    Ok(IncidentId(connection.last_insert_rowid()))
}

/// Something arrived for the incident: the most important event names it, with its subject.
pub(super) fn touch_incident(
    connection: &Connection,
    incident: IncidentId,
    facts: &Facts<'_>,
) -> Result<IncidentId> {
    let below = Event::ALL.iter().filter(|it| it.importance() < facts.event.importance());
    let below: String = below.map(|event| format!(" {event} ")).collect();
    connection
        .prepare_cached(
            "UPDATE incident SET last_arrival_at = max(last_arrival_at, ?2),
                    has_video = has_video OR ?3,
                    subject = CASE WHEN ?6 <> '' AND (subject = '' OR instr(?5, ' ' || event || ' '))
                                   THEN ?6 ELSE subject END,
                    event = CASE WHEN instr(?5, ' ' || event || ' ') THEN ?4 ELSE event END
             WHERE id = ?1",
        )?
        .execute(params![
            incident.0,
            facts.received_at.0,
            facts.video_only,
            facts.event.as_str(),
            below,
            facts.content.subject,
        ])?;
    Ok(incident)
}
