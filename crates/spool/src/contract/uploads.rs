//! What every engine does with uploads: growing, renaming, repeats, silence, and devices that speak
//! several protocols.

use super::{NOW, Open, arrival, bytes, due, ended, picture, seconds};
use std::time::Duration;

use tipoff_model::{DeliveryState, Event, MediaKind, Protocol, Timestamp};

use crate::{DedupPolicy, Growth, NewArrival, Spool, Stored, StoredBlob};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> std::sync::Arc<dyn Spool>>) {
    what_a_crash_cut_off_is_there_for_a_day(&*fresh()).await;
    what_views_need_is_kept(&*fresh()).await;
    an_upload_grows_and_is_told_of_as_a_whole(&*fresh()).await;
    what_was_told_already_is_told_again_when_it_has_grown(&*fresh()).await;
    an_upload_in_many_pieces_is_two_alerts_at_most_while_a_channel_is_away(&*fresh()).await;
    a_name_ends_the_wait(&*fresh()).await;
    a_new_name_alerts_of_no_muted_device(&*fresh()).await;
    the_same_bytes_are_told_once_and_mails_always(&*fresh()).await;
    what_is_silent_opens_incidents_of_its_own(&*fresh()).await;
    pages_that_come_while_the_first_waits_are_in_it(&*fresh()).await;
    videos_hold_nobody_back(&*fresh()).await;
    trees_are_read_again(&*fresh()).await;
    one_device_speaks_two_protocols(&*fresh()).await;
    two_devices_at_an_address_stay_two(&*fresh()).await;
}

pub(crate) fn upload(spool: &dyn Spool, path: &str, at: Timestamp) -> NewArrival {
    let mut upload = arrival(spool, "discovered/yard", at);
    upload.device.discovered = true;
    upload.envelope.protocol = Protocol::Ftp;
    upload.envelope.path = Some(path.to_owned());
    upload.again = DedupPolicy::Always;
    upload.tree = Some("peer/yard".to_owned());
    upload
}

pub(crate) fn growth(
    stored: &Stored,
    whole: &NewArrival,
    at: Timestamp,
    ready_at: Timestamp,
) -> Growth {
    let mut content = whole.content.clone();
    content.media[0].size = 12;
    content.media[0].range = 0..12;
    Growth {
        arrival: stored.arrival,
        content,
        event: Event::Motion,
        housekeeping: false,
        blob: StoredBlob { name: whole.blob.name.clone(), size: 12 },
        began_at: at,
        received_at: at,
        ready_at,
        torn: false,
        digests: Vec::new(),
    }
}

async fn an_upload_grows_and_is_told_of_as_a_whole(open: Open<'_>) {
    let spool = open();
    let mut part = upload(&*spool, "/x.mp4", NOW);
    part.ready_at = seconds(10);
    let template = part.clone();
    let stored = spool.store(part).await.unwrap();
    assert!(due(&*spool, "phone", seconds(9)).await.is_empty());
    let mut writer = spool.blobs().resume(&template.blob.name, 9).unwrap();
    writer.write(b"!!!").unwrap();
    let blob = writer.finish().unwrap();
    assert_eq!(blob.size, 12);
    let more = Growth { blob, ..growth(&stored, &template, seconds(5), seconds(15)) };
    let grown = spool.grow(more).await.unwrap();
    assert_eq!((grown.arrival, grown.incident), (stored.arrival, stored.incident));
    drop(spool);
    let spool = open();
    assert!(due(&*spool, "phone", seconds(14)).await.is_empty(), "more may come");
    let told = due(&*spool, "phone", seconds(15)).await;
    assert_eq!((told.len(), told[0].alert.media[0].media.size), (1, 12));
    assert_eq!(spool.stats().await.unwrap().blob_bytes, 12);
    let blob = spool.incident(stored.incident).await.unwrap().arrivals.remove(0).blob;
    assert_eq!(bytes(&*spool, &blob).await.unwrap(), b"a picture!!!");
    let Some(path) = spool.blobs().path(&template.blob.name) else { return };
    // Bytes that were never acknowledged go when it goes on.
    let writer = spool.blobs().resume(&template.blob.name, 9).unwrap();
    drop(writer);
    assert_eq!(path.metadata().unwrap().len(), 9);
    assert!(spool.blobs().resume(&template.blob.name, 10).is_err(), "not behind the end");
}

