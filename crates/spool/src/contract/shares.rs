//! Shares: nobody's incidents push out those of another who has less.

use std::net::IpAddr;

use super::*;
use crate::{DeviceChange, StoredBlob, Usage};

pub(super) async fn check(fresh: impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_flood_of_strangers_takes_nothing_from_a_known_camera(&*fresh()).await;
    a_stranger_s_flood_takes_nothing_from_another_address(&*fresh()).await;
    whoever_is_taken_for_a_known_device_is_a_stranger(&*fresh()).await;
    a_recorder_shares_with_its_channels(&*fresh()).await;
    a_device_that_somebody_names_is_known(&*fresh()).await;
    what_is_removed_counts_no_longer(&*fresh()).await;
    locked_incidents_stay(&*fresh()).await;
    locks_are_bounded(&*fresh()).await;
    a_locked_incident_does_not_grow_beyond_the_locks(&*fresh()).await;
    rows_are_bounded(&*fresh()).await;
    what_is_freed_is_given_back(&*fresh()).await;
}

fn by_size(bytes_max: u64) -> RetentionLimits {
    RetentionLimits { age: Duration::from_secs(10_000_000), bytes_max, guard: AgeGuard::default() }
}

/// A stranger's arrival from this address under a name of its own.
fn of_stranger(spool: &dyn Spool, address: &str, name: &str, at: Timestamp) -> NewArrival {
    let peer: IpAddr = address.parse().unwrap();
    let key = format!("discovered/{peer}/{name}");
    let mut arrival = arrival(spool, &key, at);
    (arrival.device.discovered, arrival.envelope.peer) = (true, peer);
    arrival
}

async fn delivered(spool: &dyn Spool) {
    for channel in ["phone", "hook"] {
        for delivery in spool.due(channel, seconds(1_000_000), 1_000, &[]).await.unwrap().deliveries
        {
            spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
        }
    }
}

async fn kept(spool: &dyn Spool, incidents: &[Stored]) -> usize {
    let mut kept = 0;
    for stored in incidents {
        kept += usize::from(spool.incident(stored.incident).await.is_ok());
    }
    kept
}

async fn usage(spool: &dyn Spool) -> Usage {
    spool.usage().await.unwrap()
}

async fn a_flood_of_strangers_takes_nothing_from_a_known_camera(open: Open<'_>) {
    let spool = open();
    let mut of_camera = Vec::new();
    for number in 0..20 {
        of_camera.push(store(&*spool, "yard", seconds(number * 100)).await);
    }
    delivered(&*spool).await;
    let all = usage(&*spool).await.bytes;
    // Each sender is a device, each of many addresses has some; nothing of it is delivered.
    for number in 0..300_u64 {
        let address = format!("10.0.{}.7", number % 50);
        let name = format!("made-up {number}");
        spool.store(of_stranger(&*spool, &address, &name, seconds(9_000))).await.unwrap();
        // The next mail of the camera finds its place.
        if number % 20 == 0 {
            of_camera.push(store(&*spool, "yard", seconds(10_000 + number * 100)).await);
            spool.sweep(by_size(3 * all), seconds(90_000)).await.unwrap();
        }
    }
    assert_eq!(kept(&*spool, &of_camera).await, 35);
    let Usage { bytes, of_strangers, .. } = usage(&*spool).await;
    assert!(bytes <= 4 * all && of_strangers > all / 2, "{bytes} {of_strangers} {all}");
    assert_eq!(due(&*spool, "phone", seconds(90_000)).await.len(), 10);
}

async fn a_stranger_s_flood_takes_nothing_from_another_address(open: Open<'_>) {
    let spool = open();
    let mut of_camera = Vec::new();
    for number in 0..10 {
        let arrival = of_stranger(&*spool, "2001:db8:0:1::5", "camera", seconds(number * 100));
        of_camera.push(spool.store(arrival).await.unwrap());
    }
    delivered(&*spool).await;
    for number in 0..200 {
        // Another address of the same network each time.
        let address = format!("2001:db8:0:2::{number:x}");
        let arrival = of_stranger(&*spool, &address, "x", seconds(9_000 + number * 100));
        spool.store(arrival).await.unwrap();
    }
    let each = usage(&*spool).await.bytes / 210;
    spool.sweep(by_size(30 * each), seconds(90_000)).await.unwrap();
    assert_eq!(kept(&*spool, &of_camera).await, 10);
    let left = spool.incidents(&everything(), 1_000).await.unwrap().len();
    assert!((29..=30).contains(&left), "{left}");
}

