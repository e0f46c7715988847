//! Which arrivals share an incident.

use proptest::prelude::*;
use tipoff_model::{Content, IncidentId, MediaKind, Planner, Protocol, Timestamp};

use super::*;
use crate::testing::{NOTHING, at, device, envelope, facts, file, rules};

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
    assert!(
        !joins(50_000, open(3600, 3600)),
        "it was set back: the incident is not open for an hour"
    );
    let rules = rules(Vec::new());
    for (at_ms, expected) in [(120_000, true), (120_001, false)] {
        let facts = facts(&device, Timestamp::from_ms(at_ms));
        assert_eq!(rules.joins(&facts, &open(0, 100)), expected, "the rules ask the same");
    }
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
fn an_arrival_belongs_to_incidents_of_its_class() {
    let device = device();
    let (mail, upload) = (envelope(Protocol::Smtp), envelope(Protocol::Ftp));
    let words = Content { text: "On battery".to_owned(), ..NOTHING.clone() };
    let picture =
        Content { media: vec![file("1.jpg", MediaKind::Picture, 1).media], ..words.clone() };
    let rules = rules(Vec::new());
    for (envelope, content, event, class) in [
        (&mail, &picture, Event::Motion, IncidentClass::Alarm),
        (&mail, &words, Event::Motion, IncidentClass::Alarm),
        (&mail, &picture, Event::Other, IncidentClass::Alarm),
        (&mail, &words, Event::Other, IncidentClass::Alone),
        (&upload, &words, Event::Other, IncidentClass::Alarm),
        (&mail, &picture, Event::Test, IncidentClass::Alone),
        (&upload, &picture, Event::Test, IncidentClass::Alarm),
        (&mail, &words, Event::Fault, IncidentClass::Fault),
        (&upload, &picture, Event::Fault, IncidentClass::Fault),
    ] {
        let at = at("2026-03-01T12:00:00Z");
        let facts = Facts { envelope: Some(envelope), content, event, ..facts(&device, at) };
        assert_eq!(rules.class(&facts), class, "{facts:?}");
        let torn_upload = envelope.protocol == Protocol::Ftp && event == Event::Other;
        let torn = Facts { torn: true, ..facts };
        assert!(!torn_upload || rules.class(&torn) == class, "only a mail waits: {torn:?}");
    }
}

proptest! {
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
}
