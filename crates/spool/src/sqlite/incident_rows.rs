//! The rows of incidents as arrivals open and join them.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Event, Facts, IncidentClass, IncidentId, NotifiedChannel, OpenIncident, Plan};

use super::{at, shares};
use crate::core::alerting::IncidentAlerts;
use crate::core::joining::IncidentHead;
use crate::{Result, SpoolError};

/// The value of `incident.silent` for an incident that no arrival opened: none joins it.
pub(super) const NOTICE: i64 = 2;

/// The value of `incident.class`.
const fn class_number(class: IncidentClass) -> i64 {
    match class {
        IncidentClass::Alarm => 0,
        IncidentClass::Fault => 1,
        IncidentClass::Alone => 2,
    }
}

/// The device's latest incident of this class that an arrival may join.
pub(super) fn latest(
    connection: &Connection,
    device: i64,
    suppressed: bool,
    class: IncidentClass,
) -> Result<Option<OpenIncident>> {
    if !class.is_shared() {
        return Ok(None);
    }
    let latest = connection
        .prepare_cached(
            "SELECT id, began_at, last_arrival_at, has_video FROM incident
             WHERE device = ?1 AND silent = ?2 AND class = ?3 ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![device, suppressed, class_number(class)], |row| {
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

/// Who was alerted of an incident, and whether somebody dismissed it.
pub(super) fn alerts(connection: &Connection, incident: IncidentId) -> Result<IncidentAlerts> {
    let is_dismissed = connection
        .prepare_cached("SELECT dismissed_by IS NOT NULL FROM incident WHERE id = ?1")?
        .query_row([incident.0], |row| row.get(0))
        .optional()?
        .unwrap_or(false);
    let mut select = connection.prepare_cached(
        "SELECT channel, route FROM delivery WHERE incident = ?1 AND kind = 'first' ORDER BY id",
    )?;
    let notified = select.query_map([incident.0], |row| {
        Ok(NotifiedChannel { channel: row.get(0)?, route: row.get(1)? })
    })?;
    Ok(IncidentAlerts { notified: notified.collect::<Result<_, _>>()?, is_dismissed })
}

/// An incident that is opened.
pub(super) struct Opening<'a> {
    pub(super) device: i64,
    /// Whose it is: a row of `share`.
    pub(super) share: i64,
    /// The value of `incident.silent`.
    pub(super) silent: i64,
    pub(super) class: IncidentClass,
    pub(super) muted: bool,
    pub(super) head: &'a IncidentHead,
}

pub(super) fn open(connection: &Connection, new: &Opening<'_>) -> Result<IncidentId> {
    connection
        .prepare_cached(
            "INSERT INTO incident
               (device, event, subject, began_at, last_arrival_at, silent, has_video, muted, class,
                share, bytes)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            new.device,
            new.head.event.as_str(),
            new.head.subject,
            new.head.last_arrival_at.0,
            new.silent,
            new.head.has_video,
            new.muted,
            class_number(new.class),
            new.share,
            shares::INCIDENT_BYTES,
        ])?;
    Ok(IncidentId(connection.last_insert_rowid()))
}

/// Notes that something arrived for the incident; the incident's event after it.
pub(super) fn join(
    connection: &Connection,
    incident: IncidentId,
    facts: &Facts<'_>,
) -> Result<Event> {
    let head = connection
        .prepare_cached(
            "SELECT event, subject, last_arrival_at, has_video FROM incident WHERE id = ?1",
        )?
        .query_row([incident.0], |row| {
            let event: String = row.get(0)?;
            Ok(IncidentHead {
                event: Event::from_name(&event).unwrap_or_default(),
                subject: row.get(1)?,
                last_arrival_at: at(row, 2)?,
                has_video: row.get(3)?,
            })
        })
        .optional()?
        .ok_or(SpoolError::NoIncident(incident))?;
    let head = head.with(facts);
    connection
        .prepare_cached(
            "UPDATE incident SET event = ?2, subject = ?3, last_arrival_at = ?4, has_video = ?5
             WHERE id = ?1",
        )?
        .execute(params![
            incident.0,
            head.event.as_str(),
            head.subject,
            head.last_arrival_at.0,
            head.has_video,
        ])?;
    Ok(head.event)
}

/// Notes why no alert of an incident was sent, or that one was.
pub(super) fn set_suppressed_reason(
    connection: &Connection,
    incident: IncidentId,
    plan: &Plan,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE incident SET suppressed_reason = ?2
             WHERE id = ?1 AND suppressed_reason IS NOT ?2",
        )?
        .execute(params![incident.0, plan.suppressed_reason])?;
    Ok(())
}
