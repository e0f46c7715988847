//! Whose an incident is, what it takes, and what people lock: read and written for the decisions of
//! [`crate::core::eviction`]. Triggers keep the sums (`v12.sql`).

use tipoff_model::{ArrivalId, Device, Envelope, IncidentId, Timestamp};

use super::device_rows::{self, DeviceRow};
use super::statement::{Sql, number, params};
use crate::core::eviction::{self, Holder, HolderName, MOVED_MAX};
use crate::room::{Sender, share_address};
use crate::{Result, SpoolError, Usage};

/// The row of whose an arrival is ([`eviction::holder_of`]). `reported` is the device as the arrival names it.
pub(super) fn holder(
    sql: &dyn Sql,
    device: &DeviceRow,
    reported: &Device,
    envelope: &Envelope,
) -> Result<i64> {
    row_of(sql, &holder_name(device, reported, envelope))
}

/// The same if the holder is known.
pub(super) fn find_holder(
    sql: &dyn Sql,
    device: &DeviceRow,
    reported: &Device,
    envelope: &Envelope,
) -> Result<Option<i64>> {
    find(sql, &holder_name(device, reported, envelope))
}

fn holder_name(device: &DeviceRow, reported: &Device, envelope: &Envelope) -> HolderName {
    eviction::holder_of(reported, &device.root(), share_address(envelope.peer))
}

/// The holder of what no arrival opened: its device.
pub(super) fn holder_of_device(sql: &dyn Sql, device: i64) -> Result<i64> {
    let latest = "SELECT share FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT 1";
    match sql.row(latest, params![device], |row| row.get::<Option<i64>>(0))?.flatten() {
        Some(holder) => Ok(holder),
        None => row_of(sql, &eviction::known_device(device)),
    }
}

fn find(sql: &dyn Sql, holder: &HolderName) -> Result<Option<i64>> {
    let select = "SELECT id FROM share WHERE holder = ?1";
    sql.row(select, params![holder.name], |row| row.get(0))
}

fn row_of(sql: &dyn Sql, holder: &HolderName) -> Result<i64> {
    if let Some(id) = find(sql, holder)? {
        return Ok(id);
    }
    let insert = "INSERT INTO share (holder, known) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let id = match sql.insert(insert, params![holder.name, holder.known])? {
        Some(id) => Some(id),
        // Another node made it meanwhile.
        None => find(sql, holder)?,
    };
    id.ok_or_else(|| SpoolError::Conflict("a share was removed".to_owned()))
}

/// Moves the latest incidents of a device that somebody named to that device: they were of its address.
pub(super) fn move_to_device(sql: &dyn Sql, device: i64) -> Result<()> {
    let Some(row) = device_rows::by_id(sql, device)? else { return Ok(()) };
    let share = row_of(sql, &eviction::known_device(row.root().id))?;
    let update = "UPDATE incident SET share = ?2 WHERE id IN
        (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?3)";
    sql.change(update, params![device, share, MOVED_MAX])?;
    Ok(())
}

/// What a stored arrival takes, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    /// Its file and its rows ([`eviction::weight`]).
    pub(super) bytes: i64,
    /// Its file alone.
    pub(super) blob_bytes: i64,
}

impl Weight {
    /// What it takes more than `before`.
    pub(super) fn since(self, before: Self) -> Self {
        let (bytes, blob_bytes) = (self.bytes - before.bytes, self.blob_bytes - before.blob_bytes);
        Self { bytes, blob_bytes }
    }
}

impl Weight {
    /// What a new arrival takes: a file of so many bytes, and rows with these texts.
    pub(super) fn new(file_bytes: u64, texts: &[&str]) -> Self {
        let chars: usize = texts.iter().map(|text| text.chars().count()).sum();
        let bytes = eviction::weight(file_bytes, u64::try_from(chars).unwrap_or(u64::MAX));
        Self { bytes, blob_bytes: i64::try_from(file_bytes).unwrap_or(i64::MAX) }
    }
}

