//! Whose an incident is, what it takes, and what people lock. The sums are kept by triggers (`v12.sql`).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{ArrivalId, Device, Envelope, IncidentId, Timestamp};

use super::{devices, number};
use crate::core::shares::Holder;
use crate::room::{Sender, share_address};
use crate::{Locks, NewArrival, Result, SpoolError, Usage};

/// What the rows of an incident without arrivals take, in bytes, about: its own, its deliveries, indexes.
pub(super) const INCIDENT_BYTES: i64 = 1024;
/// What the rows of an arrival take besides its envelope and content, in bytes, about.
const ARRIVAL_BYTES: i64 = 2048;
/// Incidents that follow a device to another holder when it becomes known; older ones stay.
const MOVED_MAX: u32 = 10_000;
/// How long the name of whoever locks may be, in characters.
const BY_CHARS_MAX: usize = 100;

/// The device's row, and that of the holder.
pub(super) fn resolve(connection: &Connection, arrival: &mut NewArrival) -> Result<(i64, i64)> {
    let told = arrival.device.clone();
    let device = devices::resolve(connection, arrival)?;
    Ok((device, holder(connection, device, &told, &arrival.envelope)?))
}

/// Whose an arrival is: the device's that somebody configured, added or named, with all its channels; else of the
/// address that it came from. Who is taken for a known device without being proven is a stranger.
fn holder(connection: &Connection, device: i64, told: &Device, envelope: &Envelope) -> Result<i64> {
    let (root, is_named): (i64, bool) = connection
        .prepare_cached(
            "SELECT coalesce(recorder.id, device.id),
                    coalesce(recorder.label, device.label) IS NOT NULL
                    AND coalesce(recorder.key, device.key) LIKE 'discovered/%'
             FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE device.id = ?1",
        )?
        .query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match !told.discovered || is_named {
        true => row_of(connection, &format!("device/{root}"), true),
        false => {
            let address = share_address(envelope.peer);
            row_of(connection, &format!("address/{address}"), false)
        }
    }
}

/// The holder of what no arrival opened: its device.
pub(super) fn holder_of_device(connection: &Connection, device: i64) -> Result<i64> {
    let holder: Option<i64> = connection
        .prepare_cached("SELECT share FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([device], |row| row.get(0))
        .optional()?
        .flatten();
    match holder {
        Some(holder) => Ok(holder),
        None => row_of(connection, &format!("device/{device}"), true),
    }
}

fn row_of(connection: &Connection, holder: &str, known: bool) -> Result<i64> {
    let found = connection
        .prepare_cached("SELECT id FROM share WHERE holder = ?1")?
        .query_row([holder], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO share (holder, known) VALUES (?1, ?2)")?
        .execute(params![holder, known])?;
    Ok(connection.last_insert_rowid())
}

/// Somebody named a device, or added to what is said of it: what it sent is a known device's from now on.
pub(super) fn move_to_device(connection: &Connection, device: i64) -> Result<()> {
    let root: Option<i64> = connection
        .prepare_cached("SELECT coalesce(recorder, id) FROM device WHERE id = ?1")?
        .query_row([device], |row| row.get(0))
        .optional()?;
    let Some(root) = root else { return Ok(()) };
    let share = row_of(connection, &format!("device/{root}"), true)?;
    connection
        .prepare_cached(
            "UPDATE incident SET share = ?2 WHERE id IN
               (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?3)",
        )?
        .execute(params![device, share, MOVED_MAX])?;
    Ok(())
}

/// An arrival was added to its incident.
pub(super) fn added(connection: &Connection, incident: IncidentId, bytes: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE incident SET bytes = bytes + ?2 WHERE id = ?1")?
        .execute(params![incident.0, bytes])?;
    Ok(())
}

/// What an arrival that is stored takes, in bytes: its file in blocks of 4 KiB, and its rows. As in `v12.sql`.
pub(super) fn weight(connection: &Connection, arrival: ArrivalId) -> Result<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT (bytes + 4095) / 4096 * 4096 + length(envelope) + length(content) + ?2
             FROM arrival WHERE id = ?1",
        )?
        .query_row(params![arrival.0, ARRIVAL_BYTES], |row| row.get(0))?)
}