async fn whoever_is_taken_for_a_known_device_is_a_stranger(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let before = usage(&*spool).await;
    assert_eq!(before.of_strangers, 0);
    // By another protocol, at the address of a known device: taken for it without being proven.
    let mut other = of_stranger(&*spool, "127.0.0.1", "x", seconds(300));
    other.envelope.protocol = Protocol::Ftp;
    spool.store(other).await.unwrap();
    let after = usage(&*spool).await;
    assert_eq!(after.of_strangers, after.bytes - before.bytes);
}

async fn a_recorder_shares_with_its_channels(open: Open<'_>) {
    let spool = open();
    let gate = store(&*spool, "gate", NOW).await;
    let recorder = Device { key: "nvr".into(), name: "nvr".into(), ..Device::default() };
    for number in 0..20 {
        let mut of_channel = arrival(&*spool, "x", seconds(100));
        let key = format!("nvr#{number}");
        let recorder = Some(Box::new(recorder.clone()));
        of_channel.device = Device { name: key.clone(), key, recorder, ..Device::default() };
        spool.store(of_channel).await.unwrap();
    }
    delivered(&*spool).await;
    let each = usage(&*spool).await.bytes / 21;
    spool.sweep(by_size(2 * each + each / 2), seconds(900)).await.unwrap();
    assert!(spool.incident(gate.incident).await.is_ok(), "channels are no devices more");
}

async fn a_device_that_somebody_names_is_known(open: Open<'_>) {
    let spool = open();
    let stored = spool.store(of_stranger(&*spool, "10.0.0.1", "a", NOW)).await.unwrap();
    spool.store(of_stranger(&*spool, "10.0.0.1", "b", NOW)).await.unwrap();
    let all = usage(&*spool).await.of_strangers;
    let device = spool.incident(stored.incident).await.unwrap().line.device_id;
    let name = DeviceChange::Name(Some("Yard".to_owned()));
    assert!(spool.change_device(device, name).await.unwrap());
    let of_strangers = usage(&*spool).await.of_strangers;
    assert!(of_strangers > 0 && of_strangers <= all / 2 + 100, "what it sent before as well");
    spool.store(of_stranger(&*spool, "10.0.0.1", "a", seconds(300))).await.unwrap();
    assert_eq!(usage(&*spool).await.of_strangers, of_strangers);
}

async fn what_is_removed_counts_no_longer(open: Open<'_>) {
    let spool = open();
    for number in 0..30 {
        store(&*spool, "yard", seconds(number * 7)).await;
        spool.store(of_stranger(&*spool, "10.0.0.1", "a", seconds(number * 7))).await.unwrap();
    }
    delivered(&*spool).await;
    let stored = store(&*spool, "door", NOW).await;
    spool.dismiss(stored.incident, "Ann".to_owned(), NOW).await.unwrap();
    spool.restore(stored.incident, NOW).await.unwrap();
    spool.lock(stored.incident, "Ann".to_owned(), NOW).await.unwrap();
    let locked = usage(&*spool).await;
    assert!(locked.locked > 0 && locked.locked_incidents == 1);
    spool.unlock(stored.incident).await.unwrap();
    drop(spool);
    let spool = open();
    assert!(usage(&*spool).await.bytes > 0);
    spool.sweep(by_size(0), seconds(9_000)).await.unwrap();
    assert_eq!(usage(&*spool).await, Usage::default());
}

