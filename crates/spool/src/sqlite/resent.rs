//! Mails that a device sends again because it was not told that they are stored: kept, and alerted
//! once.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{ArrivalId, Content, IncidentId, Planner, Timestamp};

use super::{at, dismissal, from_json};
use crate::core::resent::continues;
use crate::{NewArrival, Result};

/// Torn mails are compared for this long.
const TORN_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Number of mails of a device that a new one is compared with, the newest first; and of its incidents that
/// they are looked for in.
const COMPARED_MAX: u32 = 20;

/// Why no alert of a torn mail is sent.
const WITHDRAWN: &str = "the device sent this mail again";

/// What an arrival is to those before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resent {
    /// The incident that has this mail already: it is not alerted again.
    pub(super) repeats: Option<IncidentId>,
    /// When the alert of a torn mail that this one goes on from was due.
    pub(super) due_at: Option<Timestamp>,
    /// Incidents of torn mails that this one replaces: their alerts need not be sent any more.
    replaces: Vec<IncidentId>,
}

/// A torn mail whose alert waits.
struct Waiting {
    incident: IncidentId,
    content: Content,
    due_at: Timestamp,
}

/// Compares an arrival with the device's mails of the last minutes.
pub(super) fn compare(
    connection: &Connection,
    device: i64,
    arrival: &NewArrival,
) -> Result<Resent> {
    if let Some(first) = arrival.same_as
        && let Some(incident) = incident_of(connection, device, first)?
    {
        return Ok(Resent { repeats: Some(incident), ..Resent::default() });
    }
    let mut resent = Resent::default();
    if arrival.envelope.path.is_some() {
        return Ok(resent);
    }
    if arrival.torn
        && let Some(incident) = told_meanwhile(connection, device, arrival)?
    {
        return Ok(Resent { repeats: Some(incident), ..Resent::default() });
    }
    for waiting in waiting(connection, device, arrival.received_at)? {
        if continues(&waiting.content, &arrival.content) && !is_same(&waiting, arrival) {
            resent.replaces.push(waiting.incident);
            let due_at = resent.due_at.unwrap_or(waiting.due_at);
            resent.due_at = Some(due_at.min(waiting.due_at));
        } else if is_torn_mail(arrival) && continues(&arrival.content, &waiting.content) {
            return Ok(Resent { repeats: Some(waiting.incident), ..Resent::default() });
        }
    }
    Ok(resent)
}

impl Resent {
    /// Ends the alerts of what the arrival replaces.
    pub(super) fn withdraw(
        &self,
        connection: &Connection,
        planner: &dyn Planner,
        now: Timestamp,
    ) -> Result<()> {
        for incident in &self.replaces {
            dismissal::withdraw(connection, planner, *incident, now)?;
            connection
                .prepare_cached("UPDATE incident SET suppressed_reason = ?2 WHERE id = ?1")?
                .execute(params![incident.0, WITHDRAWN])?;
        }
        Ok(())
    }
}

/// Remembers a torn mail whose alert waits.
pub(super) fn remember(
    connection: &Connection,
    device: i64,
    id: ArrivalId,
    arrival: &NewArrival,
) -> Result<()> {
    if is_torn_mail(arrival) {
        connection
            .prepare_cached("INSERT INTO torn_mail (device, arrival, at) VALUES (?1, ?2, ?3)")?
            .execute(params![device, id.0, arrival.received_at.0])?;
    }
    Ok(())
}

/// Forgets what is too long ago to be sent again.
pub(super) fn forget_old(connection: &Connection, now: Timestamp) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM torn_mail WHERE at < ?1")?
        .execute([now.before(TORN_WITHIN).0])?;
    Ok(())
}

fn is_torn_mail(arrival: &NewArrival) -> bool {
    arrival.torn && arrival.envelope.path.is_none() && !arrival.content.has_shots()
}

/// Torn at the same place, or near it.
fn is_same(waiting: &Waiting, arrival: &NewArrival) -> bool {
    is_torn_mail(arrival)
        && waiting.content.subject == arrival.content.subject
        && waiting.content.text == arrival.content.text
        && waiting.content.media.len() == arrival.content.media.len()
}

/// The incident of an arrival of the device.
fn incident_of(
    connection: &Connection,
    device: i64,
    arrival: ArrivalId,
) -> Result<Option<IncidentId>> {
    let incident = connection
        .prepare_cached(
            "SELECT incident.id FROM arrival JOIN incident ON incident.id = arrival.incident
             WHERE arrival.id = ?1 AND incident.device = ?2",
        )?
        .query_row(params![arrival.0, device], |row| row.get(0))
        .optional()?;
    Ok(incident.map(IncidentId))
}

/// The incident of a whole mail that goes on from this torn one and came while this one hung: a connection
/// that a wireless link lost ends minutes after the device has sent the mail again by another.
fn told_meanwhile(
    connection: &Connection,
    device: i64,
    torn: &NewArrival,
) -> Result<Option<IncidentId>> {
    let mut select = connection.prepare_cached(
        "SELECT incident, content FROM arrival
         WHERE incident IN (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?3)
           AND received_at >= ?2 AND NOT torn AND tree IS NULL
         ORDER BY id DESC LIMIT ?3",
    )?;
    let mut rows = select.query(params![device, torn.began_at.0, COMPARED_MAX])?;
    while let Some(row) = rows.next()? {
        if continues(&torn.content, &from_json(row, 1)?) {
            return Ok(Some(IncidentId(row.get(0)?)));
        }
    }
    Ok(None)
}

/// The device's torn mails whose alerts are not due yet.
fn waiting(connection: &Connection, device: i64, now: Timestamp) -> Result<Vec<Waiting>> {
    let mut select = connection.prepare_cached(
        "SELECT arrival.incident, arrival.content, max(delivery.due_at)
         FROM torn_mail
         JOIN arrival ON arrival.id = torn_mail.arrival
         JOIN delivery ON delivery.incident = arrival.incident
         WHERE torn_mail.device = ?1 AND delivery.state = 'pending' AND delivery.due_at > ?2
         GROUP BY arrival.id ORDER BY arrival.id DESC LIMIT ?3",
    )?;
    let mut rows = select.query(params![device, now.0, COMPARED_MAX])?;
    let mut waiting = Vec::new();
    while let Some(row) = rows.next()? {
        waiting.push(Waiting {
            incident: IncidentId(row.get(0)?),
            content: from_json(row, 1)?,
            due_at: at(row, 2)?,
        });
    }
    Ok(waiting)
}
