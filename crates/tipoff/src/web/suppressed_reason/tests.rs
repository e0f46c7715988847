//! What the rules write is recognised in every language.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use tipoff_model::{Content, Device, Facts, Past, Planner, Timestamp};
use tipoff_rules::{Clock, Conditions, Glob, Grouping, Has, Mode, RateGuard, Route, Rules};

use super::super::reader_language::tests::read_in;
use super::*;

fn rules(conditions: Vec<Conditions>) -> Rules {
    let route = |conditions| Route {
        name: "night".to_owned(),
        channels: vec!["phone".to_owned()],
        conditions,
        ..Route::default()
    };
    Rules {
        language: Language::default(),
        grouping: Grouping::default(),
        channels: vec!["phone".to_owned()],
        archives: Vec::new(),
        subscribers: Vec::new(),
        schedules: Vec::new(),
        routes: conditions.into_iter().map(route).collect(),
        flood: RateGuard::default(),
        periodic: false,
        clock: Clock { zone: TimeZone::UTC, place: None },
        groups: HashMap::new(),
        modes: vec![Mode { name: "home".to_owned(), ..Mode::default() }],
        reports: Vec::new(),
    }
}

/// What the rules store of an arrival on a Sunday at noon that nobody is alerted of.
fn stored(rules: &Rules, change: impl FnOnce(&mut Facts<'_>)) -> String {
    stored_of(rules, &Content::default(), change)
}

/// The same of an arrival with this content.
fn stored_of(rules: &Rules, content: &Content, change: impl FnOnce(&mut Facts<'_>)) -> String {
    let noon = "2026-03-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let noon = Timestamp::from_ms(noon.as_millisecond());
    let device = Device::default();
    let of_content = Facts::of(&device, noon, content);
    let mut facts = Facts { event: Event::Person, whole_picture: true, ..of_content };
    change(&mut facts);
    rules.plan(&facts, &[], &Past::default()).suppressed_reason.unwrap()
}

fn in_german(stored: &str) -> String {
    read_in(Language::German, || translated(stored))
}

#[test]
fn each_condition_of_a_route_is_named_in_the_readers_language() {
    let any = Conditions::default;
    let names = || vec!["x".to_owned()];
    let words = || vec!["x".parse().unwrap()];
    for (conditions, expected) in [
        (Conditions { devices: names(), ..any() }, "nicht für dieses Gerät"),
        (Conditions { groups: names(), ..any() }, "nicht für eine Gruppe dieses Geräts"),
        (Conditions { events: vec![Event::Fault], ..any() }, "nicht für „Person“"),
        (Conditions { subject: words(), ..any() }, "der Betreff passt nicht"),
        (Conditions { text: words(), ..any() }, "der Text passt nicht"),
        (Conditions { from: vec![Glob::new("x")], ..any() }, "der Absender passt nicht"),
        (Conditions { to: vec![Glob::new("x")], ..any() }, "kein Empfänger passt"),
        (Conditions { has: vec![Has::Video], ..any() }, "kein Video"),
        (Conditions { has: vec![Has::Picture], ..any() }, "kein Bild"),
        (Conditions { has: vec![Has::Picture, Has::Video], ..any() }, "kein Bild oder Video"),
        (Conditions { has: vec![Has::Video, Has::Picture], ..any() }, "kein Video oder Bild"),
        (
            Conditions { between: Some("22:00-06:00".parse().unwrap()), ..any() },
            "nur 22:00-06:00, es war 12:00",
        ),
        (Conditions { days: Some("mon".parse().unwrap()), ..any() }, "nicht am Sonntag"),
        (Conditions { modes: names(), ..any() }, "nicht im Modus „home“"),
    ] {
        let stored = stored(&rules(vec![conditions]), |_| {});
        assert_eq!(in_german(&stored), format!("night: {expected}"), "{stored}");
    }
}

#[test]
fn reasons_without_routes_are_in_the_readers_language() {
    let late = Content { late: true, ..Content::default() };
    let every = rules(vec![Conditions::default()]);
    let nobody = Rules { channels: Vec::new(), ..rules(Vec::new()) };
    for (stored, expected) in [
        (stored_of(&every, &late, |_| {}), "das Gerät hat es erst lange danach gesendet"),
        (
            stored(&every, |facts| facts.housekeeping = true),
            "es ist eine eigene Datei des Geräts, nichts zu melden",
        ),
        (
            stored(&every, |facts| facts.event = Event::Periodic),
            "regelmäßig gesendet (`periodic` in `[incidents]`)",
        ),
        (stored(&every, |facts| facts.muted = true), "stumm"),
        (stored(&every, |facts| facts.repeat = true), "schon einmal gesendet"),
        (
            stored(&every, |facts| (facts.torn, facts.whole_picture) = (true, false)),
            "die Verbindung brach ab, bevor ein ganzes Bild da war",
        ),
        (stored(&nobody, |_| {}), "kein Kanal ist eingerichtet"),
    ] {
        assert_eq!(in_german(&stored), expected, "{stored}");
    }
}

#[test]
fn verdicts_of_several_routes_are_in_the_readers_language() {
    let video = Conditions { has: vec![Has::Video], ..Conditions::default() };
    let stored = stored(&rules(vec![video.clone(), video]), |_| {});
    assert_eq!(in_german(&stored), "night: kein Video; night: kein Video");
    let resting = "night: phone rests for 59 s more; hook has had its alerts of this hour";
    assert_eq!(
        in_german(resting),
        "night: phone pausiert noch 59 s; hook hat seine Alarme dieser Stunde gehabt"
    );
}

#[test]
fn an_unknown_reason_stays_as_it_is() {
    for stored in ["it was a Tuesday", "x: y; z", "night: not on a someday", "", "; ", "{$x}"] {
        assert_eq!(in_german(stored), stored);
        assert_eq!(translated("muted"), "muted", "English needs no translation");
    }
}
