//! What a spool of a fleet's size is asked, one operation at a time, and how long each takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tipoff_model::{
    AlertKind, Content, Device, Due, Envelope, Event, Facts, IncidentClass, IncidentId, LoginProof,
    NotifiedChannel, OpenIncident, Past, Plan, Planner, Protocol, RuleSource, Timestamp,
};
use tipoff_spool::{
    AgeGuard, AttemptRecord, DedupPolicy, DeviceFilter, DueDelivery, IncidentFilter, NewArrival,
    RetentionLimits, Room, Spool,
};

use super::counters::{Cost, Counters, Server};
use super::generate::{DAYS, Size};

const CHANNELS: [&str; 2] = ["phone", "hook"];
/// Lines of a page, and one more that shows whether there is a next page.
const PAGE: u32 = 51;
/// Incidents of a step of a sweep.
const STEP: u64 = 100;
/// Incidents that one sweep removes at most. One of a large fleet removes more: what a sweep begins with counts little.
const REMOVED_MAX: u64 = 1_000;
/// Sweeps of each kind.
const SWEEPS: u16 = 3;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Rules that alert both channels of everything.
pub(super) struct Everything;

impl Planner for Everything {
    fn is_silent(&self, _: &Facts<'_>) -> bool {
        false
    }

    fn class(&self, _: &Facts<'_>) -> IncidentClass {
        IncidentClass::Alarm
    }

    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        facts.received_at.since(latest.last_arrival_at) <= Duration::from_secs(20)
    }

    fn plan(&self, facts: &Facts<'_>, notified: &[NotifiedChannel], _: &Past) -> Plan {
        let kind = if notified.is_empty() { AlertKind::First } else { AlertKind::FollowUp };
        let due = |channel: &str| Due {
            channel: channel.to_owned(),
            kind,
            due_at: facts.received_at,
            route: None,
            of_address: false,
        };
        Plan { due: CHANNELS.into_iter().map(due).collect(), suppressed_reason: None }
    }
}

impl RuleSource for Everything {
    fn current(&self) -> Arc<dyn Planner> {
        Arc::new(Self)
    }
}

/// The time of an operation in milliseconds: of each time that it was done.
pub(super) struct Timed {
    pub(super) name: &'static str,
    pub(super) times_ms: Vec<f64>,
    /// What one costs.
    pub(super) cost: Cost,
}

/// Measures how often something is done and how long it takes.
struct Watch<'a> {
    server: Server<'a>,
    before: Counters,
    times_ms: Vec<f64>,
}

impl<'a> Watch<'a> {
    fn new(server: Server<'a>) -> Result<Self> {
        Ok(Self { server, before: Counters::now(server)?, times_ms: Vec::new() })
    }

    fn note(&mut self, began: Instant, parts: f64) {
        self.times_ms.push(began.elapsed().as_secs_f64() * 1_000.0 / parts);
    }

    /// `parts`: how many operations each measured time was divided by.
    fn end(self, name: &'static str, parts: f64) -> Result<Timed> {
        let count = self.times_ms.len().max(1) as f64 * parts;
        let cost = Counters::now(self.server)?.each(&self.before, count);
        Ok(Timed { name, cost, times_ms: self.times_ms })
    }
}

/// A spool that is asked for everything.
pub(super) struct Subject<'a> {
    pub(super) spool: &'a dyn Spool,
    pub(super) size: Size,
    pub(super) now: Timestamp,
    /// How often each is asked.
    pub(super) times: u16,
    /// Its database's server.
    pub(super) server: Server<'a>,
}

