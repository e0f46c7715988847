//! The suite that every engine passes: each check gets an empty spool and a way to open it again.

mod accounts;
mod alerts;
mod clock;
mod dashboard;
mod dismissal;
mod fetched;
mod hostile;
pub(crate) mod leases;
mod marks;
mod push_subscriptions;
mod recorders;
mod removed_devices;
mod resent;
mod review;
mod rules;
mod search;
mod sessions;
mod shares;
pub(crate) mod uploads;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{
    AlertKind, Content, DeliveryState, Device, Due, Encoding, Envelope, Event, Facts, Gathering,
    IncidentClass, LoginProof, Media, MediaKind, MediaPlace, NotifiedChannel, OpenIncident, Past,
    PastQuery, Plan, Planner, Protocol, RecentQuery, Timestamp,
};

use crate::{
    AddedConfiguration, AgeGuard, AttemptRecord, DedupPolicy, Digest, DueDelivery, IncidentFilter,
    NewArrival, RetentionLimits, Spool, SpoolError, Stored, StoredBlob,
};

/// Opens the same spool, as a start of the program does; the one before is closed by then.
pub(crate) type Open<'a> = &'a dyn Fn() -> Arc<dyn Spool>;

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// Rules as simple as can be: everything within 20 s joins; two channels; follow-ups 2 s later;
/// nothing for what is torn without a picture or comes again.
#[derive(Clone)]
pub(crate) struct Plain;

impl Planner for Plain {
    fn is_silent(&self, facts: &Facts<'_>) -> bool {
        facts.housekeeping
    }

    fn class(&self, facts: &Facts<'_>) -> IncidentClass {
        match facts.event {
            Event::Fault => IncidentClass::Fault,
            Event::Test => IncidentClass::Alone,
            _ if facts.torn && !facts.content.has_shots() => IncidentClass::Alone,
            _ => IncidentClass::Alarm,
        }
    }

    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        !latest.last_arrival_at.is_ahead_of(facts.received_at)
            && facts.received_at.since(latest.last_arrival_at) <= Duration::from_secs(20)
    }

    fn is_archive(&self, channel: &str) -> bool {
        channel == "hook"
    }

    fn past_needed(
        &self,
        facts: &Facts<'_>,
        _: &[NotifiedChannel],
        chosen_mode: Option<&(String, Timestamp)>,
    ) -> Vec<PastQuery> {
        let is_needed = chosen_mode.is_some_and(|(mode, _)| mode == "asked" || mode == "wild");
        let recent = RecentQuery {
            since: facts.received_at.before(Duration::from_secs(600)),
            of_address: false,
            counts_while_gathering: true,
        };
        let phone =
            PastQuery { channel: "phone".to_owned(), recent: Some(recent), ..PastQuery::default() };
        if is_needed { vec![phone] } else { Vec::new() }
    }

    fn plan(&self, facts: &Facts<'_>, notified: &[NotifiedChannel], past: &Past) -> Plan {
        let lacks_its_picture = facts.torn && !facts.whole_picture;
        let is_text = !facts.content.has_shots();
        if facts.housekeeping || facts.muted || facts.repeat || lacks_its_picture && !is_text {
            return Plan::suppressed("no news");
        }
        let mode = past.chosen_mode.as_ref().map(|(mode, _)| mode.clone());
        if mode.as_deref() == Some("home") {
            return Plan::suppressed("somebody is at home");
        }
        if mode.as_deref() == Some("asked") {
            return Plan::suppressed(past_in_words(past));
        }
        if mode.as_deref() == Some("wild") {
            let gathering = past.channel("phone").alerts.gathering;
            let due_at = gathering.map(|it| it.due_at).filter(|at| *at > facts.received_at);
            let due_at = due_at.unwrap_or(facts.received_at.after(Duration::from_secs(600)));
            let (channel, kind) = ("phone".to_owned(), AlertKind::Summary);
            let due = vec![Due { channel, kind, due_at, route: None, of_address: false }];
            return Plan { due, suppressed_reason: Some("too much".to_owned()) };
        }
        let due = |channel: &str, kind, after| Due {
            channel: channel.to_owned(),
            kind,
            due_at: facts.received_at.after(Duration::from_secs(after)),
            route: mode.clone(),
            of_address: false,
        };
        let is_new = |channel: &&str| !notified.iter().any(|told| told.channel == *channel);
        let channels = if mode.as_deref() == Some("phone only") { 1 } else { 2 };
        let first = ["phone", "hook"].into_iter().take(channels).filter(is_new);
        let first = first.map(|channel| due(channel, AlertKind::First, 0));
        let told = notified.iter().map(|told| due(&told.channel, AlertKind::FollowUp, 2));
        Plan { due: first.chain(told).collect(), suppressed_reason: None }
    }
}

