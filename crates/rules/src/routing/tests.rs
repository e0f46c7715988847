//! The verdicts of routes, and the plan that is made of them.

use proptest::prelude::*;
use tipoff_model::{AlertKind, Due, Event, Facts, PastQuery, Plan, Planner};

use super::*;
use crate::testing::{Before, at, device, facts, hours, last, names, plan_after, rules, to_me};
use crate::{Conditions, Glob, Has, RateGuard, Rules};

#[test]
fn cooldown_holds_back_the_next_and_never_the_first() {
    let device = device();
    let now = at("2026-03-01T23:30:00Z");
    let route = Route { cooldown: Some(Duration::from_secs(60)), ..to_me(Conditions::default()) };
    let rules = rules(vec![route]);
    let plan = |past: Before| plan_after(&rules, &facts(&device, now), &[], &past);
    assert_eq!(names(&plan(Before::default())), ["me"]);
    assert_eq!(names(&plan(last(now.before(Duration::from_secs(60))))), ["me"]);
    let held = plan(last(now.before(Duration::from_secs(59))));
    assert!(held.due.is_empty());
    assert_eq!(held.suppressed_reason.unwrap(), "mine: me rests for 1 s more");
}

#[test]
fn so_many_are_told_in_an_hour_and_then_a_count() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let route = Route { per_hour: Some(2), ..to_me(Conditions::default()) };
    let rules = Rules { flood: RateGuard { alerts_max: 0 }, ..rules(vec![route.clone()]) };
    let minutes = |minutes: u64| now.before(Duration::from_secs(minutes * 60));
    let plan = |rules: &Rules, alerts: &[Timestamp]| {
        let past = Before { alerts: alerts.to_vec(), ..Before::default() };
        plan_after(rules, &facts(&device, now), &[], &past)
    };
    assert_eq!(plan(&rules, &[minutes(50)]).due[0].kind, AlertKind::First);
    let held = plan(&rules, &[minutes(50), minutes(10)]);
    let expected = Due {
        channel: "me".to_owned(),
        kind: AlertKind::Summary,
        due_at: now.after(Duration::from_secs(600)),
        route: Some("mine".to_owned()),
        of_address: false,
    };
    assert_eq!(held.due, [expected]);
    assert_eq!(held.suppressed_reason.unwrap(), "mine: me has had its alerts of this hour");
    assert_eq!(plan(&rules, &[minutes(61), minutes(10)]).due[0].kind, AlertKind::First);
    let always = Route { name: "always".to_owned(), ..to_me(Conditions::default()) };
    let rules = Rules { routes: vec![route, always], ..rules };
    let due = plan(&rules, &[minutes(50), minutes(10)]).due.remove(0);
    assert_eq!((due.kind, due.route.as_deref()), (AlertKind::First, Some("always")));
}

#[test]
fn a_route_that_is_held_back_does_not_hold_back_another() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let always = to_me(Conditions::default());
    let slow = Route { cooldown: Some(Duration::from_secs(600)), ..always.clone() };
    for routes in [vec![slow.clone(), always.clone()], vec![always, slow]] {
        let plan = plan_after(&rules(routes), &facts(&device, now), &[], &last(now));
        assert_eq!(names(&plan), ["me"], "once, in either order");
    }
}

#[test]
fn the_first_route_that_holds_decides_how_and_stop_ends_the_search() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let named = |name: &str, channels: &[&str], stop| Route {
        name: name.to_owned(),
        channels: channels.iter().map(|it| (*it).to_owned()).collect(),
        stop,
        ..Route::default()
    };
    let told = |routes: Vec<Route>| -> Vec<(String, String)> {
        let plan = plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        plan.due.into_iter().map(|due| (due.channel, due.route.unwrap())).collect()
    };
    let pair = |channel: &str, route: &str| (channel.to_owned(), route.to_owned());
    let (one, two) = (named("one", &["me"], false), named("two", &["me", "hook"], false));
    assert_eq!(told(vec![one.clone(), two.clone()]), [pair("me", "one"), pair("hook", "two")]);
    assert_eq!(told(vec![two.clone(), one]), [pair("me", "two"), pair("hook", "two")]);
    assert_eq!(told(vec![named("one", &["me"], true), two.clone()]), [pair("me", "one")]);
    let nobody = named("nobody", &[], true);
    assert!(told(vec![nobody.clone(), two.clone()]).is_empty());
    let other = Conditions { events: vec![Event::Fault], ..Conditions::default() };
    let passed = Route { conditions: other, ..nobody };
    assert_eq!(told(vec![passed, two]).len(), 2, "what does not hold stops nothing");
}

