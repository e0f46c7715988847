//! Strangers: what they make up takes no name, no turn and no place in memory of another device.

use std::sync::Arc;

use tipoff_model::{AddressShare, Device, LoginProof, Protocol};

use super::*;
use crate::{DeviceChange, DeviceFilter, Room, Share};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_stranger_at_the_address_of_a_proven_device_is_another_device(&*fresh()).await;
    a_stranger_never_has_the_name_of_a_known_device(&*fresh()).await;
    made_up_senders_at_one_address_are_one_device(&*fresh()).await;
    made_up_channels_are_their_recorder(&*fresh()).await;
    known_devices_go_first_and_addresses_take_turns(&*fresh()).await;
    no_address_takes_more_than_its_places(&*fresh()).await;
    a_device_that_is_named_goes_before_strangers(&*fresh()).await;
}

fn discovered(name: &str, address: &str) -> Device {
    Device {
        key: format!("discovered/{address}/{name}"),
        name: name.to_owned(),
        distinct_name: Some(format!("{name} ({address})")),
        discovered: true,
        ..Device::default()
    }
}

/// Something of a discovered device at an address.
async fn from(spool: &dyn Spool, name: &str, address: &str, at: Timestamp) -> Stored {
    let mut new = arrival(spool, "", at);
    new.device = discovered(name, address);
    new.envelope.peer = address.parse().unwrap();
    new.envelope.proof = LoginProof::Unproven;
    spool.store(new).await.unwrap()
}

async fn name_of(spool: &dyn Spool, stored: &Stored) -> String {
    spool.incident(stored.incident).await.unwrap().line.device
}

async fn names(spool: &dyn Spool) -> Vec<String> {
    let lines = spool.devices(&DeviceFilter::default(), 10_000).await.unwrap();
    lines.into_iter().map(|line| line.name).collect()
}

async fn a_stranger_at_the_address_of_a_proven_device_is_another_device(open: Open<'_>) {
    let spool = open();
    for (second, proof, joined) in
        [(0, LoginProof::Proven, false), (1000, LoginProof::Unproven, true)]
    {
        let device = if proof == LoginProof::Proven { "proven" } else { "unproven" };
        let address = if proof == LoginProof::Proven { "192.168.1.20" } else { "192.168.1.21" };
        let mut known = arrival(&*spool, device, seconds(second));
        known.envelope.peer = address.parse().unwrap();
        known.envelope.proof = proof;
        let known = spool.store(known).await.unwrap();
        let mut upload = arrival(&*spool, "", seconds(second + 5));
        upload.device = discovered("ftpuser", address);
        upload.envelope.protocol = Protocol::Ftp;
        upload.envelope.peer = address.parse().unwrap();
        upload.envelope.proof = LoginProof::Unproven;
        let upload = spool.store(upload).await.unwrap();
        assert_eq!(known.incident == upload.incident, joined, "{device}");
    }
}

async fn a_stranger_never_has_the_name_of_a_known_device(open: Open<'_>) {
    let spool = open();
    let stranger = from(&*spool, "Front yard", "192.168.1.66", NOW).await;
    store(&*spool, "Front yard", seconds(100)).await;
    assert_eq!(name_of(&*spool, &stranger).await, "Front yard (192.168.1.66)");
    let other = from(&*spool, "front YARD", "192.168.1.67", seconds(200)).await;
    assert_eq!(name_of(&*spool, &other).await, "front YARD (192.168.1.67)");
    let id = spool.incident(other.incident).await.unwrap().line.device_id;
    let named = from(&*spool, "cam", "192.168.1.68", seconds(300)).await;
    let label = DeviceChange::Name(Some("cam".to_owned()));
    assert!(spool.change_device(id, label).await.unwrap());
    assert_eq!(name_of(&*spool, &named).await, "cam (192.168.1.68)");
}

async fn made_up_senders_at_one_address_are_one_device(open: Open<'_>) {
    let spool = open();
    let address = "192.168.1.50";
    for number in 0..100 {
        from(&*spool, &format!("made-up-{number}"), address, seconds(number)).await;
    }
    drop(spool);
    let spool = open();
    let late = from(&*spool, "one-more", address, seconds(3000)).await;
    assert_eq!(name_of(&*spool, &late).await, "unknown at 192.168.1.50");
    assert_eq!(names(&*spool).await.len(), 65, "also after a start");
    let known = from(&*spool, "made-up-3", address, seconds(3001)).await;
    assert_eq!(name_of(&*spool, &known).await, "made-up-3");
    let elsewhere = from(&*spool, "one-more", "192.168.1.51", seconds(3002)).await;
    assert_eq!(name_of(&*spool, &elsewhere).await, "one-more");
    let next_hour = from(&*spool, "one-more", address, seconds(3800)).await;
    assert!(name_of(&*spool, &next_hour).await.starts_with("one-more"), "it has its own row now");
    // A network of IPv6 is one place; many networks are bounded together.
    let mut all = tokio::task::JoinSet::new();
    // As many at once as a busy node has.
    let at_once = Arc::new(tokio::sync::Semaphore::new(64));
    for number in 0..2_200 {
        let (spool, address) = (Arc::clone(&spool), format!("fd00:0:0:{number:x}::1"));
        let at_once = Arc::clone(&at_once);
        all.spawn(async move {
            let _place = at_once.acquire().await;
            from(&*spool, "cam", &address, seconds(4000)).await
        });
    }
    all.join_all().await;
    let all = names(&*spool).await;
    assert!(all.len() < 2_100, "{}", all.len());
    assert!(all.iter().any(|name| name == "unknown devices"));
}