/// What was alerted on the phone in the last ten minutes.
fn past_in_words(past: &Past) -> String {
    let past = past.channel("phone");
    let (alerts, follow_ups) = (past.alerts.count, past.follow_ups.count);
    let held = |it: Option<Gathering>| it.map_or("none".to_owned(), |it| it.held.to_string());
    let gathering = held(past.alerts.gathering);
    let gathering_follow_ups = held(past.follow_ups.gathering);
    let plural = if alerts == 1 { "" } else { "s" };
    format!(
        "{alerts} alert{plural}, {follow_ups} follow-ups; gathering: {gathering}, {gathering_follow_ups}"
    )
}

/// The envelope of a mail without a login.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        protocol: Protocol::Smtp,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        login: None,
        proof: LoginProof::default(),
        greeting: None,
        sender: "camera@example.com".to_owned(),
        recipients: vec!["me@example.com".to_owned()],
        tls: false,
        path: None,
    }
}

pub(crate) fn picture() -> Media {
    Media {
        name: "picture.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 0..9,
        encoding: Encoding::Identity,
        size: 9,
        whole: true,
        repeat: false,
        decoration: false,
    }
}

/// The bytes of a blob. `None` if it is not there.
pub(crate) async fn bytes(spool: &dyn Spool, blob: &StoredBlob) -> Option<Vec<u8>> {
    let (blobs, name) = (spool.blobs().clone(), blob.name.clone());
    let whole = Media { range: 0..blob.size, size: blob.size, ..picture() };
    let reads = move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut blobs.read(&name, &whole)?, &mut bytes).map(|_| bytes)
    };
    match tokio::task::spawn_blocking(reads).await.unwrap() {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn arrival(spool: &dyn Spool, device: &str, at: Timestamp) -> NewArrival {
    let mut writer = spool.blobs().begin(at, "eml").unwrap();
    writer.write(b"a picture").unwrap();
    NewArrival {
        device: Device { key: device.to_owned(), name: device.to_owned(), ..Device::default() },
        envelope: envelope(),
        content: Content {
            subject: "Motion".to_owned(),
            text: "Something moved.".to_owned(),
            media: vec![picture()],
            unclear: false,
            details: None,
            camera: None,
            late: false,
        },
        event: Event::Motion,
        housekeeping: false,
        vendor: None,
        blob: writer.finish().unwrap(),
        began_at: at,
        received_at: at,
        ready_at: at,
        torn: false,
        unacknowledged: false,
        digest: None,
        same_as: None,
        digests: Vec::new(),
        again: DedupPolicy::AfterTorn,
        tree: None,
    }
}

async fn store(spool: &dyn Spool, device: &str, at: Timestamp) -> Stored {
    spool.store(arrival(spool, device, at)).await.unwrap()
}

async fn due(spool: &dyn Spool, channel: &str, now: Timestamp) -> Vec<DueDelivery> {
    spool.due(channel, now, 10, &[]).await.unwrap().deliveries
}

/// Whatever is stored now was there before the run.
async fn before_run(spool: &dyn Spool) -> AgeGuard {
    AgeGuard { before_run: Some(spool.newest().await.unwrap()), counted: None }
}

/// Delivers what is due of an incident that is the only one.
async fn deliver(spool: &dyn Spool, incident: tipoff_model::IncidentId) {
    for channel in ["phone", "hook"] {
        let delivery = due(spool, channel, seconds(9)).await.remove(0);
        assert_eq!(delivery.alert.incident, incident);
        spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    }
}

pub(crate) fn ended(delivery: &DueDelivery, state: DeliveryState) -> AttemptRecord {
    AttemptRecord {
        delivery: delivery.alert.delivery,
        covers: delivery.covers,
        at: NOW,
        ended_at: NOW.after(Duration::from_millis(30)),
        state,
        due_at: NOW.after(Duration::from_secs(60)),
        progress: 1,
        reference: Some("message 5".to_owned()),
        error: (state != DeliveryState::Delivered).then(|| "the service said no".to_owned()),
        remember: vec![("chat".to_owned(), "-100".to_owned())],
        lease: None,
    }
}

fn everything() -> IncidentFilter {
    IncidentFilter { silent: true, ..IncidentFilter::default() }
}

fn seconds(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// All checks, on one engine. `fresh` gives an empty spool's opener.
pub(crate) async fn check(fresh: impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    what_is_stored_survives_a_new_start(&*fresh()).await;
    arrivals_join_and_open_incidents(&*fresh()).await;
    an_alert_tells_everything(&*fresh()).await;
    a_burst_becomes_one_follow_up(&*fresh()).await;
    a_flood_becomes_follow_ups_of_bounded_size(&*fresh()).await;
    what_comes_during_an_attempt_is_told_later(&*fresh()).await;
    follow_ups_wait_for_the_first(&*fresh()).await;
    attempts_are_kept_and_memory_returned(&*fresh()).await;
    claimed_deliveries_are_passed_over(&*fresh()).await;
    retry_makes_the_undelivered_due_again(&*fresh()).await;
    a_torn_picture_sent_again_is_not_news(&*fresh()).await;
    a_torn_picture_with_a_new_one_tells_the_new_one(&*fresh()).await;
    age_removes_incidents_with_their_files(&*fresh()).await;
    size_removes_the_oldest_and_the_delivered_first(&*fresh()).await;
    orphans_of_an_earlier_run_are_swept(&*fresh()).await;
    many_at_once_all_survive(&*fresh()).await;
    alerts::check(&fresh).await;
    fetched::check(&fresh).await;
    recorders::check(&fresh).await;
    resent::check(&fresh).await;
    sessions::check(&fresh).await;
    uploads::check(&fresh).await;
    accounts::check(&fresh).await;
    clock::check(&fresh).await;
    dashboard::check(&fresh).await;
    dismissal::check(&fresh).await;
    hostile::check(&fresh).await;
    leases::check(&fresh).await;
    marks::check(&fresh).await;
    push_subscriptions::check(&fresh).await;
    removed_devices::check(&fresh).await;
    review::check(&fresh).await;
    rules::check(&fresh).await;
    search::check(&fresh).await;
    shares::check(&fresh).await;
}

async fn what_is_stored_survives_a_new_start(open: Open<'_>) {
    let spool = open();
    let identity = spool.identity().to_owned();
    let stored = store(&*spool, "yard", NOW).await;
    drop(spool);
    let spool = open();
    assert_eq!(spool.identity(), identity);
    let detail = spool.incident(stored.incident).await.unwrap();
    assert_eq!(detail.line.device, "yard");
    assert_eq!(detail.arrivals.len(), 1);
    let blob = &detail.arrivals[0].blob;
    assert_eq!(bytes(&*spool, blob).await.unwrap(), b"a picture");
    assert_eq!(due(&*spool, "phone", NOW).await.len(), 1);
    assert_eq!(due(&*spool, "hook", NOW).await.len(), 1);
}

async fn arrivals_join_and_open_incidents(open: Open<'_>) {
    let spool = open();
    let first = store(&*spool, "yard", NOW).await;
    let second = store(&*spool, "yard", seconds(20)).await;
    let other = store(&*spool, "door", seconds(20)).await;
    let later = store(&*spool, "yard", seconds(41)).await;
    assert!(!first.joined && second.joined && !other.joined && !later.joined);
    assert_eq!(first.incident, second.incident);
    assert_ne!(first.incident, later.incident);
    let lines = spool.incidents(&everything(), 2).await.unwrap();
    let ids: Vec<_> = lines.iter().map(|line| line.id).collect();
    assert_eq!(ids, [later.incident, other.incident]);
    assert_eq!(spool.incident(first.incident).await.unwrap().line.arrivals, 2);
    let missing = spool.incident(tipoff_model::IncidentId(99)).await.unwrap_err();
    assert!(matches!(missing, SpoolError::NoIncident(_)));
}

async fn an_alert_tells_everything(open: Open<'_>) {
    let spool = open();
    let mut unclear = arrival(&*spool, "yard", NOW);
    unclear.content.unclear = true;
    let stored = spool.store(unclear).await.unwrap();
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    let alert = &delivery.alert;
    assert_eq!(alert.idempotency_key, format!("{}-{}", spool.identity(), alert.delivery));
    assert_eq!(alert.incident, stored.incident);
    assert_eq!((alert.kind, alert.event), (AlertKind::First, Event::Motion));
    assert_eq!((&*alert.device, &*alert.subject), ("yard", "Motion"));
    assert_eq!(alert.text, "Something moved.");
    assert_eq!(alert.received_at, NOW);
    assert_eq!(alert.media.len(), 1);
    assert_eq!(alert.raw.len(), 1);
    assert_eq!(alert.raw[0].media.size, 9);
    for place in [alert.media[0].place, alert.raw[0].place] {
        assert_eq!(spool.media(place).await.unwrap().unwrap().place, place);
    }
    let missing = MediaPlace { index: Some(9), ..alert.media[0].place };
    assert_eq!(spool.media(missing).await.unwrap(), None);
}

async fn a_burst_becomes_one_follow_up(open: Open<'_>) {
    let spool = open();
    for second in 0..4 {
        store(&*spool, "yard", seconds(second)).await;
    }
    let first = due(&*spool, "phone", seconds(9)).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    // Not before the settle time, which began with the first picture of the burst.
    let early = spool.due("phone", seconds(2), 10, &[]).await.unwrap();
    assert!(early.deliveries.is_empty());
    assert_eq!(early.next_due_at, Some(seconds(3)));
    let follow_ups = due(&*spool, "phone", seconds(3)).await;
    assert_eq!(follow_ups.len(), 1);
    let alert = &follow_ups[0].alert;
    assert_eq!(alert.kind, AlertKind::FollowUp);
    assert_eq!(alert.media.len(), 3);
    assert_eq!(alert.reply_to.as_deref(), Some("message 5"));
    assert_eq!(alert.text, "Something moved.", "the same text is told once");
}

async fn a_flood_becomes_follow_ups_of_bounded_size(open: Open<'_>) {
    let spool = open();
    for _ in 0..130 {
        store(&*spool, "yard", NOW).await;
    }
    let mut told = Vec::new();
    while let Some(next) = due(&*spool, "phone", seconds(9)).await.pop() {
        told.push(next.alert.media.len());
        spool.record(ended(&next, DeliveryState::Delivered)).await.unwrap();
    }
    assert_eq!(told, [1, 50, 50, 29]);
}

async fn what_comes_during_an_attempt_is_told_later(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let first = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    store(&*spool, "yard", seconds(1)).await;
    let follow_up = due(&*spool, "phone", seconds(3)).await.remove(0);
    // Its attempt is under way when another picture comes.
    store(&*spool, "yard", seconds(3)).await;
    spool.record(ended(&follow_up, DeliveryState::Delivered)).await.unwrap();
    let later = due(&*spool, "phone", seconds(9)).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].alert.media.len(), 1);
    assert!(later[0].covers > follow_up.covers);
}

