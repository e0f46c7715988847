//! The rows of incidents as arrivals open and join them.

use tipoff_model::{Event, Facts, IncidentClass, IncidentId, NotifiedChannel, OpenIncident, Plan};

use super::statement::{Sql, at, event, params};
use crate::core::alerting::IncidentAlerts;
use crate::core::eviction;
use crate::core::incident_head::IncidentHead;
use crate::core::incident_kind::IncidentKind;
use crate::{Result, SpoolError};

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
    sql: &dyn Sql,
    device: i64,
    kind: IncidentKind,
    class: IncidentClass,
) -> Result<Option<OpenIncident>> {
    if !class.is_shared() {
        return Ok(None);
    }
    sql.row(
        "SELECT id, began_at, last_arrival_at, has_video FROM incident
             WHERE device = ?1 AND incident_kind = ?2 AND class = ?3 ORDER BY id DESC LIMIT 1",
        params![device, kind.number(), class_number(class)],
        |row| {
            Ok(OpenIncident {
                id: IncidentId(row.get(0)?),
                began_at: at(row, 1)?,
                last_arrival_at: at(row, 2)?,
                has_video: row.get(3)?,
            })
        },
    )
}

/// Who was alerted of an incident, and whether somebody dismissed it.
pub(super) fn alerts(sql: &dyn Sql, incident: IncidentId) -> Result<IncidentAlerts> {
    let is_dismissed = sql
        .row(
            "SELECT dismissed_by IS NOT NULL FROM incident WHERE id = ?1",
            params![incident.0],
            |row| row.get(0),
        )?
        .unwrap_or(false);
    let select =
        "SELECT channel, route FROM delivery WHERE incident = ?1 AND kind = 'first' ORDER BY id";
    let notified = sql.rows(select, params![incident.0], |row| {
        Ok(NotifiedChannel { channel: row.get(0)?, route: row.get(1)? })
    })?;
    Ok(IncidentAlerts { notified, is_dismissed })
}

/// An incident that is opened.
pub(super) struct Opening<'a> {
    pub(super) device: i64,
    /// Whose it is: a row of `share`.
    pub(super) share: i64,
    pub(super) kind: IncidentKind,
    pub(super) class: IncidentClass,
    pub(super) muted: bool,
    pub(super) head: &'a IncidentHead,
}

pub(super) fn open(sql: &dyn Sql, new: &Opening<'_>) -> Result<IncidentId> {
    let id = sql.insert_row(
        "INSERT INTO incident
               (device, event, subject, began_at, last_arrival_at, incident_kind, has_video, muted, class,
                share, bytes)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            new.device,
            new.head.event.as_str(),
            new.head.subject,
            new.head.last_arrival_at.0,
            new.kind.number(),
            new.head.has_video,
            new.muted,
            class_number(new.class),
            new.share,
            eviction::INCIDENT_BYTES,
        ],
    )?;
    Ok(IncidentId(id))
}

/// Notes that something arrived for the incident; the incident's event after it.
pub(super) fn join(sql: &dyn Sql, incident: IncidentId, facts: &Facts<'_>) -> Result<Event> {
    let head = sql
        .row(
            "SELECT event, subject, last_arrival_at, has_video FROM incident WHERE id = ?1",
            params![incident.0],
            |row| {
                Ok(IncidentHead {
                    event: event(row, 0)?,
                    subject: row.get(1)?,
                    last_arrival_at: at(row, 2)?,
                    has_video: row.get(3)?,
                })
            },
        )?
        .ok_or(SpoolError::NoIncident(incident))?;
    let head = head.with(facts);
    sql.change(
        "UPDATE incident SET event = ?2, subject = ?3, last_arrival_at = ?4, has_video = ?5
             WHERE id = ?1",
        params![
            incident.0,
            head.event.as_str(),
            head.subject,
            head.last_arrival_at.0,
            head.has_video,
        ],
    )?;
    Ok(head.event)
}

/// Notes why no alert of an incident was sent, or that one was.
pub(super) fn set_suppressed_reason(
    sql: &dyn Sql,
    incident: IncidentId,
    plan: &Plan,
) -> Result<()> {
    sql.change(
        "UPDATE incident SET suppressed_reason = ?2
             WHERE id = ?1 AND suppressed_reason IS DISTINCT FROM ?2",
        params![incident.0, plan.suppressed_reason],
    )?;
    Ok(())
}
