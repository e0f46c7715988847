//! Removes incidents: by age, then by shares until all is within the room. [`crate::core::retention`]
//! and [`crate::core::eviction`] decide what is removed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use tipoff_model::{ArrivalId, BlobName, IncidentId, Timestamp};

use super::statement::{Sql, number, params};
use super::{device_edits, shares};
use crate::core::eviction::{Choice, Shares};
use crate::core::retention::{self, OldIncident, STEP_INCIDENTS};
use crate::room::Sender;
use crate::{Result, RetentionLimits, Swept};

/// Removes the incidents of one step. Returns their blobs, which are removed after the commit. A step that
/// removed nothing was the last.
pub(super) fn step(
    sql: &dyn Sql,
    keep: RetentionLimits,
    under_way: &[(Sender, u64)],
    now: Timestamp,
) -> Result<(Swept, Vec<BlobName>)> {
    let mut removal =
        Removal { sql, swept: Swept::default(), blobs: Vec::new(), devices: BTreeSet::new() };
    let aged = aged(sql, keep, now)?;
    for incident in &aged {
        removal.remove(*incident)?;
    }
    if aged.is_empty() {
        evict(&mut removal, keep.bytes_max, under_way)?;
    }
    removal.end()
}

/// The removals of one step.
struct Removal<'a> {
    sql: &'a dyn Sql,
    swept: Swept,
    blobs: Vec<BlobName>,
    /// The devices whose incidents were removed.
    devices: BTreeSet<i64>,
}

impl Removal<'_> {
    fn remove(&mut self, incident: IncidentId) -> Result<()> {
        end_undelivered(self.sql, incident, &mut self.swept)?;
        let select = "SELECT coalesce(segments, blob), bytes FROM arrival WHERE incident = ?1";
        self.sql.rows(select, params![incident.0], |row| {
            self.blobs.push(BlobName(row.get(0)?));
            self.swept.bytes += number::<u64>(row, 1)?;
            Ok(())
        })?;
        let device: Option<i64> = self.sql.row(
            "DELETE FROM incident WHERE id = ?1 RETURNING device",
            params![incident.0],
            |row| row.get(0),
        )?;
        self.devices.extend(device);
        self.swept.incidents += 1;
        Ok(())
    }

    fn end(mut self) -> Result<(Swept, Vec<BlobName>)> {
        if let Some(more) = retention::only_counted(self.swept.undelivered) {
            tracing::error!(more, "Incidents were removed before their alerts were delivered.");
        }
        if self.swept.incidents > 0 {
            for device in &self.devices {
                device_edits::forget(self.sql, *device)?;
            }
            self.sql.execute("DELETE FROM share WHERE bytes <= 0", params![])?;
            self.swept.oldest = self
                .sql
                .one("SELECT min(id) FROM arrival", params![], |row| row.get(0))
                .map(|id: Option<i64>| id.map(ArrivalId))?;
        }
        Ok((self.swept, self.blobs))
    }
}

/// Evicts by shares until all is within `bytes_max`, or a step is full.
fn evict(removal: &mut Removal<'_>, bytes_max: u64, under_way: &[(Sender, u64)]) -> Result<()> {
    let coming: u64 = under_way.iter().map(|(_, bytes)| bytes).sum();
    if shares::usage(removal.sql)?.bytes.saturating_add(coming) <= bytes_max {
        return Ok(());
    }
    let mut all = Shares::new(shares::holders(removal.sql, under_way)?, bytes_max);
    while !retention::is_step_full(removal.swept.incidents, removal.blobs.len())
        && let Some(choice) = all.next()
    {
        let found = oldest(removal.sql, all.id(choice), choice)?;
        if let Some((incident, _)) = found {
            removal.remove(incident)?;
        }
        all.evicted(choice, found.map(|(_, bytes)| bytes));
    }
    Ok(())
}

const OLDEST: &str = "SELECT id, bytes FROM incident
    WHERE share = ?1 AND (pending > 0) = ?2 AND locked_at IS NULL ORDER BY id LIMIT 1";

/// The oldest incident of the choice, and its size in bytes. By number: a clock may have been wrong.
fn oldest(sql: &dyn Sql, holder: Option<i64>, choice: Choice) -> Result<Option<(IncidentId, u64)>> {
    sql.row(OLDEST, params![holder, choice.waiting], |row| {
        Ok((IncidentId(row.get(0)?), number(row, 1)?))
    })
}

/// Incidents that are old by the wall clock and by [`crate::AgeGuard`], up to a step's number.
fn aged(sql: &dyn Sql, keep: RetentionLimits, now: Timestamp) -> Result<Vec<IncidentId>> {
    let select = "SELECT id, (SELECT coalesce(max(arrival.id), 0) FROM arrival
                     WHERE arrival.incident = incident.id),
                EXISTS (SELECT 1 FROM delivery
                        WHERE delivery.incident = incident.id AND state = 'pending')
         FROM incident WHERE last_arrival_at < ?1 AND locked_at IS NULL ORDER BY last_arrival_at";
    let mut aged = Vec::new();
    sql.query(select, params![now.before(keep.age).0], &mut |row| {
        let (id, newest) = (IncidentId(row.get(0)?), ArrivalId(row.get(1)?));
        let is_pending = row.get(2)?;
        if retention::expires(&OldIncident { id, newest, is_pending }, &keep.guard) {
            aged.push(id);
        }
        let is_enough = aged.len() >= STEP_INCIDENTS as usize;
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(aged)
}

/// Logs the alerts of an incident that are not delivered yet: a line for each, and of very many their number.
fn end_undelivered(sql: &dyn Sql, incident: IncidentId, swept: &mut Swept) -> Result<()> {
    let select = "SELECT channel FROM delivery WHERE incident = ?1 AND state = 'pending'";
    sql.rows(select, params![incident.0], |row| {
        let channel: String = row.get(0)?;
        swept.undelivered += 1;
        if retention::is_logged(swept.undelivered) {
            tracing::error!(
                %incident,
                channel,
                "An incident was removed before its alert was delivered to this channel: the retention \
                 limits are reached (keep, max_size, min_free).",
            );
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn the_oldest_of_a_holder_is_found_by_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::sqlite::schema::migrate(&mut connection).unwrap();
        let plan: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {OLDEST}"), [1, 0], |row| row.get(3))
            .unwrap();
        assert!(plan.contains("incident_of_share"), "{plan}");
    }
}