async fn follow_ups_wait_for_the_first(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    store(&*spool, "yard", seconds(1)).await;
    let ready = due(&*spool, "phone", seconds(60)).await;
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0].alert.kind, AlertKind::First);
    spool.record(ended(&ready[0], DeliveryState::Pending)).await.unwrap();
    assert!(due(&*spool, "phone", seconds(30)).await.is_empty(), "it waits for the pause");
    spool.record(ended(&ready[0], DeliveryState::Refused)).await.unwrap();
    assert_eq!(due(&*spool, "phone", seconds(60)).await[0].alert.kind, AlertKind::FollowUp);
    // The other channel is not concerned.
    assert_eq!(due(&*spool, "hook", seconds(60)).await[0].alert.kind, AlertKind::First);
}

async fn attempts_are_kept_and_memory_returned(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Pending)).await.unwrap();
    let again = due(&*spool, "phone", seconds(60)).await.remove(0);
    assert_eq!((again.attempts, again.progress), (1, 1));
    assert_eq!(again.reference.as_deref(), Some("message 5"));
    spool.record(ended(&again, DeliveryState::Delivered)).await.unwrap();
    let detail = spool.incident(stored.incident).await.unwrap();
    let line = &detail.deliveries[0];
    assert_eq!((&*line.channel, line.state), ("phone", DeliveryState::Delivered));
    assert_eq!(line.attempts.len(), 2);
    assert_eq!(line.attempts[0].1, Duration::from_millis(30));
    assert_eq!(line.attempts[0].2.as_deref(), Some("the service said no"));
    assert_eq!(line.attempts[1].2, None);
    let memory = spool.memory("phone").await.unwrap();
    assert_eq!(memory, [("chat".to_owned(), "-100".to_owned())]);
    assert!(spool.memory("hook").await.unwrap().is_empty());
}

