//! Which arrivals belong to one incident, and which channels are alerted of it. Pure: the time and the past are
//! arguments.
//!
//! The spool asks, through [`Planner`], while it stores an arrival: `grouping.rs` has the incident, `conditions.rs` and
//! `routing.rs` the routes, `limit.rs` the guard against floods of alerts. `tipoff explain` asks the same questions.

mod alert_style;
mod between;
mod clock;
mod conditions;
mod days;
mod glob;
mod grouping;
mod limit;
mod mode;
mod moment;
mod past_needed;
mod pattern;
mod report;
mod route;
mod routing;
mod schedule;
mod sun;
mod template;
#[cfg(test)]
mod testing;

use std::collections::HashMap;
use std::time::Duration;

use tipoff_model::{
    AlertKind, Content, Device, Due, Event, Facts, IncidentClass, Language, NotifiedChannel,
    OpenIncident, Past, PastQuery, Plan, Planner, Timestamp,
};

pub use alert_style::{AlertStyle, Choice};
pub use between::{Between, BetweenError, Point, PointError};
pub use clock::Clock;
pub use conditions::{Conditions, Has};
pub use days::{Days, DaysError};
pub use glob::Glob;
pub use grouping::Grouping;
pub use limit::RateGuard;
pub use mode::Mode;
pub use pattern::Pattern;
pub use report::Report;
pub use route::Route;
pub use routing::{Judged, TELLS_NOBODY, Verdict, suppressed_by};
pub use schedule::Schedule;
pub use sun::{Place, PlaceError};
pub use template::{Template, TemplateError};

use conditions::MatchContext;

/// Why an incident is suppressed: it is one of too many of a device.
const FLOOD_WORDS: &str = "too many alerts of this device: told as a count every ten minutes";
/// Why an incident is suppressed: it is one of too many of all discovered devices at one address.
const ADDRESS_FLOOD_WORDS: &str = "too many alerts of devices at this address that have no name here: told as a count \
    every ten minutes";

/// The rules of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Which arrivals belong to one incident.
    pub grouping: Grouping,
    /// The names of all configured channels.
    pub channels: Vec<String>,
    /// Those of them that archive arrivals and alert nobody. Nothing is suppressed on them.
    pub archives: Vec<String>,
    /// Channels that belong to a person, who chose what to be alerted of. No route names them, and none is needed for them.
    pub subscribers: Vec<Subscriber>,
    /// The routes, in the order in which they are evaluated. Without any route every incident goes to every channel.
    pub routes: Vec<Route>,
    /// The hours in which devices are alerted. A device without any is alerted at all times.
    pub schedules: Vec<Schedule>,
    /// The limit of alerts of a device that does not stop.
    pub flood: RateGuard,
    /// Whether arrivals that a device sends at fixed times are alerted.
    pub periodic: bool,
    /// The time zone of times of day, and the place of sunrise and sunset.
    pub clock: Clock,
    /// The language of alerts.
    pub language: Language,
    /// The groups of each device that is in any, by its name.
    pub groups: HashMap<String, Vec<String>>,
    /// The home modes. The first is in force until another is chosen or begins.
    pub modes: Vec<Mode>,
    /// The reports that are sent at fixed times.
    pub reports: Vec<Report>,
}

/// A channel of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscriber {
    /// The channel's name.
    pub channel: String,
    /// What they chose.
    pub conditions: Conditions,
}

impl Rules {
    /// The mode in force; `None` if there are no modes.
    pub fn mode(&self, chosen: Option<&(String, Timestamp)>, now: Timestamp) -> Option<&str> {
        let now = self.clock.local(now)?;
        mode::current(&self.modes, chosen, &now, &self.clock)
    }

    /// The route of this name; `None` if it is not configured, or not any more.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }

    /// The verdict of each route on an arrival, in their order.
    pub fn judge<'r>(&'r self, facts: &Facts<'_>, past: &Past) -> Vec<Judged<'r>> {
        routing::judge(&self.routes, &self.match_context(facts, past), past)
    }

