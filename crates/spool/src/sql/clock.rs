//! What is done when the wall clock turns out to have been wrong.

use std::time::Duration;

use tipoff_model::{ArrivalId, IncidentId, Timestamp};

use super::statement::{Sql, at, params};
use crate::{Newest, Result};

/// See [`crate::Spool::newest`].
pub(super) fn newest(sql: &dyn Sql) -> Result<Newest> {
    let latest_id = |table: &str| -> Result<i64> {
        let statement = format!("SELECT coalesce(max(id), 0) FROM {table}");
        sql.one(&statement, params![], |row| row.get(0))
    };
    let received_at =
        sql.row("SELECT received_at FROM arrival ORDER BY id DESC LIMIT 1", params![], |row| {
            at(row, 0)
        })?;
    // Attempts are not looked at: they follow what is, and there are many.
    let recorded_at = sql.one(
        "SELECT max((SELECT coalesce(max(last_arrival_at), 0) FROM incident),
                        (SELECT coalesce(max(created_at), 0) FROM delivery WHERE state = 'pending'),
                        (SELECT coalesce(max(at), 0) FROM choice))",
        params![],
        |row| at(row, 0),
    )?;
    Ok(Newest {
        incident: IncidentId(latest_id("incident")?),
        arrival: ArrivalId(latest_id("arrival")?),
        received_at,
        recorded_at: (recorded_at > Timestamp::default()).then_some(recorded_at),
    })
}

/// See [`crate::Spool::clock_set_back`].
pub(super) fn set_back(
    sql: &dyn Sql,
    now: Timestamp,
    by: Duration,
    is_certain: bool,
) -> Result<Vec<String>> {
    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    let update = "UPDATE delivery SET due_at = max(?1, due_at - ?2),
                gathers_until = max(?1, gathers_until - ?2)
         WHERE state = 'pending' AND due_at > ?1 RETURNING channel";
    let channels = sql.rows(update, params![now.0, by_ms], |row| row.get(0))?;
    let mut channels: Vec<String> = channels;
    channels.sort_unstable();
    channels.dedup();
    if is_certain {
        correct(sql, now, by_ms)?;
    }
    Ok(channels)
}

/// Brings to the present clock what could suppress an alert until it has caught up. What is history
/// stays as it was recorded.
fn correct(sql: &dyn Sql, now: Timestamp, by_ms: i64) -> Result<()> {
    let (was, ahead) = (now.0.saturating_add(by_ms), now.latest_recorded().0);
    let change = |statement: &str, from: i64| -> Result<()> {
        sql.change(statement, params![from, by_ms])?;
        Ok(())
    };
    change("UPDATE device SET muted_until = muted_until - ?2 WHERE muted_until > ?1", was)?;
    change(
        "UPDATE choice SET value = CAST(CAST(value AS BIGINT) - ?2 AS TEXT) WHERE what = 'muted' AND at > ?1",
        ahead,
    )?;
    change("UPDATE choice SET at = at - ?2 WHERE at > ?1", ahead)?;
    // A device that was last heard in the future would be taken as active until then.
    change("UPDATE device SET last_at = last_at - ?2 WHERE last_at > ?1", ahead)?;
    change("UPDATE heard SET last_at = last_at - ?2 WHERE last_at > ?1", ahead)
}
