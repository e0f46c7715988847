//! An archive in a folder: where files go, and that nothing there is ever written over.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{Story, channel, delivered, faults, jpeg, refused, retried, send, stored, text};
use proptest::prelude::*;
use tempfile::TempDir;
use tipoff_channels::{Abilities, Channel, Value};
use tipoff_model::{AlertKind, ArrivalId, MediaKind, MediaPlace, Scope};

fn archive(folder: &Path, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values =
        vec![("folder", text(folder.to_str().unwrap())), ("time_zone", text("Europe/Berlin"))];
    values.extend_from_slice(more);
    channel("archive", &values)
}

fn list(names: &[&str]) -> Value {
    Value::List(names.iter().map(|&name| name.to_owned()).collect())
}

/// Every file below `folder` by its path in it.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(root, &entry, found);
            } else {
                let path = entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(path, fs::read(&entry).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

fn paths(folder: &Path) -> Vec<String> {
    tree(folder).into_keys().collect()
}

/// Gives each file a place of its own, as the spool does.
fn placed(story: Story, arrival: i64) -> Story {
    story.change(|alert| {
        for (index, stored) in (0..).zip(&mut alert.media) {
            stored.place = MediaPlace { arrival: ArrivalId(arrival), index: Some(index) };
        }
    })
}

#[tokio::test]
async fn files_go_where_the_path_says() {
    let folder = tempfile::tempdir().unwrap();
    let story =
        || Story::new().picture("snap.jpg").file("a.h265", "video/x", MediaKind::Video, vec![1; 9]);
    delivered(&send(&*archive(folder.path(), &[]), story()).await);
    let there = tree(folder.path());
    let expected = [
        ("Front yard/2026-01-01/010000-a.h265".to_owned(), vec![1; 9]),
        ("Front yard/2026-01-01/010000-snap.jpg".to_owned(), jpeg(64, 48)),
    ];
    assert_eq!(there, BTreeMap::from(expected), "one o'clock in Berlin, and the video as it came");

    let path = "{year}/{month}/{day}/{device_id}/{incident}.{arrival} {event} {name}";
    delivered(&send(&*archive(folder.path(), &[("path", text(path))]), story()).await);
    assert!(tree(folder.path()).contains_key("2026/01/01/4/3.1 motion snap.jpg"));
}

#[tokio::test]
async fn only_selected_files_are_archived() {
    for (what, expected) in [
        (list(&[]), ["file", "gif", "jpg", "mp4", "raw"].as_slice()),
        (list(&["pictures"]), &["gif", "jpg"]),
        (list(&["videos"]), &["mp4"]),
        (list(&["files"]), &["file", "raw"]),
        (list(&["mails"]), &["mail", "raw"]),
        (list(&["all"]), &["file", "gif", "jpg", "mail", "mp4", "raw"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let raw = stored("raw", "message/rfc822", MediaKind::File, 5, "zeros");
        let mail = stored("mail", "message/rfc822", MediaKind::File, 7, "zeros");
        let story = Story::new()
            .picture("jpg")
            .file("gif", "image/gif", MediaKind::Animation, vec![2])
            .file("mp4", "video/mp4", MediaKind::Video, vec![3])
            .file("file", "x/y", MediaKind::File, Vec::new())
            .change(|alert| alert.mails = vec![mail, raw.clone()])
            .change(|alert| alert.raw = vec![raw]);
        let settings = [("path", text("{name}")), ("what", what)];
        delivered(&send(&*archive(folder.path(), &settings), story).await);
        assert_eq!(paths(folder.path()), expected);
    }
}

#[tokio::test]
async fn an_alert_without_files_is_done_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[]);
    assert_eq!(archive.abilities(), Abilities::AcceptsAlert);
    delivered(&send(&*archive, Story::new().text("words")).await);
    // What a report shows was kept when it came.
    let report = Story::new().picture("snap.jpg").change(|alert| alert.kind = AlertKind::Report);
    delivered(&send(&*archive, report).await);
    assert!(archive.is_archive());
    assert!(paths(folder.path()).is_empty());
}

#[tokio::test]
async fn existing_files_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[("path", text("{device}/{name}"))]);
    let file = |bytes: &[u8], arrival| {
        placed(Story::new().file("a.jpg", "image/jpeg", MediaKind::Picture, bytes.into()), arrival)
    };
    for _ in 0..2 {
        // The second time is an attempt whose answer was lost.
        delivered(&send(&*archive, file(b"first", 1)).await);
        delivered(&send(&*archive, file(b"secnd", 2)).await);
        delivered(&send(&*archive, file(b"third!", 3)).await);
    }
    let bytes = |text: &str| text.as_bytes().to_vec();
    let expected = [
        ("Front yard/a.jpg".to_owned(), bytes("first")),
        ("Front yard/a-2.0.jpg".to_owned(), bytes("secnd")),
        ("Front yard/a-3.0.jpg".to_owned(), bytes("third!")),
    ];
    assert_eq!(tree(folder.path()), BTreeMap::from(expected));
    // A device that guesses the name of another's evidence takes nothing from it.
    for number in ["", "-9.0", "-9.0.2"] {
        let path = folder.path().join(format!("Front yard/b{number}.jpg"));
        fs::write(path, "guessed").unwrap();
    }
    let story = Story::new().file("b.jpg", "image/jpeg", MediaKind::Picture, bytes("evidence"));
    delivered(&send(&*archive, placed(story, 9)).await);
    assert_eq!(tree(folder.path())["Front yard/b-9.0.3.jpg"], b"evidence");
    assert_eq!(tree(folder.path())["Front yard/b-9.0.jpg"], b"guessed");
}