async fn what_was_told_already_is_told_again_when_it_has_grown(open: Open<'_>) {
    let spool = open();
    let part = upload(&*spool, "/x.mp4", NOW);
    let template = part.clone();
    let stored = spool.store(part).await.unwrap();
    let first = due(&*spool, "phone", NOW).await.remove(0);
    // It grows while it is being told.
    spool.grow(growth(&stored, &template, seconds(5), seconds(5))).await.unwrap();
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    let again = due(&*spool, "phone", seconds(7)).await;
    assert_eq!((again.len(), again[0].alert.media[0].media.size), (1, 12));
}

async fn an_upload_in_many_pieces_is_two_alerts_at_most_while_a_channel_is_away(open: Open<'_>) {
    let spool = open();
    let part = upload(&*spool, "/x.mp4", NOW);
    let template = part.clone();
    let stored = spool.store(part).await.unwrap();
    for piece in 1..10 {
        let at = seconds(piece * 30);
        spool.grow(growth(&stored, &template, at, at)).await.unwrap();
    }
    // The first may be under way since it was due, so what came later follows it.
    for sizes in [[12], [12]] {
        let due = due(&*spool, "phone", seconds(999)).await;
        assert_eq!(due.iter().map(|it| it.alert.media[0].media.size).collect::<Vec<_>>(), sizes);
        spool.record(ended(&due[0], DeliveryState::Delivered)).await.unwrap();
    }
    assert!(due(&*spool, "phone", seconds(999)).await.is_empty());
}

async fn a_name_ends_the_wait(open: Open<'_>) {
    let spool = open();
    let mut unnamed = upload(&*spool, "/x.tmp", NOW);
    (unnamed.ready_at, unnamed.event) = (seconds(10), Event::Other);
    let stored = spool.store(unnamed).await.unwrap();
    let (path, name) = ("/person.jpg".to_owned(), "person.jpg".to_owned());
    let renamed = spool.rename(stored.arrival, path, name, Event::Person, seconds(1)).await;
    assert_eq!(renamed.unwrap(), ["phone", "hook"]);
    let told = due(&*spool, "phone", seconds(1)).await;
    let alert = &told[0].alert;
    assert_eq!((alert.event, alert.media[0].media.name.as_str()), (Event::Person, "person.jpg"));
    let detail = spool.incident(stored.incident).await.unwrap();
    assert_eq!(detail.arrivals[0].envelope.path.as_deref(), Some("/person.jpg"));
}

async fn a_new_name_alerts_of_no_muted_device(open: Open<'_>) {
    let spool = open();
    spool.mute_until(seconds(100), NOW).await.unwrap();
    let rename = async |arrival, at| {
        let (path, name) = ("/person.jpg".to_owned(), "person.jpg".to_owned());
        spool.rename(arrival, path, name, Event::Person, at).await.unwrap()
    };
    let stored = spool.store(upload(&*spool, "/x.tmp", NOW)).await.unwrap();
    assert!(stored.channels.is_empty());
    assert!(rename(stored.arrival, seconds(99)).await.is_empty(), "it is muted");
    let reason = async || spool.incident(stored.incident).await.unwrap().line.suppressed_reason;
    assert!(reason().await.is_some());
    assert_eq!(rename(stored.arrival, seconds(101)).await, ["phone", "hook"]);
    assert_eq!(reason().await, None, "an alert is sent");
}

