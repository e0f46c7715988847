//! Devices that people remove: see [`crate::DeviceChange::Remove`].
//!
//! The row of a device stays while incidents need it. It then has no login, no settings and no sighting, and no time of an
//! arrival: such a device is not listed until it sends again.

use tipoff_model::DeviceId;

use super::statement::{Sql, number, params};
use super::{device_edits, turns};
use crate::core::devices;
use crate::{DeviceIncidents, Result};

/// Condition for rows of `device` that are listed: they sent something, or have a login to send with.
pub(super) const LISTED: &str = "(last_at IS NOT NULL OR user_name IS NOT NULL)";

/// What is removed with the device `?1`. Devices that were merged into it have no incidents of their own.
const STATEMENTS: [&str; 5] = [
    "DELETE FROM known_media WHERE device IN (SELECT id FROM device WHERE merged_into = ?1)",
    "DELETE FROM device WHERE merged_into = ?1
       AND NOT EXISTS (SELECT 1 FROM device AS channel WHERE channel.recorder = device.id)",
    "UPDATE device SET merged_into = NULL, last_at = NULL WHERE merged_into = ?1",
    "DELETE FROM heard WHERE device = ?1",
    "UPDATE device SET label = NULL, user_name = NULL, password = NULL,
        camera_url = NULL, camera_user = NULL, camera_password = NULL,
        muted_until = NULL, silent_after = NULL, silence_told = 0, proven = 0, last_at = NULL
     WHERE id = ?1",
];

/// Removes a device that is locked and exists. `false` if it is a recorder with channels.
pub(super) fn remove(sql: &dyn Sql, id: DeviceId) -> Result<bool> {
    if !device_edits::uses(sql, id.0)?.is_some_and(devices::may_be_removed) {
        return Ok(false);
    }
    for statement in STATEMENTS {
        sql.change(statement, params![id.0])?;
    }
    turns::requeue(sql, id)?;
    device_edits::forget(sql, id.0)?;
    Ok(true)
}

/// See [`crate::Devices::incidents_of`].
pub(super) fn incidents_of(sql: &dyn Sql, id: DeviceId) -> Result<DeviceIncidents> {
    let select = "SELECT (SELECT count(*) FROM incident WHERE device = ?1),
        (SELECT count(*) FROM incident WHERE locked_at IS NOT NULL AND device = ?1)";
    sql.one(select, params![id.0], |row| {
        Ok(DeviceIncidents { total: number(row, 0)?, locked: number(row, 1)? })
    })
}
