//! Incidents that readers have seen and starred, a night at a glance, and incidents that their owner removes.

use std::sync::Arc;

use tipoff_model::IncidentId;

use super::*;
use crate::{
    HourCount, HourCounts, Mark, MarkChange, NewUser, Period, Reader, Role, UserChange, UserId,
};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    each_reader_has_marks_of_their_own(&*fresh()).await;
    marks_go_with_their_user_and_with_their_incident(&*fresh()).await;
    all_of_a_period_is_seen_but_what_came_later(&*fresh()).await;
    a_period_is_counted_by_hour_device_and_event(&*fresh()).await;
    days_with_incidents_are_found(&*fresh()).await;
    an_owner_removes_incidents_with_their_files(&*fresh()).await;
    what_is_locked_or_has_a_summary_to_send_is_not_removed(&*fresh()).await;
}

const SEE: MarkChange = MarkChange { seen: Some(true), starred: None };
const STAR: MarkChange = MarkChange { seen: None, starred: Some(true) };

fn proxy(name: &str) -> Reader {
    Reader::Proxy(name.to_owned())
}

/// Incidents of a device, a minute apart.
async fn incidents(spool: &dyn Spool, device: &str, count: u64) -> Vec<IncidentId> {
    let mut ids = Vec::new();
    for minute in 0..count {
        ids.push(store(spool, device, seconds(minute * 60)).await.incident);
    }
    ids
}

async fn found(spool: &dyn Spool, filter: IncidentFilter) -> Vec<IncidentId> {
    let lines = spool.incidents(&filter, 100).await.unwrap();
    lines.iter().map(|line| line.id).collect()
}

async fn unseen(spool: &dyn Spool, reader: &Reader) -> Vec<IncidentId> {
    found(spool, IncidentFilter { unseen_by: Some(reader.clone()), ..everything() }).await
}

async fn starred(spool: &dyn Spool, reader: &Reader) -> Vec<IncidentId> {
    found(spool, IncidentFilter { starred_by: Some(reader.clone()), ..everything() }).await
}

async fn each_reader_has_marks_of_their_own(open: Open<'_>) {
    let spool = open();
    let ids = incidents(&*spool, "yard", 3).await;
    let (anna, bert) = (proxy("anna"), proxy("bert"));
    spool.mark(anna.clone(), vec![ids[0], IncidentId(99)], SEE).await.unwrap();
    spool.mark(anna.clone(), vec![ids[0], ids[2]], STAR).await.unwrap();
    spool.mark(bert.clone(), ids.clone(), SEE).await.unwrap();
    drop(spool);
    let spool = open();
    assert_eq!(unseen(&*spool, &anna).await, [ids[2], ids[1]]);
    assert_eq!(starred(&*spool, &anna).await, [ids[2], ids[0]]);
    assert!(unseen(&*spool, &bert).await.is_empty() && starred(&*spool, &bert).await.is_empty());
    let older = IncidentFilter { before: Some(ids[2]), ..everything() };
    let older = IncidentFilter { starred_by: Some(anna.clone()), ..older };
    assert_eq!(found(&*spool, older).await, [ids[0]]);
    let mut marks = spool.marks(anna.clone(), ids.clone()).await.unwrap();
    marks.sort_by_key(|(id, _)| *id);
    let both = (ids[0], Mark { is_seen: true, is_starred: true });
    assert_eq!(marks, [both, (ids[2], Mark { is_seen: false, is_starred: true })]);
    let undone = MarkChange { seen: Some(false), starred: Some(false) };
    spool.mark(anna.clone(), vec![ids[0]], undone).await.unwrap();
    assert_eq!(unseen(&*spool, &anna).await.len(), 3);
    assert_eq!(starred(&*spool, &anna).await, [ids[2]]);
}

async fn marks_go_with_their_user_and_with_their_incident(open: Open<'_>) {
    let spool = open();
    let ids = incidents(&*spool, "yard", 2).await;
    let user = |name: &str| NewUser {
        name: name.to_owned(),
        role: Role::Owner,
        password: String::new(),
        at: NOW,
    };
    let mut users: Vec<UserId> = Vec::new();
    for name in ["anna", "bert"] {
        match spool.add_user(user(name), 10).await.unwrap() {
            UserChange::Done(id) => users.push(id),
            change => panic!("{change:?}"),
        }
    }
    let (anna, bert) = (Reader::Account(users[0]), Reader::Account(users[1]));
    for reader in [&anna, &bert] {
        spool.mark(reader.clone(), ids.clone(), STAR).await.unwrap();
    }
    spool.remove_user(users[0]).await.unwrap();
    assert!(spool.marks(anna, ids.clone()).await.unwrap().is_empty());
    spool.remove_incidents(vec![ids[0]]).await.unwrap();
    let left = spool.marks(bert, ids.clone()).await.unwrap();
    assert_eq!(left, [(ids[1], Mark { is_seen: false, is_starred: true })]);
}

fn period(from: Timestamp, until: Timestamp) -> Period {
    Period { from, until, device: None, event: None }
}