async fn the_same_bytes_are_told_once_and_mails_always(open: Open<'_>) {
    let spool = open();
    let with_print = |mut it: NewArrival| {
        it.digests = vec![Some([7; 32])];
        it
    };
    let first = spool.store(with_print(upload(&*spool, "/x.jpg", NOW))).await.unwrap();
    let again = upload(&*spool, "/other/y.jpg", seconds(500));
    let again = spool.store(with_print(again)).await.unwrap();
    assert_eq!((again.incident, again.channels.len()), (first.incident, 0));
    let mut mail = with_print(arrival(&*spool, "discovered/yard", seconds(501)));
    mail.device.discovered = true;
    assert_eq!(spool.store(mail).await.unwrap().channels.len(), 2);
}

async fn what_is_silent_opens_incidents_of_its_own(open: Open<'_>) {
    let spool = open();
    let silent = |at| {
        let mut silent = upload(&*spool, "/DVRWorkDirectory", at);
        silent.housekeeping = true;
        silent
    };
    let alarm = spool.store(upload(&*spool, "/1.jpg", NOW)).await.unwrap();
    let marker = spool.store(silent(seconds(5))).await.unwrap();
    assert!(marker.channels.is_empty() && marker.incident != alarm.incident);
    let next = spool.store(upload(&*spool, "/2.jpg", seconds(10))).await.unwrap();
    assert_eq!(next.incident, alarm.incident, "the marker did not part them");
    let marker_again = spool.store(silent(seconds(25))).await.unwrap();
    assert_eq!(marker_again.incident, marker.incident);
    let late = spool.store(upload(&*spool, "/3.jpg", seconds(40))).await.unwrap();
    assert!(!late.joined, "and did not keep the alarm's open");
}

/// The log of a scan and its pages; and a picture, which is told at once with what waited.
async fn pages_that_come_while_the_first_waits_are_in_it(open: Open<'_>) {
    let spool = open();
    let page = |name: &str, at: Timestamp| {
        let mut page = upload(&*spool, name, at);
        page.event = Event::Other;
        page.content.media[0].name = name.to_owned();
        page.content.media[0].kind = MediaKind::File;
        page.ready_at = at.after(Duration::from_secs(5));
        page
    };
    let names = |deliveries: &[crate::DueDelivery]| -> Vec<String> {
        deliveries[0].alert.media.iter().map(|it| it.media.name.clone()).collect()
    };
    for (number, name) in (0..).zip(["job.log", "1.pdf", "2.pdf"]) {
        spool.store(page(name, seconds(3 * number))).await.unwrap();
    }
    assert!(due(&*spool, "phone", seconds(10)).await.is_empty(), "each waits for the next");
    let first = due(&*spool, "phone", seconds(11)).await;
    assert_eq!(names(&first), ["job.log", "1.pdf", "2.pdf"]);
    assert_eq!(first.len(), 1);
    // What comes while it is sent follows it.
    spool.store(page("3.pdf", seconds(11))).await.unwrap();
    spool.record(ended(&first[0], DeliveryState::Delivered)).await.unwrap();
    assert_eq!(names(&due(&*spool, "phone", seconds(30)).await), ["3.pdf"]);

    let other = |mut arrival: NewArrival| {
        arrival.device.key = "discovered/door".to_owned();
        arrival.device.name = "door".to_owned();
        arrival.envelope.peer = [192, 168, 1, 9].into();
        arrival
    };
    spool.store(other(page("camera.log", seconds(40)))).await.unwrap();
    spool.store(other(upload(&*spool, "/1.jpg", seconds(41)))).await.unwrap();
    let both = due(&*spool, "phone", seconds(41)).await;
    let door = both.iter().find(|it| it.alert.device == "door").unwrap();
    assert_eq!(door.alert.media.len(), 2);
}

