//! What need not be kept any longer goes: by age, then by size, the oldest first. The wall clock alone makes
//! nothing old.

use rusqlite::{Connection, params};
use tipoff_model::{ArrivalId, BlobName, IncidentId, Timestamp};

use crate::{Keep, Result, Swept};

/// Incidents removed in one transaction, so that arrivals never wait long for it.
const STEP_INCIDENTS: u32 = 100;

/// One step: what it removed, and the blobs that must go after the commit. A step that removed
/// nothing was the last.
pub(super) fn step(
    connection: &Connection,
    keep: Keep,
    now: Timestamp,
) -> Result<(Swept, Vec<BlobName>)> {
    let mut swept = Swept::default();
    let mut blobs = Vec::new();
    for incident in candidates(connection, keep, now)? {
        end_undelivered(connection, incident, &mut swept)?;
        let mut select =
            connection.prepare_cached("SELECT blob, bytes FROM arrival WHERE incident = ?1")?;
        let mut rows = select.query([incident.0])?;
        while let Some(row) = rows.next()? {
            blobs.push(BlobName(row.get(0)?));
            swept.bytes += u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        }
        connection.prepare_cached("DELETE FROM incident WHERE id = ?1")?.execute([incident.0])?;
        swept.incidents += 1;
    }
    if swept.incidents > 0 {
        // Names that hostile devices made up do not stay for ever; what people said does.
        connection.execute(
            "DELETE FROM device
             WHERE coalesce(label, user, muted_until, silent_after, merged_into) IS NULL
               AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.device = device.id)
               AND NOT EXISTS (SELECT 1 FROM device AS other
                               WHERE device.id IN (other.merged_into, other.recorder))",
            [],
        )?;
        swept.oldest = connection
            .query_row("SELECT min(id) FROM arrival", [], |row| row.get(0))
            .map(|id: Option<i64>| id.map(ArrivalId))?;
    }
    Ok((swept, blobs))
}

fn candidates(connection: &Connection, keep: Keep, now: Timestamp) -> Result<Vec<IncidentId>> {
    let aged = aged(connection, keep, now)?;
    if !aged.is_empty() {
        return Ok(aged);
    }
    let total = super::incidents::stats(connection)?.blob_bytes;
    let mut excess = total.saturating_sub(keep.bytes_max);
    let mut chosen = Vec::new();
    // What is delivered goes before what is not. By number: times may be of a clock that was wrong.
    let mut select = connection.prepare_cached(
        "SELECT id, (SELECT coalesce(sum(bytes), 0) FROM arrival WHERE arrival.incident = incident.id)
         FROM incident
         ORDER BY EXISTS (SELECT 1 FROM delivery
                          WHERE delivery.incident = incident.id AND state = 'pending'),
                  id
         LIMIT ?1",
    )?;
    let mut rows = if excess > 0 { Some(select.query([STEP_INCIDENTS])?) } else { None };
    while excess > 0
        && let Some(row) = rows.as_mut().map(|rows| rows.next()).transpose()?.flatten()
    {
        chosen.push(IncidentId(row.get(0)?));
        excess = excess.saturating_sub(u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
    }
    Ok(chosen)
}

/// Incidents that are old by the wall clock, and by [`crate::AgeGuard`].
fn aged(connection: &Connection, keep: Keep, now: Timestamp) -> Result<Vec<IncidentId>> {
    let old = now.before(keep.age);
    let [before_run, counted] = [keep.guard.before_run, keep.guard.counted]
        .map(|newest| newest.map_or((-1, -1), |newest| (newest.incident.0, newest.arrival.0)));
    let mut select = connection.prepare_cached(
        "SELECT id FROM incident
         WHERE last_arrival_at < ?1
           AND (id <= ?5 AND NOT EXISTS (SELECT 1 FROM arrival
                                         WHERE arrival.incident = incident.id AND arrival.id > ?6)
                OR id <= ?3 AND NOT EXISTS (SELECT 1 FROM arrival
                                            WHERE arrival.incident = incident.id AND arrival.id > ?4)
                   AND NOT EXISTS (SELECT 1 FROM delivery
                                   WHERE delivery.incident = incident.id AND state = 'pending'))
         ORDER BY last_arrival_at LIMIT ?2",
    )?;
    let aged = select.query_map(
        params![old.0, STEP_INCIDENTS, before_run.0, before_run.1, counted.0, counted.1],
        |row| row.get(0).map(IncidentId),
    )?;
    Ok(aged.collect::<Result<_, _>>()?)
}

/// What goes undelivered is said, one line for each delivery.
fn end_undelivered(connection: &Connection, incident: IncidentId, swept: &mut Swept) -> Result<()> {
    let mut select = connection
        .prepare_cached("SELECT channel FROM delivery WHERE incident = ?1 AND state = 'pending'")?;
    let mut rows = select.query([incident.0])?;
    while let Some(row) = rows.next()? {
        let channel: String = row.get(0)?;
        tracing::error!(
            %incident,
            channel,
            "An incident had to go before this channel took its alert: the retention limits \
             are reached (keep, max_size).",
        );
        swept.undelivered += 1;
    }
    Ok(())
}
