//! When devices sent last, and until when alerts are muted: read and written for the decisions of
//! [`crate::core::devices`].

use tipoff_model::{DeviceId, Timestamp};

use super::device_rows::{self, DeviceRow};
use super::home_settings;
use super::statement::{Sql, params};
use crate::Result;
use crate::core::devices;

/// Whether alerts of a device are muted now: its own, those of the recorder that it is a channel of, or all.
pub(super) fn is_muted(sql: &dyn Sql, id: DeviceId, now: Timestamp) -> Result<bool> {
    let device = device_rows::by_id(sql, id.0)?;
    Ok(is_muted_now(device.as_ref(), home_settings::muted_until(sql)?, now))
}

/// The same for a device whose row was read. `of_all` is until when all alerts are muted.
pub(super) fn is_muted_now(
    device: Option<&DeviceRow>,
    of_all: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let rows = device.into_iter().flat_map(DeviceRow::with_recorder);
    devices::is_muted(rows.map(|row| row.muted_until).chain([of_all]), now)
}

/// Notes that an inactivity alert was made. The next arrival of the device allows another.
pub(super) fn note_inactivity_alert(sql: &dyn Sql, id: DeviceId) -> Result<()> {
    sql.change("UPDATE device SET silence_told = 1 WHERE id = ?1", params![id.0])?;
    Ok(())
}

/// Notes an arrival of a device, and so of its recorder.
pub(super) fn note_arrival(
    sql: &dyn Sql,
    device: &DeviceRow,
    now: Timestamp,
    vendor: Option<&str>,
) -> Result<()> {
    let update = "UPDATE device SET silence_told = 0, vendor = coalesce(?3, vendor), last_at = ?2
        WHERE id = ?1";
    for row in device.with_recorder() {
        let last_at = devices::last_arrival_at(row.last_at, now);
        sql.change(update, params![row.id, last_at.0, vendor])?;
    }
    Ok(())
}
