//! The plan of the rules: who is alerted, when, and who is not.

use tipoff_model::{MediaKind, Protocol};

use super::*;
use crate::testing::{
    Before, NOTHING, at, device, envelope, facts, file, hours, names, plan_after, rules, to_me,
    told,
};

#[test]
fn what_is_sent_by_the_clock_is_silent_unless_asked_for() {
    let device = device();
    let alarm = facts(&device, at("2026-03-01T12:00:00Z"));
    let periodic = Facts { event: Event::Periodic, ..alarm };
    let housekeeping = Facts { housekeeping: true, ..alarm };
    let mut rules = rules(Vec::new());
    for (facts, silent) in [(alarm, false), (periodic, true), (housekeeping, true)] {
        assert_eq!(rules.is_silent(&facts), silent);
        let plan = plan_after(&rules, &facts, &[], &Before::default());
        assert_eq!(plan.due.is_empty(), silent);
        assert_eq!(plan.suppressed_reason.is_some(), silent);
    }
    rules.periodic = true;
    assert!(!rules.is_silent(&periodic) && rules.is_silent(&housekeeping));
}

#[test]
fn what_a_device_sends_late_is_not_alerted_and_says_so() {
    let device = device();
    let content = Content { late: true, ..NOTHING.clone() };
    let late = Facts { content: &content, ..facts(&device, at("2026-03-01T12:00:00Z")) };
    let rules = rules(Vec::new());
    assert!(rules.is_silent(&late), "it keeps no incident of an alarm open");
    let plan = plan_after(&rules, &late, &[], &Before::default());
    assert_eq!(plan.due, []);
    assert_eq!(
        plan.suppressed_reason.as_deref(),
        Some("the device sent it long after it happened")
    );
}

#[test]
fn without_routes_every_channel_hears_at_once() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let plan = rules(Vec::new()).plan(&facts(&device, now), &[], &Past::default());
    assert_eq!(names(&plan), ["me", "hook"]);
    assert!(plan.due.iter().all(|due| due.due_at == now && due.kind == AlertKind::First));
}

#[test]
fn follow_ups_go_to_those_who_were_told_when_it_has_settled() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = rules(vec![to_me(hours("22:00-06:00"))]);
    let plan = plan_after(&rules, &facts(&device, now), &told(&["me"]), &Before::default());
    assert_eq!(names(&plan), ["me"]);
    let due = &plan.due[0];
    assert_eq!((due.due_at, due.kind), (now.after(Duration::from_secs(2)), AlertKind::FollowUp));
}

#[test]
fn the_pages_of_a_scan_wait_for_each_other() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let upload = |name: &str, kind: MediaKind, content_type: &str| {
        let mut media = file(name, kind, 10).media;
        media.content_type = content_type.to_owned();
        Content { media: vec![media], ..NOTHING.clone() }
    };
    let envelope = envelope(Protocol::Ftp);
    let waits = |rules: &Rules, content: &Content, event: Event| {
        let facts = Facts { content, event, envelope: Some(&envelope), ..facts(&device, now) };
        let due = |told: &[NotifiedChannel]| {
            let plan = plan_after(rules, &facts, told, &Before::default());
            plan.due.into_iter().find(|due| due.channel == "me").unwrap().due_at
        };
        (due(&[]).since(now).as_secs(), due(&told(&["me"])).since(now).as_secs())
    };
    let plain = rules(Vec::new());
    let page = upload("00000001.TIF", MediaKind::Picture, "image/tiff");
    let log = upload("DOC.XST", MediaKind::File, "application/octet-stream");
    let picture = upload("1.jpg", MediaKind::Picture, "image/jpeg");
    assert_eq!(waits(&plain, &page, Event::Other), (5, 5));
    assert_eq!(waits(&plain, &log, Event::Other), (5, 5));
    assert_eq!(waits(&plain, &picture, Event::Other), (0, 2));
    assert_eq!(waits(&plain, &log, Event::Motion), (0, 2), "what names an event is an alarm");
    let mut alone = rules(Vec::new());
    alone.grouping.quiet = Duration::ZERO;
    assert_eq!(waits(&alone, &page, Event::Other).0, 0, "nothing would join it");
}