    /// The verdict of each route on an arrival of this device at this time, before there is one. Conditions on its
    /// content are listed, not evaluated.
    pub fn foresee<'r>(&'r self, device: &Device, now: Timestamp, past: &Past) -> Vec<Judged<'r>> {
        let content = Content::default();
        let facts = Facts { whole_picture: true, ..Facts::of(device, now, &content) };
        routing::foresee(&self.routes, &self.match_context(&facts, past), past)
    }

    /// Why the schedule of the device suppresses a first alert; `None` if it does not. What Tipoff itself reports, such as an
    /// inactive device, is reported once, so no schedule suppresses it.
    fn off_hours(&self, facts: &Facts<'_>, past: &Past) -> Option<String> {
        if self.schedules.is_empty() || facts.envelope.is_none() {
            return None;
        }
        let off = schedule::off_hours(&self.schedules, &self.match_context(facts, past))?;
        Some(off.to_string())
    }

    /// The values that conditions are matched with.
    fn match_context<'a>(&'a self, facts: &'a Facts<'a>, past: &Past) -> MatchContext<'a> {
        MatchContext {
            facts,
            groups: &self.groups,
            clock: &self.clock,
            now: self.clock.local(facts.received_at),
            mode: self.mode(past.chosen_mode.as_ref(), facts.received_at),
        }
    }

    /// The plan for the channels to which the incident is new, in the order of the configuration. For each channel the
    /// first route that sends there counts.
    fn first(&self, facts: &Facts<'_>, notified: &[NotifiedChannel], past: &Past) -> Plan {
        let due = |channel: &str, route: Option<&Route>| self.first_due(facts, channel, route);
        let is_new = |channel: &&String| !notified.iter().any(|told| told.channel == **channel);
        let new = || self.channels.iter().filter(is_new);
        if self.routes.is_empty() {
            let due: Vec<_> = new().map(|channel| due(channel, None)).collect();
            let suppressed_reason = due.is_empty().then(|| "no channel is configured".to_owned());
            return Plan { due, suppressed_reason };
        }
        let judged = self.judge(facts, past);
        let alert_or_summary = |channel: &String| {
            if let Some(sends) = judged.iter().find(|it| it.sends_to(channel)) {
                return Some(due(channel, Some(sends.route)));
            }
            let full = |it: &Judged<'_>| Some((it.route.name.clone(), it.full_until(channel)?));
            let (route, due_at) = judged.iter().find_map(full)?;
            let (channel, kind) = (channel.clone(), AlertKind::Summary);
            Some(Due { channel, kind, due_at, route: Some(route), of_address: false })
        };
        let due: Vec<_> = new().filter_map(alert_or_summary).collect();
        let is_told = due.iter().any(|due| due.kind != AlertKind::Summary);
        let suppressed_reason = (!is_told).then(|| routing::in_words(&judged));
        Plan { due, suppressed_reason }
    }

    fn first_due(&self, facts: &Facts<'_>, channel: &str, route: Option<&Route>) -> Due {
        Due {
            channel: channel.to_owned(),
            kind: AlertKind::First,
            due_at: facts.received_at.after(self.gathers(facts)),
            route: route.map(|route| route.name.clone()),
            of_address: false,
        }
    }

    /// The channels of persons who want to be alerted of an arrival, and to which the incident is new.
    fn subscribed<'a>(
        &'a self,
        facts: &'a Facts<'a>,
        notified: &'a [NotifiedChannel],
    ) -> impl Iterator<Item = &'a str> {
        let context = self.match_context(facts, &Past::default());
        let is_new = |channel: &str| !notified.iter().any(|told| told.channel == channel);
        let wants = move |it: &&Subscriber| {
            is_new(&it.channel) && it.conditions.mismatch(&context).is_none()
        };
        self.subscribers.iter().filter(wants).map(|it| it.channel.as_str())
    }

    /// The follow-up for a channel that has a first alert of the incident; `None` if its route wants none. A follow-up
    /// waits for further pictures, so that they are one album.
    fn follow_up(&self, facts: &Facts<'_>, notified: &NotifiedChannel) -> Option<Due> {
        let route = notified.route.as_deref().and_then(|name| self.route(name));
        if route.is_some_and(|route| route.first_only) {
            return None;
        }
        let settle = route.and_then(|route| route.settle).unwrap_or(self.grouping.settle);
        let settle = settle.max(self.gathers(facts));
        Some(Due {
            channel: notified.channel.clone(),
            kind: AlertKind::FollowUp,
            due_at: facts.received_at.after(settle),
            route: notified.route.clone(),
            of_address: false,
        })
    }

    /// How long a page of a scan waits for the next one. Zero for other arrivals.
    fn gathers(&self, facts: &Facts<'_>) -> Duration {
        match facts.is_page() && !self.grouping.quiet.is_zero() {
            true => grouping::PAGES_SETTLE,
            false => Duration::ZERO,
        }
    }

    /// Why such an arrival is suppressed whatever the routes say; `None` if it is not. The reason is shown on the
    /// timeline.
    fn suppressed_reason(&self, facts: &Facts<'_>) -> Option<&'static str> {
        if facts.content.late {
            Some("the device sent it long after it happened")
        } else if facts.housekeeping {
            Some("it is a device's own file, nothing to tell")
        } else if self.is_silent(facts) {
            Some("it was sent by the clock (`periodic` in `[incidents]`)")
        } else if facts.muted {
            Some("muted")
        } else if facts.repeat {
            Some("it was sent before")
        } else if facts.torn && !facts.whole_picture && !grouping::has_said_it(facts) {
            Some("the connection broke before a whole picture was there")
        } else {
            None
        }
    }
}

