//! Floods of alerts become summaries.

use tipoff_model::{AlertKind, Event, Gathering, NotifiedChannel, Planner};

use super::*;
use crate::testing::{Before, at, device, facts, plan_after, rules, to_me, told};
use crate::{ADDRESS_FLOOD_WORDS, Conditions, FLOOD_WORDS, Route, Rules};

#[test]
fn a_device_that_does_not_stop_becomes_a_count_until_it_does() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let seconds = |seconds: u64| now.before(Duration::from_secs(seconds));
    let flood = RateGuard { alerts_max: 6 };
    let rules = Rules { flood, ..rules(vec![to_me(Conditions::default())]) };
    let due = |past: &Before, told: &[NotifiedChannel]| {
        plan_after(&rules, &facts(&device, now), told, past).due
    };
    let many = |count: u64| Before {
        alerts: (0..count).rev().map(|it| seconds(it * 60)).collect(),
        ..Before::default()
    };
    assert_eq!(due(&many(5), &[])[0].kind, AlertKind::First);
    for told in [vec![], told(&["me"])] {
        let held = due(&many(6), &told).remove(0);
        assert_eq!((held.kind, held.route), (AlertKind::Summary, None));
        assert_eq!(held.due_at, now.after(Duration::from_secs(600)));
    }
    let gathers =
        |due_at, held| Before { gathering: Some(Gathering { due_at, held }), ..Before::default() };
    let soon = now.after(Duration::from_secs(30));
    let held = due(&gathers(soon, 1), &[]).remove(0);
    assert_eq!((held.kind, held.due_at), (AlertKind::Summary, soon), "it gathers until it is told");
    let told_at = seconds(60);
    let held = due(&gathers(told_at, 2), &[]).remove(0);
    let next = told_at.after(Duration::from_secs(600));
    assert_eq!((held.kind, held.due_at), (AlertKind::Summary, next), "it has not stopped");
    let kind = due(&gathers(told_at, 1), &[])[0].kind;
    assert_eq!(kind, AlertKind::First, "it has become quiet");
    let kind = due(&gathers(now, 1), &[])[0].kind;
    assert_eq!(kind, AlertKind::First, "what is due now gathers no more");
    let mail = Facts { event: Event::Other, ..facts(&device, now) };
    let plan = plan_after(&rules, &mail, &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First, "what a server mails is read one by one");
    let archive = Rules { archives: vec!["me".to_owned()], ..rules.clone() };
    assert!(archive.is_archive("me") && !archive.is_archive("hook") && !rules.is_archive("me"));
    let plan = plan_after(&archive, &facts(&device, now), &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First, "an archive gets all of it");
    let off = Rules { flood: RateGuard { alerts_max: 0 }, ..rules.clone() };
    let plan = plan_after(&off, &facts(&device, now), &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First);
}

#[test]
fn follow_ups_have_a_limit_of_their_own_that_holds_no_incident_back() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules =
        Rules { flood: RateGuard { alerts_max: 6 }, ..rules(vec![to_me(Conditions::default())]) };
    let kind = |past: &Before, told: &[NotifiedChannel]| {
        plan_after(&rules, &facts(&device, now), told, past).due[0].kind
    };
    let many = |follow_ups| Before { follow_ups, alerts: vec![now], ..Before::default() };
    assert_eq!(kind(&many(23), &told(&["me"])), AlertKind::FollowUp);
    assert_eq!(kind(&many(24), &told(&["me"])), AlertKind::Summary);
    assert_eq!(kind(&many(10_000), &[]), AlertKind::First, "another incident is alerted");
    let gathering = Gathering { due_at: now.after(Duration::from_secs(30)), held: 99 };
    let past = Before { gathering_follow_ups: Some(gathering), ..Before::default() };
    assert_eq!(kind(&past, &told(&["me"])), AlertKind::Summary, "it gathers until it is told");
    assert_eq!(kind(&past, &[]), AlertKind::First);
}

#[test]
fn mails_of_words_have_a_limit_too() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = Rules { flood: RateGuard { alerts_max: 6 }, ..rules(Vec::new()) };
    let mail = Facts { event: Event::Other, ..facts(&device, now) };
    let many = |count: u64| Before {
        alerts: (0..count).rev().map(|it| now.before(Duration::from_secs(it))).collect(),
        ..Before::default()
    };
    assert_eq!(plan_after(&rules, &mail, &[], &many(23)).due[0].kind, AlertKind::First);
    let held = plan_after(&rules, &mail, &[], &many(24));
    assert_eq!(held.due[0].kind, AlertKind::Summary);
    assert_eq!(held.suppressed_reason.as_deref(), Some(FLOOD_WORDS));
}

#[test]
fn made_up_senders_at_one_address_become_a_count() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = Rules { flood: RateGuard { alerts_max: 6 }, ..rules(Vec::new()) };
    let plan = |past: &Before, told: &[NotifiedChannel], event: Event| {
        plan_after(&rules, &Facts { event, ..facts(&device, now) }, told, past)
    };
    let many = |count| Before { firsts_of_address: count, ..Before::default() };
    for event in [Event::Motion, Event::Other] {
        assert_eq!(plan(&many(23), &[], event).due[0].kind, AlertKind::First);
        let held = plan(&many(24), &[], event);
        assert_eq!((held.due[0].kind, held.due[0].of_address), (AlertKind::Summary, true));
        assert_eq!(held.suppressed_reason.as_deref(), Some(ADDRESS_FLOOD_WORDS));
        let due = plan(&many(24), &told(&["me"]), event).due;
        let follow_up = due.iter().find(|due| due.channel == "me").unwrap();
        assert_eq!(follow_up.kind, AlertKind::FollowUp, "what has begun goes on");
    }
    let gathering = Gathering { due_at: now.after(Duration::from_secs(30)), held: 1 };
    let past = Before { gathering_of_address: Some(gathering), ..Before::default() };
    let held = plan(&past, &[], Event::Motion).due.remove(0);
    assert_eq!((held.due_at, held.of_address), (gathering.due_at, true));
}

#[test]
fn a_count_that_no_route_asked_for_has_no_route_and_that_of_a_route_keeps_it() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let route = Route { per_hour: Some(2), ..to_me(Conditions::default()) };
    let plain = Rules { flood: RateGuard { alerts_max: 1 }, ..rules(vec![route]) };
    let due = |past: &Before| plan_after(&plain, &facts(&device, now), &[], past).due.remove(0);
    let full = due(&Before { alerts: vec![now, now], ..Before::default() });
    assert_eq!((full.kind, full.route.as_deref()), (AlertKind::Summary, Some("mine")));
    let of_device = due(&Before { alerts: vec![now], ..Before::default() });
    assert_eq!((of_device.kind, of_device.route), (AlertKind::Summary, None));
    let of_address = due(&Before { firsts_of_address: 4, ..Before::default() });
    assert_eq!((of_address.kind, of_address.route), (AlertKind::Summary, None));
}
