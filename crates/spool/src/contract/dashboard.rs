//! What the dashboard asks of a spool: filters, devices, what people say of them.

use std::sync::Arc;

use tipoff_model::{DeviceId, IncidentId, MediaKind, MediaPlace};

use super::*;
use crate::{
    CameraAccess, DeviceChange, DeviceFilter, IncidentFilter, NewDevice, Notice, SharedPlace,
};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    pages_follow_each_other_and_filters_fit(&*fresh()).await;
    a_line_counts_and_shows(&*fresh()).await;
    what_people_say_of_a_device_stays(&*fresh()).await;
    an_added_device_has_its_name_to_itself(&*fresh()).await;
    a_merged_device_is_the_other_from_then_on(&*fresh()).await;
    a_muted_device_is_kept_and_not_told(&*fresh()).await;
    silence_is_told_once_until_something_arrives(&*fresh()).await;
    places_of_known_devices_are_told_apart_from_those_of_strangers(&*fresh()).await;
    one_delivery_is_retried_alone(&*fresh()).await;
    figures_count(&*fresh()).await;
    paused_channels_are_remembered(&*fresh()).await;
}

async fn ids(spool: &dyn Spool, filter: IncidentFilter) -> Vec<IncidentId> {
    let lines = spool.incidents(&filter, 100).await.unwrap();
    lines.into_iter().map(|line| line.id).collect()
}

fn all() -> IncidentFilter {
    IncidentFilter::default()
}

