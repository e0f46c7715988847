//! Reads what [`crate::core::alerting`] decides from, for an arrival, a change of one, or a notice.

use tipoff_model::{Facts, Plan, Planner, Timestamp};

use super::home_settings::{self, Choice};
use super::statement::Sql;
use super::{new_deliveries, past};
use crate::Result;
use crate::core::alerting::{self, IncidentAlerts};
use crate::core::turn_place::DevicePlace;

/// The deliveries that the facts about a device make due, none before `ready_at`, and the device's place in the
/// queues. `incident` is what was alerted before of the incident that they belong to.
pub(super) fn plan(
    sql: &dyn Sql,
    planner: &dyn Planner,
    (device, facts): (i64, &Facts<'_>),
    incident: &IncidentAlerts,
    ready_at: Timestamp,
) -> Result<(Plan, DevicePlace)> {
    let (place, mode) = sql.together(|sql| {
        let (place, mode) =
            (new_deliveries::device_place(sql, device), home_settings::read(sql, Choice::Mode));
        Ok((place?, mode?))
    })?;
    let past = past::load(sql, planner, facts, &incident.notified, &place, mode)?;
    Ok((alerting::decide(planner, facts, incident, &past, ready_at), place))
}