impl Subject<'_> {
    /// Measures everything.
    pub(super) async fn all(&self) -> Result<Vec<Timed>> {
        let (spool, now) = (self.spool, self.now);
        let mut timed = Vec::new();
        for (name, filter) in filters(self.size, now) {
            timed.push(self.repeated(name, || spool.incidents(&filter, PAGE)).await?);
        }
        let newest = IncidentId(self.size.incidents);
        timed.push(self.repeated("an incident's page", || spool.incident(newest)).await?);
        let devices = DeviceFilter::default();
        timed.push(self.repeated("the devices", || spool.devices(&devices, PAGE)).await?);
        let days: Vec<Timestamp> = (0..8).rev().map(|day| now.before(DAY * day)).collect();
        let device = [tipoff_model::DeviceId(1)];
        timed.push(self.repeated("a device's week", || spool.activity(&device, &days)).await?);
        timed.push(self.repeated("the metrics", || spool.stats()).await?);
        timed.push(self.repeated("the use of the disk", || spool.usage()).await?);
        let since = now.before(DAY);
        timed.push(self.repeated("the overview", || spool.figures(since, since)).await?);
        timed.push(self.repeated("the day's report", || spool.tally(since, now, 100)).await?);
        let room = || Room::of(16, &[]);
        let due = || spool.due_in_turn("hook", now, room());
        timed.push(self.repeated("16 due deliveries", due).await?);
        timed.push(self.stored().await?);
        timed.push(self.recorded().await?);
        timed.push(self.aged().await?);
        timed.push(self.evicted().await?);
        Ok(timed)
    }

    async fn repeated<T, F>(&self, name: &'static str, mut ask: impl FnMut() -> F) -> Result<Timed>
    where
        F: Future<Output = tipoff_spool::Result<T>>,
    {
        // Not counted: it reads what the system does not have in memory.
        ask().await.with_context(|| name)?;
        let mut watch = Watch::new(self.server)?;
        for _ in 0..self.times {
            let began = Instant::now();
            ask().await.with_context(|| name)?;
            watch.note(began, 1.0);
        }
        watch.end(name, 1.0)
    }

    /// Stores mails of many devices, one at a time, each with a file of its own.
    async fn stored(&self) -> Result<Timed> {
        let at = self.now.after(Duration::from_secs(60));
        let arrivals = (0..i64::from(self.times) * 20).map(|time| {
            let device = 1 + time * 37 % self.size.devices;
            arrival(self.spool, device, at)
        });
        let mut arrivals = arrivals.collect::<Result<Vec<_>>>()?;
        // Not counted: their statements are prepared.
        for first in arrivals.drain(..2) {
            self.spool.store(first).await?;
        }
        let mut watch = Watch::new(self.server)?;
        for arrival in arrivals {
            let began = Instant::now();
            self.spool.store(arrival).await?;
            watch.note(began, 1.0);
        }
        watch.end("storing a mail", 1.0)
    }

    /// Records that deliveries succeeded, one at a time.
    async fn recorded(&self) -> Result<Timed> {
        let due = self.spool.due_in_turn("hook", self.now, Room::of(200, &[])).await?;
        let mut watch = Watch::new(self.server)?;
        for delivery in due.deliveries {
            let began = Instant::now();
            self.spool.record(delivered(&delivery, self.now)).await?;
            watch.note(began, 1.0);
        }
        watch.end("recording a delivery", 1.0)
    }

    /// Incidents that a sweep removes.
    fn removed(&self) -> u64 {
        (self.size.incidents.unsigned_abs() / 10).min(REMOVED_MAX)
    }

    /// The steps of a sweep.
    fn steps(&self) -> f64 {
        (self.removed() / STEP) as f64
    }

    /// Sweeps that remove so many incidents each by their age: the time of one step of 100.
    async fn aged(&self) -> Result<Timed> {
        let (newest, steps) = (self.spool.newest().await?, self.steps());
        let mut watch = Watch::new(self.server)?;
        for sweep in 1..=SWEEPS {
            let first = DAY * DAYS / u32::try_from(self.size.incidents)?;
            let age = DAY * DAYS - first * (u32::try_from(self.removed())? * u32::from(sweep));
            let guard = AgeGuard { counted: Some(newest), before_run: None };
            let began = Instant::now();
            let keep = RetentionLimits { age, guard, bytes_max: u64::MAX };
            self.spool.sweep(keep, self.now).await?;
            watch.note(began, steps);
        }
        watch.end("removing 100 incidents by age", steps)
    }

    /// Sweeps that evict so many incidents each: the time of one step of 100.
    async fn evicted(&self) -> Result<Timed> {
        let (usage, steps) = (self.spool.usage().await?, self.steps());
        let left = self.size.incidents.unsigned_abs() - self.removed() * u64::from(SWEEPS);
        let bytes = usage.bytes / left.max(1) * self.removed();
        let mut watch = Watch::new(self.server)?;
        for sweep in 1..=SWEEPS {
            let bytes_max = usage.bytes.saturating_sub(bytes * u64::from(sweep));
            let guard = AgeGuard::default();
            let began = Instant::now();
            let keep = RetentionLimits { age: DAY * DAYS, guard, bytes_max };
            self.spool.sweep(keep, self.now).await?;
            watch.note(began, steps);
        }
        watch.end("evicting 100 incidents", steps)
    }
}

