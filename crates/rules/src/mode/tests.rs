//! Which home mode is in force.

use super::*;
use crate::testing::{Before, at, central, is_heard, rules, to_me};
use crate::{Conditions, Rules};

#[test]
fn the_mode_is_what_came_last_a_choice_or_its_hour() {
    let mode = |name: &str, at: &[&str], days: Option<&str>| Mode {
        name: name.to_owned(),
        at: at.iter().map(|it| it.parse().unwrap()).collect(),
        days: days.map(|it| it.parse().unwrap()),
    };
    let modes = vec![
        mode("home", &["07:00"], None),
        mode("away", &["09:00"], Some("mon-fri")),
        mode("night", &["22:30"], None),
    ];
    let clock = Clock { zone: central(), place: None };
    let rules = Rules { modes, clock, ..rules(Vec::new()) };
    let chose = |name: &str, time: &str| Some((name.to_owned(), at(time)));
    for (chosen, now, expected) in [
        // 2 March is a Monday; local time is an hour ahead of UTC.
        (None, "2026-03-02T05:59:59Z", "night"),
        (None, "2026-03-02T06:00:00Z", "home"),
        (None, "2026-03-02T08:00:00Z", "away"),
        (None, "2026-03-01T08:00:00Z", "home"),
        (chose("home", "2026-03-02T08:10:00Z"), "2026-03-02T12:00:00Z", "home"),
        (chose("home", "2026-03-02T08:10:00Z"), "2026-03-02T21:30:00Z", "night"),
        (chose("home", "2026-03-02T08:00:00Z"), "2026-03-02T08:00:00Z", "home"),
        (chose("away", "2026-02-20T08:00:00Z"), "2026-03-02T12:00:00Z", "away"),
        (chose("holiday", "2026-03-02T08:10:00Z"), "2026-03-02T12:00:00Z", "away"),
        // Summer time: 07:00 is 05:00 UTC; and the hour that does not exist is passed over.
        (None, "2026-03-29T04:59:00Z", "night"),
        (None, "2026-03-29T05:00:00Z", "home"),
    ] {
        assert_eq!(rules.mode(chosen.as_ref(), at(now)), Some(expected), "{chosen:?} {now}");
    }
    let by_hand = |names: &[&str]| Rules {
        modes: names.iter().map(|name| mode(name, &[], None)).collect(),
        ..rules.clone()
    };
    let chosen = chose("away", "2020-03-02T08:10:00Z");
    let now = at("2026-03-02T12:00:00Z");
    assert_eq!(by_hand(&["home", "away"]).mode(chosen.as_ref(), now), Some("away"));
    assert_eq!(by_hand(&["home", "away"]).mode(None, now), Some("home"));
    assert_eq!(by_hand(&[]).mode(chosen.as_ref(), now), None);
    let weekly =
        Rules { modes: vec![mode("a", &[], None), mode("b", &["12:00"], Some("sun"))], ..rules };
    assert_eq!(
        weekly.mode(None, at("2026-03-07T23:00:00Z")),
        Some("b"),
        "on Saturday night, still"
    );
}

#[test]
fn a_route_of_a_mode_holds_in_it() {
    let away = Conditions { modes: vec!["away".to_owned()], ..Conditions::default() };
    let modes =
        ["home", "away"].map(|name| Mode { name: name.to_owned(), ..Mode::default() }).to_vec();
    let rules = Rules { modes, ..rules(vec![to_me(away)]) };
    let time = "2026-03-02T12:00:00Z";
    assert!(!is_heard(&rules, time, &Before::default()));
    let chosen = Before { mode: Some(("away".to_owned(), at(time))), ..Before::default() };
    assert!(is_heard(&rules, time, &chosen));
}
