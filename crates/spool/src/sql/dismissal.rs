//! Incidents that somebody marked as not interesting: no more alerts of them, and the reason is kept.

use tipoff_model::{IncidentId, Planner, Timestamp};

use super::statement::{Sql, params};
use crate::core::alerting;
use crate::{Result, SpoolError};

/// How long the name of whoever asked may be, in characters.
const BY_CHARS_MAX: usize = 100;

/// See [`crate::Incidents::dismiss`].
pub(super) fn dismiss(
    sql: &dyn Sql,
    planner: &dyn Planner,
    incident: IncidentId,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    let by: String = by.chars().take(BY_CHARS_MAX).collect();
    // Who asked first stays: the same press may come twice.
    let known = sql.execute(
        "UPDATE incident SET dismissed_by = coalesce(dismissed_by, ?2),
                    dismissed_at = coalesce(dismissed_at, ?3)
             WHERE id = ?1",
        params![incident.0, by, now.0],
    )?;
    if known == 0 {
        return Err(SpoolError::NoIncident(incident));
    }
    withdraw(sql, planner, incident, now)
}

/// What waits is not sent, other than to archives. Summaries and reports stand for more than this
/// incident.
pub(super) fn withdraw(
    sql: &dyn Sql,
    planner: &dyn Planner,
    incident: IncidentId,
    now: Timestamp,
) -> Result<()> {
    let select = "SELECT DISTINCT channel FROM delivery WHERE incident = ?1 AND state = 'pending'";
    let channels: Vec<String> = sql.rows(select, params![incident.0], |row| row.get(0))?;
    let update = "UPDATE delivery SET state = 'withdrawn', ended_at = ?3
         WHERE incident = ?1 AND channel = ?2 AND state = 'pending'
           AND kind IN ('first', 'followup')";
    for channel in alerting::withdrawn(planner, channels) {
        sql.execute(update, params![incident.0, channel, now.0])?;
    }
    Ok(())
}

/// See [`crate::Incidents::restore`].
pub(super) fn restore(sql: &dyn Sql, incident: IncidentId, now: Timestamp) -> Result<Vec<String>> {
    let known = sql.execute(
        "UPDATE incident SET dismissed_by = NULL, dismissed_at = NULL WHERE id = ?1",
        params![incident.0],
    )?;
    if known == 0 {
        return Err(SpoolError::NoIncident(incident));
    }
    let update =
        "UPDATE delivery SET state = 'pending', due_at = ?2, created_at = ?2, ended_at = NULL
         WHERE incident = ?1 AND state = 'withdrawn' RETURNING channel";
    let channels = sql.rows(update, params![incident.0, now.0], |row| row.get(0))?;
    Ok(channels)
}
