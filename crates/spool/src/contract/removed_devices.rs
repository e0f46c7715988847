//! Devices that their owner removes, with or without their incidents.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{Device, DeviceId};

use super::{Open, arrival, everything, seconds, store};
use crate::{
    CameraAccess, DeviceChange, DeviceFilter, DeviceUsage, IncidentFilter, NewArrival, NewDevice,
    Spool, Stored,
};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_removed_device_leaves_its_incidents_and_is_listed_when_it_sends_again(&*fresh()).await;
    a_removed_device_without_incidents_leaves_nothing(&*fresh()).await;
    what_was_merged_into_a_removed_device_is_a_device_again(&*fresh()).await;
    a_recorder_is_removed_with_the_last_of_its_channels(&*fresh()).await;
}

async fn listed(spool: &dyn Spool) -> Vec<DeviceId> {
    let lines = spool.devices(&DeviceFilter::default(), 100).await.unwrap();
    lines.iter().map(|line| line.id).collect()
}

async fn device_of(spool: &dyn Spool, stored: &Stored) -> DeviceId {
    spool.incident(stored.incident).await.unwrap().line.device_id
}

async fn remove(spool: &dyn Spool, id: DeviceId) -> bool {
    spool.change_device(id, DeviceChange::Remove).await.unwrap()
}

fn discovered(name: &str) -> Device {
    Device {
        key: format!("discovered/127.0.0.1/{name}"),
        name: name.to_owned(),
        discovered: true,
        ..Device::default()
    }
}

async fn mail(spool: &dyn Spool, second: u64, device: &Device) -> Stored {
    let new = NewArrival { device: device.clone(), ..arrival(spool, "", seconds(second)) };
    spool.store(new).await.unwrap()
}

async fn a_removed_device_leaves_its_incidents_and_is_listed_when_it_sends_again(open: Open<'_>) {
    let spool = open();
    let yard = discovered("yard");
    let first = mail(&*spool, 0, &yard).await;
    let id = device_of(&*spool, &first).await;
    spool.lock(first.incident, "anna".to_owned(), seconds(1)).await.unwrap();
    mail(&*spool, 100, &yard).await;
    let door = store(&*spool, "door", seconds(200)).await;
    for change in [
        DeviceChange::Name(Some("Back yard".to_owned())),
        DeviceChange::MutedUntil(Some(seconds(9_999))),
        DeviceChange::SilentAfter(Some(Duration::from_secs(60))),
    ] {
        assert!(spool.change_device(id, change).await.unwrap());
    }
    assert!(spool.is_known(&yard));
    let count = DeviceUsage { incidents: 2, locked: 1, channels: 0 };
    assert_eq!(spool.device_usage(id).await.unwrap(), count);
    assert!(remove(&*spool, id).await);
    assert!(!spool.is_known(&yard), "its name is gone");
    drop(spool);
    let spool = open();
    assert_eq!(listed(&*spool).await, [device_of(&*spool, &door).await]);
    assert!(spool.inactive_devices(seconds(9_000), false).await.unwrap().is_empty());
    assert_eq!(spool.holder_of_name("Back yard").await.unwrap(), None);
    let kept = spool.device(id).await.unwrap().unwrap();
    assert_eq!((&*kept.line.name, kept.line.last_at), ("yard", None));
    assert_eq!((kept.line.muted_until, kept.line.silent_after), (None, None));
    assert!(kept.sightings.is_empty());
    assert_eq!(spool.device_usage(id).await.unwrap(), count);
    let again = mail(&*spool, 300, &yard).await;
    assert_eq!(device_of(&*spool, &again).await, id, "its history is its own again");
    assert_eq!(listed(&*spool).await[0], id);
    assert!(!again.channels.is_empty(), "it is not muted any more");
}

async fn a_removed_device_without_incidents_leaves_nothing(open: Open<'_>) {
    let spool = open();
    let access = CameraAccess {
        url: "http://camera".to_owned(),
        user: "admin".to_owned(),
        password: "secret".to_owned(),
    };
    let new = NewDevice {
        name: "Yard".to_owned(),
        user: "yard".to_owned(),
        password: "secret".to_owned(),
        camera: Some(access),
    };
    let added = spool.add_device(new.clone()).await.unwrap().unwrap();
    let sender =
        Device { key: "added/yard".to_owned(), name: "Yard".to_owned(), ..Device::default() };
    let stored = mail(&*spool, 0, &sender).await;
    let its = device_of(&*spool, &stored).await;
    spool.remove_incidents(vec![stored.incident]).await.unwrap();
    for id in [added, its] {
        remove(&*spool, id).await;
        assert!(spool.device(id).await.unwrap().is_none());
        assert!(!remove(&*spool, id).await, "there is no such device");
    }
    assert!(spool.added_devices().await.unwrap().is_empty(), "it has no login");
    assert!(spool.add_device(new).await.unwrap().is_some(), "its user is free");
    assert_eq!(spool.device_usage(DeviceId(99)).await.unwrap(), DeviceUsage::default());
}

async fn what_was_merged_into_a_removed_device_is_a_device_again(open: Open<'_>) {
    let spool = open();
    let (yard, shed) = (discovered("yard"), discovered("shed"));
    let mut of_yard = arrival(&*spool, "", seconds(0));
    (of_yard.device, of_yard.envelope.peer) = (yard, [10, 0, 0, 1].into());
    let of_yard = spool.store(of_yard).await.unwrap();
    let into = device_of(&*spool, &of_yard).await;
    let merged = device_of(&*spool, &mail(&*spool, 1, &shed).await).await;
    assert!(spool.change_device(merged, DeviceChange::MergeInto(into)).await.unwrap());
    assert!(remove(&*spool, into).await);
    assert!(listed(&*spool).await.is_empty());
    let again = device_of(&*spool, &mail(&*spool, 100, &shed).await).await;
    assert_ne!(again, into);
    assert_eq!(listed(&*spool).await, [again]);
}

async fn a_recorder_is_removed_with_the_last_of_its_channels(open: Open<'_>) {
    let spool = open();
    let recorder = discovered("nvr");
    let channel = Device {
        key: format!("{}#garden", recorder.key),
        recorder: Some(Box::new(recorder.clone())),
        ..discovered("Garden")
    };
    let stored = mail(&*spool, 0, &channel).await;
    let id = device_of(&*spool, &stored).await;
    let all = listed(&*spool).await;
    let of_recorder = all.into_iter().find(|it| *it != id).unwrap();
    assert_eq!(spool.device_usage(of_recorder).await.unwrap().channels, 1);
    assert!(!remove(&*spool, of_recorder).await, "it has a channel");
    let silent = IncidentFilter { device: Some(id), ..everything() };
    let lines = spool.incidents(&silent, 10).await.unwrap();
    spool.remove_incidents(lines.iter().map(|line| line.id).collect()).await.unwrap();
    remove(&*spool, id).await;
    assert!(listed(&*spool).await.is_empty());
    assert!(spool.device(of_recorder).await.unwrap().is_none());
}
