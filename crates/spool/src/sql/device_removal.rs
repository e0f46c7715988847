//! Devices that people remove: see [`crate::DeviceChange::Remove`].
//!
//! The row of a device stays while incidents need it. It then has no login, no settings and no sighting, and no time of an
//! arrival: such a device is not listed until it sends again.

use tipoff_model::DeviceId;

use super::statement::{Sql, number, params};
use super::turns;
use crate::core::devices::{self, DeviceUses};
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
    forget(sql, id.0)?;
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

/// Removes the row of a device that has no incidents, if nothing needs it. Then its recorder's, of whose channels it may
/// have been the last.
pub(super) fn forget(sql: &dyn Sql, id: i64) -> Result<()> {
    let select = "SELECT recorder FROM device WHERE id = ?1";
    let recorder = sql.row(select, params![id], |row| row.get::<Option<i64>>(0))?.flatten();
    for id in [Some(id), recorder].into_iter().flatten() {
        if uses(sql, id)?.is_some_and(devices::is_forgotten) {
            sql.change("DELETE FROM device WHERE id = ?1", params![id])?;
        }
    }
    Ok(())
}

fn uses(sql: &dyn Sql, id: i64) -> Result<Option<DeviceUses>> {
    let select = "SELECT label IS NOT NULL OR user_name IS NOT NULL OR muted_until IS NOT NULL
               OR silent_after IS NOT NULL OR merged_into IS NOT NULL,
            EXISTS (SELECT 1 FROM incident WHERE incident.device = device.id),
            EXISTS (SELECT 1 FROM device AS other WHERE other.merged_into = device.id),
            EXISTS (SELECT 1 FROM device AS other WHERE other.recorder = device.id)
        FROM device WHERE id = ?1";
    sql.row(select, params![id], |row| {
        Ok(DeviceUses {
            settings: row.get(0)?,
            incidents: row.get(1)?,
            merged: row.get(2)?,
            channels: row.get(3)?,
        })
    })
}
