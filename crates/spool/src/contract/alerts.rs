//! Alerts hold all words of what they gather, and the newest go first.

use std::sync::Arc;

use tipoff_model::{AlertKind, DeliveryState, Event, Media, MediaKind};

use super::{NOW, Open, arrival, due, ended, seconds};
use crate::{NewArrival, Spool, Stored};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_follow_up_holds_every_word_that_differs(&*fresh()).await;
    the_most_important_event_names_the_incident(&*fresh()).await;
    arrivals_of_different_classes_are_not_gathered(&*fresh()).await;
    the_newest_alert_goes_first(&*fresh()).await;
    decoration_is_listed_and_not_sent(&*fresh()).await;
    an_incident_whose_alarm_goes_on_is_joined_later(&*fresh()).await;
}

fn mail(spool: &dyn Spool, second: u64, event: Event, subject: &str) -> NewArrival {
    let mut arrival = arrival(spool, "recorder", seconds(second));
    arrival.event = event;
    arrival.content.subject = subject.to_owned();
    arrival
}

async fn store(spool: &dyn Spool, second: u64, event: Event, subject: &str) -> Stored {
    spool.store(mail(spool, second, event, subject)).await.unwrap()
}

async fn a_follow_up_holds_every_word_that_differs(open: Open<'_>) {
    let spool = open();
    store(&*spool, 0, Event::Motion, "").await;
    store(&*spool, 1, Event::Motion, "Motion in the garden").await;
    store(&*spool, 2, Event::Person, "Person at the back door").await;
    store(&*spool, 3, Event::Vehicle, "Vehicle in the garage").await;
    let first = due(&*spool, "phone", seconds(9)).await.remove(0);
    assert_eq!(first.alert.events, [Event::Motion]);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    let alert = due(&*spool, "phone", seconds(9)).await.remove(0).alert;
    assert_eq!((alert.kind, alert.event), (AlertKind::FollowUp, Event::Person));
    assert_eq!(alert.events, [Event::Person, Event::Vehicle]);
    assert_eq!(alert.subject, "Person at the back door");
    assert!(alert.text.contains("Motion in the garden"), "{}", alert.text);
    assert!(alert.text.contains("Vehicle in the garage"), "{}", alert.text);
    let details = alert.details.unwrap();
    for subject in ["Motion in the garden", "Person at the back door", "Vehicle in the garage"] {
        assert!(details.contains(subject), "{details}");
    }
    assert!(!details.contains("Something moved."), "the first alert said so: {details}");
}

async fn an_incident_whose_alarm_goes_on_is_joined_later(open: Open<'_>) {
    let spool = open();
    let first = store(&*spool, 0, Event::Motion, "Motion").await.incident;
    spool.prolong(first, seconds(15)).await.unwrap();
    spool.prolong(first, seconds(10)).await.unwrap();
    assert_eq!(store(&*spool, 34, Event::Motion, "Motion").await.incident, first, "by 15 s");
    spool.prolong(tipoff_model::IncidentId(999), seconds(40)).await.unwrap();
    assert_ne!(store(&*spool, 60, Event::Motion, "Motion").await.incident, first);
    let other = store(&*spool, 100, Event::Motion, "Motion").await.incident;
    spool.prolong(first, seconds(110)).await.unwrap();
    assert_ne!(store(&*spool, 125, Event::Motion, "Motion").await.incident, first, "{other}");
}

async fn the_most_important_event_names_the_incident(open: Open<'_>) {
    let spool = open();
    let line = async || spool.incident(tipoff_model::IncidentId(1)).await.unwrap().line;
    store(&*spool, 0, Event::Other, "").await;
    store(&*spool, 1, Event::Motion, "Motion").await;
    assert_eq!((line().await.event, line().await.subject.as_str()), (Event::Motion, "Motion"));
    store(&*spool, 2, Event::Person, "Person").await;
    store(&*spool, 3, Event::Motion, "Motion again").await;
    assert_eq!((line().await.event, line().await.subject.as_str()), (Event::Person, "Person"));
}

async fn arrivals_of_different_classes_are_not_gathered(open: Open<'_>) {
    let spool = open();
    let motion = store(&*spool, 0, Event::Motion, "Motion").await;
    let fault = store(&*spool, 1, Event::Fault, "HDD error").await;
    let tests = [
        store(&*spool, 2, Event::Test, "Test").await,
        store(&*spool, 3, Event::Test, "Test").await,
    ];
    let again = store(&*spool, 4, Event::Fault, "HDD full").await;
    let person = store(&*spool, 5, Event::Person, "Person").await;
    assert_eq!(person.incident, motion.incident, "what is in between does not end an alarm");
    assert_eq!(again.incident, fault.incident);
    assert!(!fault.joined && !tests[0].joined && !tests[1].joined);
}

async fn the_newest_alert_goes_first(open: Open<'_>) {
    let spool = open();
    for minute in 0..3 {
        store(&*spool, minute * 60, Event::Motion, &format!("minute {minute}")).await;
    }
    let subjects = async || -> Vec<String> {
        let due = due(&*spool, "phone", NOW.after(std::time::Duration::from_secs(3600))).await;
        due.into_iter().map(|it| it.alert.subject).collect()
    };
    assert_eq!(subjects().await, ["minute 2", "minute 1", "minute 0"]);
}

async fn decoration_is_listed_and_not_sent(open: Open<'_>) {
    let spool = open();
    let mut report = mail(&*spool, 0, Event::Fault, "Disk 3 failed");
    let picture = report.content.media.remove(0);
    let logo = Media { kind: MediaKind::File, decoration: true, ..picture.clone() };
    report.content.media = vec![logo, picture];
    let stored = spool.store(report).await.unwrap();
    let alert = due(&*spool, "phone", seconds(9)).await.remove(0).alert;
    let places: Vec<_> = alert.media.iter().map(|it| it.place.index).collect();
    assert_eq!(places, [Some(1)]);
    let arrivals = spool.incident(stored.incident).await.unwrap().arrivals;
    assert_eq!(arrivals[0].content.media.len(), 2);
}
