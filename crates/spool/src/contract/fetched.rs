//! An alert that waits for its picture, and the picture that is fetched for it.

use std::sync::Arc;

use tipoff_model::{AlertKind, DeliveryState, IncidentId};

use super::{Open, arrival, due, ended, seconds};
use crate::{NewArrival, Spool, Stored};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_picture_ends_the_wait_of_its_alert(&*fresh()).await;
    more_words_do_not_end_it(&*fresh()).await;
    without_a_picture_the_alert_is_due_and_the_picture_follows(&*fresh()).await;
    a_picture_joins_its_incident_however_old(&*fresh()).await;
    a_picture_of_an_incident_that_is_gone_is_stored(&*fresh()).await;
}

/// An alarm without files, whose alert waits for two seconds.
fn alarm(spool: &dyn Spool, second: u64, subject: &str) -> NewArrival {
    let mut alarm = arrival(spool, "yard", seconds(second));
    alarm.content.media.clear();
    alarm.content.subject = subject.to_owned();
    alarm.ready_at = seconds(second + 2);
    alarm
}

async fn store(spool: &dyn Spool, arrival: NewArrival) -> Stored {
    spool.store(arrival).await.unwrap()
}

async fn fetched(spool: &dyn Spool, second: u64, incident: IncidentId) -> Stored {
    let mut picture = arrival(spool, "yard", seconds(second));
    (picture.content.subject, picture.content.text) = (String::new(), String::new());
    spool.store_in(incident, picture).await.unwrap()
}

async fn a_picture_ends_the_wait_of_its_alert(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, alarm(&*spool, 0, "Line")).await.incident;
    assert!(due(&*spool, "phone", seconds(1)).await.is_empty(), "it waits");
    let stored = fetched(&*spool, 1, incident).await;
    assert_eq!((stored.incident, stored.joined), (incident, true));
    let found = due(&*spool, "phone", seconds(1)).await;
    let [first] = &*found else { panic!("{found:?}") };
    assert_eq!((first.alert.kind, first.alert.media.len()), (AlertKind::First, 1));
    assert_eq!(first.alert.subject, "Line");
}

async fn more_words_do_not_end_it(open: Open<'_>) {
    let spool = open();
    store(&*spool, alarm(&*spool, 0, "Line")).await;
    store(&*spool, alarm(&*spool, 1, "Zone")).await;
    assert!(due(&*spool, "phone", seconds(1)).await.is_empty());
    let found = due(&*spool, "phone", seconds(2)).await;
    let [first] = &*found else { panic!("{found:?}") };
    let details = first.alert.details.clone().unwrap_or_default() + &first.alert.text;
    assert!(details.contains("Zone") || first.alert.subject == "Zone", "{:?}", first.alert);
}

async fn without_a_picture_the_alert_is_due_and_the_picture_follows(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, alarm(&*spool, 0, "Line")).await.incident;
    let first = due(&*spool, "phone", seconds(2)).await.remove(0);
    assert!(first.alert.media.is_empty());
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    fetched(&*spool, 4, incident).await;
    let follow_up = due(&*spool, "phone", seconds(9)).await.remove(0);
    assert_eq!((follow_up.alert.kind, follow_up.alert.media.len()), (AlertKind::FollowUp, 1));
}

async fn a_picture_joins_its_incident_however_old(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, alarm(&*spool, 0, "Line")).await.incident;
    let next = store(&*spool, alarm(&*spool, 500, "Line")).await.incident;
    assert_ne!(incident, next);
    assert_eq!(fetched(&*spool, 501, incident).await.incident, incident);
    assert_eq!(fetched(&*spool, 502, next).await.incident, next);
}

async fn a_picture_of_an_incident_that_is_gone_is_stored(open: Open<'_>) {
    let spool = open();
    let stored = fetched(&*spool, 1, IncidentId(999)).await;
    assert!(!stored.joined);
}
