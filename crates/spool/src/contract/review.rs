//! Looking back: counts, reports, and what is gone through again.

use std::sync::Arc;

use tipoff_model::{ArrivalId, DeviceId};

use super::*;
use crate::{NewReport, RouteCounts, TalliedChannel, Tally};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_day_is_counted(&*fresh()).await;
    a_report_is_told_once_with_its_pictures(&*fresh()).await;
    nobody_is_told_a_report_while_it_is_muted(&*fresh()).await;
    arrivals_are_read_again_as_they_were(&*fresh()).await;
    mails_are_named_whole(&*fresh()).await;
    the_decisions_of_routes_are_counted(&*fresh()).await;
}

async fn a_day_is_counted(open: Open<'_>) {
    let spool = open();
    store(&*spool, "Yard", NOW).await;
    let first = store(&*spool, "Yard", seconds(100)).await.arrival;
    let mut person = arrival(&*spool, "Yard", seconds(200));
    person.event = Event::Person;
    person.content.media.clear();
    spool.store(person).await.unwrap();
    let last = store(&*spool, "Yard", seconds(300)).await.arrival;
    let mut quiet = arrival(&*spool, "Yard", seconds(400));
    quiet.housekeeping = true;
    spool.store(quiet).await.unwrap();
    store(&*spool, "Door", seconds(999)).await;
    store(&*spool, "Door", seconds(1000)).await;
    let tallies = spool.tally(seconds(100), seconds(1000), 10).await.unwrap();
    let [yard, door] = tallies.as_slice() else {
        panic!("{tallies:?}");
    };
    let expected = Tally {
        device: DeviceId(1),
        name: "Yard".to_owned(),
        events: vec![(Event::Motion, 2), (Event::Person, 1)],
        first_at: seconds(100),
        last_at: seconds(300),
        shots: vec![first, last],
    };
    assert_eq!(*yard, expected, "what is kept silently does not count");
    assert_eq!((door.events.as_slice(), door.shots.len()), (&[(Event::Motion, 1)][..], 1));
    assert_eq!(spool.tally(NOW, seconds(1000), 1).await.unwrap().len(), 1);
    assert!(spool.tally(seconds(2000), seconds(3000), 10).await.unwrap().is_empty());
    let alerts = spool.alerts_between(seconds(100), seconds(1000)).await.unwrap();
    let hook = TalliedChannel { channel: "hook".to_owned(), alerts: [4, 1, 0] };
    assert_eq!(alerts.first(), Some(&hook), "of the incidents that began then");
}

async fn the_decisions_of_routes_are_counted(open: Open<'_>) {
    let spool = open();
    let at = |minute: u64| seconds(60 * minute);
    store(&*spool, "Yard", at(0)).await;
    for (mode, minutes) in [("day", 1..3), ("home", 3..6), ("night", 6..7)] {
        spool.choose_mode(mode.to_owned(), at(minutes.start)).await.unwrap();
        for minute in minutes {
            store(&*spool, "Yard", at(minute)).await;
        }
    }
    // A follow-up is no alert of its own.
    store(&*spool, "Yard", at(6).after(Duration::from_secs(5))).await;
    let counts = spool.route_counts(at(2), "at home").await.unwrap();
    let named = |name: &str, count| (name.to_owned(), count);
    let expected = RouteCounts {
        cut_at: None,
        alerted: vec![named("day", 1), named("night", 1)],
        suppressed: vec![named("somebody is at home", 3)],
    };
    assert_eq!(counts, expected);
    assert!(spool.route_counts(at(0), "abroad").await.unwrap().suppressed.is_empty());
    assert_eq!(spool.route_counts(at(7), "at home").await.unwrap(), RouteCounts::default());
}

fn report(shots: Vec<ArrivalId>) -> NewReport {
    NewReport {
        name: "daily".to_owned(),
        device: DeviceId(1),
        due_at: seconds(1000),
        at: seconds(1001),
        subject: "Daily report".to_owned(),
        text: "2 incidents".to_owned(),
        shots,
        channels: vec!["phone".to_owned()],
    }
}

