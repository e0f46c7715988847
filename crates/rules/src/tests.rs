use std::time::Duration;

use proptest::prelude::*;
use tipoff_model::{Device, IncidentId, Timestamp};

use super::*;

struct Told(Option<Timestamp>);

impl History for Told {
    fn last_first_alert(&self, _channel: &str) -> Option<Timestamp> {
        self.0
    }
}

fn device() -> Device {
    Device { key: "yard".to_owned(), name: "Yard".to_owned(), discovered: false }
}

fn facts(device: &Device, at: Timestamp) -> Facts<'_> {
    Facts {
        device,
        began_at: at,
        received_at: at,
        event: Event::Motion,
        torn: false,
        whole_picture: true,
        video_only: false,
        artefact: false,
        muted: false,
        repeat: false,
    }
}

fn rules(routes: Vec<Route>) -> Rules {
    Rules {
        grouping: Grouping::default(),
        channels: vec!["me".to_owned(), "hook".to_owned()],
        routes,
        periodic: false,
        zone: TimeZone::UTC,
    }
}

fn names(due: &[Due]) -> Vec<&str> {
    due.iter().map(|due| due.channel.as_str()).collect()
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn open(began_s: i64, last_s: i64) -> OpenIncident {
    OpenIncident {
        id: IncidentId(1),
        began_at: Timestamp::from_ms(began_s * 1000),
        last_arrival_at: Timestamp::from_ms(last_s * 1000),
        has_video: false,
    }
}

#[test]
fn an_arrival_joins_within_quiet_and_longest_and_not_beyond() {
    let (grouping, device) = (Grouping::default(), device());
    let joins = |now_ms, open| grouping.joins(&facts(&device, Timestamp::from_ms(now_ms)), &open);
    assert!(joins(120_000, open(0, 100)));
    assert!(!joins(120_001, open(0, 100)));
    assert!(joins(300_000, open(0, 290)));
    assert!(!joins(300_001, open(0, 290)));
    assert!(joins(50_000, open(0, 100)), "the clock went backwards");
    let each = Grouping { quiet: Duration::ZERO, ..grouping };
    assert!(!each.joins(&facts(&device, Timestamp::from_ms(100_000)), &open(0, 100)));
}

#[test]
fn the_first_video_of_an_incident_may_come_later() {
    let (grouping, device) = (Grouping::default(), device());
    let joins = |began_ms, open| {
        let video = Facts { video_only: true, ..facts(&device, Timestamp::from_ms(began_ms)) };
        // When its last byte comes does not count.
        let received_at = video.received_at.after(Duration::from_secs(600));
        grouping.joins(&Facts { received_at, ..video }, &open)
    };
    assert!(joins(120_000, open(0, 0)));
    assert!(!joins(120_001, open(0, 0)));
    assert!(!joins(300_001, open(0, 290)), "no incident outlasts the longest");
    let recorded = OpenIncident { has_video: true, ..open(0, 0) };
    assert!(joins(20_000, recorded) && !joins(20_001, recorded));
}

#[test]
fn what_is_sent_by_the_clock_is_silent_unless_asked_for() {
    let device = device();
    let alarm = facts(&device, at("2026-03-01T12:00:00Z"));
    let periodic = Facts { event: Event::Periodic, ..alarm };
    let artefact = Facts { artefact: true, ..alarm };
    let mut rules = rules(Vec::new());
    for (facts, silent) in [(alarm, false), (periodic, true), (artefact, true)] {
        assert_eq!(rules.is_silent(&facts), silent);
        let due = rules.due(&facts, AlertKind::First, &[], &Told(None));
        assert_eq!(due.is_empty(), silent);
    }
    rules.periodic = true;
    assert!(!rules.is_silent(&periodic) && rules.is_silent(&artefact));
}

#[test]
fn without_routes_every_channel_hears_at_once() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let due = rules(Vec::new()).due(&facts(&device, now), AlertKind::First, &[], &Told(None));
    assert_eq!(names(&due), ["me", "hook"]);
    assert!(due.iter().all(|due| due.due_at == now));
}

#[test]
fn follow_ups_go_to_those_who_were_told_when_it_has_settled() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let night = Route {
        channels: vec!["me".to_owned()],
        between: Some("22:00-06:00".parse().unwrap()),
        ..Route::default()
    };
    let told = ["me".to_owned()];
    let due = rules(vec![night]).due(&facts(&device, now), AlertKind::FollowUp, &told, &Told(None));
    assert_eq!(names(&due), ["me"]);
    assert_eq!(due[0].due_at, now.after(Duration::from_secs(2)));
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
        (Facts { whole_picture: false, ..plain }, 2),
    ] {
        for (kind, told) in
            [(AlertKind::First, vec![]), (AlertKind::FollowUp, rules.channels.clone())]
        {
            assert_eq!(rules.due(&facts, kind, &told, &Told(None)).len(), count, "{facts:?}");
        }
    }
}

