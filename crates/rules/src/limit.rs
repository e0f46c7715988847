//! How much of a device a channel is told: a camera in the rain rings no house awake all night.

use std::time::Duration;

use tipoff_model::{
    AlertKind, ChannelPast, Due, Facts, Gathering, Past, RecentAlerts, RecentQuery, Timestamp,
};

use crate::Route;
use crate::grouping::is_mail_to_read;

/// In how long alerts are counted, and how often what was held back is told as a count.
const WINDOW: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);

/// Of mails that are only words, each says something else, and a server may have much to say: as many times
/// more of them are alerted.
const WORDS_FACTOR: u32 = 4;
/// First alerts of all discovered devices at one address, in alerts of one device: 20 cameras behind one
/// router can each have six incidents in ten minutes, and made-up senders not more than that together.
const ADDRESS_FACTOR: u32 = 4;

/// Follow-ups bring further pictures of an incident that was alerted, as albums. They are counted apart, so that a
/// camera that sends a picture each second does not use up the alerts of its next incident: so many times the alerts.
const FOLLOW_UPS_FACTOR: u32 = 4;

/// The guard against a device that does not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateGuard {
    /// So many incidents of one kind of event of one device are alerted on a channel in ten minutes, four times as
    /// many of mails without pictures that tell of no known event, and four times as many of all discovered
    /// devices at one address; with four times as many follow-ups of one device. Zero: as many as there are.
    pub alerts_max: u32,
}

impl Default for RateGuard {
    fn default() -> Self {
        Self { alerts_max: 30 }
    }
}

impl RateGuard {
    /// What becomes of a delivery: itself, or a place in a count.
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

    /// What has to be known of the alerts on a channel to which the incident is new, or not.
    pub(crate) fn past_needed(&self, is_new: bool, facts: &Facts<'_>) -> Option<RecentQuery> {
        (self.alerts_max > 0).then(|| RecentQuery {
            since: facts.received_at.before(WINDOW),
            of_address: is_new,
            counts_while_gathering: is_mail_to_read(facts),
        })
    }

    /// When the next count is told, where the device does not stop.
    fn count_at(&self, past: &ChannelPast, facts: &Facts<'_>) -> Option<Timestamp> {
        let now = facts.received_at;
        if is_mail_to_read(facts) {
            // Pictures that are held back hold no words back.
            let words = RecentAlerts { gathering: None, ..past.alerts };
            return count_due_at(words, self.alerts_max.saturating_mul(WORDS_FACTOR), now);
        }
        count_due_at(past.alerts, self.alerts_max, now)
    }

    /// The same for what follows the first alerts of the device.
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

/// When the count is sent that something more belongs to; `None` while fewer than `max` alerts were sent.
fn count_due_at(recent: RecentAlerts, max: u32, now: Timestamp) -> Option<Timestamp> {
    let gathers_until = recent.gathering.and_then(|it| gathers_until(it, max, now));
    gathers_until.or_else(|| (recent.count >= max).then(|| now.after(WINDOW)))
}

/// When a count is told that something more belongs to: the one that gathers now, or the next one, where it has
/// not become much quieter since.
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

    /// When the count of what was held back is told, where the channel has had its alerts of this
    /// hour; none: it may have another.
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