async fn made_up_channels_are_their_recorder(open: Open<'_>) {
    let spool = open();
    let recorder = discovered("nvr", "192.168.1.50");
    for number in 0..100 {
        let channel = Device {
            key: format!("{}#{number}", recorder.key),
            name: format!("Camera {number}"),
            distinct_name: Some(format!("Camera {number} (nvr)")),
            discovered: true,
            recorder: Some(Box::new(recorder.clone())),
            numbered: true,
        };
        let mut new = arrival(&*spool, "", seconds(number));
        new.device = channel;
        new.envelope.peer = "192.168.1.50".parse().unwrap();
        spool.store(new).await.unwrap();
    }
    let all = names(&*spool).await;
    assert_eq!(all.len(), 64, "{all:?}");
}

/// The devices of the next deliveries, each of which is delivered.
async fn served(spool: &dyn Spool, count: usize) -> Vec<String> {
    let mut served = Vec::new();
    while served.len() < count {
        let batch = spool.due("phone", seconds(9_000), 1, &[]).await.unwrap();
        let Some(due) = batch.deliveries.into_iter().next() else { break };
        spool.record(ended(&due, DeliveryState::Delivered)).await.unwrap();
        served.push(due.alert.device.clone());
    }
    served
}

async fn known_devices_go_first_and_addresses_take_turns(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    store(&*spool, "gate", NOW).await;
    store(&*spool, "yard", seconds(100)).await;
    from(&*spool, "honest", "192.168.1.20", seconds(150)).await;
    for number in 0..30 {
        from(&*spool, &format!("a{number}"), "192.168.1.50", seconds(200 + number)).await;
        from(&*spool, &format!("b{number}"), "192.168.1.51", seconds(200 + number)).await;
    }
    let order = served(&*spool, 12).await;
    let (known, strangers) = order.split_at(3);
    assert_eq!(known, ["yard", "gate", "yard"]);
    assert!(strangers[..3].contains(&"honest".to_owned()), "{strangers:?}");
    let of_a = strangers.iter().filter(|name| name.starts_with('a')).count();
    assert_eq!(of_a, 4, "{strangers:?}");
    let devices: std::collections::HashSet<_> = strangers.iter().collect();
    assert_eq!(devices.len(), strangers.len(), "each device at an address has its turn");
    store(&*spool, "gate", seconds(500)).await;
    assert_eq!(served(&*spool, 1).await, ["gate"], "it does not wait for the others");
    let rest = served(&*spool, 100).await;
    assert_eq!(rest.len(), 61 - 9, "nothing is left out");
}

async fn no_address_takes_more_than_its_places(open: Open<'_>) {
    let spool = open();
    for number in 0..9 {
        from(&*spool, &format!("a{number}"), "192.168.1.50", seconds(number)).await;
    }
    from(&*spool, "b", "192.168.1.51", NOW).await;
    let addresses = async |room: Room<'_>| -> Vec<String> {
        let batch = spool.due_in_turn("phone", seconds(9), room).await.unwrap();
        let address = |due: DueDelivery| match due.share {
            Share::Address(address) => address,
            Share::Known(_) => "known".to_owned(),
        };
        let mut addresses: Vec<_> = batch.deliveries.into_iter().map(address).collect();
        addresses.sort();
        addresses
    };
    let room = Room { of_share: 3, ..Room::of(8, &[]) };
    let (a, b) = ("192.168.1.50", "192.168.1.51");
    assert_eq!(addresses(room).await, [a, a, a, b]);
    let busy = [(a.to_owned(), 2)];
    assert_eq!(addresses(Room { busy: &busy, ..room }).await, [a, b]);
    let busy = [(a.to_owned(), 3), (b.to_owned(), 3)];
    assert!(addresses(Room { busy: &busy, ..room }).await.is_empty());
    store(&*spool, "yard", seconds(9)).await;
    assert_eq!(addresses(Room { busy: &busy, ..room }).await, ["known"]);
    assert_eq!(addresses(Room { discovered: 1, known: 0, ..room }).await.len(), 1);
    let share = AddressShare::of(a.parse().unwrap());
    assert_eq!(share.to_string(), a, "as the shares of connections are written");
}

async fn a_device_that_is_named_goes_before_strangers(open: Open<'_>) {
    let spool = open();
    let own = from(&*spool, "zz", "192.168.1.99", NOW).await;
    for number in 0..5 {
        from(&*spool, "a", &format!("192.168.1.{number}"), seconds(number)).await;
    }
    let id = spool.incident(own.incident).await.unwrap().line.device_id;
    let label = DeviceChange::Name(Some("Own".to_owned()));
    assert!(spool.change_device(id, label).await.unwrap());
    assert_eq!(served(&*spool, 1).await, ["Own"]);
    assert!(spool.change_device(id, DeviceChange::Name(None)).await.unwrap());
    let late = from(&*spool, "zz", "192.168.1.99", seconds(900)).await;
    let due = spool.due("phone", seconds(900), 9, &[]).await.unwrap().deliveries;
    let own = due.iter().find(|due| due.alert.incident == late.incident).unwrap();
    assert_eq!(own.share, Share::Address("192.168.1.99".to_owned()));
}
