//! The recorded program: all that a spool does, and a mark for each thing that it acknowledges.

use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_model::{
    AlertKind, ArrivalId, BlobName, Content, DeliveryState, Device, Due, Encoding, Envelope, Event,
    Facts, IncidentClass, IncidentId, Media, MediaKind, NotifiedChannel, OpenIncident, Past, Plan,
    Planner, Protocol, Timestamp,
};
use tipoff_spool::{
    AgeGuard, AttemptRecord, DedupPolicy, Growth, Incidents, NewArrival, RetentionLimits, Spool,
    SqliteSpool, Stored,
};

use crate::expected::{Mark, bytes_of};

const DAY: Duration = Duration::from_secs(24 * 3600);
const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
/// Names of the channels that every incident goes to.
pub(crate) const CHANNELS: [&str; 2] = ["phone", "hook"];

/// Rules as simple as can be.
#[derive(Clone)]
pub(crate) struct Everything;

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

/// Opens the spool of the recorded program.
pub(crate) fn open(data: &Path) -> tipoff_spool::Result<SqliteSpool> {
    SqliteSpool::open(data, Arc::new(Everything))
}

/// Does it all.
pub(crate) fn run(data: &Path, marks: &Path) {
    // An earlier run was killed between making the folders and syncing them.
    fs::create_dir_all(data.join("blobs").join(day_name())).unwrap();
    let marks = Arc::new(Mutex::new(File::create(marks).unwrap()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let first = Run::open(data, &marks);
        let upload = first.upload(NOW, 900).await;
        let growing = first.upload(NOW.after(Duration::from_secs(60)), 700).await;
        first.many(NOW, 6).await;
        first.grow(NOW.after(DAY), growing, 700, 5_000).await;
        first.rename(upload).await;
        first.deliver().await;
        // Midnight: the first arrivals of a day come at once.
        first.many(NOW.after(DAY), 8).await;
        first.many(NOW.after(DAY).after(Duration::from_secs(100)), 120).await;
        first.deliver().await;
        first.sweep(NOW.after(DAY)).await;
        drop(first);
        let second = Run::open(data, &marks);
        // On a day whose folder this run has not used.
        second.grow(NOW.after(DAY), growing, 5_700, 4_000).await;
        second.many(NOW.after(DAY).after(Duration::from_secs(500)), 4).await;
        second.many(NOW.after(DAY * 2), 4).await;
        second.deliver().await;
    });
}

/// The first run of all: there is nothing yet.
pub(crate) fn run_first(data: &Path, marks: &Path) {
    let marks = Arc::new(Mutex::new(File::create(marks).unwrap()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let run = Run::open(data, &marks);
        run.mail(NOW, "camera", 300).await;
        run.mail(NOW.after(DAY), "camera", 300).await;
    });
}

fn day_name() -> &'static str {
    "2023-11-14"
}

/// One opening of the spool.
#[derive(Clone)]
struct Run {
    spool: Arc<SqliteSpool>,
    marks: Arc<Mutex<File>>,
}

impl Run {
    fn open(data: &Path, marks: &Arc<Mutex<File>>) -> Self {
        Self { spool: Arc::new(open(data).unwrap()), marks: Arc::clone(marks) }
    }

    fn mark(&self, mark: &Mark) {
        self.marks.lock().unwrap().write_all(mark.write().as_bytes()).unwrap();
    }