/// All holders that hold anything; what is under way of an address counts for it.
pub(super) fn holders(connection: &Connection, under_way: &[(Sender, u64)]) -> Result<Vec<Holder>> {
    let mut select = connection.prepare_cached(
        "SELECT id, known, bytes, settled_bytes, bytes - settled_bytes - locked_bytes, holder
         FROM share WHERE bytes > 0 ORDER BY id",
    )?;
    let mut coming: HashMap<String, u64> = HashMap::new();
    for (sender, bytes) in under_way {
        *coming.entry(of_address(*sender)).or_default() += bytes;
    }
    let mut rows = select.query([])?;
    let mut holders = Vec::new();
    while let Some(row) = rows.next()? {
        let more = match coming.is_empty() {
            true => 0,
            false => coming.remove(row.get_ref(5)?.as_str().unwrap_or_default()).unwrap_or(0),
        };
        holders.push(Holder {
            id: row.get(0)?,
            known: row.get(1)?,
            bytes: number::<u64>(row, 2)?.saturating_add(more),
            settled: number(row, 3)?,
            waiting: number(row, 4)?,
        });
    }
    holders.extend(coming.into_iter().map(|(holder, bytes)| Holder {
        id: 0,
        known: holder.is_empty(),
        bytes,
        settled: 0,
        waiting: 0,
    }));
    Ok(holders)
}

/// The holder of a stranger's address. Empty for known devices, which an address does not tell apart.
fn of_address(sender: Sender) -> String {
    if sender.known { String::new() } else { format!("address/{}", sender.address) }
}

/// See [`crate::Incidents::usage`].
pub(super) fn usage(connection: &Connection) -> Result<Usage> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(bytes) FILTER (WHERE NOT known), 0),
                    coalesce(sum(locked_bytes), 0),
                    (SELECT count(*) FROM incident WHERE locked_at IS NOT NULL)
             FROM share",
        )?
        .query_row([], |row| {
            Ok(Usage {
                bytes: number(row, 0)?,
                of_strangers: number(row, 1)?,
                locked: number(row, 2)?,
                locked_incidents: number(row, 3)?,
            })
        })?)
}

/// See [`crate::Incidents::lock`].
pub(super) fn lock(
    connection: &Connection,
    incident: IncidentId,
    by: &str,
    now: Timestamp,
    bytes_max: u64,
) -> Result<bool> {
    let found = connection
        .prepare_cached("SELECT bytes, locked_at IS NOT NULL FROM incident WHERE id = ?1")?
        .query_row([incident.0], |row| Ok((number::<u64>(row, 0)?, row.get::<_, bool>(1)?)))
        .optional()?;
    let (bytes, is_locked) = found.ok_or(SpoolError::NoIncident(incident))?;
    if is_locked {
        return Ok(false);
    }
    let locked = usage(connection)?.locked;
    if locked.saturating_add(bytes) > bytes_max {
        return Err(SpoolError::LocksFull(Locks { locked, bytes, bytes_max }));
    }
    let by: String = by.chars().take(BY_CHARS_MAX).collect();
    connection
        .prepare_cached("UPDATE incident SET locked_by = ?2, locked_at = ?3 WHERE id = ?1")?
        .execute(params![incident.0, by, now.0])?;
    Ok(true)
}

/// See [`crate::Incidents::unlock`].
pub(super) fn unlock(connection: &Connection, incident: IncidentId) -> Result<bool> {
    let was_locked: Option<bool> = connection
        .prepare_cached("SELECT locked_at IS NOT NULL FROM incident WHERE id = ?1")?
        .query_row([incident.0], |row| row.get(0))
        .optional()?;
    let was_locked = was_locked.ok_or(SpoolError::NoIncident(incident))?;
    connection
        .prepare_cached("UPDATE incident SET locked_by = NULL, locked_at = NULL WHERE id = ?1")?
        .execute([incident.0])?;
    Ok(was_locked)
}

/// The incident to join, unless it is locked and locked ones take all that they may.
pub(super) fn unless_full(
    connection: &Connection,
    joins: Option<IncidentId>,
    locked_max: u64,
) -> Result<Option<IncidentId>> {
    match joins {
        Some(incident) if may_grow(connection, incident, locked_max)? => Ok(joins),
        _ => Ok(None),
    }
}

/// Whether anything may be added to an incident: to a locked one only while locks have room, or a device would
/// fill the disk by it.
pub(super) fn may_grow(
    connection: &Connection,
    incident: IncidentId,
    bytes_max: u64,
) -> Result<bool> {
    let is_locked: bool = connection
        .prepare_cached("SELECT locked_at IS NOT NULL FROM incident WHERE id = ?1")?
        .query_row([incident.0], |row| row.get(0))
        .optional()?
        .unwrap_or(false);
    Ok(!is_locked || usage(connection)?.locked < bytes_max)
}