#[tokio::test]
async fn an_impossible_name_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..12 {
        let mark = ["", "-1.0"].get(number).map(|it| (*it).to_owned());
        let mark = mark.unwrap_or_else(|| format!("-1.0.{number}"));
        fs::write(folder.path().join(format!("a{mark}")), "taken").unwrap();
    }
    let archive = archive(folder.path(), &[("path", text("{name}"))]);
    let story = Story::new().zeros("a", "x/y", MediaKind::File, 3).picture("b.jpg");
    let error = refused(&send(&*archive, story).await);
    assert_eq!(error, "other files have all the names that a could get");
    assert!(paths(folder.path()).contains(&"b.jpg".to_owned()), "the others are kept");
}

#[tokio::test]
async fn a_link_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("new");
    std::os::unix::fs::symlink(&target, folder.path().join("a.jpg")).unwrap();
    let archive = archive(folder.path(), &[("path", text("{name}"))]);
    delivered(&send(&*archive, Story::new().picture("a.jpg")).await);
    assert!(!target.exists() && folder.path().join("a-1.0.jpg").exists());
}

#[tokio::test]
async fn files_have_the_rights_of_any_other_program_s() {
    let folder = tempfile::tempdir().unwrap();
    delivered(&send(&*archive(folder.path(), &[]), Story::new().picture("a.jpg")).await);
    let plain = folder.path().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let kept = folder.path().join("Front yard/2026-01-01/010000-a.jpg");
    assert_eq!(mode(&kept), mode(&plain));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("mnt");
    let outcome = send(&*archive(&missing, &[]), Story::new().picture("a.jpg")).await;
    let (scope, after, error) = retried(&outcome);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.contains("mount it, make it, or set `folder`"), "{error}");
    assert!(!missing.exists());
}

/// A disk of a few pages; it is gone with this.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(mounted.is_ok_and(|status| status.success()), "this test needs the right to mount");
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_leaves_nothing_half_written() {
    let disk = SmallDisk::mount();
    let folder = disk.0.path();
    let archive = archive(folder, &[("path", text("{name}"))]);
    let large = Story::new().zeros("a.bin", "x/y", MediaKind::File, 1 << 20);
    let outcome = send(&*archive, large).await;
    let left = paths(folder);
    delivered(&send(&*archive, Story::new().picture("b.jpg")).await);
    let (scope, after, error) = retried(&outcome);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.starts_with("there is no room left in"), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_keeps_no_other_out() {
    let folder = tempfile::tempdir().unwrap();
    let story = Story::new().change(|alert| {
        alert.media.push(stored("gone.jpg", "image/jpeg", MediaKind::Picture, 9, "gone"));
    });
    let archive = archive(folder.path(), &[("path", text("{name}"))]);
    let (scope, _, error) = retried(&send(&*archive, story.picture("b.jpg")).await);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("gone.jpg cannot be read"), "{error}");
    assert_eq!(paths(folder.path()), ["b.jpg"]);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |values: &[(&str, Value)]| faults("archive", values);
    let folder = || ("folder", text("/srv/cameras"));
    let bucket = || ("bucket", text("cameras"));
    let keys = || [("access_key", text("AK")), ("secret_key", text("s3cr3t"))];
    assert!(with(&[folder()]).is_empty());
    assert!(with(&[&[bucket()], keys().as_slice()].concat()).is_empty());
    assert_eq!(with(&[]), ["bucket"]);
    assert_eq!(with(&[("folder", text("cameras"))]), ["folder"]);
    assert_eq!(with(&[&[folder(), bucket()], keys().as_slice()].concat()), ["bucket"]);
    assert_eq!(with(&[folder(), ("region", text("x"))]), ["region"]);
    assert_eq!(with(&[bucket()]), ["access_key"]);
    assert_eq!(with(&[bucket(), ("access_key", text("AK"))]), ["secret_key"]);
    let odd = [("bucket", text("a/b")), ("access_key", text("AK")), ("secret_key", text("s"))];
    assert_eq!(with(&odd), ["bucket"]);
    let endpoint = [bucket(), ("endpoint", text("s3.example.org"))];
    assert_eq!(with(&[&endpoint, keys().as_slice()].concat()), ["endpoint"]);
    assert_eq!(with(&[folder(), ("path", text("../{name}"))]), ["path"]);
    assert_eq!(with(&[folder(), ("time_zone", text("Berlin"))]), ["time_zone"]);
    assert_eq!(with(&[folder(), ("what", list(&["sounds"]))]), ["what"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Devices and files of any name: all stay in the folder, no two share a path, all bytes are there.
    #[test]
    fn every_file_is_kept_once_and_inside(
        names in prop::collection::vec(
            (prop_oneof!["[.a/]{0,4}", any::<String>()], prop_oneof!["[.aA/ ]{0,4}", any::<String>()]),
            1..12,
        ),
    ) {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("archive");
        fs::create_dir(&folder).unwrap();
        let archive = archive(&folder, &[("path", text("{device}/{name}"))]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (arrival, (device, name)) in (1..).zip(&names) {
            let bytes = format!("file {arrival}").into_bytes();
            let story = Story::new()
                .file(name, "x/y", MediaKind::File, bytes)
                .change(|alert| alert.device.clone_from(device));
            delivered(&runtime.block_on(send(&*archive, placed(story, arrival))));
        }
        prop_assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        let mut kept: Vec<_> = tree(&folder).into_values().collect();
        let mut sent: Vec<_> =
            (1..=names.len()).map(|arrival| format!("file {arrival}").into_bytes()).collect();
        kept.sort();
        sent.sort();
        prop_assert_eq!(kept, sent);
    }
}
