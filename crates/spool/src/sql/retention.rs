//! Removes incidents: by age, then by shares until all is within the room. [`crate::core::retention`]
//! and [`crate::core::eviction`] decide what is removed.
//!
//! A step chooses first, then locks the devices in the order of their numbers, and removes with a few statements for
//! all: arrivals of other devices, also of the same holder, never wait for it while it waits for them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;

use tipoff_model::{ArrivalId, BlobName, IncidentId, Timestamp};

use super::statement::{Lock, Sql, Value, number, params};
use super::{device_removal, shares};
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
    /// Where the next step goes on. `None` if this one was the last.
    pub(super) next: Option<Phase>,
}

/// What a step of a sweep removes.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Old incidents behind a place in the order of age.
    Age(Place),
    /// Incidents for which there is no room: the holders as earlier steps left them, if there was one.
    Room(Option<Shares>),
}

impl Phase {
    /// The first of a sweep.
    pub(super) const FIRST: Self = Self::Age(Place(i64::MIN, 0));
}

/// A place in the order of age: the last arrival of an incident, and its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(i64, i64);

/// Removes the incidents of one step.
pub(super) fn step(
    sql: &dyn Sql,
    keep: RetentionLimits,
    under_way: &[(Sender, u64)],
    now: Timestamp,
    phase: Phase,
) -> Result<Step> {
    match phase {
        Phase::Age(from) => {
            let old = now.before(keep.age);
            let Aged { chosen, next } = aged(sql, keep, old, from)?;
            let (swept, blobs) = remove(sql, chosen, old)?;
            Ok(Step { swept, blobs, next: Some(next.map_or(Phase::Room(None), Phase::Age)) })
        }
        Phase::Room(shares) => {
            let shares = match shares {
                None => shares_of_all(sql, keep.bytes_max, under_way)?,
                shares => shares,
            };
            let Some(mut shares) = shares else { return Ok(Step::last()) };
            let chosen = evicted(sql, &mut shares)?;
            let (swept, blobs) = remove(sql, chosen, Timestamp(i64::MAX))?;
            let next = (swept.incidents > 0).then_some(Phase::Room(Some(shares)));
            Ok(Step { swept, blobs, next })
        }
    }
}

impl Step {
    /// Removes nothing.
    fn last() -> Self {
        Self { swept: Swept::default(), blobs: Vec::new(), next: None }
    }
}

/// An incident that a step removes.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    incident: IncidentId,
    device: i64,
}

/// Removes incidents, unless they were locked, or changed since `before`, or were given to another device meanwhile.
fn remove(sql: &dyn Sql, chosen: Vec<Chosen>, before: Timestamp) -> Result<(Swept, Vec<BlobName>)> {
    if chosen.is_empty() {
        return Ok(Default::default());
    }
    let devices: BTreeSet<i64> = chosen.iter().map(|it| it.device).collect();
    for device in &devices {
        sql.lock(Lock::Device(*device))?;
    }
    let ids: Vec<i64> = chosen.iter().map(|it| it.incident.0).collect();
    let select =
        "SELECT id, device, last_arrival_at FROM incident WHERE locked_at IS NULL AND id IN ";
    let mut ids: Vec<i64> = of_these(sql, select, &ids, |row| {
        let is_same = devices.contains(&row.get(1)?) && row.get::<i64>(2)? < before.0;
        Ok(is_same.then_some(row.get(0)?))
    })?
    .into_iter()
    .flatten()
    .collect();
    ids.sort_unstable();
    let mut swept = Swept { incidents: ids.len() as u64, ..Swept::default() };
    end_undelivered(sql, &ids, &mut swept)?;
    let (bytes, blobs) = remove_rows(sql, &ids, devices)?;
    swept.bytes = bytes;
    swept.oldest = sql
        .one("SELECT min(id) FROM arrival", params![], |row| row.get(0))
        .map(|id: Option<i64>| id.map(ArrivalId))?;
    Ok((swept, blobs))
}