async fn pages_follow_each_other_and_filters_fit(open: Open<'_>) {
    let spool = open();
    let first = store(&*spool, "Yard", NOW).await.incident;
    let mut person = arrival(&*spool, "door", seconds(100));
    person.event = Event::Person;
    person.content.subject = "Персона at THE door".to_owned();
    let second = spool.store(person).await.unwrap().incident;
    let third = store(&*spool, "Yard", seconds(200)).await.incident;
    let mut quiet = arrival(&*spool, "Yard", seconds(300));
    quiet.housekeeping = true;
    let quiet = spool.store(quiet).await.unwrap().incident;
    for delivery in due(&*spool, "phone", seconds(300)).await {
        let state = match delivery.alert.incident {
            incident if incident == second => DeliveryState::Refused,
            _ => DeliveryState::Delivered,
        };
        spool.record(ended(&delivery, state)).await.unwrap();
    }

    let page = spool.incidents(&all(), 2).await.unwrap();
    assert_eq!([page[0].id, page[1].id], [third, second]);
    assert_eq!(ids(&*spool, IncidentFilter { before: Some(second), ..all() }).await, [first]);
    assert_eq!(
        ids(&*spool, IncidentFilter { silent: true, ..all() }).await,
        [quiet, third, second, first]
    );
    let yard = Some(page[0].device_id);
    let with = |state, channel: Option<&str>| IncidentFilter {
        state,
        channel: channel.map(str::to_owned),
        ..all()
    };
    let (refused, pending) = (Some(DeliveryState::Refused), Some(DeliveryState::Pending));
    let text = |text: &str| IncidentFilter { text: text.to_owned(), ..all() };
    let table = [
        (IncidentFilter { device: yard, ..all() }, vec![third, first]),
        (IncidentFilter { event: Some(Event::Person), ..all() }, vec![second]),
        (IncidentFilter { from: Some(seconds(100)), ..all() }, vec![third, second]),
        (IncidentFilter { until: Some(seconds(100)), ..all() }, vec![first]),
        (IncidentFilter { after: Some(first), ..all() }, vec![second, third]),
        (IncidentFilter { only: Some(first), ..all() }, vec![first]),
        (IncidentFilter { only: Some(first), event: Some(Event::Person), ..all() }, vec![]),
        (with(refused, None), vec![second]),
        (with(refused, Some("phone")), vec![second]),
        (with(refused, Some("hook")), vec![]),
        (with(pending, Some("phone")), vec![]),
        (with(pending, Some("hook")), vec![third, second, first]),
        (with(None, Some("nobody")), vec![]),
        (text("персона the"), vec![second]),
        (text("DOOR"), vec![second]),
        (text("yard"), vec![third, first]),
        (text("yard door"), vec![]),
        (text("picture.jpg motion"), vec![third, first]),
        (text("100% _ ' \""), vec![]),
    ];
    for (filter, expected) in table {
        let found = ids(&*spool, filter.clone()).await;
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn a_line_counts_and_shows(open: Open<'_>) {
    let spool = open();
    let video = Media { kind: MediaKind::Video, name: "a.mp4".to_owned(), ..picture() };
    let mut first = arrival(&*spool, "yard", NOW);
    first.content.media = vec![video.clone()];
    let first = spool.store(first).await.unwrap();
    let line = async || spool.incidents(&all(), 1).await.unwrap().remove(0);
    let place = |arrival, index| MediaPlace { arrival, index: Some(index) };
    let shown = line().await;
    assert_eq!((shown.pictures, shown.videos), (0, 1));
    assert_eq!(shown.cover.map(|it| (it.place, it.video)), Some((place(first.arrival, 0), true)));
    spool.note_length(place(first.arrival, 0), Duration::from_millis(8_500)).await.unwrap();
    assert_eq!(line().await.video_length, Duration::from_millis(8_500));

    let mut second = arrival(&*spool, "yard", seconds(5));
    second.content.media = vec![video, picture(), picture()];
    let second = spool.store(second).await.unwrap();
    let shown = line().await;
    assert_eq!((shown.pictures, shown.videos, shown.arrivals), (2, 2, 2));
    let cover = shown.cover.map(|it| (it.place, it.video));
    assert_eq!(cover, Some((place(second.arrival, 1), false)), "a picture shows more");
    let yard = device(&*spool, "yard").await;
    let latest = async || spool.latest_pictures(&[yard, DeviceId(99)]).await.unwrap();
    assert_eq!(latest().await, [Some(place(second.arrival, 1)), None]);
    let mut text = arrival(&*spool, "yard", seconds(9_000));
    text.content.media.clear();
    spool.store(text).await.unwrap();
    assert_eq!(latest().await[0], Some(place(second.arrival, 1)), "the latest that has one");
    assert_eq!(spool.incident_of(second.arrival).await.unwrap(), Some(first.incident));
    let pending = |channel: &str| (channel.to_owned(), DeliveryState::Pending, 2);
    assert_eq!(shown.deliveries, [pending("phone"), pending("hook")]);
}

async fn device(spool: &dyn Spool, name: &str) -> DeviceId {
    let filter = DeviceFilter { text: name.to_owned(), offset: 0 };
    spool.devices(&filter, 10).await.unwrap()[0].id
}

async fn what_people_say_of_a_device_stays(open: Open<'_>) {
    let spool = open();
    store(&*spool, "discovered/192.168.1.5/cam", NOW).await;
    let id = device(&*spool, "").await;
    let change = async |change| spool.change_device(id, change).await.unwrap();
    assert!(change(DeviceChange::Name(Some("Gate".to_owned()))).await);
    assert!(change(DeviceChange::SilentAfter(Some(Duration::from_secs(3600)))).await);
    assert!(!change(DeviceChange::MergeInto(id)).await, "it is itself already");
    store(&*spool, "discovered/192.168.1.5/cam", seconds(100)).await;
    assert_eq!(due(&*spool, "phone", seconds(100)).await[1].alert.device, "Gate");
    let new = NewDevice {
        name: "Hall".to_owned(),
        user: "hall".to_owned(),
        password: "secret".to_owned(),
        camera: None,
    };
    let added = spool.add_device(new.clone()).await.unwrap().unwrap();
    assert_eq!(spool.add_device(new.clone()).await.unwrap(), None, "the user is taken");
    let holder = async |name| spool.holder_of_name(name).await.unwrap();
    assert_eq!(holder("hall").await, Some(added));
    assert_eq!(holder("GATE").await, Some(id));
    assert_eq!(holder("cam").await, None, "the device calls itself so");
    let keep = RetentionLimits { age: Duration::ZERO, bytes_max: 0, guard: AgeGuard::default() };
    spool.sweep(keep, seconds(1000)).await.unwrap();
    drop(spool);
    let spool = open();
    assert_eq!(spool.added_devices().await.unwrap(), [(added, new)]);
    let detail = spool.device(id).await.unwrap().unwrap();
    assert_eq!(detail.line.name, "Gate");
    assert_eq!(detail.line.last_at, Some(seconds(100)));
    assert_eq!(detail.line.silent_after, Some(Duration::from_secs(3600)));
    let password = DeviceChange::Password("other".to_owned());
    assert!(spool.change_device(added, password.clone()).await.unwrap());
    assert_eq!(spool.added_devices().await.unwrap()[0].1.password, "other");
    assert!(spool.change_device(id, password).await.unwrap());
    assert_eq!(spool.added_devices().await.unwrap().len(), 1, "only what was added logs in");
    a_login_of_a_camera_is_kept_with_its_device(&*spool, (added, id)).await;
    assert!(spool.change_device(added, DeviceChange::NoLogin).await.unwrap());
    assert_eq!(spool.added_devices().await.unwrap(), []);
    assert_eq!(spool.device(DeviceId(99)).await.unwrap(), None);
}

/// Of a device that was added, until somebody forgets it; never of another one.
async fn a_login_of_a_camera_is_kept_with_its_device(
    spool: &dyn Spool,
    (added, other): (DeviceId, DeviceId),
) {
    let access = CameraAccess {
        url: "http://192.168.1.20/".to_owned(),
        user: "admin".to_owned(),
        password: "Pass-word 1".to_owned(),
    };
    assert!(!format!("{access:?}").contains("Pass-word"), "it is in no log");
    let set = DeviceChange::Camera(Some(access.clone()));
    assert!(spool.change_device(added, set.clone()).await.unwrap());
    assert!(spool.change_device(other, set.clone()).await.unwrap());
    let camera = async || {
        let devices = spool.added_devices().await.unwrap();
        assert_eq!(devices.len(), 1);
        devices[0].1.camera.clone()
    };
    assert_eq!(camera().await, Some(access.clone()));
    assert!(spool.change_device(added, DeviceChange::Camera(None)).await.unwrap());
    assert_eq!(camera().await, None);
    assert!(spool.change_device(added, set).await.unwrap());
    let again = NewDevice {
        name: "Shed".to_owned(),
        user: "shed".to_owned(),
        password: "secret".to_owned(),
        camera: Some(access.clone()),
    };
    let shed = spool.add_device(again).await.unwrap().unwrap();
    assert_eq!(spool.added_devices().await.unwrap()[1].1.camera, Some(access));
    assert!(spool.change_device(shed, DeviceChange::NoLogin).await.unwrap());
    assert_eq!(spool.added_devices().await.unwrap().len(), 1);
}

async fn an_added_device_has_its_name_to_itself(open: Open<'_>) {
    let spool = open();
    let mut found = arrival(&*spool, "", NOW);
    found.device = Device {
        key: "discovered/192.168.1.6/hall".to_owned(),
        name: "hall".to_owned(),
        distinct_name: Some("hall (192.168.1.6)".to_owned()),
        discovered: true,
        ..Device::default()
    };
    spool.store(found).await.unwrap();
    let new = NewDevice {
        name: "Hall".to_owned(),
        user: "hall".to_owned(),
        password: "secret".to_owned(),
        camera: None,
    };
    spool.add_device(new).await.unwrap().unwrap();
    let lines = spool.devices(&DeviceFilter::default(), 10).await.unwrap();
    let mut names: Vec<_> = lines.iter().map(|line| &*line.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["Hall", "hall (192.168.1.6)"]);
}

async fn a_merged_device_is_the_other_from_then_on(open: Open<'_>) {
    let spool = open();
    let told = |name: &str| Device {
        key: format!("discovered/127.0.0.1/{name}"),
        name: name.to_owned(),
        discovered: true,
        ..Device::default()
    };
    store(&*spool, "Yard", NOW).await;
    let mut stray = arrival(&*spool, "", NOW);
    stray.device = told("stray");
    spool.store(stray).await.unwrap();
    let (yard, stray) = (device(&*spool, "yard").await, device(&*spool, "stray").await);
    assert!(spool.change_device(stray, DeviceChange::MergeInto(yard)).await.unwrap());
    assert!(!spool.change_device(yard, DeviceChange::MergeInto(stray)).await.unwrap());
    let mut again = arrival(&*spool, "", seconds(5));
    again.device = told("stray");
    let again = spool.store(again).await.unwrap();
    assert!(again.joined, "it is one device, and its incident is open");
    let lines = spool.incidents(&all(), 10).await.unwrap();
    assert!(lines.iter().all(|line| line.device == "Yard"), "{lines:?}");
    assert_eq!(spool.devices(&DeviceFilter::default(), 10).await.unwrap().len(), 1);
    assert_eq!(spool.device(yard).await.unwrap().unwrap().merged, ["stray"]);
    let activity = spool.activity(&[yard], &[NOW, seconds(1), seconds(9)]).await.unwrap();
    assert_eq!(activity, [[2, 0]]);
}

async fn a_muted_device_is_kept_and_not_told(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let id = device(&*spool, "yard").await;
    let until = DeviceChange::MutedUntil(Some(seconds(200)));
    spool.change_device(id, until).await.unwrap();
    assert!(store(&*spool, "yard", seconds(5)).await.channels.is_empty(), "no follow-up either");
    let muted = store(&*spool, "yard", seconds(199)).await;
    assert!(muted.channels.is_empty());
    assert!(spool.incident(muted.incident).await.unwrap().line.muted);
    let later = store(&*spool, "yard", seconds(201)).await;
    assert_eq!(later.incident, muted.incident);
    assert_eq!(later.channels, ["phone", "hook"], "the first that is told is news");
}

async fn silence_is_told_once_until_something_arrives(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let id = device(&*spool, "yard").await;
    let after = DeviceChange::SilentAfter(Some(Duration::from_secs(60)));
    spool.change_device(id, after).await.unwrap();
    let silent = async |at| spool.inactive_devices(at, true).await.unwrap().len();
    assert_eq!((silent(seconds(60)).await, silent(seconds(61)).await), (0, 1));
    let notice = Notice {
        device: id,
        event: Event::Silence,
        subject: "Nothing from yard for 1 minute".to_owned(),
        at: seconds(61),
    };
    assert_eq!(spool.create_notice(notice.clone()).await.unwrap(), ["phone", "hook"]);
    assert_eq!(silent(seconds(62)).await, 0, "once is enough");
    let alert = due(&*spool, "phone", seconds(61)).await.remove(0).alert;
    assert_eq!((alert.event, alert.subject), (Event::Silence, notice.subject));
    assert_eq!(alert.received_at, seconds(61));
    let next = store(&*spool, "yard", seconds(70)).await;
    assert!(!next.joined, "what arrives is no part of the silence");
    assert_eq!(silent(seconds(131)).await, 1);
}

async fn places_of_known_devices_are_told_apart_from_those_of_strangers(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let places = async || spool.known_places(NOW, 10).await.unwrap();
    let keys = async || places().await.into_iter().map(|it| it.key).collect::<Vec<_>>();
    let before = keys().await;
    for name in ["one", "two"] {
        let mut stranger = arrival(&*spool, name, seconds(1));
        stranger.device.key = format!("discovered/192.168.1.66/{name}");
        stranger.device.discovered = true;
        stranger.envelope.peer = [192, 168, 1, 66].into();
        spool.store(stranger).await.unwrap();
    }
    assert_eq!(keys().await, before, "whoever is merely discovered is not known");
    let shared = spool.shared_places(NOW, 10).await.unwrap();
    let at = |place: &SharedPlace| place.place == std::net::IpAddr::from([192, 168, 1, 66]);
    assert_eq!(shared.iter().find(|it| at(it)).unwrap().devices, 2);
    assert_eq!(spool.shared_places(seconds(10), 10).await.unwrap(), []);
    let id = device(&*spool, "one").await;
    spool.change_device(id, DeviceChange::Name(Some("Gate".to_owned()))).await.unwrap();
    let named = places().await.into_iter().find(|it| it.is_named).unwrap();
    assert_eq!(named.key, "discovered/192.168.1.66/one");
    assert_eq!(named.place, std::net::IpAddr::from([192, 168, 1, 66]));
    assert_eq!(spool.known_places(seconds(10), 10).await.unwrap(), []);
}

async fn one_delivery_is_retried_alone(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    for channel in ["phone", "hook"] {
        let delivery = due(&*spool, channel, NOW).await.remove(0);
        spool.record(ended(&delivery, DeliveryState::Refused)).await.unwrap();
    }
    let hook = spool.incident(stored.incident).await.unwrap().deliveries[1].id;
    assert_eq!(spool.retry(stored.incident, Some(hook), NOW).await.unwrap(), ["hook"]);
    assert_eq!(due(&*spool, "phone", NOW).await.len(), 0);
    assert_eq!(due(&*spool, "hook", NOW).await.len(), 1);
    let other = tipoff_model::IncidentId(stored.incident.0 + 1);
    assert!(spool.retry(other, Some(hook), NOW).await.unwrap().is_empty());
}

async fn figures_count(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    store(&*spool, "yard", seconds(5)).await;
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Refused)).await.unwrap();
    let delivery = due(&*spool, "hook", NOW).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    let figures = spool.figures(NOW, NOW).await.unwrap();
    assert_eq!(figures.hours.iter().map(|hour| hour.arrivals).sum::<u64>(), 2);
    assert_eq!(figures.oldest, Some(NOW));
    let of = |name: &str| {
        figures.channels.iter().find(|it| it.channel == name).cloned().unwrap_or_default()
    };
    let (phone, hook) = (of("phone"), of("hook"));
    assert_eq!((phone.pending, phone.delivered, phone.failed), (1, 0, 1));
    assert_eq!(phone.last_error, Some((NOW, "the service said no".to_owned())));
    assert_eq!(
        (hook.delivered, hook.latency),
        (1, Some((Duration::from_millis(30), Duration::from_millis(30))))
    );
    assert_eq!(hook.waiting_since, Some(seconds(5)));
}

async fn paused_channels_are_remembered(open: Open<'_>) {
    let spool = open();
    spool.set_paused("phone".to_owned(), true).await.unwrap();
    spool.set_paused("phone".to_owned(), true).await.unwrap();
    drop(spool);
    let spool = open();
    assert_eq!(spool.paused().await.unwrap(), ["phone"]);
    spool.set_paused("phone".to_owned(), false).await.unwrap();
    assert!(spool.paused().await.unwrap().is_empty());
}