#[test]
fn routes_choose_by_device_time_of_day_and_cooldown() {
    let device = device();
    let route = |devices: &[&str], between: Option<&str>, cooldown: Option<u64>| Route {
        devices: devices.iter().map(|name| (*name).to_owned()).collect(),
        channels: vec!["me".to_owned()],
        between: between.map(|text| text.parse().unwrap()),
        cooldown: cooldown.map(Duration::from_secs),
    };
    let now = at("2026-03-01T23:30:00Z");
    let heard = |route: Route, last| {
        let due = rules(vec![route]).due(&facts(&device, now), AlertKind::First, &[], &Told(last));
        names(&due) == ["me"]
    };
    assert!(heard(route(&["Yard"], None, None), None));
    assert!(!heard(route(&["Door"], None, None), None));
    assert!(heard(route(&[], Some("22:00-06:00"), None), None));
    assert!(!heard(route(&[], Some("06:00-22:00"), None), None));
    assert!(heard(route(&[], None, Some(60)), None), "the first is never held back");
    assert!(!heard(route(&[], None, Some(60)), Some(now.before(Duration::from_secs(59)))));
    assert!(heard(route(&[], None, Some(60)), Some(now.before(Duration::from_secs(60)))));
}

#[test]
fn a_route_that_is_held_back_does_not_hold_back_another() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let me = || vec!["me".to_owned()];
    let slow =
        Route { channels: me(), cooldown: Some(Duration::from_secs(600)), ..Route::default() };
    let always = Route { channels: me(), ..Route::default() };
    let last = Told(Some(now));
    for routes in [vec![slow.clone(), always.clone()], vec![always, slow]] {
        let due = rules(routes).due(&facts(&device, now), AlertKind::First, &[], &last);
        assert_eq!(names(&due), ["me"], "once, in either order");
    }
}

#[test]
fn the_time_of_day_is_that_of_the_zone_also_when_clocks_change() {
    let device = device();
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let night = Route {
        channels: vec!["me".to_owned()],
        between: Some("02:00-03:00".parse().unwrap()),
        ..Route::default()
    };
    let rules = Rules { zone, ..rules(vec![night]) };
    let heard = |time: &str| {
        !rules.due(&facts(&device, at(time)), AlertKind::First, &[], &Told(None)).is_empty()
    };
    // Winter: 02:30 is 01:30 UTC; summer: 00:30 UTC.
    assert!(heard("2026-01-10T01:30:00Z") && !heard("2026-01-10T00:30:00Z"));
    assert!(heard("2026-07-10T00:30:00Z") && !heard("2026-07-10T01:30:00Z"));
    // On 29 March the hour from 02:00 does not exist, on 25 October it comes twice.
    assert!(!heard("2026-03-29T00:59:00Z") && !heard("2026-03-29T01:00:00Z"));
    assert!(heard("2026-10-25T00:30:00Z") && heard("2026-10-25T01:30:00Z"));
}

#[test]
fn stretches_of_the_day_are_read_and_written() {
    let time = |hour, minute| jiff::civil::time(hour, minute, 59, 0);
    let night: Between = "22:00-06:00".parse().unwrap();
    assert!(
        night.contains(time(22, 0)) && night.contains(time(5, 59)) && night.contains(time(0, 0))
    );
    assert!(!night.contains(time(21, 59)) && !night.contains(time(6, 0)));
    let day: Between = "00:00-24:00".parse().unwrap();
    assert!(day.contains(time(0, 0)) && day.contains(time(23, 59)));
    assert_eq!(" 7:30 - 8:05 ".parse::<Between>().unwrap().to_string(), "07:30-08:05");
    for wrong in [
        "",
        "22:00",
        "22-06",
        "25:00-06:00",
        "24:00-06:00",
        "22:60-06:00",
        "a:b-c:d",
        "+1:00-2:00",
        "24:01-1:00",
    ] {
        assert_eq!(wrong.parse::<Between>(), Err(BetweenError::Form), "{wrong}");
    }
    assert_eq!("06:00-06:00".parse::<Between>(), Err(BetweenError::Empty));
}

proptest! {
    #[test]
    fn a_written_stretch_reads_the_same(start in 0_u16..1440, end in 0_u16..=1440) {
        let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60);
        match text.parse::<Between>() {
            Ok(between) => prop_assert_eq!(between.to_string(), text),
            Err(error) => prop_assert!(start == end && error == BetweenError::Empty),
        }
    }

    #[test]
    fn an_incident_never_outlasts_its_limits(
        times in proptest::collection::vec(0_u64..40_000, 1..200),
    ) {
        let grouping = Grouping::default();
        let mut now = Timestamp::from_ms(0);
        let device = device();
        let mut incident = open(0, 0);
        for pause in times {
            now = now.after(Duration::from_millis(pause));
            if grouping.joins(&facts(&device, now), &incident) {
                prop_assert!(pause <= 20_000);
                prop_assert!(now.since(incident.began_at) <= grouping.longest);
                incident.last_arrival_at = now;
            } else {
                incident = OpenIncident { began_at: now, last_arrival_at: now, ..incident };
            }
        }
    }

    #[test]
    fn anything_is_read_or_refused(text in ".{0,20}") {
        let _ = text.parse::<Between>();
    }
}