async fn locked_incidents_stay(open: Open<'_>) {
    let spool = open();
    let locked = store(&*spool, "yard", NOW).await;
    let other = store(&*spool, "yard", seconds(100)).await;
    delivered(&*spool).await;
    assert!(spool.lock(locked.incident, "Ann".to_owned(), seconds(5)).await.unwrap());
    let again = spool.lock(locked.incident, "Bob".to_owned(), seconds(9)).await.unwrap();
    assert!(!again, "nothing changed");
    let lock = spool.incident(locked.incident).await.unwrap().line.locked.unwrap();
    assert_eq!((&*lock.by, lock.at), ("Ann", seconds(5)), "who locked it first stays");
    let (age, guard) = (Duration::from_secs(1), before_run(&*spool).await);
    spool.sweep(RetentionLimits { age, bytes_max: 0, guard }, seconds(9_999_999)).await.unwrap();
    assert!(spool.incident(locked.incident).await.is_ok());
    assert!(spool.incident(other.incident).await.is_err());
    let missing = spool.lock(other.incident, "Ann".to_owned(), NOW).await.unwrap_err();
    assert!(matches!(missing, SpoolError::NoIncident(_)));
    assert!(spool.unlock(other.incident).await.is_err());
    assert!(spool.unlock(locked.incident).await.unwrap());
    assert!(!spool.unlock(locked.incident).await.unwrap(), "nothing changed");
    assert!(spool.incident(locked.incident).await.unwrap().line.locked.is_none());
    spool.sweep(by_size(0), NOW).await.unwrap();
    assert!(spool.incident(locked.incident).await.is_err());
}

async fn locks_are_bounded(open: Open<'_>) {
    let spool = open();
    let mut stored = Vec::new();
    for number in 0..4 {
        stored.push(store(&*spool, "yard", seconds(number * 100)).await.incident);
    }
    let each = usage(&*spool).await.bytes / 4;
    // Half of it holds two of them.
    spool.limit(4 * each + 100, 0);
    for incident in &stored[..2] {
        spool.lock(*incident, "Ann".to_owned(), NOW).await.unwrap();
    }
    let refused = spool.lock(stored[2], "Ann".to_owned(), NOW).await.unwrap_err();
    assert!(matches!(refused, SpoolError::LocksFull(_)), "{refused}");
    assert!(refused.to_string().contains("half of [retention] max_size"), "{refused}");
    spool.unlock(stored[0]).await.unwrap();
    spool.lock(stored[2], "Ann".to_owned(), NOW).await.unwrap();
}

async fn a_locked_incident_does_not_grow_beyond_the_locks(open: Open<'_>) {
    let spool = open();
    let locked = store(&*spool, "yard", NOW).await;
    spool.limit(2 * usage(&*spool).await.bytes, 0);
    spool.lock(locked.incident, "Ann".to_owned(), NOW).await.unwrap();
    let next = store(&*spool, "yard", seconds(1)).await;
    assert!(!next.joined, "it is stored all the same");
    let growth = crate::Growth {
        arrival: locked.arrival,
        content: Content::default(),
        event: Event::Motion,
        housekeeping: false,
        blob: StoredBlob { name: tipoff_model::BlobName("big".to_owned()), size: 1_000_000 },
        began_at: NOW,
        received_at: seconds(2),
        ready_at: seconds(2),
        torn: false,
        digests: Vec::new(),
    };
    assert!(matches!(spool.grow(growth).await, Err(SpoolError::Full(_))));
}

async fn rows_are_bounded(open: Open<'_>) {
    let spool = open();
    let mut wide = arrival(&*spool, "yard", NOW);
    wide.envelope.recipients = vec!["r".repeat(1_000); 1_000];
    wide.envelope.sender = "s".repeat(100_000);
    let stored = spool.store(wide).await.unwrap();
    let envelope = spool.incident(stored.incident).await.unwrap().arrivals.remove(0).envelope;
    let bytes: usize = envelope.recipients.iter().map(String::len).sum();
    assert!(bytes <= 8 * 1024 && bytes > 7 * 1024 && envelope.sender.len() <= 1024);
}

async fn what_is_freed_is_given_back(open: Open<'_>) {
    let spool = open();
    for number in 0..100 {
        let mut wordy = arrival(&*spool, "yard", seconds(number * 100));
        wordy.content.text = "a".repeat(60_000);
        spool.store(wordy).await.unwrap();
    }
    let before = spool.database_bytes().await.unwrap();
    spool.sweep(by_size(0), seconds(90_000)).await.unwrap();
    let free = spool.give_back().await.unwrap();
    assert!(before > 6_000_000 && free <= 5_000_000, "{before} {free}");
}