#[test]
fn why_nobody_is_told_is_told() {
    let device = device();
    let now = at("2026-03-01T12:05:00Z");
    let elsewhere = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
    let door = Route { name: "door".to_owned(), ..to_me(elsewhere) };
    let routes = vec![to_me(hours("22:00-06:00")), door];
    let plan = plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
    assert_eq!(
        plan.suppressed_reason.unwrap(),
        "mine: 22:00-06:00 only, it was 12:05; door: not for this device"
    );
    let nowhere = Rules { channels: Vec::new(), ..rules(Vec::new()) };
    let plan = nowhere.plan(&facts(&device, now), &[], &Past::default());
    assert_eq!(plan.suppressed_reason.unwrap(), "no channel is configured");
}

#[test]
fn why_nobody_is_told_is_cut_where_it_is_too_long() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let suppressed_reason = |name_chars: usize| {
        let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
        let route = Route { name: "é".repeat(name_chars), ..to_me(door) };
        rules(vec![route]).plan(&facts, &[], &Past::default()).suppressed_reason.unwrap()
    };
    let reason = ": not for this device";
    assert_eq!(suppressed_reason(500 - reason.len()).chars().count(), 500);
    assert!(suppressed_reason(500 - reason.len()).ends_with(reason));
    assert_eq!(suppressed_reason(501 - reason.len()).chars().count(), 501);
    assert!(suppressed_reason(501 - reason.len()).ends_with("devic…"));
}

#[test]
fn the_route_that_suppressed_an_incident_is_named_in_the_reasons_however_many_there_are() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    for others in [0, 1, 50] {
        let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
        let other = |number| Route { name: format!("other {number}"), ..to_me(door.clone()) };
        let mut routes: Vec<Route> = (0..others).map(other).collect();
        let nobody = Route { channels: Vec::new(), stop: true, ..to_me(Conditions::default()) };
        routes.push(Route { name: "quiet".to_owned(), ..nobody });
        let plan = rules(routes).plan(&facts, &[], &Past::default());
        let reasons = plan.suppressed_reason.unwrap();
        assert!(reasons.chars().count() <= 501, "{reasons}");
        let is_by = |route| suppressed_by(&reasons).any(|it| it == route);
        assert!(is_by("quiet"), "{reasons}");
        assert!(!is_by("iet") && !is_by("other 0"));
    }
    assert_eq!(suppressed_by("quiet: not for this device").count(), 0);
    let names: Vec<&str> = suppressed_by("night: muted; a; b: tells nobody").collect();
    assert_eq!(names, ["night: muted; a; b", "a; b", "b"]);
}

/// The name of each route and what it would make of an arrival.
fn foreseen(rules: &Rules, now: Timestamp, past: &Before) -> Vec<(String, String)> {
    let query = |channel: &String| PastQuery {
        channel: channel.clone(),
        last_first: true,
        firsts_since: Some(now.before(Duration::from_secs(3600))),
        recent: None,
    };
    let past = past.load(rules.channels.iter().map(query).collect());
    let judged = rules.foresee(&device(), now, &past);
    judged.iter().map(|it| (it.route.name.clone(), it.verdict.to_string())).collect()
}

