//! The channels of a recorder are devices; a single camera is one device over all its protocols.

use std::sync::Arc;

use tipoff_model::{Device, Protocol};

use super::{Open, arrival, seconds};
use crate::{DeviceChange, DeviceFilter, NewArrival, Spool, Stored};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    channels_part_the_incidents(&*fresh()).await;
    a_muted_recorder_mutes_its_channels(&*fresh()).await;
    a_single_camera_is_one_device_over_both_protocols(&*fresh()).await;
    a_configured_camera_keeps_its_name_until_a_second_channel_mails(&*fresh()).await;
    the_address_is_in_a_name_only_where_two_are_the_same(&*fresh()).await;
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

fn configured(name: &str) -> Device {
    Device { key: name.to_owned(), name: name.to_owned(), ..Device::default() }
}

fn channel(recorder: &Device, name: &str, numbered: bool) -> Device {
    Device {
        key: format!("{}#{}", recorder.key, name.to_lowercase()),
        name: name.to_owned(),
        distinct_name: Some(format!("{name} ({})", recorder.name)),
        discovered: recorder.discovered,
        recorder: Some(Box::new(recorder.clone())),
        numbered,
    }
}

async fn mail(spool: &dyn Spool, second: u64, device: Device) -> Stored {
    let new = NewArrival { device, ..arrival(spool, "", seconds(second)) };
    spool.store(new).await.unwrap()
}

async fn upload(spool: &dyn Spool, second: u64, device: Device) -> Stored {
    let mut new = NewArrival { device, ..arrival(spool, "", seconds(second)) };
    new.envelope.protocol = Protocol::Ftp;
    spool.store(new).await.unwrap()
}

async fn name_of(spool: &dyn Spool, stored: &Stored) -> String {
    spool.incident(stored.incident).await.unwrap().line.device
}

async fn channels_part_the_incidents(open: Open<'_>) {
    let spool = open();
    let recorder = discovered("nvr", "127.0.0.1");
    let drive = mail(&*spool, 0, channel(&recorder, "Driveway", false)).await;
    let garden = mail(&*spool, 1, channel(&recorder, "Garden", false)).await;
    let again = mail(&*spool, 2, channel(&recorder, "Driveway", false)).await;
    assert_ne!(drive.incident, garden.incident);
    assert_eq!(drive.incident, again.incident);
    assert_eq!(name_of(&*spool, &drive).await, "Driveway");
    assert_eq!(name_of(&*spool, &garden).await, "Garden");
    // What the recorder uploads is of no channel.
    assert_eq!(
        name_of(&*spool, &upload(&*spool, 3, discovered("ftp", "127.0.0.1")).await).await,
        "nvr"
    );
}

async fn a_muted_recorder_mutes_its_channels(open: Open<'_>) {
    let spool = open();
    let recorder = configured("NVR");
    mail(&*spool, 0, channel(&recorder, "2", true)).await;
    let filter = DeviceFilter { text: "nvr".to_owned(), ..DeviceFilter::default() };
    let id = spool.devices(&filter, 1).await.unwrap()[0].id;
    let until = Some(seconds(3600));
    assert!(spool.change_device(id, DeviceChange::MutedUntil(until)).await.unwrap());
    assert!(mail(&*spool, 100, channel(&recorder, "2", true)).await.channels.is_empty());
    assert!(!mail(&*spool, 4000, channel(&recorder, "2", true)).await.channels.is_empty());
    let line = spool.devices(&filter, 1).await.unwrap().remove(0);
    assert_eq!(line.last_at, Some(seconds(4000)), "a recorder is as active as its channels");
}

async fn a_single_camera_is_one_device_over_both_protocols(open: Open<'_>) {
    let spool = open();
    let base = discovered("cam1", "127.0.0.1");
    let mailed = mail(&*spool, 0, channel(&base, "Porch", false)).await;
    let uploaded = upload(&*spool, 5, discovered("ftpuser", "127.0.0.1")).await;
    assert_eq!(mailed.incident, uploaded.incident);
    assert_eq!(name_of(&*spool, &uploaded).await, "Porch");
}

async fn a_configured_camera_keeps_its_name_until_a_second_channel_mails(open: Open<'_>) {
    let spool = open();
    let base = configured("Front yard");
    let single = mail(&*spool, 0, channel(&base, "IPC-7", false)).await;
    assert_eq!(name_of(&*spool, &single).await, "Front yard");
    let second = mail(&*spool, 1, channel(&base, "Garden", false)).await;
    assert_eq!(name_of(&*spool, &second).await, "Garden");
    let first = mail(&*spool, 2, channel(&base, "IPC-7", false)).await;
    assert_eq!(name_of(&*spool, &first).await, "IPC-7");
    let unnamed = Device { distinct_name: None, ..channel(&base, "IPC-7", false) };
    let unnamed = Device { name: "Front yard channel 1".to_owned(), ..unnamed };
    assert_eq!(name_of(&*spool, &mail(&*spool, 3, unnamed).await).await, "IPC-7");
    let numbered = mail(&*spool, 4, channel(&configured("NVR"), "NVR channel 2", true)).await;
    assert_eq!(name_of(&*spool, &numbered).await, "NVR channel 2");
}

async fn the_address_is_in_a_name_only_where_two_are_the_same(open: Open<'_>) {
    let spool = open();
    let one = mail(&*spool, 0, discovered("cam1", "192.168.1.20")).await;
    assert_eq!(name_of(&*spool, &one).await, "cam1");
    let mut other = arrival(&*spool, "", seconds(1));
    other.device = discovered("cam1", "192.168.1.21");
    other.envelope.peer = "192.168.1.21".parse().unwrap();
    let other = spool.store(other).await.unwrap();
    assert_eq!(name_of(&*spool, &other).await, "cam1 (192.168.1.21)");
    assert_eq!(name_of(&*spool, &one).await, "cam1 (192.168.1.20)");
    let later = mail(&*spool, 100, discovered("cam1", "192.168.1.20")).await;
    assert_eq!(name_of(&*spool, &later).await, "cam1 (192.168.1.20)");
}
