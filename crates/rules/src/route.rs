//! Which incidents go to which channels, when, and how they are told there.

use std::time::Duration;

use tipoff_model::{Facts, Past};

use crate::{AlertStyle, Conditions};

/// A rule that sends incidents to channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// What it is called; no other route has the name.
    pub name: String,
    /// What an arrival must be like.
    pub conditions: Conditions,
    /// The channels that hear of it; none: nobody by this route.
    pub channels: Vec<String>,
    /// Not again for so long after the same device was told of on the same channel.
    pub cooldown: Option<Duration>,
    /// So many incidents of a device are told to a channel in an hour; what is more, as one count.
    pub per_hour: Option<u32>,
    /// What follows gathers for so long, to be told together; none: as everywhere.
    pub settle: Option<Duration>,
    /// Whether what follows is not told.
    pub first_only: bool,
    /// How it is told.
    pub style: AlertStyle,
    /// Whether no route behind it is looked at where it holds.
    pub stop: bool,
}

impl Route {
    /// How long the channel must still rest from this device; none: it need not.
    pub(crate) fn rest(&self, channel: &str, facts: &Facts<'_>, past: &Past) -> Option<Duration> {
        let cooldown = self.cooldown?;
        let last = past.channel(channel).last_first?;
        cooldown.checked_sub(facts.received_at.since(last)).filter(|rest| !rest.is_zero())
    }
}
