//! When devices were last seen, and whether their alerts are muted.

use rusqlite::{Connection, params};
use tipoff_model::{DeviceId, Timestamp};

use crate::Result;

/// Whether the device, or the recorder that it is a channel of, is muted now.
pub(super) fn is_muted(connection: &Connection, id: DeviceId, now: Timestamp) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT max(coalesce(muted_until, 0)) > ?2 FROM device
             WHERE id IN (?1, (SELECT recorder FROM device WHERE id = ?1))",
        )?
        .query_row(params![id.0, now.0], |row| row.get(0))?)
}

/// Notes that an inactivity alert was made. The next arrival of the device allows another.
pub(super) fn note_inactivity_alert(connection: &Connection, id: DeviceId) -> Result<()> {
    connection
        .prepare_cached("UPDATE device SET silence_told = 1 WHERE id = ?1")?
        .execute([id.0])?;
    Ok(())
}

/// Notes that something of the device arrived, and so of its recorder. Whether one of them is muted now.
pub(super) fn note(
    connection: &Connection,
    id: i64,
    now: Timestamp,
    vendor: Option<&str>,
) -> Result<bool> {
    let mut update = connection.prepare_cached(
        "UPDATE device SET silence_told = 0, vendor = coalesce(?3, vendor),
                last_at = CASE WHEN last_at > ?4 THEN ?2 ELSE max(coalesce(last_at, 0), ?2) END
         WHERE id = ?1 RETURNING recorder, coalesce(muted_until, 0) > ?2",
    )?;
    let mut seen = |id: i64| {
        update.query_row(params![id, now.0, vendor, now.latest_recorded().0], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, bool>(1)?))
        })
    };
    let (recorder, muted) = seen(id)?;
    let recorder_muted = match recorder {
        Some(recorder) => seen(recorder)?.1,
        None => false,
    };
    Ok(muted || recorder_muted)
}