#[test]
fn a_route_says_when_what_follows_is_told_and_whether() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let by_route = [NotifiedChannel { channel: "me".to_owned(), route: Some("mine".to_owned()) }];
    let due = |route: Route, told: &[NotifiedChannel]| {
        rules(vec![route]).plan(&facts(&device, now), told, &Past::default()).due
    };
    let settle = Some(Duration::from_secs(30));
    let slow = Route { settle, ..to_me(Conditions::default()) };
    assert_eq!(due(slow.clone(), &by_route)[0].due_at, now.after(Duration::from_secs(30)));
    assert_eq!(due(slow, &told(&["me"]))[0].due_at, now.after(Duration::from_secs(2)));
    let once = Route { first_only: true, ..to_me(Conditions::default()) };
    assert!(due(once, &by_route).is_empty());
    let gone = Route { name: "other".to_owned(), ..to_me(Conditions::default()) };
    assert_eq!(due(gone, &by_route).len(), 1, "a route that is gone keeps nothing back");
}

#[test]
fn a_channel_hears_first_of_what_fits_its_route_first() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let person = Conditions { events: vec![Event::Person], ..Conditions::default() };
    let hook =
        Route { name: "any".to_owned(), channels: vec!["hook".to_owned()], ..Route::default() };
    let rules = rules(vec![to_me(person), hook]);
    let motion = facts(&device, now);
    assert_eq!(names(&plan_after(&rules, &motion, &[], &Before::default())), ["hook"]);
    let person = Facts { event: Event::Person, ..motion };
    let plan = plan_after(&rules, &person, &told(&["hook"]), &Before::default());
    let kinds: Vec<_> = plan.due.iter().map(|it| (it.channel.as_str(), it.kind)).collect();
    assert_eq!(kinds, [("me", AlertKind::First), ("hook", AlertKind::FollowUp)]);
}

#[test]
fn torn_without_a_picture_and_repeats_are_no_news() {
    let device = device();
    let rules = rules(Vec::new());
    let plain = facts(&device, at("2026-03-01T12:00:00Z"));
    for (facts, count) in [
        (Facts { torn: true, ..plain }, 2),
        (Facts { torn: true, whole_picture: false, ..plain }, 0),
        (Facts { repeat: true, ..plain }, 0),
        (Facts { muted: true, ..plain }, 0),
        (Facts { whole_picture: false, ..plain }, 2),
    ] {
        for told in [vec![], told(&["me", "hook"])] {
            let plan = plan_after(&rules, &facts, &told, &Before::default());
            assert_eq!(plan.due.len(), count, "{facts:?}");
            assert_eq!(
                plan.suppressed_reason.is_some(),
                count == 0 || told.len() == 2,
                "told to nobody new"
            );
        }
    }
}

#[test]
fn a_torn_alarm_whose_event_is_known_is_news() {
    let device = device();
    let rules = rules(Vec::new());
    let envelope = envelope(Protocol::Http);
    let torn = Facts {
        envelope: Some(&envelope),
        event: Event::Zone,
        torn: true,
        whole_picture: false,
        ..facts(&device, at("2026-03-01T12:00:00Z"))
    };
    let due = |facts: &Facts<'_>| plan_after(&rules, facts, &[], &Before::default()).due.len();
    assert_eq!(due(&torn), 2);
    assert_eq!(due(&Facts { event: Event::Other, ..torn }), 0);
}

