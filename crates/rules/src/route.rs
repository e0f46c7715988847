//! Which incidents go to which channels, and when.

use std::time::Duration;

use jiff::tz::TimeZone;
use tipoff_model::{Facts, History};

use crate::Between;

/// A rule that sends incidents to channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The names of the devices that it is for; none: all.
    pub devices: Vec<String>,
    /// The channels that hear of them.
    pub channels: Vec<String>,
    /// Only at this time of day.
    pub between: Option<Between>,
    /// Not again for so long after the same device was told of on the same channel.
    pub cooldown: Option<Duration>,
}

impl Route {
    /// Whether it is for this arrival, at this time of day.
    pub(crate) fn fits(&self, facts: &Facts<'_>, zone: &TimeZone) -> bool {
        let is_for_device = self.devices.is_empty() || self.devices.contains(&facts.device.name);
        is_for_device && self.between.is_none_or(|between| is_within(between, facts, zone))
    }

    /// Whether the channel has had its rest from this device.
    pub(crate) fn is_rested(
        &self,
        channel: &str,
        facts: &Facts<'_>,
        history: &dyn History,
    ) -> bool {
        self.cooldown.is_none_or(|cooldown| {
            history
                .last_first_alert(channel)
                .is_none_or(|last| facts.received_at.since(last) >= cooldown)
        })
    }
}

fn is_within(between: Between, facts: &Facts<'_>, zone: &TimeZone) -> bool {
    // A time that no calendar has is let through: better an alert too many.
    jiff::Timestamp::from_millisecond(facts.received_at.as_ms())
        .map_or(true, |time| between.contains(time.to_zoned_datetime(zone.clone()).time()))
}