    /// So many mails at once, each of a device of its own.
    async fn many(&self, at: Timestamp, count: u64) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..count {
            let (run, at) = (self.clone(), at.after(Duration::from_millis(number)));
            tasks.spawn(async move {
                run.mail(at, &format!("camera {number}"), 200 + number * 37).await
            });
        }
        tasks.join_all().await;
    }

    async fn mail(&self, at: Timestamp, device: &str, size: u64) {
        self.store(arrival(&self.spool, device, at, size, "eml").await).await;
    }

    async fn upload(&self, at: Timestamp, size: u64) -> ArrivalId {
        let mut arrival = arrival(&self.spool, "recorder", at, size, "upload").await;
        arrival.envelope.protocol = Protocol::Ftp;
        arrival.envelope.path = Some("/first.jpg".to_owned());
        arrival.again = DedupPolicy::Always;
        arrival.tree = Some("recorder".to_owned());
        arrival.ready_at = at.after(Duration::from_secs(10));
        self.store(arrival).await.arrival
    }

    async fn store(&self, arrival: NewArrival) -> Stored {
        let (blob, size) = (arrival.blob.name.clone(), arrival.blob.size);
        let stored = self.spool.store(arrival).await.unwrap();
        let Stored { arrival, incident, .. } = stored;
        self.mark(&Mark::Stored { arrival, incident, blob, size });
        stored
    }

    async fn grow(&self, at: Timestamp, arrival: ArrivalId, size: u64, more: u64) {
        let place = tipoff_model::MediaPlace { arrival, index: None };
        let blob = self.spool.media(place).await.unwrap().unwrap().blob;
        self.mark(&Mark::Growing { arrival });
        let (blobs, all) = (self.spool.blobs().clone(), bytes_of(&blob, size + more));
        let added = all[size as usize..].to_vec();
        let write = move || {
            let mut writer = blobs.resume(&blob, size).unwrap();
            added.chunks(1024).for_each(|piece| writer.write(piece).unwrap());
            writer.finish().unwrap()
        };
        let blob = tokio::task::spawn_blocking(write).await.unwrap();
        let size = blob.size;
        let growth = Growth {
            arrival,
            content: content(size),
            event: Event::Motion,
            housekeeping: false,
            blob,
            began_at: at,
            received_at: at,
            ready_at: at,
            torn: false,
            digests: Vec::new(),
        };
        self.spool.grow(growth).await.unwrap();
        self.mark(&Mark::Grown { arrival, size });
    }

    async fn rename(&self, arrival: ArrivalId) {
        self.mark(&Mark::Renaming { arrival });
        let (path, name) = ("/last.jpg".to_owned(), "last.jpg".to_owned());
        self.spool.rename(arrival, path, name, Event::Motion, NOW).await.unwrap();
        self.mark(&Mark::Renamed { arrival });
    }

    /// Delivers a part of what is due.
    async fn deliver(&self) {
        let due = self.spool.due("phone", NOW.after(DAY * 9), 20, &[]).await.unwrap().deliveries;
        for due in due {
            let delivery = due.alert.delivery;
            self.mark(&Mark::Delivering { delivery });
            let record = AttemptRecord {
                delivery,
                covers: due.covers,
                at: NOW,
                ended_at: NOW,
                state: DeliveryState::Delivered,
                due_at: NOW,
                progress: 1,
                reference: Some("message".to_owned()),
                error: None,
                remember: vec![("chat".to_owned(), "5".to_owned())],
                lease: None,
            };
            self.spool.record(record).await.unwrap();
            self.mark(&Mark::Delivered { delivery });
        }
    }

    async fn sweep(&self, now: Timestamp) {
        self.mark(&Mark::Sweeping);
        let all = Some(self.spool.newest().await.unwrap());
        let guard = AgeGuard { before_run: all, counted: all };
        let keep = RetentionLimits { age: Duration::from_secs(3600), bytes_max: u64::MAX, guard };
        self.spool.sweep(keep, now).await.unwrap();
        let left = self.spool.incidents(&Default::default(), 10_000).await.unwrap();
        let left: Vec<IncidentId> = left.iter().map(|line| line.id).collect();
        self.mark(&Mark::Swept { left });
    }
}

fn content(size: u64) -> Content {
    let picture = Media {
        name: "first.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: true,
        repeat: false,
        decoration: false,
    };
    Content {
        subject: "Motion".to_owned(),
        text: "Something moved.".to_owned(),
        media: vec![picture],
        unclear: false,
        details: None,
        camera: None,
        late: false,
    }
}

async fn arrival(
    spool: &SqliteSpool,
    device: &str,
    at: Timestamp,
    size: u64,
    extension: &'static str,
) -> NewArrival {
    let mut writer = spool.blobs().begin(at, extension).unwrap();
    let name: BlobName = writer.name().clone();
    for piece in bytes_of(&name, size).chunks(300) {
        writer.write(piece).unwrap();
    }
    let blob = tokio::task::spawn_blocking(move || writer.finish().unwrap()).await.unwrap();
    NewArrival {
        device: Device { key: device.to_owned(), name: device.to_owned(), ..Device::default() },
        envelope: Envelope {
            protocol: Protocol::Smtp,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            login: None,
            proof: tipoff_model::LoginProof::default(),
            greeting: None,
            sender: "camera@example.com".to_owned(),
            recipients: vec!["me@example.com".to_owned()],
            tls: false,
            path: None,
        },
        content: content(size),
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
    }
}