async fn claimed_deliveries_are_passed_over(open: Open<'_>) {
    let spool = open();
    for second in 0..3 {
        store(&*spool, "yard", seconds(second * 100)).await;
    }
    let all = due(&*spool, "phone", seconds(900)).await;
    assert_eq!(all.len(), 3);
    let claimed = [all[0].alert.delivery, all[1].alert.delivery];
    let rest = spool.due("phone", seconds(900), 1, &claimed).await.unwrap().deliveries;
    assert_eq!(rest[0].alert.delivery, all[2].alert.delivery);
}

async fn retry_makes_the_undelivered_due_again(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    let phone = due(&*spool, "phone", NOW).await.remove(0);
    let hook = due(&*spool, "hook", NOW).await.remove(0);
    spool.record(ended(&phone, DeliveryState::Refused)).await.unwrap();
    spool.record(ended(&hook, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(spool.retry(stored.incident, None, seconds(500)).await.unwrap(), ["phone"]);
    let again = due(&*spool, "phone", seconds(500)).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].created_at, seconds(500), "it has its time anew");
    assert_eq!(again[0].progress, 0, "and nothing of it counts as sent");
    assert!(due(&*spool, "hook", seconds(500)).await.is_empty());
}

fn torn(spool: &dyn Spool, digest: Digest) -> NewArrival {
    let mut torn = arrival(spool, "yard", NOW);
    torn.torn = true;
    torn.unacknowledged = true;
    torn.digests = vec![Some(digest)];
    torn
}

