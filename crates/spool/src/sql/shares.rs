//! Whose an incident is, what it takes, and what people lock: read and written for the decisions of
//! [`crate::core::shares`]. Triggers keep the sums (`v12.sql`).

use tipoff_model::{ArrivalId, Device, Envelope, IncidentId, Timestamp};

use super::devices;
use super::statement::{Sql, number, params};
use crate::core::shares::{self, Holder, HolderName, MOVED_MAX};
use crate::room::{Sender, share_address};
use crate::{NewArrival, Result, SpoolError, Usage};

/// The device's row, and that of the holder.
pub(super) fn resolve(sql: &dyn Sql, arrival: &mut NewArrival) -> Result<(i64, i64)> {
    let reported = arrival.device.clone();
    let device = devices::resolve(sql, arrival)?;
    Ok((device, holder(sql, device, &reported, &arrival.envelope)?))
}

/// The row of whose an arrival is ([`shares::holder_of`]).
fn holder(sql: &dyn Sql, device: i64, reported: &Device, envelope: &Envelope) -> Result<i64> {
    let (root, key, is_named): (i64, String, bool) = sql.one(
        "SELECT coalesce(recorder.id, device.id), coalesce(recorder.key, device.key),
                    coalesce(recorder.label, device.label) IS NOT NULL
             FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE device.id = ?1",
        params![device],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let address = share_address(envelope.peer);
    row_of(sql, &shares::holder_of(reported, (root, &key, is_named), address))
}

/// The holder of what no arrival opened: its device.
pub(super) fn holder_of_device(sql: &dyn Sql, device: i64) -> Result<i64> {
    let holder: Option<i64> = sql
        .row(
            "SELECT share FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT 1",
            params![device],
            |row| row.get(0),
        )?
        .flatten();
    match holder {
        Some(holder) => Ok(holder),
        None => row_of(sql, &shares::known_device(device)),
    }
}

fn row_of(sql: &dyn Sql, holder: &HolderName) -> Result<i64> {
    let found =
        sql.row("SELECT id FROM share WHERE holder = ?1", params![&holder.name], |row| row.get(0))?;
    if let Some(id) = found {
        return Ok(id);
    }
    let id = sql.insert_row(
        "INSERT INTO share (holder, known) VALUES (?1, ?2)",
        params![holder.name, holder.known],
    )?;
    Ok(id)
}

/// Moves the latest incidents of a device that somebody named to that device: they were of its address.
pub(super) fn move_to_device(sql: &dyn Sql, device: i64) -> Result<()> {
    let root: Option<i64> = sql.row(
        "SELECT coalesce(recorder, id) FROM device WHERE id = ?1",
        params![device],
        |row| row.get(0),
    )?;
    let Some(root) = root else { return Ok(()) };
    let share = row_of(sql, &shares::known_device(root))?;
    sql.execute(
        "UPDATE incident SET share = ?2 WHERE id IN
               (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?3)",
        params![device, share, MOVED_MAX],
    )?;
    Ok(())
}

/// Adds the bytes of an arrival to its incident.
pub(super) fn added(sql: &dyn Sql, incident: IncidentId, bytes: i64) -> Result<()> {
    sql.execute(
        "UPDATE incident SET bytes = bytes + ?2 WHERE id = ?1",
        params![incident.0, bytes],
    )?;
    Ok(())
}

/// What a stored arrival takes, in bytes ([`shares::weight`]).
pub(super) fn weight(sql: &dyn Sql, arrival: ArrivalId) -> Result<i64> {
    let (file_bytes, row_chars) = sql.one(
        "SELECT bytes, length(envelope) + length(content) FROM arrival WHERE id = ?1",
        params![arrival.0],
        |row| Ok((number(row, 0)?, number(row, 1)?)),
    )?;
    Ok(shares::weight(file_bytes, row_chars))
}

/// All holders of stored or received bytes ([`shares::with_under_way`]).
pub(super) fn holders(sql: &dyn Sql, under_way: &[(Sender, u64)]) -> Result<Vec<Holder>> {
    let select =
        "SELECT id, known, bytes, settled_bytes, bytes - settled_bytes - locked_bytes, holder
         FROM share WHERE bytes > 0 ORDER BY id";
    let holders = sql.rows(select, params![], |row| {
        let holder = Holder {
            id: row.get(0)?,
            known: row.get(1)?,
            bytes: number(row, 2)?,
            settled: number(row, 3)?,
            waiting: number(row, 4)?,
        };
        Ok((holder, row.get(5)?))
    })?;
    let coming = under_way.iter().map(|(sender, bytes)| (sender.stranger(), *bytes));
    Ok(shares::with_under_way(holders, coming))
}

/// See [`crate::Incidents::usage`].
pub(crate) fn usage(sql: &dyn Sql) -> Result<Usage> {
    sql.one(
        "SELECT coalesce(sum(bytes), 0), coalesce(sum(bytes) FILTER (WHERE NOT known), 0),
                    coalesce(sum(locked_bytes), 0),
                    (SELECT count(*) FROM incident WHERE locked_at IS NOT NULL)
             FROM share",
        params![],
        |row| {
            Ok(Usage {
                bytes: number(row, 0)?,
                of_strangers: number(row, 1)?,
                locked: number(row, 2)?,
                locked_incidents: number(row, 3)?,
            })
        },
    )
}

/// See [`crate::Incidents::lock`].
pub(super) fn lock(
    sql: &dyn Sql,
    incident: IncidentId,
    by: &str,
    now: Timestamp,
    bytes_max: u64,
) -> Result<bool> {
    let found = sql.row(
        "SELECT bytes, locked_at IS NOT NULL FROM incident WHERE id = ?1",
        params![incident.0],
        |row| Ok((number::<u64>(row, 0)?, row.get::<bool>(1)?)),
    )?;
    let (bytes, is_locked) = found.ok_or(SpoolError::NoIncident(incident))?;
    if is_locked {
        return Ok(false);
    }
    shares::admit_lock(usage(sql)?.locked, bytes, bytes_max).map_err(SpoolError::LocksFull)?;
    sql.execute(
        "UPDATE incident SET locked_by = ?2, locked_at = ?3 WHERE id = ?1",
        params![incident.0, shares::locker(by), now.0],
    )?;
    Ok(true)
}

/// See [`crate::Incidents::unlock`].
pub(super) fn unlock(sql: &dyn Sql, incident: IncidentId) -> Result<bool> {
    let was_locked: Option<bool> = sql.row(
        "SELECT locked_at IS NOT NULL FROM incident WHERE id = ?1",
        params![incident.0],
        |row| row.get(0),
    )?;
    let was_locked = was_locked.ok_or(SpoolError::NoIncident(incident))?;
    sql.execute(
        "UPDATE incident SET locked_by = NULL, locked_at = NULL WHERE id = ?1",
        params![incident.0],
    )?;
    Ok(was_locked)
}

/// The incident to join, unless it is locked and locked ones take all that they may.
pub(super) fn unless_full(
    sql: &dyn Sql,
    joins: Option<IncidentId>,
    locked_max: u64,
) -> Result<Option<IncidentId>> {
    match joins {
        Some(incident) if may_grow(sql, incident, locked_max)? => Ok(joins),
        _ => Ok(None),
    }
}

/// Whether anything may be added to an incident ([`shares::may_grow`]).
pub(super) fn may_grow(sql: &dyn Sql, incident: IncidentId, bytes_max: u64) -> Result<bool> {
    let is_locked: bool = sql
        .row(
            "SELECT locked_at IS NOT NULL FROM incident WHERE id = ?1",
            params![incident.0],
            |row| row.get(0),
        )?
        .unwrap_or(false);
    Ok(!is_locked || shares::may_grow(usage(sql)?.locked, bytes_max))
}
