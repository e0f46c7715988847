//! Mails that a device sends again because it was not told that they are stored: read for the decision of
//! [`crate::core::resent_mails`].

use tipoff_model::{ArrivalId, Content, IncidentId, Planner, Timestamp};

use super::dismissal;
use super::statement::{Sql, at, from_json, params};
use crate::core::resent_mails::{
    self, COMPARED_MAX, EarlierMails, Resent, TORN_WITHIN, WITHDRAWN, WaitingMail,
};
use crate::{NewArrival, Result};

/// Compares an arrival with the device's mails of the last minutes.
pub(super) fn compare(sql: &dyn Sql, device: i64, arrival: &NewArrival) -> Result<Resent> {
    Ok(resent_mails::compare(arrival, &earlier_mails(sql, device, arrival)?))
}

/// The device's mails of the last minutes, as far as they are needed.
pub(super) fn earlier_mails(
    sql: &dyn Sql,
    device: i64,
    arrival: &NewArrival,
) -> Result<EarlierMails> {
    let mut earlier = EarlierMails::default();
    if let Some(first) = arrival.same_as {
        earlier.same = incident_of(sql, device, first)?;
    }
    if earlier.same.is_none() && resent_mails::needs_whole_mails(arrival) {
        earlier.whole = whole_mails(sql, device, arrival.began_at)?;
    }
    if earlier.same.is_none() && resent_mails::needs_waiting_mails(arrival) {
        earlier.waiting = waiting_mails(sql, device, arrival.received_at)?;
    }
    Ok(earlier)
}

/// Ends the alerts of the torn mails that an arrival replaces.
pub(super) fn withdraw(
    sql: &dyn Sql,
    planner: &dyn Planner,
    resent: &Resent,
    now: Timestamp,
) -> Result<()> {
    for incident in &resent.replaces {
        dismissal::withdraw(sql, planner, *incident, now)?;
        let update = "UPDATE incident SET suppressed_reason = ?2 WHERE id = ?1";
        sql.change(update, params![incident.0, WITHDRAWN])?;
    }
    Ok(())
}

/// Remembers a torn mail whose alert waits: few devices have any, so that [`waiting_mails`] reads a short table.
pub(super) fn remember(
    sql: &dyn Sql,
    device: i64,
    id: ArrivalId,
    arrival: &NewArrival,
) -> Result<()> {
    if resent_mails::is_torn_mail(arrival) {
        let insert = "INSERT INTO torn_mail (device, arrival, at) VALUES (?1, ?2, ?3)";
        sql.change(insert, params![device, id.0, arrival.received_at.0])?;
    }
    Ok(())
}

/// Forgets torn mails that are too old to be sent again.
pub(super) fn forget_old(sql: &dyn Sql, now: Timestamp) -> Result<()> {
    sql.change("DELETE FROM torn_mail WHERE at < ?1", params![now.before(TORN_WITHIN).0])?;
    Ok(())
}

/// The incident of an arrival; `None` if it is of another device.
fn incident_of(sql: &dyn Sql, device: i64, arrival: ArrivalId) -> Result<Option<IncidentId>> {
    let select = "SELECT incident.id FROM arrival JOIN incident ON incident.id = arrival.incident
         WHERE arrival.id = ?1 AND incident.device = ?2";
    sql.row(select, params![arrival.0, device], |row| row.get(0).map(IncidentId))
}

/// The device's whole mails since then, the newest first. An arrival with a tree is an upload. The latest incidents
/// are read by their index, so that a device with many costs no more.
fn whole_mails(sql: &dyn Sql, device: i64, since: Timestamp) -> Result<Vec<(IncidentId, Content)>> {
    let select = "SELECT incident, content FROM arrival
         WHERE incident IN (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?3)
           AND received_at >= ?2 AND torn = 0 AND tree IS NULL
         ORDER BY id DESC LIMIT ?3";
    sql.rows(select, params![device, since.0, COMPARED_MAX], |row| {
        Ok((IncidentId(row.get(0)?), from_json(row, 1)?))
    })
}

/// The device's torn mails whose alerts are not due yet, with the time of the last of them, the newest first.
fn waiting_mails(sql: &dyn Sql, device: i64, now: Timestamp) -> Result<Vec<WaitingMail>> {
    let select = "SELECT arrival.incident, arrival.content, max(delivery.due_at)
         FROM torn_mail
         JOIN arrival ON arrival.id = torn_mail.arrival
         JOIN delivery ON delivery.incident = arrival.incident
         WHERE torn_mail.device = ?1 AND delivery.state = 'pending' AND delivery.due_at > ?2
         GROUP BY arrival.id ORDER BY arrival.id DESC LIMIT ?3";
    sql.rows(select, params![device, now.0, COMPARED_MAX], |row| {
        Ok(WaitingMail {
            incident: IncidentId(row.get(0)?),
            content: from_json(row, 1)?,
            due_at: at(row, 2)?,
        })
    })
}