impl Planner for Rules {
    fn is_silent(&self, facts: &Facts<'_>) -> bool {
        facts.content.late
            || facts.housekeeping
            || (facts.event == Event::Periodic && !self.periodic)
    }

    fn class(&self, facts: &Facts<'_>) -> IncidentClass {
        grouping::class(facts)
    }

    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        self.grouping.joins(facts, latest)
    }

    fn is_archive(&self, channel: &str) -> bool {
        self.archives.iter().any(|archive| archive == channel)
    }

    fn past_needed(
        &self,
        facts: &Facts<'_>,
        notified: &[NotifiedChannel],
        chosen_mode: Option<&(String, Timestamp)>,
    ) -> Vec<PastQuery> {
        match self.suppressed_reason(facts) {
            Some(_) => Vec::new(),
            None => past_needed::queries(self, facts, notified, chosen_mode),
        }
    }

    fn plan(&self, facts: &Facts<'_>, notified: &[NotifiedChannel], past: &Past) -> Plan {
        if let Some(why) = self.suppressed_reason(facts) {
            return Plan::suppressed(why);
        }
        // Who got the first alert also gets what follows.
        if notified.is_empty()
            && let Some(why) = self.off_hours(facts, past)
        {
            return Plan::suppressed(why);
        }
        let Plan { mut due, mut suppressed_reason } = self.first(facts, notified, past);
        let subscribed = self.subscribed(facts, notified);
        let subscribed: Vec<_> = subscribed.map(|it| self.first_due(facts, it, None)).collect();
        if !subscribed.is_empty() {
            suppressed_reason = None;
            due.extend(subscribed);
        }
        let follow_ups = notified.iter().filter_map(|told| self.follow_up(facts, told));
        let held = |due: Due| match due.kind {
            AlertKind::Summary => due,
            _ if self.archives.contains(&due.channel) => due,
            _ => self.flood.held(due, facts, past),
        };
        let due: Vec<_> = due.into_iter().chain(follow_ups).map(held).collect();
        if suppressed_reason.is_none() && due.iter().all(|due| due.kind == AlertKind::Summary) {
            let of_address = due.iter().any(|due| due.of_address);
            let words = if of_address { ADDRESS_FLOOD_WORDS } else { FLOOD_WORDS };
            suppressed_reason = Some(words.to_owned());
        }
        Plan { due, suppressed_reason }
    }
}

#[cfg(test)]
mod tests;
