//! Deliveries that are due, and their attempts: read for [`crate::core::due_alert`] and
//! [`crate::core::delivery`] (docs/spool.md, A4 and A5). Also what channels remember, and which are paused.

use tipoff_model::{DeliveryId, DeviceId, IncidentId, Timestamp};

use super::covered;
use super::delivery_rows::{self, kind};
use super::leases;
use super::statement::{Lock, Row, Sql, at, number, params};
use crate::core::covered::Covered;
use crate::core::delivery::Delivery;
use crate::core::due_alert::{self, Context, DueRow};
use crate::{AttemptRecord, DueBatch, DueDelivery, Result};

/// A delivery with its incident and device, in the order of [`read_due`].
const DUE: &str = "
    SELECT d.id, d.kind, d.created_at, d.attempts, d.progress, d.reference, d.route, d.held, d.place,
           d.of_place, d.incident, incident.event, incident.subject, incident.note,
           incident.began_at, incident.device, device.name, device.label
    FROM delivery AS d
    JOIN incident ON incident.id = d.incident
    JOIN device ON device.id = incident.device
    WHERE d.id = ?1";

/// See [`crate::Spool::due_in_turn`]. `picked` are the deliveries whose turn it is ([`super::turns::pick`]); one that
/// was removed meanwhile is left out.
pub(super) fn due(
    sql: &dyn Sql,
    identity: &str,
    channel: &str,
    now: Timestamp,
    picked: &[i64],
) -> Result<DueBatch> {
    let mut batch = DueBatch::default();
    for id in picked {
        if let Some(row) = sql.row(DUE, params![id], read_due)? {
            batch.deliveries.push(due_delivery(sql, identity, channel, row)?);
        }
    }
    batch.next_due_at = sql.row(
        "SELECT due_at FROM delivery WHERE channel = ?1 AND state = 'pending' AND due_at > ?2
         ORDER BY due_at LIMIT 1",
        params![channel, now.0],
        |row| at(row, 0),
    )?;
    Ok(batch)
}

fn read_due(row: &Row<'_>) -> Result<DueRow> {
    Ok(DueRow {
        delivery: DeliveryId(row.get(0)?),
        kind: kind(row, 1)?,
        created_at: at(row, 2)?,
        attempts: number(row, 3)?,
        progress: number(row, 4)?,
        reference: row.get(5)?,
        route: row.get(6)?,
        held: number(row, 7)?,
        place: row.get(8)?,
        of_address: row.get(9)?,
        incident: IncidentId(row.get(10)?),
        event: row.get(11)?,
        subject: row.get(12)?,
        note: row.get(13)?,
        began_at: at(row, 14)?,
        device: DeviceId(row.get(15)?),
        device_name: row.get(16)?,
        device_label: row.get(17)?,
    })
}

/// Looks up what the alert needs besides its row.
fn due_delivery(sql: &dyn Sql, identity: &str, channel: &str, row: DueRow) -> Result<DueDelivery> {
    let covered = Covered::gather(covered::read(sql, row.delivery)?);
    let mut context = Context::default();
    if due_alert::is_reply(row.kind) {
        let select = "SELECT reference FROM delivery
             WHERE incident = ?1 AND channel = ?2 AND kind = 'first' ORDER BY id LIMIT 1";
        let first = sql.row(select, params![row.incident.0, channel], |row| row.get(0))?;
        context.first_reference = first.flatten();
    }
    if let Some((first, last)) = due_alert::adds_to(row.kind, &covered) {
        context.earlier = covered::earlier_words(sql, row.incident, first)?;
        let earlier = covered::earlier_files(sql, row.incident, last)?;
        context.maybe_repeated = covered.maybe_repeated(earlier);
    }
    Ok(due_alert::compose(identity, row, covered, context))
}

/// Makes due at once, at a start, what failed before. Runs before any channel reads the queue.
pub(super) fn retry_at_once(sql: &dyn Sql, now: Timestamp) -> Result<()> {
    for delivery in delivery_rows::attempted(sql)? {
        if let Some(due_at) = delivery.due_at_start(now) {
            delivery_rows::set_due(sql, delivery.id, due_at)?;
        }
    }
    Ok(())
}

