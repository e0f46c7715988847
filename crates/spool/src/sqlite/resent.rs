//! Mails that a device sends again because it was not told that they are stored: kept, and alerted
//! once.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{ArrivalId, Content, IncidentId, Planner, Timestamp};

use super::{at, dismissal, from_json};
use crate::core::resent::continues;
use crate::{MailDigest, NewArrival, Result};

/// Within this time, a mail of the same bytes with a Message-ID is the same mail.
const SAME_WITHIN: Duration = Duration::from_secs(15 * 60);

/// The same for mails without one, of which the first was not acknowledged: a device whose mails are all
/// alike may mean another event.
const ALIKE_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Number of waiting torn mails of a device that a new one is compared with, the newest first.
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
    if let Some(digest) = &arrival.digest
        && let Some(incident) = same_mail(connection, device, digest, arrival.received_at)?
    {
        return Ok(Resent { repeats: Some(incident), ..Resent::default() });
    }
    let mut resent = Resent::default();
    if arrival.envelope.path.is_some() {
        return Ok(resent);
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
                .prepare_cached("UPDATE incident SET untold = ?2 WHERE id = ?1")?
                .execute(params![incident.0, WITHDRAWN])?;
        }
        Ok(())
    }
}

/// Remembers an arrival that may be sent again.
pub(super) fn remember(
    connection: &Connection,
    device: i64,
    incident: IncidentId,
    id: ArrivalId,
    arrival: &NewArrival,
) -> Result<()> {
    let at = arrival.received_at;
    if let Some(digest) = arrival.digest.as_ref()
        && (digest.has_message_id || arrival.unacknowledged)
    {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO known_mail (device, digest, incident, at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![device, digest.print, incident.0, at.0])?;
    }
    if is_torn_mail(arrival) {
        connection
            .prepare_cached("INSERT INTO torn_mail (device, arrival, at) VALUES (?1, ?2, ?3)")?
            .execute(params![device, id.0, at.0])?;
    }
    Ok(())
}

/// Forgets what is too long ago to be sent again.
pub(super) fn forget_old(connection: &Connection, now: Timestamp) -> Result<()> {
    let old = now.before(SAME_WITHIN);
    for delete in ["DELETE FROM known_mail WHERE at < ?1", "DELETE FROM torn_mail WHERE at < ?1"] {
        connection.prepare_cached(delete)?.execute([old.0])?;
    }
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

fn same_mail(
    connection: &Connection,
    device: i64,
    digest: &MailDigest,
    now: Timestamp,
) -> Result<Option<IncidentId>> {
    let since = now.before(if digest.has_message_id { SAME_WITHIN } else { ALIKE_WITHIN });
    let incident = connection
        .prepare_cached(
            "SELECT incident FROM known_mail WHERE device = ?1 AND digest = ?2
             AND at BETWEEN ?3 AND ?4
             AND EXISTS (SELECT 1 FROM incident WHERE incident.id = known_mail.incident)",
        )?
        .query_row(params![device, digest.print, since.0, now.0], |row| row.get(0))
        .optional()?;
    Ok(incident.map(IncidentId))
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