async fn videos_hold_nobody_back(open: Open<'_>) {
    let spool = open();
    let stored = spool.store(upload(&*spool, "/1.jpg", NOW)).await.unwrap();
    let first = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    let mut video = upload(&*spool, "/2.mp4", seconds(1));
    video.content.media[0].kind = MediaKind::Video;
    spool.store(video).await.unwrap();
    let mut late = picture();
    late.name = "late.jpg".to_owned();
    let mut picture = upload(&*spool, "/3.jpg", seconds(2));
    picture.content.media = vec![late];
    let joined = spool.store(picture).await.unwrap();
    assert_eq!(joined.incident, stored.incident);
    let both = due(&*spool, "phone", seconds(10)).await;
    let names: Vec<&str> = both.iter().map(|it| it.alert.media[0].media.name.as_str()).collect();
    assert_eq!(names, ["late.jpg", "picture.jpg"], "each on its own, and neither waits");
    // Of two videos the second waits for the first.
    spool.record(ended(&both[0], DeliveryState::Delivered)).await.unwrap();
    spool.record(ended(&both[1], DeliveryState::Pending)).await.unwrap();
    let mut second = upload(&*spool, "/4.mp4", seconds(12));
    second.content.media[0].kind = MediaKind::Video;
    spool.store(second).await.unwrap();
    assert!(due(&*spool, "phone", seconds(20)).await.is_empty());
}

async fn trees_are_read_again(open: Open<'_>) {
    let spool = open();
    for number in 0..3 {
        let upload = upload(&*spool, &format!("/{number}.jpg"), seconds(number));
        spool.store(upload).await.unwrap();
    }
    drop(spool);
    let spool = open();
    let paths = |uploads: Vec<crate::Upload>| -> Vec<(String, u64)> {
        uploads.into_iter().map(|upload| (upload.path, upload.size)).collect()
    };
    let latest = spool.uploads("peer/yard", 2).await.unwrap();
    assert_eq!(paths(latest), [("/1.jpg".to_owned(), 9), ("/2.jpg".to_owned(), 9)]);
    assert!(spool.uploads("peer/door", 2).await.unwrap().is_empty());
}

/// A crash: the file stays, and nobody looks after it.
fn cut_off(spool: &dyn Spool, tree: &str, path: &[u8]) {
    let mut writer = spool.blobs().begin(NOW, "upload").unwrap();
    writer.note(tree, path);
    writer.write(&[7; 60]).unwrap();
    std::mem::forget(writer);
}

async fn what_a_crash_cut_off_is_there_for_a_day(open: Open<'_>) {
    let spool = open();
    if spool.blobs().are_remote() {
        // Its device may come back to another node.
        return;
    }
    cut_off(&*spool, "user/yard", b"/\xE4/x.mp4");
    cut_off(&*spool, "user/door", b"/y.mp4");
    let mut ended = spool.blobs().begin(NOW, "upload").unwrap();
    ended.note("user/yard", b"/z.mp4");
    ended.write(b"whole").unwrap();
    let mut stored = upload(&*spool, "/z.mp4", NOW);
    stored.blob = ended.finish().unwrap();
    spool.store(stored).await.unwrap();
    drop(spool);
    let spool = open();
    let unfinished = spool.blobs().unfinished_of("user/yard");
    if unfinished.is_empty() && cfg!(not(target_os = "linux")) {
        return;
    }
    assert_eq!((unfinished.len(), unfinished[0].size), (1, 60));
    assert_eq!(unfinished[0].path, b"/\xE4/x.mp4");
    assert_eq!(spool.sweep_orphans().await.unwrap(), 1, "of a file that nobody stored");
    drop(spool);
    // Over another start as well, until somebody goes on with it.
    let spool = open();
    let number = spool.blobs().unfinished_of("user/yard")[0].number;
    assert!(spool.blobs().unfinished(number).is_some());
    let unfinished = spool.blobs().take_unfinished(number).unwrap();
    assert_eq!(spool.blobs().take_unfinished(number), None);
    let mut writer = spool.blobs().resume(&unfinished.blob, 60).unwrap();
    writer.write(b"more").unwrap();
    let mut stored = upload(&*spool, "/x.mp4", NOW);
    stored.blob = writer.finish().unwrap();
    spool.store(stored).await.unwrap();
    drop(spool);
    let spool = open();
    assert!(spool.blobs().unfinished_of("user/yard").is_empty(), "it is an arrival now");
    let other = spool.blobs().unfinished_of("user/door").remove(0);
    let keep = crate::RetentionLimits {
        age: Duration::MAX,
        guard: crate::AgeGuard::default(),
        bytes_max: u64::MAX,
    };
    let hours = |hours: u64| other.received_at.after(Duration::from_secs(hours * 3600));
    spool.sweep(keep, hours(23)).await.unwrap();
    let path = spool.blobs().path(&other.blob).unwrap();
    assert!(path.exists());
    spool.sweep(keep, hours(25)).await.unwrap();
    assert!(!path.exists());
    assert!(spool.blobs().unfinished_of("user/door").is_empty());
}

