//! The suite that every engine passes: each check gets an empty spool and a way to open it again.

mod accounts;
mod alerts;
mod arrivals;
mod clock;
mod dashboard;
mod deliveries;
mod dismissal;
mod fetched;
mod hostile;
pub(crate) mod leases;
mod marks;
mod push_subscriptions;
mod recorders;
mod removed_devices;
mod resent;
mod retention;
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
    AddedConfiguration, AgeGuard, AttemptRecord, DedupPolicy, DueDelivery, IncidentFilter,
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
    arrivals::check(&fresh).await;
    deliveries::check(&fresh).await;
    retention::check(&fresh).await;
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