/// Removes the rows of incidents of these devices, which are locked. Returns the bytes of their files, and the files.
pub(super) fn remove_rows(
    sql: &dyn Sql,
    ids: &[i64],
    devices: BTreeSet<i64>,
) -> Result<(u64, Vec<BlobName>)> {
    let mut bytes = 0;
    let select = "SELECT coalesce(segments, blob), bytes FROM arrival WHERE incident IN ";
    let blobs = of_these(sql, select, ids, |row| {
        bytes += number::<u64>(row, 1)?;
        Ok(BlobName(row.get(0)?))
    })?;
    let holders = delete(sql, ids)?;
    forget(sql, devices, holders)?;
    Ok((bytes, blobs))
}

/// Removes the rows of incidents. Returns whose they were.
fn delete(sql: &dyn Sql, ids: &[i64]) -> Result<BTreeSet<i64>> {
    let (list, values) = list(ids);
    let delete = format!("DELETE FROM incident WHERE id IN {list} RETURNING share");
    let holders = sql.rows(&delete, &values, |row| row.get::<Option<i64>>(0))?;
    Ok(holders.into_iter().flatten().collect())
}

/// Removes the rows of devices and holders of which nothing is left.
fn forget(sql: &dyn Sql, devices: BTreeSet<i64>, holders: BTreeSet<i64>) -> Result<()> {
    let devices: Vec<i64> = devices.into_iter().collect();
    let empty = "SELECT id FROM device
        WHERE NOT EXISTS (SELECT 1 FROM incident WHERE incident.device = device.id) AND id IN ";
    for device in of_these(sql, empty, &devices, |row| row.get(0))? {
        device_removal::forget(sql, device)?;
    }
    holders.into_iter().try_for_each(|holder| shares::forget(sql, holder))
}

