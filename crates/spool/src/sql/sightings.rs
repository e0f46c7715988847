//! When devices were last seen, and whether their alerts are muted.

use tipoff_model::{DeviceId, Timestamp};

use super::statement::{Sql, params};
use crate::Result;

/// Whether the device, or the recorder that it is a channel of, is muted now.
pub(super) fn is_muted(sql: &dyn Sql, id: DeviceId, now: Timestamp) -> Result<bool> {
    sql.one(
        "SELECT max(coalesce(muted_until, 0)) > ?2 FROM device
             WHERE id IN (?1, (SELECT recorder FROM device WHERE id = ?1))",
        params![id.0, now.0],
        |row| row.get(0),
    )
}

/// Notes that an inactivity alert was made. The next arrival of the device allows another.
pub(super) fn note_inactivity_alert(sql: &dyn Sql, id: DeviceId) -> Result<()> {
    sql.execute("UPDATE device SET silence_told = 1 WHERE id = ?1", params![id.0])?;
    Ok(())
}

/// Notes that something of the device arrived, and so of its recorder. Whether one of them is muted now.
pub(super) fn note(sql: &dyn Sql, id: i64, now: Timestamp, vendor: Option<&str>) -> Result<bool> {
    let update = "UPDATE device SET silence_told = 0, vendor = coalesce(?3, vendor),
                last_at = CASE WHEN last_at > ?4 THEN ?2 ELSE max(coalesce(last_at, 0), ?2) END
         WHERE id = ?1 RETURNING recorder, coalesce(muted_until, 0) > ?2";
    let seen = |id: i64| {
        sql.one(update, params![id, now.0, vendor, now.latest_recorded().0], |row| {
            Ok((row.get::<Option<i64>>(0)?, row.get::<bool>(1)?))
        })
    };
    let (recorder, muted) = seen(id)?;
    let recorder_muted = match recorder {
        Some(recorder) => seen(recorder)?.1,
        None => false,
    };
    Ok(muted || recorder_muted)
}
