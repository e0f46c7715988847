//! The hours in which devices are alerted. At other times their incidents are stored, and suppressed before any route is
//! evaluated.

use std::fmt;

use crate::Conditions;
use crate::conditions::{MatchContext, Mismatch};

/// When some devices are alerted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The devices and the time. Other conditions are not read.
    pub conditions: Conditions,
    /// Whether the devices are never alerted, whatever the time.
    pub never: bool,
}

/// Why no schedule of a device permits an alert now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OffHours {
    Never,
    Time(Mismatch),
}

impl fmt::Display for OffHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("this device's schedule: never alerted"),
            Self::Time(mismatch) => write!(f, "this device's schedule: {mismatch}"),
        }
    }
}

/// Why a device is not alerted now; `None` if one of its schedules permits it, or if it has none.
pub(crate) fn off_hours(schedules: &[Schedule], context: &MatchContext<'_>) -> Option<OffHours> {
    let of_device = |it: &&Schedule| it.conditions.mismatch_of_device(context).is_none();
    let mut reason = None;
    for schedule in schedules.iter().filter(of_device) {
        let off = match schedule.conditions.mismatch_of_time(context) {
            _ if schedule.never => OffHours::Never,
            Some(mismatch) => OffHours::Time(mismatch),
            None => return None,
        };
        reason = reason.or(Some(off));
    }
    reason
}

#[cfg(test)]
mod tests;
