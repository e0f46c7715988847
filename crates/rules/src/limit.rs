//! How much of a device a channel is told: a camera in the rain rings no house awake all night.

use std::time::Duration;

use tipoff_model::{AlertKind, Due, Facts, Gathering, History, Timestamp};

use crate::Route;
use crate::grouping::is_mail_to_read;

/// In how long alerts are counted, and how often what was held back is told as a count.
const WINDOW: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);

/// The guard against a device that does not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// So many alerts of one kind of event of one device go to a channel in ten minutes; zero: as many
    /// as there are.
    pub alerts_max: u32,
}

impl Default for Flood {
    fn default() -> Self {
        Self { alerts_max: 30 }
    }
}

impl Flood {
    /// What becomes of a delivery: itself, or a place in a count.
    pub(crate) fn held(&self, due: Due, facts: &Facts<'_>, history: &dyn History) -> Due {
        if self.alerts_max == 0 || is_mail_to_read(facts) {
            return due;
        }
        let now = facts.received_at;
        match self.count_at(&due.channel, facts, history, now) {
            Some(due_at) => Due { kind: AlertKind::Summary, due_at, route: None, ..due },
            None => due,
        }
    }

    /// When the next count is told, where the device does not stop.
    fn count_at(
        &self,
        channel: &str,
        facts: &Facts<'_>,
        history: &dyn History,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let since = now.before(WINDOW);
        if let Some(Gathering { due_at, held }) = history.gathering(channel, facts.event, since) {
            if due_at > now {
                return Some(due_at);
            }
            // It has not become much quieter since.
            if held >= self.alerts_max.div_ceil(3) {
                return Some(due_at.after(WINDOW));
            }
        }
        let alerts = history.alerts_since(channel, facts.event, since);
        (alerts >= self.alerts_max).then(|| now.after(WINDOW))
    }
}

impl Route {
    /// When the count of what was held back is told, where the channel has had its alerts of this
    /// hour; none: it may have another.
    pub(crate) fn full_until(
        &self,
        channel: &str,
        facts: &Facts<'_>,
        history: &dyn History,
    ) -> Option<Timestamp> {
        let per_hour = self.per_hour?;
        let (count, oldest) = history.firsts_since(channel, facts.received_at.before(HOUR));
        let full = count >= per_hour;
        full.then(|| oldest.unwrap_or(facts.received_at).after(HOUR))
    }
}