/// The rows of a query that ends with the list of these numbers.
pub(super) fn of_these<T>(
    sql: &dyn Sql,
    select: &str,
    ids: &[i64],
    read: impl FnMut(&super::statement::Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let (list, values) = list(ids);
    sql.rows(&format!("{select}{list}"), &values, read)
}

/// A list of numbers for `IN`, with its values. It is always as long as a step can be, so that an engine prepares a
/// statement once; 0 is no row.
fn list(ids: &[i64]) -> (String, Vec<Value<'static>>) {
    let mut values: Vec<Value<'_>> = ids.iter().map(|id| Value::Integer(*id)).collect();
    values.resize(values.len().max(STEP_INCIDENTS as usize), Value::Integer(0));
    let places: Vec<String> = (1..=values.len()).map(|place| format!("?{place}")).collect();
    (format!("({})", places.join(", ")), values)
}

/// All holders, if they have more than `bytes_max` with what is under way.
fn shares_of_all(
    sql: &dyn Sql,
    bytes_max: u64,
    under_way: &[(Sender, u64)],
) -> Result<Option<Shares>> {
    let coming: u64 = under_way.iter().map(|(_, bytes)| bytes).sum();
    if shares::usage(sql)?.bytes.saturating_add(coming) <= bytes_max {
        return Ok(None);
    }
    Ok(Some(Shares::new(shares::holders(sql, under_way)?, bytes_max)))
}

/// Chooses incidents by shares until all is within the room, or a step is full.
fn evicted(sql: &dyn Sql, shares: &mut Shares) -> Result<Vec<Chosen>> {
    let mut queues: HashMap<Choice, Queue> = HashMap::new();
    let (mut chosen, mut files) = (Vec::new(), 0);
    while !retention::is_step_full(chosen.len() as u64, files)
        && let Some(choice) = shares.next()
    {
        let queue = queues.entry(choice).or_default();
        let found = queue.next(sql, shares.id(choice), choice.waiting)?;
        if let Some(oldest) = &found {
            files += oldest.files;
            chosen.push(oldest.chosen);
        }
        shares.evicted(choice, found.map(|oldest| oldest.bytes));
    }
    Ok(chosen)
}

/// The oldest incidents of a holder that are not chosen yet.
#[derive(Default)]
struct Queue {
    read: VecDeque<Oldest>,
    /// The last one that was read.
    after: i64,
    /// How many were read.
    count: u32,
}

#[derive(Clone, Copy)]
struct Oldest {
    chosen: Chosen,
    bytes: u64,
    files: usize,
}

/// By number: a clock may have been wrong.
const OLDEST: &str = "SELECT id, bytes, device,
        (SELECT count(*) FROM arrival WHERE arrival.incident = incident.id)
    FROM incident
    WHERE share = ?1 AND (pending > 0) = (?2 <> 0) AND locked_at IS NULL AND id > ?3
    ORDER BY id LIMIT ?4";
/// Incidents of a holder that are read at once at most. First one is, then as many as were read: in a step, most holders
/// of a fleet lose one, and those of one holder are far from each other in the database.
const OLDEST_READ_MAX: u32 = 32;

impl Queue {
    fn next(
        &mut self,
        sql: &dyn Sql,
        holder: Option<i64>,
        waiting: bool,
    ) -> Result<Option<Oldest>> {
        if self.read.is_empty() {
            let max = self.count.clamp(1, OLDEST_READ_MAX);
            let values = params![holder, waiting, self.after, max];
            let read = sql.rows(OLDEST, values, |row| {
                let chosen = Chosen { incident: IncidentId(row.get(0)?), device: row.get(2)? };
                Ok(Oldest { chosen, bytes: number(row, 1)?, files: number(row, 3)? })
            })?;
            self.count += max;
            self.after = read.last().map_or(self.after, |last| last.chosen.incident.0);
            self.read.extend(read);
        }
        Ok(self.read.pop_front())
    }
}

/// Old incidents.
struct Aged {
    chosen: Vec<Chosen>,
    /// The last one that was looked at, if more may follow.
    next: Option<Place>,
}

/// The next incidents that are old by the wall clock and by [`crate::AgeGuard`], up to a step's number. Those that the
/// guard keeps are passed once in a sweep: there may be many.
fn aged(sql: &dyn Sql, keep: RetentionLimits, old: Timestamp, from: Place) -> Result<Aged> {
    let select = "SELECT id, (SELECT coalesce(max(arrival.id), 0) FROM arrival
                     WHERE arrival.incident = incident.id),
                EXISTS (SELECT 1 FROM delivery
                        WHERE delivery.incident = incident.id AND state = 'pending'),
                last_arrival_at, device
         FROM incident
         WHERE last_arrival_at < ?1 AND locked_at IS NULL AND (last_arrival_at, id) > (?2, ?3)
         ORDER BY last_arrival_at, id LIMIT ?4";
    let values = params![old.0, from.0, from.1, STEP_LOOKED_AT];
    let mut aged = Aged { chosen: Vec::new(), next: None };
    let mut looked_at = 0;
    sql.query(select, values, &mut |row| {
        let (id, newest) = (IncidentId(row.get(0)?), ArrivalId(row.get(1)?));
        let is_pending = row.get(2)?;
        if retention::expires(&OldIncident { id, newest, is_pending }, &keep.guard) {
            aged.chosen.push(Chosen { incident: id, device: row.get(4)? });
        }
        looked_at += 1;
        let is_full = looked_at == STEP_LOOKED_AT || aged.chosen.len() >= STEP_INCIDENTS as usize;
        if is_full {
            aged.next = Some(Place(row.get(3)?, id.0));
        }
        Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(aged)
}

/// Logs the alerts of incidents that are not delivered yet: a line for each, and of very many their number.
fn end_undelivered(sql: &dyn Sql, ids: &[i64], swept: &mut Swept) -> Result<()> {
    let select = "SELECT channel, incident FROM delivery WHERE state = 'pending' AND incident IN ";
    let undelivered = of_these(sql, select, ids, |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (channel, incident) in undelivered {
        let (channel, incident): (String, i64) = (channel, incident);
        swept.undelivered += 1;
        if retention::is_logged(swept.undelivered) {
            tracing::error!(
                incident,
                channel,
                "An incident was removed before its alert was delivered to this channel: the retention \
                 limits are reached (keep, max_size, min_free).",
            );
        }
    }
    if let Some(more) = retention::only_counted(swept.undelivered) {
        tracing::error!(more, "Incidents were removed before their alerts were delivered.");
    }
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
            .query_row(&format!("EXPLAIN QUERY PLAN {OLDEST}"), [1, 0, 0, 10], |row| row.get(3))
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
        let (mut next, mut removed) = (Some(Phase::FIRST), Vec::new());
        while let Some(phase @ Phase::Age(_)) = next {
            let step = step(&connection, keep, &[], Timestamp(10_000), phase).unwrap();
            removed.push(step.swept.incidents);
            next = step.next;
        }
        assert_eq!(removed, [0, 0, 100, 100, 50], "1,000 are looked at in a step");
    }
}