#[test]
fn a_torn_mail_with_words_and_without_pictures_is_alerted_alone() {
    let device = device();
    let rules = rules(Vec::new());
    let envelope = envelope(Protocol::Smtp);
    let mail = |text: &str, kind: Option<MediaKind>| Content {
        text: text.to_owned(),
        media: kind.map(|kind| file("1", kind, 10).media).into_iter().collect(),
        ..NOTHING.clone()
    };
    for (content, count, class) in [
        (mail("On battery", None), 2, IncidentClass::Alone),
        (mail("Your scan", Some(MediaKind::File)), 2, IncidentClass::Alone),
        (mail("", Some(MediaKind::File)), 0, IncidentClass::Alarm),
        (mail("Motion", Some(MediaKind::Picture)), 0, IncidentClass::Alarm),
    ] {
        let facts = Facts {
            torn: true,
            whole_picture: false,
            content: &content,
            envelope: Some(&envelope),
            ..facts(&device, at("2026-03-01T12:00:00Z"))
        };
        let plan = plan_after(&rules, &facts, &[], &Before::default());
        assert_eq!((plan.due.len(), rules.class(&facts)), (count, class), "{content:?}");
    }
}

#[test]
fn a_route_is_found_by_its_name() {
    let rules = rules(vec![to_me(Conditions::default())]);
    assert_eq!(rules.route("mine").map(|route| route.name.as_str()), Some("mine"));
    assert_eq!(rules.route("other"), None);
}

fn subscriber(conditions: Conditions) -> Subscriber {
    Subscriber { channel: "browser".to_owned(), conditions }
}

fn due_on(plan: &Plan) -> Vec<(&str, AlertKind)> {
    plan.due.iter().map(|due| (due.channel.as_str(), due.kind)).collect()
}

#[test]
fn what_a_person_chose_is_beside_all_routes() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let wants = |events: &[Event], devices: &[&str]| Conditions {
        events: events.to_vec(),
        devices: devices.iter().map(|&name| name.to_owned()).collect(),
        ..Conditions::default()
    };
    let plan = |routes: Vec<Route>, conditions, told: &[NotifiedChannel]| {
        let rules = Rules { subscribers: vec![subscriber(conditions)], ..rules(routes) };
        plan_after(&rules, &facts(&device, now), told, &Before::default())
    };
    let nobody = Route { name: "none".to_owned(), stop: true, ..Route::default() };
    let all = plan(vec![nobody.clone()], Conditions::default(), &[]);
    assert_eq!(due_on(&all), [("browser", AlertKind::First)], "no route names it");
    assert_eq!((all.suppressed_reason, all.due[0].route.as_deref()), (None, None));
    let mine = plan(vec![to_me(Conditions::default())], wants(&[Event::Motion], &["Yard"]), &[]);
    assert_eq!(due_on(&mine), [("me", AlertKind::First), ("browser", AlertKind::First)]);
    for unwanted in [wants(&[Event::Person], &[]), wants(&[], &["Door"])] {
        let plan = plan(vec![nobody.clone()], unwanted, &[]);
        assert!(plan.due.is_empty() && plan.suppressed_reason.is_some());
    }
    let follow_up = plan(vec![nobody], wants(&[Event::Person], &[]), &told(&["browser"]));
    assert_eq!(due_on(&follow_up), [("browser", AlertKind::FollowUp)]);
    assert!(!due_on(&plan(Vec::new(), wants(&[Event::Person], &[]), &[])).is_empty());
}

#[test]
fn what_is_suppressed_or_a_flood_is_so_for_a_persons_channel_too() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let subscribers = vec![subscriber(Conditions::default())];
    let flood = RateGuard { alerts_max: 6 };
    let rules = Rules { subscribers, flood, channels: Vec::new(), ..rules(Vec::new()) };
    let muted = Facts { muted: true, ..facts(&device, now) };
    assert!(plan_after(&rules, &muted, &[], &Before::default()).due.is_empty());
    let many = Before { alerts: vec![now; 6], ..Before::default() };
    let held = plan_after(&rules, &facts(&device, now), &[], &many);
    assert_eq!(due_on(&held), [("browser", AlertKind::Summary)]);
    assert_eq!(held.suppressed_reason.as_deref(), Some(FLOOD_WORDS));
    let first = plan_after(&rules, &facts(&device, now), &[], &Before::default());
    assert_eq!(due_on(&first), [("browser", AlertKind::First)]);
    assert_eq!(first.suppressed_reason, None);
}