async fn all_of_a_period_is_seen_but_what_came_later(open: Open<'_>) {
    let spool = open();
    let yard = incidents(&*spool, "yard", 4).await;
    let door = incidents(&*spool, "door", 1).await;
    let anna = proxy("anna");
    spool.mark(anna.clone(), vec![yard[1]], SEE).await.unwrap();
    let all = period(seconds(60), seconds(9999));
    let of_yard = spool.incident(yard[0]).await.unwrap().line.device_id;
    let of_yard = Period { device: Some(of_yard), ..all.clone() };
    let seen = spool.see_all(anna.clone(), of_yard.clone(), yard[2]).await.unwrap();
    assert_eq!(seen, 1, "of the second it is known, and the last one came later");
    assert_eq!(unseen(&*spool, &anna).await, [door[0], yard[3], yard[0]]);
    let persons = Period { event: Some(Event::Person), ..of_yard };
    assert_eq!(spool.see_all(anna.clone(), persons, door[0]).await.unwrap(), 0);
    let everything = period(NOW, seconds(9999));
    assert_eq!(spool.see_all(anna.clone(), everything, door[0]).await.unwrap(), 3);
    assert!(unseen(&*spool, &anna).await.is_empty());
}

async fn a_period_is_counted_by_hour_device_and_event(open: Open<'_>) {
    let spool = open();
    let from = seconds(1000);
    let hour = |hours: u64| from.after(Duration::from_secs(hours * 3600));
    store(&*spool, "yard", NOW).await;
    let first = store(&*spool, "yard", from).await;
    store(&*spool, "yard", from.after(Duration::from_secs(3599))).await;
    let mut person = arrival(&*spool, "yard", hour(1));
    person.event = Event::Fault;
    spool.store(person).await.unwrap();
    store(&*spool, "door", hour(2)).await;
    let mut quiet = arrival(&*spool, "door", hour(2));
    quiet.housekeeping = true;
    spool.store(quiet).await.unwrap();
    store(&*spool, "door", hour(3)).await;
    let anna = proxy("anna");
    spool.mark(anna.clone(), vec![first.incident], SEE).await.unwrap();
    let counts = |reader: Option<Reader>, period| spool.hour_counts(reader, period);
    let night = period(from, hour(3));
    let HourCounts { counts: found, is_cut } = counts(Some(anna), night.clone()).await.unwrap();
    let yard = spool.incident(first.incident).await.unwrap().line.device_id;
    let of = |hour, event, count, unseen| {
        let name = "yard".to_owned();
        HourCount { hour, device: yard, name, event, count, unseen }
    };
    assert_eq!(found[..2], [of(0, Event::Motion, 2, 1), of(1, Event::Fault, 1, 1)]);
    let last = &found[2];
    assert_eq!((last.hour, &*last.name, last.count, found.len()), (2, "door", 1, 3));
    assert!(!is_cut);
    let nobody = counts(None, night.clone()).await.unwrap();
    assert_eq!(nobody.counts[0].unseen, 2);
    let faults = Period { event: Some(Event::Fault), device: Some(yard), ..night };
    assert_eq!(counts(None, faults).await.unwrap().counts, [of(1, Event::Fault, 1, 1)]);
}

async fn days_with_incidents_are_found(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", seconds(100)).await;
    let mut quiet = arrival(&*spool, "yard", seconds(5000));
    quiet.housekeeping = true;
    spool.store(quiet).await.unwrap();
    let periods = [(0, 100), (100, 101), (101, 5000), (5000, 9000)];
    let periods = periods.map(|(from, until)| (seconds(from), seconds(until)));
    let found = spool.has_incidents(periods.to_vec()).await.unwrap();
    assert_eq!(found, [false, true, false, false], "what is suppressed does not count");
    assert!(spool.has_incidents(Vec::new()).await.unwrap().is_empty());
}

async fn an_owner_removes_incidents_with_their_files(open: Open<'_>) {
    let spool = open();
    let ids = incidents(&*spool, "yard", 3).await;
    let blob = spool.incident(ids[1]).await.unwrap().arrivals[0].blob.clone();
    let first = due(&*spool, "phone", seconds(9)).await;
    let first = first.iter().find(|it| it.alert.incident == ids[0]).unwrap();
    spool.record(ended(first, DeliveryState::Delivered)).await.unwrap();
    let removal = spool.remove_incidents(vec![ids[1], ids[0], IncidentId(99)]).await.unwrap();
    assert_eq!(removal.removed, [ids[0], ids[1]]);
    assert_eq!(removal.arrivals.len(), 2);
    let mut withdrawn = removal.withdrawn;
    withdrawn.sort_unstable();
    assert_eq!(withdrawn, ["hook", "hook", "phone"]);
    assert_eq!(bytes(&*spool, &blob).await, None);
    drop(spool);
    let spool = open();
    assert_eq!(found(&*spool, everything()).await, [ids[2]]);
    let left = due(&*spool, "phone", seconds(9999)).await;
    assert_eq!(left.iter().map(|it| it.alert.incident).collect::<Vec<_>>(), [ids[2]]);
    let again = store(&*spool, "yard", seconds(9999)).await;
    assert!(!ids.contains(&again.incident), "no number is given twice");
}

async fn what_is_locked_or_has_a_summary_to_send_is_not_removed(open: Open<'_>) {
    let spool = open();
    let locked = store(&*spool, "yard", NOW).await.incident;
    spool.lock(locked, "anna".to_owned(), NOW).await.unwrap();
    spool.choose_mode("wild".to_owned(), NOW).await.unwrap();
    let gathers = store(&*spool, "yard", seconds(100)).await.incident;
    let removal = spool.remove_incidents(vec![locked, gathers]).await.unwrap();
    assert_eq!((removal.locked, removal.summary_pending), (vec![locked], vec![gathers]));
    assert!(removal.removed.is_empty() && removal.withdrawn.is_empty());
    let only_locked = IncidentFilter { locked: true, ..everything() };
    assert_eq!(found(&*spool, only_locked.clone()).await, [locked]);
    let older = IncidentFilter { before: Some(locked), ..only_locked };
    assert!(found(&*spool, older).await.is_empty());
    assert_eq!(found(&*spool, everything()).await, [gathers, locked]);
}
