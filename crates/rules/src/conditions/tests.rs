//! Each condition, with arrivals that match it and that do not.

use tipoff_model::{Content, Device, Envelope, Past, Planner, Protocol};

use super::*;
use crate::testing::{
    Before, NOTHING, at, device, envelope, facts, file, hours, plan_after, rules, to_me,
};
use crate::{Mode, Verdict};

/// Conditions, and which of them does not fit the mail below.
fn conditions_and_misfits() -> Vec<(Conditions, Option<&'static str>)> {
    let all = Conditions::default;
    let words = |text: &str| vec![text.parse().unwrap()];
    let globs = |text: &str| vec![Glob::new(text)];
    let names = |name: &str| vec![name.to_owned()];
    let night =
        |days: &str| Conditions { days: Some(days.parse().unwrap()), ..hours("22:00-06:00") };
    vec![
        (all(), None),
        (Conditions { devices: names("Yard"), ..all() }, None),
        (Conditions { devices: names("Door"), ..all() }, Some("not for this device")),
        (Conditions { groups: names("outside"), ..all() }, None),
        (Conditions { groups: names("inside"), ..all() }, Some("not for a group of this device")),
        (Conditions { events: vec![Event::Motion, Event::Person], ..all() }, None),
        (Conditions { events: vec![Event::Motion], ..all() }, Some("not for \"person\"")),
        (Conditions { subject: words("person*"), ..all() }, None),
        (Conditions { subject: words("person"), ..all() }, Some("the subject does not fit")),
        (Conditions { text: words("/line \\d+ was/"), ..all() }, None),
        (Conditions { text: words("*line 3*"), ..all() }, Some("the text does not fit")),
        (Conditions { from: globs("cam?@*"), ..all() }, None),
        (Conditions { from: globs("cam2"), ..all() }, Some("the sender does not fit")),
        (Conditions { to: globs("front"), ..all() }, None),
        (Conditions { to: globs("back"), ..all() }, Some("no recipient fits")),
        (Conditions { has: vec![Has::Picture, Has::Video], ..all() }, None),
        (Conditions { has: vec![Has::Video], ..all() }, Some("no video")),
        (hours("01:00-02:00"), None),
        (hours("02:00-03:00"), Some("02:00-03:00 only, it was 01:30")),
        (Conditions { days: Some("sun".parse().unwrap()), ..all() }, None),
        (Conditions { days: Some("mon-sat".parse().unwrap()), ..all() }, Some("not on a sunday")),
        // The night from Saturday to Sunday is Saturday's.
        (night("sat"), None),
        (night("sun"), Some("not on a saturday")),
        (Conditions { modes: names("home"), ..all() }, None),
        (Conditions { modes: names("away"), ..all() }, Some("not in mode \"home\"")),
    ]
}

#[test]
fn each_condition_is_held_against_what_it_is_of() {
    let device = device();
    let envelope = Envelope {
        sender: "cam1@example.org".to_owned(),
        recipients: vec!["alerts@house".to_owned(), "front@house".to_owned()],
        ..envelope(Protocol::Smtp)
    };
    let content = Content {
        subject: "Person detected".to_owned(),
        text: "Line 2 was crossed\nby somebody".to_owned(),
        media: vec![file("1.jpg", MediaKind::Picture, 9).media],
        unclear: false,
        details: None,
        camera: None,
        late: false,
    };
    let facts = Facts {
        envelope: Some(&envelope),
        content: &content,
        event: Event::Person,
        // A Sunday.
        ..facts(&device, at("2026-03-01T01:30:00Z"))
    };
    let mut rules = rules(Vec::new());
    rules.groups.insert("Yard".to_owned(), vec!["outside".to_owned()]);
    rules.modes =
        ["home", "away"].map(|name| Mode { name: name.to_owned(), ..Mode::default() }).to_vec();
    for (conditions, mismatch) in conditions_and_misfits() {
        rules.routes = vec![to_me(conditions.clone())];
        let judged = rules.judge(&facts, &Past::default());
        let found = match &judged[0].verdict {
            Verdict::Not(why) => Some(why.as_str()),
            _ => None,
        };
        assert_eq!(found, mismatch, "{conditions:?}");
    }
}

#[test]
fn what_no_arrival_tells_has_no_sender() {
    let device = device();
    let silence = Facts { event: Event::Silence, ..facts(&device, at("2026-03-01T12:00:00Z")) };
    let anybody = Conditions { from: vec![Glob::new("*")], ..Conditions::default() };
    let plan = rules(vec![to_me(anybody)]).plan(&silence, &[], &Past::default());
    assert_eq!(plan.suppressed_reason.unwrap(), "mine: the sender does not fit");
}

#[test]
fn a_channel_of_a_recorder_is_in_the_groups_of_both() {
    let recorder = Device { name: "NVR".to_owned(), ..Device::default() };
    let device = Device { recorder: Some(Box::new(recorder)), ..device() };
    let now = at("2026-03-01T12:00:00Z");
    for (name, is_told) in [("Yard", true), ("NVR", true), ("Door", false)] {
        let outside = Conditions { groups: vec!["outside".to_owned()], ..Conditions::default() };
        let mut rules = rules(vec![to_me(outside)]);
        rules.groups.insert(name.to_owned(), vec!["outside".to_owned()]);
        let plan = plan_after(&rules, &facts(&device, now), &[], &Before::default());
        assert_eq!(!plan.due.is_empty(), is_told, "{name}");
    }
}

#[test]
fn a_moving_picture_is_a_picture_and_nothing_else() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    for (kind, has, is_told) in [
        (MediaKind::Picture, Has::Picture, true),
        (MediaKind::Animation, Has::Picture, true),
        (MediaKind::Video, Has::Picture, false),
        (MediaKind::Video, Has::Video, true),
        (MediaKind::Animation, Has::Video, false),
        (MediaKind::File, Has::Video, false),
    ] {
        let content = Content { media: vec![file("1", kind, 1).media], ..NOTHING.clone() };
        let conditions = Conditions { has: vec![has], ..Conditions::default() };
        let facts = Facts { content: &content, ..facts(&device, now) };
        let plan = rules(vec![to_me(conditions)]).plan(&facts, &[], &Past::default());
        assert_eq!(!plan.due.is_empty(), is_told, "{kind:?} {has:?}");
    }
}

#[test]
fn without_a_mode_no_route_of_one_holds() {
    let device = device();
    let away = Conditions { modes: vec!["away".to_owned()], ..Conditions::default() };
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let plan = rules(vec![to_me(away)]).plan(&facts, &[], &Past::default());
    assert_eq!(plan.suppressed_reason.as_deref(), Some("mine: there is no mode"));
}

#[test]
fn a_route_that_has_a_key_matches_the_device_under_any_name() {
    let keyed =
        |key: &str| Conditions { device_keys: vec![key.to_owned()], ..Conditions::default() };
    let named = Conditions { devices: vec!["Door".to_owned()], ..keyed("added/yard") };
    let time = at("2026-03-01T12:05:00Z");
    for (conditions, name, fits) in [
        (keyed("added/yard"), "Yard", true),
        (keyed("added/yard"), "Garden", true),
        (keyed("added/gate"), "added/gate", false),
        (named.clone(), "Garden", true),
        (named, "Door", true),
    ] {
        let key = "added/yard".to_owned();
        let device = Device { key, name: name.to_owned(), ..device() };
        let rules = rules(vec![to_me(conditions.clone())]);
        let plan = plan_after(&rules, &facts(&device, time), &[], &Before::default());
        assert_eq!(!plan.due.is_empty(), fits, "{conditions:?} {name}");
    }
}
