//! Limits of alerts: the guard against a device that does not stop, and a route's limit an hour. A camera in the rain
//! must not wake anybody all night.
//!
//! Beyond a limit nothing is dropped: what is suppressed is counted in a summary, which is sent at the end of its window.

use std::time::Duration;

use tipoff_model::{
    AlertKind, ChannelPast, Due, Facts, Gathering, Past, RecentAlerts, RecentQuery, Timestamp,
};

use crate::Route;
use crate::grouping::is_mail_to_read;

/// The time in which alerts are counted, and the time between two summaries of suppressed ones.
const WINDOW: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);

/// Factor of the limit for mails without pictures. Each has other words, and a server may send many.
const WORDS_FACTOR: u32 = 4;
/// Factor of the limit for all discovered devices at one address together. 20 cameras behind one router can have six
/// incidents each in ten minutes; invented senders at one address cannot have more than that together.
const ADDRESS_FACTOR: u32 = 4;

/// Factor of the limit for follow-ups, which are counted apart: a camera that sends a picture each second does not use
/// up the alerts of its next incident.
const FOLLOW_UPS_FACTOR: u32 = 4;

/// The guard against a device that does not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateGuard {
    /// Limit of the incidents of one kind of event of one device that a channel is alerted of in ten minutes. Four times
    /// as many for mails without pictures and without a known event, for all discovered devices at one address together,
    /// and for follow-ups of one device. Zero: no limit.
    pub alerts_max: u32,
}

impl Default for RateGuard {
    fn default() -> Self {
        Self { alerts_max: 30 }
    }
}

impl RateGuard {
    /// The delivery itself, or, beyond the limit, a summary that counts it. The device's own limit is checked first,
    /// then, for a first alert, that of its address.
    pub(crate) fn held(&self, due: Due, facts: &Facts<'_>, past: &Past) -> Due {
        if self.alerts_max == 0 {
            return due;
        }
        let recent = past.channel(&due.channel);
        let is_follow_up = due.kind == AlertKind::FollowUp;
        let count_at = self.count_at(&recent, facts).or_else(|| {
            is_follow_up.then(|| self.count_of_follow_ups_at(&recent, facts)).flatten()
        });
        if let Some(due_at) = count_at {
            return Due { kind: AlertKind::Summary, due_at, route: None, ..due };
        }
        let of_address = match due.kind {
            AlertKind::First => self.count_of_address_at(&recent, facts),
            _ => None,
        };
        match of_address {
            Some(due_at) => {
                Due { kind: AlertKind::Summary, due_at, route: None, of_address: true, ..due }
            }
            None => due,
        }
    }

    /// The query of recent alerts on a channel; `None` without a limit. `is_new` is whether the incident is new to the
    /// channel.
    pub(crate) fn past_needed(&self, is_new: bool, facts: &Facts<'_>) -> Option<RecentQuery> {
        (self.alerts_max > 0).then(|| RecentQuery {
            since: facts.received_at.before(WINDOW),
            of_address: is_new,
            counts_while_gathering: is_mail_to_read(facts),
        })
    }

    /// When the next summary of the device is sent; `None` if it is within its limit.
    fn count_at(&self, past: &ChannelPast, facts: &Facts<'_>) -> Option<Timestamp> {
        let now = facts.received_at;
        if is_mail_to_read(facts) {
            // A summary of suppressed pictures does not take in words.
            let words = RecentAlerts { gathering: None, ..past.alerts };
            return count_due_at(words, self.alerts_max.saturating_mul(WORDS_FACTOR), now);
        }
        count_due_at(past.alerts, self.alerts_max, now)
    }

    /// The same for follow-ups of the device.
    fn count_of_follow_ups_at(&self, past: &ChannelPast, facts: &Facts<'_>) -> Option<Timestamp> {
        let mut follow_ups = past.follow_ups;
        if is_mail_to_read(facts) {
            follow_ups.gathering = None;
        }
        let follow_ups_max = self.alerts_max.saturating_mul(FOLLOW_UPS_FACTOR);
        count_due_at(follow_ups, follow_ups_max, facts.received_at)
    }

    /// The same for all discovered devices at the address.
    fn count_of_address_at(&self, past: &ChannelPast, facts: &Facts<'_>) -> Option<Timestamp> {
        let alerts_max = self.alerts_max.saturating_mul(ADDRESS_FACTOR);
        count_due_at(past.firsts_of_address, alerts_max, facts.received_at)
    }
}

/// When the summary is sent that takes in one more arrival; `None` while fewer than `max` alerts were sent.
fn count_due_at(recent: RecentAlerts, max: u32, now: Timestamp) -> Option<Timestamp> {
    let gathers_until = recent.gathering.and_then(|it| gathers_until(it, max, now));
    gathers_until.or_else(|| (recent.count >= max).then(|| now.after(WINDOW)))
}

/// When a summary is sent that takes in one more arrival: the open one, or the next one if the last had at least a third
/// of the limit. `None` if it has become quieter than that.
fn gathers_until(
    Gathering { due_at, held }: Gathering,
    alerts_max: u32,
    now: Timestamp,
) -> Option<Timestamp> {
    if due_at > now {
        return Some(due_at);
    }
    (held >= alerts_max.div_ceil(3)).then(|| due_at.after(WINDOW))
}

impl Route {
    /// Since when the first alerts have to be counted; `None` for a route without a limit.
    pub(crate) fn firsts_needed_since(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        self.per_hour.map(|_| facts.received_at.before(HOUR))
    }

    /// When the summary of this hour is sent, if the channel has had its alerts of the hour; `None` if it may have another
    /// alert.
    pub(crate) fn full_until(
        &self,
        channel: &str,
        facts: &Facts<'_>,
        past: &Past,
    ) -> Option<Timestamp> {
        let per_hour = self.per_hour?;
        let past = past.channel(channel);
        let full = past.firsts >= per_hour;
        full.then(|| past.oldest_first.unwrap_or(facts.received_at).after(HOUR))
    }
}

#[cfg(test)]
mod tests;