/// What a stored arrival takes.
pub(super) fn weight(sql: &dyn Sql, arrival: ArrivalId) -> Result<Weight> {
    let select = "SELECT bytes, length(envelope) + length(content) FROM arrival WHERE id = ?1";
    sql.one(select, params![arrival.0], |row| {
        let bytes = eviction::weight(number(row, 0)?, number(row, 1)?);
        Ok(Weight { bytes, blob_bytes: row.get(0)? })
    })
}

/// Removes the row of a holder of which nothing is left.
pub(super) fn forget(sql: &dyn Sql, holder: i64) -> Result<()> {
    sql.change("DELETE FROM share WHERE id = ?1 AND bytes <= 0", params![holder])?;
    Ok(())
}

/// The bytes of all files.
pub(super) fn blob_bytes(sql: &dyn Sql) -> Result<u64> {
    let select = "SELECT CAST(coalesce(sum(blob_bytes), 0) AS BIGINT) FROM share";
    sql.one(select, params![], |row| number(row, 0))
}

/// All holders of stored or received bytes ([`eviction::with_under_way`]).
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
    Ok(eviction::with_under_way(holders, coming))
}

/// See [`crate::Incidents::usage`].
pub(crate) fn usage(sql: &dyn Sql) -> Result<Usage> {
    let select = "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT),
            CAST(coalesce(sum(CASE WHEN known = 0 THEN bytes ELSE 0 END), 0) AS BIGINT),
            CAST(coalesce(sum(locked_bytes), 0) AS BIGINT),
            (SELECT count(*) FROM incident WHERE locked_at IS NOT NULL)
        FROM share";
    sql.one(select, params![], |row| {
        Ok(Usage {
            bytes: number(row, 0)?,
            of_strangers: number(row, 1)?,
            locked: number(row, 2)?,
            locked_incidents: number(row, 3)?,
        })
    })
}

/// See [`crate::Incidents::lock`].
pub(super) fn lock(
    sql: &dyn Sql,
    incident: IncidentId,
    by: &str,
    now: Timestamp,
    bytes_max: u64,
) -> Result<bool> {
    let (bytes, is_locked) = lock_of(sql, incident)?.ok_or(SpoolError::NoIncident(incident))?;
    if is_locked {
        return Ok(false);
    }
    eviction::admit_lock(usage(sql)?.locked, bytes, bytes_max).map_err(SpoolError::LocksFull)?;
    set_lock(sql, incident, Some((&eviction::locker(by), now)))?;
    Ok(true)
}

/// See [`crate::Incidents::unlock`].
pub(super) fn unlock(sql: &dyn Sql, incident: IncidentId) -> Result<bool> {
    let (_, was_locked) = lock_of(sql, incident)?.ok_or(SpoolError::NoIncident(incident))?;
    set_lock(sql, incident, None)?;
    Ok(was_locked)
}

/// What an incident takes, in bytes, and whether it is locked. `None` if there is no such incident.
fn lock_of(sql: &dyn Sql, incident: IncidentId) -> Result<Option<(u64, bool)>> {
    let select = "SELECT bytes, locked_at FROM incident WHERE id = ?1";
    sql.row(select, params![incident.0], |row| {
        Ok((number(row, 0)?, row.get::<Option<i64>>(1)?.is_some()))
    })
}

fn set_lock(sql: &dyn Sql, incident: IncidentId, lock: Option<(&str, Timestamp)>) -> Result<()> {
    let (by, at) = lock.map(|(by, now)| (by, now.0)).unzip();
    let set = "UPDATE incident SET locked_by = ?2, locked_at = ?3 WHERE id = ?1";
    sql.change(set, params![incident.0, by, at])?;
    Ok(())
}

/// Whether anything may be added to an incident ([`eviction::may_grow`]).
pub(super) fn may_grow(sql: &dyn Sql, incident: IncidentId, bytes_max: u64) -> Result<bool> {
    let is_locked = lock_of(sql, incident)?.is_some_and(|(_, is_locked)| is_locked);
    has_room(sql, is_locked, bytes_max)
}

/// The same for an incident of which it is known whether it is locked.
pub(super) fn has_room(sql: &dyn Sql, is_locked: bool, bytes_max: u64) -> Result<bool> {
    Ok(!is_locked || eviction::may_grow(usage(sql)?.locked, bytes_max))
}