async fn what_views_need_is_kept(open: Open<'_>) {
    let spool = open();
    let mut torn = upload(&*spool, "/表.jpg", NOW);
    torn.torn = true;
    let stored = spool.store(torn).await.unwrap();
    spool.note_path(stored.arrival, b"/\x95\x5C.jpg".to_vec()).await.unwrap();
    spool.note_path(tipoff_model::ArrivalId(999), b"/x".to_vec()).await.unwrap();
    spool.note_expects_folders("peer/yard".to_owned(), NOW).await.unwrap();
    drop(spool);
    let spool = open();
    let seen = spool.uploads("peer/yard", 9).await.unwrap().remove(0);
    assert_eq!(seen.path_bytes.as_deref(), Some(b"/\x95\x5C.jpg".as_slice()));
    assert!(seen.torn);
    assert!(spool.expects_folders("peer/yard").await.unwrap());
    assert!(!spool.expects_folders("peer/door").await.unwrap());
}

/// A mail of a device that calls itself so.
fn mail(spool: &dyn Spool, key: &str, at: Timestamp) -> NewArrival {
    let mut mail = arrival(spool, key, at);
    mail.device.discovered = true;
    mail
}

async fn one_device_speaks_two_protocols(open: Open<'_>) {
    let spool = open();
    let picture = spool.store(mail(&*spool, "discovered/alarm", NOW)).await.unwrap();
    let video = spool.store(upload(&*spool, "/x.mp4", seconds(5))).await.unwrap();
    assert_eq!(video.incident, picture.incident);
    drop(spool);
    // It is remembered, also when there is another device at the address by then.
    let spool = open();
    let other = spool.store(mail(&*spool, "discovered/door", seconds(6))).await.unwrap();
    assert_ne!(other.incident, picture.incident);
    let next = spool.store(upload(&*spool, "/y.mp4", seconds(7))).await.unwrap();
    assert_eq!(next.incident, picture.incident);
    let names: Vec<String> = spool
        .incidents(&super::everything(), 10)
        .await
        .unwrap()
        .into_iter()
        .map(|line| line.device)
        .collect();
    assert_eq!(names, ["discovered/door", "discovered/alarm"]);
}

async fn two_devices_at_an_address_stay_two(open: Open<'_>) {
    let spool = open();
    let one = spool.store(mail(&*spool, "discovered/alarm", NOW)).await.unwrap();
    let two = spool.store(mail(&*spool, "discovered/door", NOW)).await.unwrap();
    let three = spool.store(upload(&*spool, "/x.mp4", seconds(5))).await.unwrap();
    assert!(one.incident != two.incident && three.incident > two.incident);
    // Who was last heard at the address long ago is not there any more.
    let later = NOW.after(Duration::from_secs(30 * 24 * 3600));
    let mut moved = mail(&*spool, "discovered/other", later);
    moved.envelope.peer = std::net::IpAddr::from([10, 0, 0, 9]);
    spool.store(moved).await.unwrap();
    let mut far = upload(&*spool, "/x.mp4", later.after(Duration::from_secs(9 * 24 * 3600)));
    far.envelope.peer = std::net::IpAddr::from([10, 0, 0, 9]);
    far.device.key = "discovered/new".to_owned();
    assert!(!spool.store(far).await.unwrap().joined);
}
