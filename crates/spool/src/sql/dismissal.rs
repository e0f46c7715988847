//! Incidents that somebody marked as not interesting: read and written for [`crate::core::dismissal`].

use tipoff_model::{IncidentId, Planner, Timestamp};

use super::delivery_rows;
use super::statement::{Lock, Sql, at, params};
use crate::core::dismissal::dismissed;
use crate::{Dismissal, Result, SpoolError};

/// See [`crate::Incidents::dismiss`].
///
/// # Errors
/// [`SpoolError::NoIncident`] if it was removed.
pub(super) fn dismiss(
    sql: &dyn Sql,
    planner: &dyn Planner,
    incident: IncidentId,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    sql.lock(Lock::DeviceOfIncident(incident.0))?;
    let dismissal = dismissed(read(sql, incident)?, by, now);
    write(sql, incident, Some(&dismissal))?;
    withdraw(sql, planner, incident, now)
}

/// Withdraws the pending alerts of an incident.
pub(super) fn withdraw(
    sql: &dyn Sql,
    planner: &dyn Planner,
    incident: IncidentId,
    now: Timestamp,
) -> Result<()> {
    delivery_rows::change(sql, incident, |it| it.withdrawn(planner, now)).map(drop)
}

/// See [`crate::Incidents::restore`].
///
/// # Errors
/// [`SpoolError::NoIncident`] if it was removed.
pub(super) fn restore(sql: &dyn Sql, incident: IncidentId, now: Timestamp) -> Result<Vec<String>> {
    sql.lock(Lock::DeviceOfIncident(incident.0))?;
    read(sql, incident)?;
    write(sql, incident, None)?;
    delivery_rows::change(sql, incident, |it| it.restored(now))
}

/// Who dismissed an incident. `None`: nobody did.
fn read(sql: &dyn Sql, incident: IncidentId) -> Result<Option<Dismissal>> {
    let select = "SELECT dismissed_by, dismissed_at FROM incident WHERE id = ?1";
    let row = sql.row(select, params![incident.0], |row| match row.get(0)? {
        Some(by) => Ok(Some(Dismissal { by, at: at(row, 1)? })),
        None => Ok(None),
    })?;
    row.ok_or(SpoolError::NoIncident(incident))
}

fn write(sql: &dyn Sql, incident: IncidentId, dismissal: Option<&Dismissal>) -> Result<()> {
    sql.change(
        "UPDATE incident SET dismissed_by = ?2, dismissed_at = ?3 WHERE id = ?1",
        params![incident.0, dismissal.map(|it| it.by.as_str()), dismissal.map(|it| it.at.0)],
    )?;
    Ok(())
}
