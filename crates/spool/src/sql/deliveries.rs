//! Deliveries that are due, and what attempts made of them (docs/spool.md, A4 and A5).

use tipoff_model::{
    Alert, AlertKind, AlertManner, DeliveryId, DeliveryState, DeviceId, Event, IncidentId,
    Timestamp,
};

use super::covered::Covered;
use super::statement::{Row, Sql, at, number, params};
use crate::core::alert::{self, Composed};
use crate::{AttemptRecord, DueBatch, DueDelivery, Result, Share};

/// What is told of a delivery.
const DUE: &str = "
    SELECT d.id, d.incident, d.kind, d.created_at, d.attempts, d.progress, d.reference,
           incident.event, incident.subject,
           CASE WHEN d.of_place THEN 'devices at ' || d.place
                ELSE coalesce(device.label, device.name) END,
           incident.began_at, d.route, d.held, incident.device, incident.note, d.place
    FROM delivery AS d
    JOIN incident ON incident.id = d.incident
    JOIN device ON device.id = incident.device
    WHERE d.id = ?1";

/// See [`crate::Spool::due_in_turn`].
pub(super) fn due(
    sql: &dyn Sql,
    identity: &str,
    channel: &str,
    now: Timestamp,
    picked: &[i64],
) -> Result<DueBatch> {
    let mut batch = DueBatch::default();
    for id in picked {
        let due = sql.row(DUE, params![id], |row| read_due(sql, identity, channel, row))?;
        batch.deliveries.extend(due);
    }
    batch.next_due_at = sql.row(
        "SELECT due_at FROM delivery WHERE channel = ?1 AND state = 'pending' AND due_at > ?2
             ORDER BY due_at LIMIT 1",
        params![channel, now.0],
        |row| at(row, 0),
    )?;
    Ok(batch)
}

fn read_due(sql: &dyn Sql, identity: &str, channel: &str, row: &Row<'_>) -> Result<DueDelivery> {
    let delivery = DeliveryId(row.get(0)?);
    let incident = IncidentId(row.get(1)?);
    let kind: String = row.get(2)?;
    let kind = AlertKind::ALL.iter().copied().find(|it| it.as_str() == kind);
    let kind = kind.unwrap_or(AlertKind::FollowUp);
    let mut covered = Covered::read(sql, delivery)?;
    if kind == AlertKind::Report {
        // The pictures of a report are of other incidents, and so are their words.
        covered = Covered { media: covered.media, last: covered.last, ..Covered::default() };
    }
    let composed = if covered.words.is_empty() {
        notice(row)?
    } else if kind == AlertKind::FollowUp {
        alert::compose(&covered.words, Some(&covered.earlier_words(sql, incident)?))
    } else {
        alert::compose(&covered.words, None)
    };
    let (mut reply_to, mut maybe_repeated) = (None, Vec::new());
    if matches!(kind, AlertKind::FollowUp | AlertKind::Summary) {
        reply_to = first_reference(sql, incident, channel)?;
    }
    if kind == AlertKind::FollowUp {
        maybe_repeated = covered.maybe_repeated(sql, incident)?;
    }
    let alert = Alert {
        delivery,
        idempotency_key: format!("{identity}-{delivery}"),
        incident,
        kind,
        device_id: DeviceId(row.get(13)?),
        device: row.get(9)?,
        event: composed.event,
        events: composed.events,
        subject: composed.subject,
        text: composed.text,
        details: composed.details,
        more: composed.more,
        late: None,
        received_at: covered.received_at.unwrap_or(at(row, 10)?),
        media: covered.media,
        raw: covered.raw,
        mails: covered.mails,
        torn: covered.torn,
        reply_to,
        link: None,
        held: number(row, 12)?,
        manner: AlertManner::default(),
        buttons: Vec::new(),
    };
    Ok(DueDelivery {
        alert,
        progress: number(row, 5)?,
        attempts: number(row, 4)?,
        created_at: at(row, 3)?,
        reference: row.get(6)?,
        covers: covered.last,
        maybe_repeated,
        route: row.get(11)?,
        share: Share::of_place(row.get(15)?),
    })
}

/// The words of an incident without arrivals.
fn notice(row: &Row<'_>) -> Result<Composed> {
    let event: String = row.get(7)?;
    Ok(Composed {
        event: Event::from_name(&event).unwrap_or_default(),
        subject: row.get(8)?,
        text: row.get::<Option<String>>(14)?.unwrap_or_default(),
        ..Composed::default()
    })
}

fn first_reference(sql: &dyn Sql, incident: IncidentId, channel: &str) -> Result<Option<String>> {
    let reference = sql.row(
        "SELECT reference FROM delivery WHERE incident = ?1 AND channel = ?2
             AND kind = 'first' ORDER BY id LIMIT 1",
        params![incident.0, channel],
        |row| row.get(0),
    )?;
    Ok(reference.flatten())
}