async fn a_torn_picture_sent_again_is_not_news(open: Open<'_>) {
    let spool = open();
    assert!(!spool.has_torn("yard"));
    let first = spool.store(torn(&*spool, [1; 32])).await.unwrap();
    assert_eq!(first.channels, ["phone", "hook"]);
    assert!(spool.has_torn("yard"));
    drop(spool);
    // A crash in between changes nothing.
    let spool = open();
    assert!(spool.has_torn("yard"));
    // Long after the incident would be closed: cameras try again when they like.
    let mut again = arrival(&*spool, "yard", seconds(300));
    again.digests = vec![Some([1; 32])];
    let again = spool.store(again).await.unwrap();
    assert_eq!((again.incident, again.joined), (first.incident, true));
    assert!(again.channels.is_empty());
    let detail = spool.incident(first.incident).await.unwrap();
    assert!(detail.arrivals[0].torn && !detail.arrivals[1].torn);
    assert!(detail.arrivals[1].content.media[0].repeat);
    // Another device may send the same picture.
    let mut other = arrival(&*spool, "door", seconds(300));
    other.digests = vec![Some([1; 32])];
    assert_eq!(spool.store(other).await.unwrap().channels.len(), 2);
}

async fn a_torn_picture_with_a_new_one_tells_the_new_one(open: Open<'_>) {
    let spool = open();
    let first = spool.store(torn(&*spool, [1; 32])).await.unwrap();
    let mut both = arrival(&*spool, "yard", seconds(10));
    both.content.media.push(picture());
    both.digests = vec![Some([1; 32]), Some([2; 32])];
    let both = spool.store(both).await.unwrap();
    assert_eq!(both.incident, first.incident);
    let delivery = due(&*spool, "phone", seconds(10)).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    let news = due(&*spool, "phone", seconds(90)).await.remove(0);
    assert_eq!(news.alert.media.len(), 1);
    assert_eq!(news.alert.media[0].place.index, Some(1));
}

