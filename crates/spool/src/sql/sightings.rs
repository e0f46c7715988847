//! When devices sent last, and until when alerts are muted: read and written for the decisions of
//! [`crate::core::devices`].

use tipoff_model::{DeviceId, Timestamp};

use super::home_settings;
use super::statement::{Sql, params};
use crate::Result;
use crate::core::devices;

/// Whether alerts of a device are muted now: its own, those of the recorder that it is a channel of, or all.
pub(super) fn is_muted(sql: &dyn Sql, id: DeviceId, now: Timestamp) -> Result<bool> {
    let select = "SELECT muted_until FROM device
        WHERE id IN (?1, (SELECT recorder FROM device WHERE id = ?1))";
    let mut ends = sql.rows(select, params![id.0], |row| row.get::<Option<i64>>(0))?;
    ends.push(home_settings::muted_until(sql)?.map(|until| until.0));
    Ok(devices::is_muted(ends.into_iter().map(|ms| ms.map(Timestamp)), now))
}

/// Notes that an inactivity alert was made. The next arrival of the device allows another.
pub(super) fn note_inactivity_alert(sql: &dyn Sql, id: DeviceId) -> Result<()> {
    sql.change("UPDATE device SET silence_told = 1 WHERE id = ?1", params![id.0])?;
    Ok(())
}

/// Notes an arrival of a device, and so of its recorder.
pub(super) fn note_arrival(
    sql: &dyn Sql,
    id: i64,
    now: Timestamp,
    vendor: Option<&str>,
) -> Result<()> {
    let select = "SELECT id, last_at FROM device
        WHERE id IN (?1, (SELECT recorder FROM device WHERE id = ?1))";
    let rows = sql.rows(select, params![id], |row| {
        Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?.map(Timestamp)))
    })?;
    let update = "UPDATE device SET silence_told = 0, vendor = coalesce(?3, vendor), last_at = ?2
        WHERE id = ?1";
    for (id, last_at) in rows {
        let last_at = devices::last_arrival_at(last_at, now);
        sql.change(update, params![id, last_at.0, vendor])?;
    }
    Ok(())
}
