//! Which arrivals belong together, and who hears of them. Pure: the time is an argument.

mod between;
mod grouping;
mod route;

use jiff::tz::TimeZone;
use tipoff_model::{AlertKind, Due, Event, Facts, History, OpenIncident, Planner};

pub use between::{Between, BetweenError};
pub use grouping::Grouping;
pub use route::Route;

/// The rules of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which arrivals belong to one incident.
    pub grouping: Grouping,
    /// All configured channels.
    pub channels: Vec<String>,
    /// Who hears of what; none at all: every channel hears of everything.
    pub routes: Vec<Route>,
    /// Whether what a device sends by the clock is alerted.
    pub periodic: bool,
    /// The zone in which times of day are meant.
    pub zone: TimeZone,
}

impl Rules {
    /// The channels that hear of a new incident, in the order of the configuration.
    fn channels_for(&self, facts: &Facts<'_>, history: &dyn History) -> Vec<&str> {
        let hears = |channel: &str| {
            self.routes.is_empty()
                || self
                    .routes
                    .iter()
                    .filter(|route| route.channels.iter().any(|it| it == channel))
                    .filter(|route| route.fits(facts, &self.zone))
                    .any(|route| route.is_rested(channel, facts, history))
        };
        self.channels.iter().map(String::as_str).filter(|channel| hears(channel)).collect()
    }
}

impl Planner for Rules {
    fn is_silent(&self, facts: &Facts<'_>) -> bool {
        facts.artefact || (facts.event == Event::Periodic && !self.periodic)
    }

    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        self.grouping.joins(facts, latest)
    }

    fn due(
        &self,
        facts: &Facts<'_>,
        kind: AlertKind,
        told: &[String],
        history: &dyn History,
    ) -> Vec<Due> {
        if self.is_silent(facts) || facts.repeat || (facts.torn && !facts.whole_picture) {
            return Vec::new();
        }
        match kind {
            AlertKind::First => self
                .channels_for(facts, history)
                .into_iter()
                .map(|channel| Due { channel: channel.to_owned(), due_at: facts.received_at })
                .collect(),
            AlertKind::FollowUp => {
                let due_at = facts.received_at.after(self.grouping.settle);
                told.iter().map(|channel| Due { channel: channel.clone(), due_at }).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
