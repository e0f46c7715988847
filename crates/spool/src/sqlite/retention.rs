//! What need not be kept any longer goes: by age, then by shares until all is within the room. The wall clock alone
//! makes nothing old. What somebody locked stays.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{ArrivalId, BlobName, IncidentId, Timestamp};

use super::{number, shares};
use crate::core::shares::{Choice, Shares};
use crate::room::Sender;
use crate::{Result, RetentionLimits, Swept};

/// Incidents removed in one transaction, so that arrivals never wait long for it.
const STEP_INCIDENTS: u32 = 100;
/// Files removed in one transaction, about: an incident may have thousands.
const STEP_BLOBS: usize = 1_000;
/// Undelivered alerts of one step that are each logged.
const LOGGED_MAX: u64 = 5;

/// One step: what it removed, and the blobs that must go after the commit. A step that removed
/// nothing was the last.
pub(super) fn step(
    connection: &Connection,
    keep: RetentionLimits,
    under_way: &[(Sender, u64)],
    now: Timestamp,
) -> Result<(Swept, Vec<BlobName>)> {
    let mut removal = Removal {
        connection,
        swept: Swept::default(),
        blobs: Vec::new(),
        devices: BTreeSet::new(),
    };
    let aged = aged(connection, keep, now)?;
    for incident in &aged {
        removal.remove(*incident)?;
    }
    if aged.is_empty() {
        evict(&mut removal, keep.bytes_max, under_way)?;
    }
    removal.end()
}

/// What is removed in a step.
struct Removal<'a> {
    connection: &'a Connection,
    swept: Swept,
    blobs: Vec<BlobName>,
    /// Whose incidents were removed.
    devices: BTreeSet<i64>,
}

impl Removal<'_> {
    fn remove(&mut self, incident: IncidentId) -> Result<()> {
        end_undelivered(self.connection, incident, &mut self.swept)?;
        let mut select = self
            .connection
            .prepare_cached("SELECT blob, bytes FROM arrival WHERE incident = ?1")?;
        let mut rows = select.query([incident.0])?;
        while let Some(row) = rows.next()? {
            self.blobs.push(BlobName(row.get(0)?));
            self.swept.bytes += number::<u64>(row, 1)?;
        }
        let device: Option<i64> = self
            .connection
            .prepare_cached("DELETE FROM incident WHERE id = ?1 RETURNING device")?
            .query_row([incident.0], |row| row.get(0))
            .optional()?;
        self.devices.extend(device);
        self.swept.incidents += 1;
        Ok(())
    }

    fn end(mut self) -> Result<(Swept, Vec<BlobName>)> {
        if self.swept.undelivered > LOGGED_MAX {
            let more = self.swept.undelivered - LOGGED_MAX;
            tracing::error!(more, "Incidents had to go before channels took their alerts.");
        }
        if self.swept.incidents > 0 {
            self.forget_devices()?;
            self.connection.execute("DELETE FROM share WHERE bytes <= 0", [])?;
            self.swept.oldest = self
                .connection
                .query_row("SELECT min(id) FROM arrival", [], |row| row.get(0))
                .map(|id: Option<i64>| id.map(ArrivalId))?;
        }
        Ok((self.swept, self.blobs))
    }

    /// Names that hostile devices made up do not stay for ever; what people said does.
    fn forget_devices(&self) -> Result<()> {
        let mut recorder = self
            .connection
            .prepare_cached("SELECT recorder FROM device WHERE id = ?1 AND recorder IS NOT NULL")?;
        let mut delete = self.connection.prepare_cached(
            "DELETE FROM device
             WHERE id = ?1 AND coalesce(label, user, muted_until, silent_after, merged_into) IS NULL
               AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.device = device.id)
               AND NOT EXISTS (SELECT 1 FROM device AS other WHERE other.merged_into = device.id)
               AND NOT EXISTS (SELECT 1 FROM device AS other WHERE other.recorder = device.id)",
        )?;
        for device in &self.devices {
            let recorder: Option<i64> =
                recorder.query_row([device], |row| row.get(0)).optional()?;
            delete.execute([device])?;
            // It may have been the last of its recorder's channels.
            if let Some(recorder) = recorder {
                delete.execute([recorder])?;
            }
        }
        Ok(())
    }
}

/// Evicts by shares until all is within `bytes_max`, or a step is full.
fn evict(removal: &mut Removal<'_>, bytes_max: u64, under_way: &[(Sender, u64)]) -> Result<()> {
    let coming: u64 = under_way.iter().map(|(_, bytes)| bytes).sum();
    if shares::usage(removal.connection)?.bytes.saturating_add(coming) <= bytes_max {
        return Ok(());
    }
    let mut all = Shares::new(shares::holders(removal.connection, under_way)?, bytes_max);
    while removal.swept.incidents < u64::from(STEP_INCIDENTS)
        && removal.blobs.len() < STEP_BLOBS
        && let Some(choice) = all.next()
    {
        let found = oldest(removal.connection, all.id(choice), choice)?;
        if let Some((incident, _)) = found {
            removal.remove(incident)?;
        }
        all.evicted(choice, found.map(|(_, bytes)| bytes));
    }
    Ok(())
}

const OLDEST: &str = "SELECT id, bytes FROM incident
    WHERE share = ?1 AND (pending > 0) = ?2 AND locked_at IS NULL ORDER BY id LIMIT 1";

/// The oldest incident of the choice, and what it takes. By number: times may be of a clock that was wrong.
fn oldest(
    connection: &Connection,
    holder: Option<i64>,
    choice: Choice,
) -> Result<Option<(IncidentId, u64)>> {
    Ok(connection
        .prepare_cached(OLDEST)?
        .query_row(params![holder, choice.waiting], |row| {
            Ok((IncidentId(row.get(0)?), number(row, 1)?))
        })
        .optional()?)
}

/// Incidents that are old by the wall clock, and by [`crate::AgeGuard`].
fn aged(connection: &Connection, keep: RetentionLimits, now: Timestamp) -> Result<Vec<IncidentId>> {
    let old = now.before(keep.age);
    let [before_run, counted] = [keep.guard.before_run, keep.guard.counted]
        .map(|newest| newest.map_or((-1, -1), |newest| (newest.incident.0, newest.arrival.0)));
    let mut select = connection.prepare_cached(
        "SELECT id FROM incident
         WHERE last_arrival_at < ?1 AND locked_at IS NULL
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

/// What goes undelivered is said: a line for each delivery, and of very many how many there are.
fn end_undelivered(connection: &Connection, incident: IncidentId, swept: &mut Swept) -> Result<()> {
    let mut select = connection
        .prepare_cached("SELECT channel FROM delivery WHERE incident = ?1 AND state = 'pending'")?;
    let mut rows = select.query([incident.0])?;
    while let Some(row) = rows.next()? {
        let channel: String = row.get(0)?;
        swept.undelivered += 1;
        if swept.undelivered <= LOGGED_MAX {
            tracing::error!(
                %incident,
                channel,
                "An incident had to go before this channel took its alert: the retention limits \
                 are reached (keep, max_size, min_free).",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_a_holder_is_found_by_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection).unwrap();
        let plan: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {OLDEST}"), [1, 0], |row| row.get(3))
            .unwrap();
        assert!(plan.contains("incident_of_share"), "{plan}");
    }
}
