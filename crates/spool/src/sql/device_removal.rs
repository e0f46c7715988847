//! Devices that people remove: see [`crate::DeviceChange::Remove`].
//!
//! The row of a device stays while incidents need it. It then has no login, no settings and no sighting, and no time of an
//! arrival: such a device is not listed until it sends again.

use tipoff_model::DeviceId;

use super::statement::{Sql, number, params};
use super::{device_edits, turns};
use crate::{DeviceUsage, Result};

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

/// Removes a device that exists, whose lock is held. `false` if it is a recorder with channels.
pub(super) fn remove(sql: &dyn Sql, id: DeviceId) -> Result<bool> {
    if device_usage(sql, id)?.channels > 0 {
        return Ok(false);
    }
    for statement in STATEMENTS {
        sql.change(statement, params![id.0])?;
    }
    turns::requeue(sql, id)?;
    device_edits::forget(sql, id.0)?;
    Ok(true)
}

/// See [`crate::Devices::device_usage`].
pub(super) fn device_usage(sql: &dyn Sql, id: DeviceId) -> Result<DeviceUsage> {
    let select = format!(
        "SELECT (SELECT count(*) FROM incident WHERE device = ?1),
            (SELECT count(*) FROM incident WHERE locked_at IS NOT NULL AND device = ?1),
            (SELECT count(*) FROM device WHERE recorder = ?1 AND merged_into IS NULL AND {LISTED})"
    );
    sql.one(&select, params![id.0], |row| {
        let (incidents, locked) = (number(row, 0)?, number(row, 1)?);
        Ok(DeviceUsage { incidents, locked, channels: number(row, 2)? })
    })
}