async fn age_removes_incidents_with_their_files(open: Open<'_>) {
    let spool = open();
    let old = store(&*spool, "yard", NOW).await.incident;
    deliver(&*spool, old).await;
    let young = store(&*spool, "yard", seconds(100)).await;
    let blob = spool.incident(old).await.unwrap().arrivals.remove(0).blob;
    let guard = before_run(&*spool).await;
    let keep = RetentionLimits { age: Duration::from_secs(50), bytes_max: u64::MAX, guard };
    let swept = spool.sweep(keep, seconds(120)).await.unwrap();
    assert_eq!((swept.incidents, swept.bytes, swept.undelivered), (1, 9, 0));
    assert!(bytes(&*spool, &blob).await.is_none());
    assert!(spool.incident(old).await.is_err());
    assert!(spool.incident(young.incident).await.is_ok());
    assert_eq!(due(&*spool, "phone", seconds(120)).await.len(), 1);
    assert_eq!(spool.stats().await.unwrap().blob_bytes, 9);
    // A number is never given twice.
    let next = store(&*spool, "yard", seconds(500)).await;
    assert!(next.incident > young.incident);
}

async fn size_removes_the_oldest_and_the_delivered_first(open: Open<'_>) {
    let spool = open();
    let waiting = store(&*spool, "yard", NOW).await;
    let mut told = Vec::new();
    for second in [100, 200] {
        let stored = store(&*spool, "yard", seconds(second)).await;
        for channel in ["phone", "hook"] {
            let delivery = due(&*spool, channel, seconds(second)).await.remove(0);
            assert_eq!(delivery.alert.incident, stored.incident);
            spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
        }
        told.push(stored);
    }
    let (age, guard) = (Duration::from_secs(1_000_000), AgeGuard::default());
    let keep = |bytes_max| RetentionLimits { age, bytes_max, guard };
    let each = spool.usage().await.unwrap().bytes / 3;
    let swept = spool.sweep(keep(2 * each), seconds(300)).await.unwrap();
    assert_eq!((swept.incidents, swept.undelivered), (1, 0));
    assert!(spool.incident(told[0].incident).await.is_err());
    assert!(spool.incident(waiting.incident).await.is_ok());
    let swept = spool.sweep(keep(each - 1), seconds(300)).await.unwrap();
    assert_eq!((swept.incidents, swept.undelivered), (2, 2), "and it says what goes undelivered");
}

async fn orphans_of_an_earlier_run_are_swept(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    // A crash between docs/spool.md, A2 and A3.
    let mut writer = spool.blobs().begin(NOW, "eml").unwrap();
    writer.write(b"half").unwrap();
    let orphan = writer.finish().unwrap();
    assert_eq!(spool.sweep_orphans().await.unwrap(), 0, "of this run nothing is an orphan");
    drop(spool);
    let spool = open();
    let kept = spool.incident(stored.incident).await.unwrap().arrivals.remove(0).blob;
    // In a shared store it may be on its way to a commit of another node.
    let is_shared = spool.blobs().are_remote();
    assert_eq!(spool.sweep_orphans().await.unwrap(), u64::from(!is_shared));
    assert_eq!(bytes(&*spool, &orphan).await.is_some(), is_shared);
    assert!(bytes(&*spool, &kept).await.is_some());
}

async fn many_at_once_all_survive(open: Open<'_>) {
    let spool = open();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200_u64 {
        let spool = Arc::clone(&spool);
        tasks.spawn(async move {
            store(&*spool, &format!("camera {}", number % 7), seconds(number)).await.arrival
        });
    }
    let mut arrivals = tasks.join_all().await;
    arrivals.sort_unstable();
    arrivals.dedup();
    assert_eq!(arrivals.len(), 200);
    drop(spool);
    let spool = open();
    let lines = spool.incidents(&everything(), 1000).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.arrivals).sum::<u64>(), 200);
}
