//! Removes incidents: by age, then by shares until all is within the room. [`crate::core::retention`]
//! and [`crate::core::eviction`] decide what is removed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use tipoff_model::{ArrivalId, BlobName, IncidentId, Timestamp};

use super::statement::{Lock, Sql, number, params};
use super::{device_edits, shares};
use crate::core::eviction::{Choice, Shares};
use crate::core::retention::{self, OldIncident, STEP_INCIDENTS, STEP_LOOKED_AT};
use crate::room::Sender;
use crate::{Result, RetentionLimits, Swept};

/// What a step did.
#[derive(Debug)]
pub(super) struct Step {
    /// What it removed.
    pub(super) swept: Swept,
    /// The files of what it removed, which are removed after the commit.
    pub(super) blobs: Vec<BlobName>,
    /// Where the next step goes on among the old incidents. `None` if this one reached their end.
    pub(super) next: Option<Place>,
}

/// A place in the order of age: the last arrival of an incident, and its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(i64, i64);

impl Place {
    /// Before all incidents.
    pub(super) const BEGIN: Self = Self(i64::MIN, 0);
}

/// Removes the incidents of one step: those that are old, behind a place in the order of age, or, if `from` is
/// `None`, those for which there is no room. A step for room that removed nothing was the last.
pub(super) fn step(
    sql: &dyn Sql,
    keep: RetentionLimits,
    under_way: &[(Sender, u64)],
    now: Timestamp,
    from: Option<Place>,
) -> Result<Step> {
    let mut removal = Removal {
        sql,
        swept: Swept::default(),
        blobs: Vec::new(),
        devices: BTreeSet::new(),
        holders: BTreeSet::new(),
    };
    let mut next = None;
    match from {
        Some(from) => {
            let aged = aged(sql, keep, now, from)?;
            aged.incidents.iter().try_for_each(|incident| removal.remove(*incident))?;
            next = aged.next;
        }
        None => evict(&mut removal, keep.bytes_max, under_way)?,
    }
    let (swept, blobs) = removal.end()?;
    Ok(Step { swept, blobs, next })
}

/// The removals of one step.
struct Removal<'a> {
    sql: &'a dyn Sql,
    swept: Swept,
    blobs: Vec<BlobName>,
    /// The devices whose incidents were removed.
    devices: BTreeSet<i64>,
    /// Whose they were.
    holders: BTreeSet<i64>,
}

impl Removal<'_> {
    fn remove(&mut self, incident: IncidentId) -> Result<()> {
        self.sql.lock(Lock::DeviceOfIncident(incident.0))?;
        end_undelivered(self.sql, incident, &mut self.swept)?;
        let select = "SELECT coalesce(segments, blob), bytes FROM arrival WHERE incident = ?1";
        self.sql.rows(select, params![incident.0], |row| {
            self.blobs.push(BlobName(row.get(0)?));
            self.swept.bytes += number::<u64>(row, 1)?;
            Ok(())
        })?;
        let delete = "DELETE FROM incident WHERE id = ?1 RETURNING device, share";
        let (devices, holders) = (&mut self.devices, &mut self.holders);
        self.sql.rows(delete, params![incident.0], |row| {
            devices.insert(row.get(0)?);
            holders.extend(row.get::<Option<i64>>(1)?);
            Ok(())
        })?;
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
            for holder in &self.holders {
                shares::forget(self.sql, *holder)?;
            }
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
    WHERE share = ?1 AND (pending > 0) = (?2 <> 0) AND locked_at IS NULL ORDER BY id LIMIT 1";

/// The oldest incident of the choice, and its size in bytes. By number: a clock may have been wrong.
fn oldest(sql: &dyn Sql, holder: Option<i64>, choice: Choice) -> Result<Option<(IncidentId, u64)>> {
    sql.row(OLDEST, params![holder, choice.waiting], |row| {
        Ok((IncidentId(row.get(0)?), number(row, 1)?))
    })
}

/// Old incidents.
struct Aged {
    incidents: Vec<IncidentId>,
    /// The last one that was looked at, if more may follow.
    next: Option<Place>,
}

/// The next incidents that are old by the wall clock and by [`crate::AgeGuard`], up to a step's number. Those that the
/// guard keeps are passed once in a sweep: there may be many.
fn aged(sql: &dyn Sql, keep: RetentionLimits, now: Timestamp, from: Place) -> Result<Aged> {
    let select = "SELECT id, (SELECT coalesce(max(arrival.id), 0) FROM arrival
                     WHERE arrival.incident = incident.id),
                EXISTS (SELECT 1 FROM delivery
                        WHERE delivery.incident = incident.id AND state = 'pending'),
                last_arrival_at
         FROM incident
         WHERE last_arrival_at < ?1 AND locked_at IS NULL AND (last_arrival_at, id) > (?2, ?3)
         ORDER BY last_arrival_at, id LIMIT ?4";
    let old = now.before(keep.age);
    let values = params![old.0, from.0, from.1, STEP_LOOKED_AT];
    let mut aged = Aged { incidents: Vec::new(), next: None };
    let mut looked_at = 0;
    sql.query(select, values, &mut |row| {
        let (id, newest) = (IncidentId(row.get(0)?), ArrivalId(row.get(1)?));
        let is_pending = row.get(2)?;
        if retention::expires(&OldIncident { id, newest, is_pending }, &keep.guard) {
            aged.incidents.push(id);
        }
        looked_at += 1;
        let is_full =
            looked_at == STEP_LOOKED_AT || aged.incidents.len() >= STEP_INCIDENTS as usize;
        if is_full {
            aged.next = Some(Place(row.get(3)?, id.0));
        }
        Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
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

    /// An incident that the guard keeps costs a sweep one look, however many steps it takes.
    #[test]
    fn old_incidents_that_are_kept_are_passed_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::sqlite::schema::migrate(&mut connection).unwrap();
        let rows = "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard');
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 2500)
            INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
            SELECT n, 1, 'motion', '', 0, 0 FROM number;
            INSERT INTO delivery (incident, channel, kind, state, created_at, due_at)
            SELECT id, 'phone', 'first', 'pending', 0, 0 FROM incident WHERE id <= 2250;";
        connection.execute_batch(rows).unwrap();
        let newest = crate::Newest {
            incident: IncidentId(2500),
            arrival: ArrivalId(0),
            received_at: None,
            recorded_at: None,
        };
        let guard = crate::AgeGuard { before_run: Some(newest), counted: None };
        let age = std::time::Duration::from_secs(1);
        let keep = RetentionLimits { age, bytes_max: u64::MAX, guard };
        let (mut from, mut removed) = (Some(Place::BEGIN), Vec::new());
        while from.is_some() {
            let step = step(&connection, keep, &[], Timestamp(10_000), from).unwrap();
            removed.push(step.swept.incidents);
            from = step.next;
        }
        assert_eq!(removed, [0, 0, 100, 100, 50], "1,000 are looked at in a step");
    }
}