/// See [`crate::Spool::record`]. Records nothing if the incident was removed during the attempt.
/// Of a node that lost the channel meanwhile, nothing is recorded: the next holder may have sent the same.
pub(super) fn record(sql: &dyn Sql, record: &AttemptRecord) -> Result<()> {
    sql.lock(Lock::DeviceOfDelivery(record.delivery.0))?;
    let Some(delivery) = delivery_rows::one(sql, record.delivery.0)? else {
        return Ok(());
    };
    leases::check(sql, record.lease.as_ref())?;
    split_off_rest(sql, &delivery, record)?;
    let delivery = delivery.after(record);
    delivery_rows::write(sql, &delivery)?;
    let took_ms = record.ended_at.since(record.at).as_millis();
    sql.change(
        "INSERT INTO attempt (delivery, number, at, took_ms, error) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            delivery.id,
            delivery.attempts,
            record.at.0,
            i64::try_from(took_ms).unwrap_or(i64::MAX),
            record.error,
        ],
    )?;
    if let Some(error) = &record.error {
        note_error(sql, &delivery.channel, record.at, error)?;
    }
    remember(sql, &delivery.channel, &record.remember)
}

/// Notes the latest error of a channel, for the overview: among all attempts it would have to be looked for.
fn note_error(sql: &dyn Sql, channel: &str, at: Timestamp, error: &str) -> Result<()> {
    sql.change(
        "INSERT INTO last_error (channel, at, error) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel) DO UPDATE SET at = excluded.at, error = excluded.error",
        params![channel, at.0, error],
    )?;
    Ok(())
}

/// Moves the arrivals that were added to a delivery while it was attempted to a follow-up. The alert was composed of
/// the arrivals up to [`AttemptRecord::covers`], and numbers of arrivals only grow.
fn split_off_rest(sql: &dyn Sql, delivery: &Delivery, record: &AttemptRecord) -> Result<()> {
    let rest = "SELECT arrival FROM delivery_arrival WHERE delivery = ?1 AND arrival > ?2 LIMIT 1";
    let values = params![delivery.id, record.covers.0];
    if sql.row(rest, values, |row| row.get::<i64>(0))?.is_none() {
        return Ok(());
    }
    let follow_up = sql.insert_row(
        "INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, video, route,
                               device, place)
         SELECT incident, channel, 'followup', ?2, ?3, ?3, video, route, device, place
         FROM delivery WHERE id = ?1",
        params![delivery.id, delivery.state_of_rest().as_str(), record.ended_at.0],
    )?;
    sql.change(
        "UPDATE delivery_arrival SET delivery = ?3 WHERE delivery = ?1 AND arrival > ?2",
        params![delivery.id, record.covers.0, follow_up],
    )?;
    Ok(())
}

/// See [`crate::Incidents::retry`]. `only`: one delivery of the incident instead of all.
pub(super) fn retry(
    sql: &dyn Sql,
    incident: IncidentId,
    only: Option<DeliveryId>,
    now: Timestamp,
) -> Result<Vec<String>> {
    sql.lock(Lock::DeviceOfIncident(incident.0))?;
    let is_meant = |it: &Delivery| only.is_none_or(|only| only.0 == it.id);
    delivery_rows::change(sql, incident, |it| is_meant(&it).then_some(it)?.retried(now))
}

/// See [`crate::Spool::remember`].
pub(super) fn remember(sql: &dyn Sql, channel: &str, pairs: &[(String, String)]) -> Result<()> {
    let insert = "INSERT INTO channel_memory (channel, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value";
    for (key, value) in pairs {
        sql.change(insert, params![channel, key, value])?;
    }
    Ok(())
}

/// See [`crate::Spool::memory`].
pub(super) fn memory(sql: &dyn Sql, channel: &str) -> Result<Vec<(String, String)>> {
    let select = "SELECT key, value FROM channel_memory WHERE channel = ?1 ORDER BY key";
    sql.rows(select, params![channel], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// See [`crate::Spool::paused`].
pub(super) fn paused(sql: &dyn Sql) -> Result<Vec<String>> {
    sql.rows("SELECT channel FROM paused ORDER BY channel", params![], |row| row.get(0))
}

/// See [`crate::Spool::set_paused`].
pub(super) fn set_paused(sql: &dyn Sql, channel: &str, paused: bool) -> Result<()> {
    let statement = match paused {
        true => "INSERT INTO paused (channel) VALUES (?1) ON CONFLICT DO NOTHING",
        false => "DELETE FROM paused WHERE channel = ?1",
    };
    sql.change(statement, params![channel])?;
    Ok(())
}