fn delivered(delivery: &DueDelivery, now: Timestamp) -> AttemptRecord {
    AttemptRecord {
        delivery: delivery.alert.delivery,
        covers: delivery.covers,
        at: now,
        ended_at: now.after(Duration::from_millis(30)),
        state: tipoff_model::DeliveryState::Delivered,
        due_at: now,
        progress: 1,
        reference: Some("1".to_owned()),
        error: None,
        remember: Vec::new(),
        lease: None,
    }
}

/// The pages of incidents that are asked for.
fn filters(size: Size, now: Timestamp) -> Vec<(&'static str, IncidentFilter)> {
    let all = IncidentFilter::default;
    let text = |text: &str| IncidentFilter { text: text.to_owned(), ..all() };
    let device = Some(tipoff_model::DeviceId(size.devices / 2));
    let camera = format!("cam{}@", size.devices - 1);
    let file = format!("{}_", size.incidents / 2);
    let day = |days: u32| IncidentFilter {
        from: Some(now.before(DAY * days)),
        until: Some(now.before(DAY * (days - 1))),
        ..all()
    };
    let state = |state, channel: Option<&str>| IncidentFilter {
        state: Some(state),
        channel: channel.map(str::to_owned),
        ..all()
    };
    use tipoff_model::DeliveryState::{Delivered, Expired, Refused};
    vec![
        ("the timeline", all()),
        ("the oldest page", IncidentFilter { before: Some(IncidentId(40)), ..all() }),
        ("a day", day(10)),
        ("a day without any", day(90)),
        ("a device", IncidentFilter { device, ..all() }),
        ("an event that none has", IncidentFilter { event: Some(Event::Vehicle), ..all() }),
        ("delivered", state(Delivered, Some("hook"))),
        ("refused", state(Refused, None)),
        ("expired, which none is", state(Expired, None)),
        ("a word that all have", text("motion")),
        ("a word that none has", text("xyzzy")),
        ("a word of one device", text(&camera)),
        ("a file's name", text(&file)),
        ("a long number that none has", text("20261127103344")),
        ("two words, one of one device", text(&format!("motion {camera}"))),
        ("a device's name", text(&format!("camera {}", size.devices / 3))),
        ("one letter", text("g")),
        ("two letters", text("ot")),
        ("two letters that none has", text("qx")),
        ("a word of all, of a device", IncidentFilter { device, ..text("motion") }),
        ("a word of none, of a device", IncidentFilter { device, ..text("xyzzy") }),
        ("a word of all, of a day", IncidentFilter { text: "motion".to_owned(), ..day(20) }),
        ("a word of one device, of a day", IncidentFilter { text: camera.clone(), ..day(20) }),
        (
            "a word of one device, of an event",
            IncidentFilter { event: Some(Event::Person), ..text(&camera) },
        ),
        (
            "a word of all, refused",
            IncidentFilter { text: "motion".to_owned(), ..state(Refused, None) },
        ),
        (
            "a word of one device, the next page",
            IncidentFilter { before: Some(IncidentId(size.incidents / 2)), ..text(&camera) },
        ),
    ]
}

fn arrival(spool: &dyn Spool, device: i64, at: Timestamp) -> Result<NewArrival> {
    let mut writer = spool.blobs().begin(at, "eml")?;
    writer.write(&[b'x'; 60_000])?;
    let blob = writer.finish()?;
    let (key, name) = (format!("camera{device}"), format!("Camera {device}"));
    Ok(NewArrival {
        device: Device { key, name, ..Device::default() },
        envelope: Envelope {
            protocol: Protocol::Smtp,
            peer: [10, 0, 0, 1].into(),
            login: Some(format!("camera{device}")),
            proof: LoginProof::default(),
            greeting: None,
            sender: format!("cam{device}@site.example"),
            recipients: vec!["alarm@tipoff.example".to_owned()],
            tls: false,
            path: None,
        },
        content: Content {
            subject: format!("Motion detected at camera {device}"),
            text: "An alarm was triggered".to_owned(),
            ..Content::default()
        },
        event: Event::Motion,
        housekeeping: false,
        vendor: None,
        blob,
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
    })
}