async fn a_report_is_told_once_with_its_pictures(open: Open<'_>) {
    let spool = open();
    let first = store(&*spool, "Yard", NOW).await.arrival;
    let last = store(&*spool, "Yard", seconds(500)).await.arrival;
    for delivery in due(&*spool, "phone", seconds(500)).await {
        spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    }
    let shots = vec![first, last, ArrivalId(99)];
    assert_eq!(spool.report(report(shots.clone())).await.unwrap(), ["phone"]);
    drop(spool);
    let spool = open();
    let again = NewReport { at: seconds(1060), ..report(shots.clone()) };
    assert!(spool.report(again.clone()).await.unwrap().is_empty(), "it was told");
    let delivery = due(&*spool, "phone", seconds(1060)).await.remove(0);
    let alert = &delivery.alert;
    assert_eq!((alert.kind, alert.event), (AlertKind::Report, Event::Other));
    assert_eq!((alert.subject.as_str(), alert.text.as_str()), ("Daily report", "2 incidents"));
    assert_eq!((alert.received_at, alert.media.len()), (seconds(1001), 2));
    assert!(due(&*spool, "hook", seconds(1060)).await.iter().all(|it| it.route.is_none()));
    let detail = spool.incident(alert.incident).await.unwrap();
    assert_eq!(detail.line.note.as_deref(), Some("2 incidents"));
    spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    let other = NewReport { name: "weekly".to_owned(), ..again.clone() };
    assert_eq!(spool.report(other).await.unwrap(), ["phone"], "another report is another");
    let next = NewReport { due_at: seconds(2000), at: seconds(2000), ..again };
    assert_eq!(spool.report(next).await.unwrap(), ["phone"], "and so is the next one");
    let tallies = spool.tally(seconds(600), seconds(9000), 10).await.unwrap();
    assert!(tallies.is_empty(), "a report is nothing that the device sent: {tallies:?}");
}

async fn nobody_is_told_a_report_while_it_is_muted(open: Open<'_>) {
    let spool = open();
    store(&*spool, "Yard", NOW).await;
    spool.mute_until(seconds(5000), NOW).await.unwrap();
    assert!(spool.report(report(Vec::new())).await.unwrap().is_empty());
    let lines = spool.incidents(&IncidentFilter::default(), 1).await.unwrap();
    assert_eq!(lines[0].suppressed_reason.as_deref(), Some("muted"));
}

async fn arrivals_are_read_again_as_they_were(open: Open<'_>) {
    let spool = open();
    let mut quiet = arrival(&*spool, "Door", NOW);
    quiet.housekeeping = true;
    let quiet = spool.store(quiet).await.unwrap();
    let loud = store(&*spool, "Yard", seconds(10)).await;
    let later = store(&*spool, "Yard", seconds(20)).await;
    store(&*spool, "Yard", seconds(30)).await;
    let page =
        async |after, limit| spool.past_arrivals(NOW, seconds(30), after, limit).await.unwrap();
    let first = page(ArrivalId(0), 2).await;
    assert_eq!([first[0].line.id, first[1].line.id], [quiet.arrival, loud.arrival]);
    assert_eq!((first[0].silent, first[1].silent), (true, false));
    assert_eq!((first[1].device.key.as_str(), first[1].event), ("Yard", Event::Motion));
    assert_eq!(first[1].line.content.media.len(), 1);
    let rest = page(first[1].line.id, 10).await;
    assert_eq!(rest.iter().map(|it| it.line.id).collect::<Vec<_>>(), [later.arrival]);
    assert_eq!(rest[0].incident, loud.incident);
}

/// For services that pass mails on as they came.
async fn mails_are_named_whole(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "Yard", NOW).await;
    let mut upload = arrival(&*spool, "Yard", seconds(1));
    upload.envelope.protocol = Protocol::Ftp;
    spool.store(upload).await.unwrap();
    let first = due(&*spool, "phone", seconds(9)).await.remove(0);
    let place = MediaPlace { arrival: stored.arrival, index: None };
    assert_eq!(first.alert.mails.iter().map(|it| it.place).collect::<Vec<_>>(), [place]);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    let next = due(&*spool, "phone", seconds(9)).await.remove(0);
    assert!(next.alert.mails.is_empty(), "an upload is no mail");
}
