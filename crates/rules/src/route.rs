//! A route: which incidents go to which channels, when, and how the alert looks there. `[[route]]` of the
//! configuration; `routing.rs` evaluates routes in their order.

use std::time::Duration;

use tipoff_model::{Facts, Past};

use crate::{AlertStyle, Conditions};

/// A rule that sends incidents to channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Its name, which no other route has.
    pub name: String,
    /// The conditions that an arrival must match.
    pub conditions: Conditions,
    /// The names of the channels that are alerted. Empty: the route alerts nobody.
    pub channels: Vec<String>,
    /// How long a channel gets no further incident of the same device after a first alert.
    pub cooldown: Option<Duration>,
    /// Limit of the incidents of a device that a channel is alerted of in an hour. More become one summary.
    pub per_hour: Option<u32>,
    /// How long follow-ups gather; `None`: as long as [`crate::Grouping::settle`].
    pub settle: Option<Duration>,
    /// Whether follow-ups are left out.
    pub first_only: bool,
    /// How its alerts look.
    pub style: AlertStyle,
    /// Whether the routes behind it are skipped if it matches.
    pub stop: bool,
}

impl Route {
    /// The rest of the cooldown of this device on the channel; `None` if none runs.
    pub(crate) fn rest(&self, channel: &str, facts: &Facts<'_>, past: &Past) -> Option<Duration> {
        let cooldown = self.cooldown?;
        let last = past.channel(channel).last_first?;
        cooldown.checked_sub(facts.received_at.since(last)).filter(|rest| !rest.is_zero())
    }
}
