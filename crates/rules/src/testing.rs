//! Shared by the tests of the rules: a past, arrivals, rules and routes.

use std::collections::HashMap;

use jiff::tz::TimeZone;
pub(crate) use tipoff_model::testing::{alert, envelope};
use tipoff_model::{
    AlertMedia, ChannelPast, Content, Device, Event, Facts, Gathering, Media, MediaKind,
    NotifiedChannel, Past, PastQuery, Plan, Planner, Timestamp,
};

use crate::{Clock, Conditions, Grouping, RateGuard, Route, Rules};

/// The past: alerts on every channel, and the mode that somebody chose.
#[derive(Default)]
pub(crate) struct Before {
    pub(crate) last: Option<Timestamp>,
    pub(crate) mode: Option<(String, Timestamp)>,
    /// When alerts were made, the oldest first.
    pub(crate) alerts: Vec<Timestamp>,
    pub(crate) gathering: Option<Gathering>,
    /// Follow-ups in ten minutes, and the summary that they gather in.
    pub(crate) follow_ups: u32,
    pub(crate) gathering_follow_ups: Option<Gathering>,
    /// The same of all discovered devices at its address.
    pub(crate) firsts_of_address: u32,
    pub(crate) gathering_of_address: Option<Gathering>,
}

impl Before {
    /// The part of it that a spool loads for these queries.
    pub(crate) fn load(&self, queries: Vec<PastQuery>) -> Past {
        let channels = queries.into_iter().map(|query| {
            let past = self.of_channel(&query);
            (query.channel, past)
        });
        Past { chosen_mode: self.mode.clone(), channels: channels.collect() }
    }

    fn of_channel(&self, query: &PastQuery) -> ChannelPast {
        let mut past = ChannelPast::default();
        if query.last_first {
            past.last_first = self.last;
        }
        if let Some(since) = query.firsts_since {
            past.firsts = self.count(since);
            past.oldest_first = self.alerts.iter().find(|at| **at >= since).copied();
        }
        let Some(recent) = query.recent else { return past };
        let open = |it: Option<Gathering>| it.filter(|it| it.due_at > recent.since);
        past.alerts.gathering = open(self.gathering);
        past.follow_ups.gathering = open(self.gathering_follow_ups);
        past.firsts_of_address.gathering = open(self.gathering_of_address);
        past.alerts.count = self.count(recent.since);
        past.follow_ups.count = self.follow_ups;
        if recent.of_address {
            past.firsts_of_address.count = self.firsts_of_address;
        }
        past
    }

    fn count(&self, since: Timestamp) -> u32 {
        u32::try_from(self.alerts.iter().filter(|at| **at >= since).count()).unwrap()
    }
}

/// The plan of the rules after they got what they need of the past.
pub(crate) fn plan_after(
    rules: &Rules,
    facts: &Facts<'_>,
    notified: &[NotifiedChannel],
    before: &Before,
) -> Plan {
    let queries = rules.past_needed(facts, notified, before.mode.as_ref());
    rules.plan(facts, notified, &before.load(queries))
}

pub(crate) fn last(last: Timestamp) -> Before {
    Before { last: Some(last), ..Before::default() }
}

pub(crate) static NOTHING: Content = Content {
    subject: String::new(),
    text: String::new(),
    media: Vec::new(),
    unclear: false,
    details: None,
    camera: None,
    late: false,
};

pub(crate) fn file(name: &str, kind: MediaKind, size: u64) -> AlertMedia {
    let file = tipoff_model::testing::file(kind, None);
    let media = Media { name: name.to_owned(), range: 0..size, size, ..file.media };
    AlertMedia { media, ..file }
}

pub(crate) fn device() -> Device {
    Device { key: "yard".to_owned(), name: "Yard".to_owned(), ..Device::default() }
}

pub(crate) fn facts(device: &Device, at: Timestamp) -> Facts<'_> {
    Facts { event: Event::Motion, whole_picture: true, ..Facts::of(device, at, &NOTHING) }
}

pub(crate) fn rules(routes: Vec<Route>) -> Rules {
    Rules {
        language: tipoff_model::Language::default(),
        grouping: Grouping::default(),
        channels: vec!["me".to_owned(), "hook".to_owned()],
        routes,
        schedules: Vec::new(),
        flood: RateGuard::default(),
        periodic: false,
        clock: Clock { zone: TimeZone::UTC, place: None },
        groups: HashMap::new(),
        archives: Vec::new(),
        modes: Vec::new(),
        reports: Vec::new(),
        subscribers: Vec::new(),
    }
}

pub(crate) fn names(plan: &Plan) -> Vec<&str> {
    plan.due.iter().map(|due| due.channel.as_str()).collect()
}

pub(crate) fn told(channels: &[&str]) -> Vec<NotifiedChannel> {
    channels.iter().map(|it| NotifiedChannel { channel: (*it).to_owned(), route: None }).collect()
}

/// To the channel "me".
pub(crate) fn to_me(conditions: Conditions) -> Route {
    Route {
        name: "mine".to_owned(),
        conditions,
        channels: vec!["me".to_owned()],
        ..Route::default()
    }
}

pub(crate) fn hours(between: &str) -> Conditions {
    Conditions { between: Some(between.parse().unwrap()), ..Conditions::default() }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

pub(crate) fn central() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

/// Whether it is told to "me" with this one route at this time.
pub(crate) fn is_heard(rules: &Rules, time: &str, past: &Before) -> bool {
    !plan_after(rules, &facts(&device(), at(time)), &[], past).due.is_empty()
}