/// What failed in an earlier run is due now: no pause outlives the run that chose it.
pub(super) fn retry_at_once(sql: &dyn Sql, now: Timestamp) -> Result<()> {
    sql.execute(
        "UPDATE delivery SET due_at = ?1 WHERE state = 'pending' AND attempts > 0 AND due_at > ?1",
        params![now.0],
    )?;
    Ok(())
}

/// See [`crate::Spool::record`].
pub(super) fn record(sql: &dyn Sql, record: &AttemptRecord) -> Result<()> {
    split_off_untold(sql, record)?;
    let pending = record.state == DeliveryState::Pending;
    sql.execute(
        "UPDATE delivery
             SET state = CASE WHEN ?2 = 'pending' AND state = 'withdrawn' THEN state ELSE ?2 END,
                    due_at = ?3, ended_at = ?4, attempts = attempts + 1,
                    progress = ?5, reference = coalesce(?6, reference)
             WHERE id = ?1",
        params![
            record.delivery.0,
            record.state.as_str(),
            record.due_at.0,
            (!pending).then_some(record.ended_at.0),
            record.progress,
            record.reference,
        ],
    )?;
    let took_ms = record.ended_at.since(record.at).as_millis();
    sql.execute(
        "INSERT INTO attempt (delivery, number, at, took_ms, error)
             SELECT id, attempts, ?2, ?3, ?4 FROM delivery WHERE id = ?1",
        params![
            record.delivery.0,
            record.at.0,
            i64::try_from(took_ms).unwrap_or(i64::MAX),
            record.error,
        ],
    )?;
    if record.remember.is_empty() {
        return Ok(());
    }
    let channel: Option<String> =
        sql.row("SELECT channel FROM delivery WHERE id = ?1", params![record.delivery.0], |row| {
            row.get(0)
        })?;
    channel.map_or(Ok(()), |channel| remember(sql, &channel, &record.remember))
}

/// See [`crate::Spool::remember`].
pub(super) fn remember(sql: &dyn Sql, channel: &str, pairs: &[(String, String)]) -> Result<()> {
    let insert = "INSERT INTO channel_memory (channel, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value";
    for (key, value) in pairs {
        sql.execute(insert, params![channel, key, value])?;
    }
    Ok(())
}

/// What was added to the delivery while it was being attempted has not been told: it becomes a
/// follow-up of its own.
fn split_off_untold(sql: &dyn Sql, record: &AttemptRecord) -> Result<()> {
    let untold: bool = sql.one(
        "SELECT EXISTS (SELECT 1 FROM delivery_arrival WHERE delivery = ?1 AND arrival > ?2)",
        params![record.delivery.0, record.covers.0],
        |row| row.get(0),
    )?;
    if !untold {
        return Ok(());
    }
    let id = sql.insert_row(
        "INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, video, route,
                                   device, place)
             SELECT incident, channel, 'followup',
                    CASE state WHEN 'withdrawn' THEN state ELSE 'pending' END, ?2, ?2, video, route,
                    device, place
             FROM delivery WHERE id = ?1",
        params![record.delivery.0, record.ended_at.0],
    )?;
    let follow_up = id;
    sql.execute(
        "UPDATE delivery_arrival SET delivery = ?3 WHERE delivery = ?1 AND arrival > ?2",
        params![record.delivery.0, record.covers.0, follow_up],
    )?;
    Ok(())
}

/// See [`crate::Spool::memory`].
pub(super) fn memory(sql: &dyn Sql, channel: &str) -> Result<Vec<(String, String)>> {
    let select = "SELECT key, value FROM channel_memory WHERE channel = ?1 ORDER BY key";
    let pairs = sql.rows(select, params![channel], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pairs)
}

/// See [`crate::Spool::paused`].
pub(super) fn paused(sql: &dyn Sql) -> Result<Vec<String>> {
    let select = "SELECT channel FROM paused ORDER BY channel";
    let channels = sql.rows(select, params![], |row| row.get(0))?;
    Ok(channels)
}

/// See [`crate::Spool::set_paused`].
pub(super) fn set_paused(sql: &dyn Sql, channel: &str, paused: bool) -> Result<()> {
    let statement = if paused {
        "INSERT INTO paused (channel) VALUES (?1) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM paused WHERE channel = ?1"
    };
    sql.execute(statement, params![channel])?;
    Ok(())
}

/// See [`crate::Incidents::retry`].
pub(super) fn retry(
    sql: &dyn Sql,
    incident: IncidentId,
    only: Option<DeliveryId>,
    now: Timestamp,
) -> Result<Vec<String>> {
    // It has its time to expire anew. Of one that was refused all messages are tried again, since
    // it is not known which of them it was.
    let update = "UPDATE delivery SET due_at = ?2, created_at = ?2, ended_at = NULL,
                progress = CASE state WHEN 'refused' THEN 0 ELSE progress END,
                state = 'pending'
         WHERE incident = ?1 AND state <> 'delivered' AND (?3 IS NULL OR id = ?3)
         RETURNING channel";
    let channels =
        sql.rows(update, params![incident.0, now.0, only.map(|only| only.0)], |row| row.get(0))?;
    Ok(channels)
}
