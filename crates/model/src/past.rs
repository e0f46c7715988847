//! The part of the past that the rules get with an arrival.
//!
//! The rules say as data what they need ([`PastQuery`]), the spool loads it, and then the rules plan. What a
//! clock that has been set back since recorded ([`Timestamp::is_ahead_of`]) is left out: it must not suppress an
//! alert.

use std::collections::HashMap;

use crate::Timestamp;

/// The past that the rules know while they plan. Empty if nothing was alerted and no mode was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The mode that somebody chose last, and when.
    pub chosen_mode: Option<(String, Timestamp)>,
    /// The alerts on each channel, by the channel's configured name.
    pub channels: HashMap<String, ChannelPast>,
}

impl Past {
    /// The alerts on a channel; none if they were not loaded.
    pub fn channel(&self, name: &str) -> ChannelPast {
        self.channels.get(name).copied().unwrap_or_default()
    }
}

/// The alerts of one device on one channel. Fields that no query asked for are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelPast {
    /// When an incident of the device was last alerted for the first time.
    pub last_first: Option<Timestamp>,
    /// Number of first alerts of the device since [`PastQuery::firsts_since`].
    pub firsts: u32,
    /// When the oldest of these was made.
    pub oldest_first: Option<Timestamp>,
    /// Alerts of the device for this kind of event, besides follow-ups and summaries: an incident counts once.
    pub alerts: RecentAlerts,
    /// Follow-ups of the device for this kind of event.
    pub follow_ups: RecentAlerts,
    /// First alerts of all discovered devices at the device's address. Empty for a known device.
    pub firsts_of_address: RecentAlerts,
}

/// Alerts since [`RecentQuery::since`], and the summary that takes in what was too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentAlerts {
    /// Number of alerts. Zero, if they were not counted ([`RecentQuery::needs_count`]).
    pub count: u32,
    /// The latest summary that no route asked for, if it is due after [`RecentQuery::since`].
    pub gathering: Option<Gathering>,
}

/// A summary that takes in suppressed arrivals, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// When it is sent, or was to be.
    pub due_at: Timestamp,
    /// Number of arrivals that it stands for.
    pub held: u32,
}

/// What the rules need of one channel's past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastQuery {
    /// The channel's configured name.
    pub channel: String,
    /// Whether [`ChannelPast::last_first`] is needed.
    pub last_first: bool,
    /// Since when first alerts are counted. `None`: they are not needed.
    pub firsts_since: Option<Timestamp>,
    /// Which recent alerts are needed.
    pub recent: Option<RecentQuery>,
}

/// Which recent alerts the rules need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentQuery {
    /// Since when they are counted.
    pub since: Timestamp,
    /// Whether [`ChannelPast::firsts_of_address`] is needed too.
    pub of_address: bool,
    /// Whether the count is needed even while a summary takes in more.
    pub counts_while_gathering: bool,
}

impl RecentQuery {
    /// Whether the device's alerts have to be counted. While a summary takes in more, what comes joins it without
    /// being counted: a device that does not stop costs one look-up for each arrival.
    pub fn needs_count(&self, past: &ChannelPast, now: Timestamp) -> bool {
        self.counts_while_gathering || !past.alerts.gathers_at(now)
    }

    /// Whether the alerts of the device's address have to be counted: only where neither the device nor the
    /// address has a summary that takes in more.
    pub fn needs_count_of_address(&self, past: &ChannelPast, now: Timestamp) -> bool {
        self.of_address && self.needs_count(past, now) && !past.firsts_of_address.gathers_at(now)
    }
}

impl RecentAlerts {
    /// Whether the summary takes in what comes at this time.
    fn gathers_at(&self, now: Timestamp) -> bool {
        self.gathering.is_some_and(|it| it.due_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    fn gathers_until(due_at: Timestamp) -> RecentAlerts {
        RecentAlerts { count: 0, gathering: Some(Gathering { due_at, held: 1 }) }
    }

    #[test]
    fn a_channel_that_was_not_loaded_has_no_past() {
        let known = ChannelPast { firsts: 2, ..ChannelPast::default() };
        let channels = HashMap::from([("me".to_owned(), known)]);
        let past = Past { channels, ..Past::default() };
        assert_eq!(past.channel("me"), known);
        assert_eq!(past.channel("hook"), ChannelPast::default());
    }

    #[test]
    fn alerts_are_counted_unless_a_summary_takes_in_more() {
        let query = |of_address, counts_while_gathering| RecentQuery {
            since: NOW,
            of_address,
            counts_while_gathering,
        };
        let second = std::time::Duration::from_secs(1);
        let (open, over) = (gathers_until(NOW.after(second)), gathers_until(NOW));
        let past = |alerts, firsts_of_address| ChannelPast {
            alerts,
            firsts_of_address,
            ..ChannelPast::default()
        };
        let none = RecentAlerts::default();
        // The device's summary, the address's, whether the counts are always needed; which are.
        for (device, address, always, expected) in [
            (none, none, false, (true, true)),
            (over, over, false, (true, true)),
            (open, none, false, (false, false)),
            (none, open, false, (true, false)),
            (open, none, true, (true, true)),
            (open, open, true, (true, false)),
        ] {
            let (query, past) = (query(true, always), past(device, address));
            let counts = (query.needs_count(&past, NOW), query.needs_count_of_address(&past, NOW));
            assert_eq!(counts, expected, "{past:?}");
        }
        assert!(!query(false, true).needs_count_of_address(&past(none, none), NOW));
    }
}