#[test]
fn what_routes_would_make_of_an_arrival_is_foreseen_as_far_as_it_can_be() {
    let now = at("2026-03-01T12:00:00Z");
    let past = Before {
        alerts: vec![now.before(Duration::from_secs(1800))],
        ..last(now.before(Duration::from_secs(60)))
    };
    let named = |name: &str, route: Route| Route { name: name.to_owned(), ..route };
    let always = to_me(Conditions::default());
    let of_content = Conditions {
        events: vec![Event::Person, Event::Fault],
        subject: vec!["*line*".parse().unwrap()],
        text: vec!["/x/".parse().unwrap()],
        from: vec![Glob::new("cam1")],
        to: vec![Glob::new("front")],
        has: vec![Has::Picture, Has::Video],
        ..Conditions::default()
    };
    let both = vec!["me".to_owned(), "hook".to_owned()];
    let rules = rules(vec![
        named("night", to_me(hours("22:00-06:00"))),
        named("words", Route { stop: true, ..to_me(of_content) }),
        named("slow", Route { cooldown: Some(Duration::from_secs(600)), ..always.clone() }),
        named("hourly", Route { per_hour: Some(1), ..always.clone() }),
        named("nobody", Route { channels: Vec::new(), ..always.clone() }),
        named("all", Route { channels: both, stop: true, ..always.clone() }),
        named("behind", always),
    ]);
    let expected = [
        ("night", "22:00-06:00 only, it was 12:00"),
        (
            "words",
            "tells me, if event person or fault and subject *line* and text /x/ and from cam1 and \
             to front and has picture or video",
        ),
        ("slow", "me rests for 540 s more"),
        ("hourly", "me has had its alerts of this hour"),
        ("nobody", "tells nobody"),
        ("all", "tells me, hook"),
        ("behind", "a route before it ended the search"),
    ];
    assert_eq!(
        foreseen(&rules, now, &past),
        expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()))
    );
}

/// Any route of those that a few conditions and actions make.
fn any_route() -> impl Strategy<Value = Route> {
    let condition = prop_oneof![
        Just(Conditions::default()),
        Just(Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() }),
        Just(Conditions { events: vec![Event::Person], ..Conditions::default() }),
        Just(hours("22:00-06:00")),
        Just(Conditions { modes: vec!["away".to_owned()], ..Conditions::default() }),
    ];
    let channels = proptest::sample::subsequence(vec!["me".to_owned(), "hook".to_owned()], 0..=2);
    let actions = (any::<bool>(), any::<bool>(), proptest::option::of(1_u32..3));
    (condition, channels, actions).prop_map(|(conditions, channels, (rests, stop, per_hour))| {
        Route {
            name: "any".to_owned(),
            conditions,
            channels,
            cooldown: rests.then_some(Duration::from_secs(600)),
            per_hour,
            stop,
            ..Route::default()
        }
    })
}

/// Who hears, in which manner of delivery.
fn heard(plan: &Plan) -> Vec<(String, AlertKind)> {
    plan.due.iter().map(|due| (due.channel.clone(), due.kind)).collect()
}

proptest! {
    #[test]
    fn whoever_is_not_told_is_told_of_why(
        routes in proptest::collection::vec(any_route(), 0..5),
        hour in 0_u64..24,
        rested in any::<bool>(),
        muted in any::<bool>(),
    ) {
        let device = device();
        let now = at("2026-03-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        let past = if rested { Before::default() } else { last(now) };
        let facts = Facts { muted, ..facts(&device, now) };
        let plan = plan_after(&rules(routes), &facts, &[], &past);
        let is_told = plan.due.iter().any(|due| due.kind != AlertKind::Summary);
        prop_assert!(is_told != plan.suppressed_reason.is_some(), "{plan:?}");
        prop_assert!(plan.suppressed_reason.is_none_or(|why| !why.is_empty()));
    }

    #[test]
    fn what_stands_behind_a_stop_that_holds_changes_nothing(
        before in proptest::collection::vec(any_route(), 0..3),
        behind in proptest::collection::vec(any_route(), 0..3),
    ) {
        let device = device();
        let now = at("2026-03-01T12:00:00Z");
        let stop = Route { stop: true, ..to_me(Conditions::default()) };
        let routes = [before, vec![stop]].concat();
        let plan = |routes: Vec<Route>| plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        let (with, without) = (plan([routes.clone(), behind].concat()), plan(routes));
        prop_assert_eq!(heard(&with), heard(&without));
    }

    #[test]
    fn no_cooldown_and_no_count_hides_the_first(
        routes in proptest::collection::vec(any_route(), 1..5),
        hour in 0_u64..24,
    ) {
        let device = device();
        let now = at("2026-03-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        let unlimited = |route: &Route| Route { cooldown: None, per_hour: None, ..route.clone() };
        let free: Vec<Route> = routes.iter().map(unlimited).collect();
        let plan = |routes| plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        prop_assert_eq!(heard(&plan(routes)), heard(&plan(free)));
    }
}
