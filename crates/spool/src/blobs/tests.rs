use std::fs;
use std::io::Read;
use std::net::IpAddr;

use proptest::prelude::*;
use tempfile::TempDir;
use tipoff_model::{Encoding, MediaKind};

use super::reader::READ_BYTES;
use super::*;
use crate::core::samples;
use crate::room::Sender;

/// 2026-11-27, half a second before midnight UTC.
const NIGHT: Timestamp = Timestamp::from_ms(1_795_823_999_500);
const MB: usize = 1024 * 1024;

fn blobs() -> (TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&folder.path().join("blobs"), "run").unwrap();
    (folder, blobs)
}

fn stored(blobs: &Blobs, bytes: &[u8]) -> StoredBlob {
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.write(bytes).unwrap();
    writer.finish().unwrap()
}

fn media(range: std::ops::Range<u64>, encoding: Encoding) -> Media {
    Media { range, encoding, ..samples::media(MediaKind::Picture) }
}

fn read_all(blobs: &Blobs, bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let blob = stored(blobs, bytes);
    let mut read = Vec::new();
    blobs.read(&blob.name, &media(0..blob.size, encoding)).unwrap().read_to_end(&mut read).unwrap();
    read
}

fn local(blobs: &Blobs) -> &LocalStore {
    blobs.store.as_local().unwrap()
}

fn stranger() -> Sender {
    Sender::new(IpAddr::from([192, 168, 1, 9]), false)
}

#[test]
fn a_file_inside_a_blob_is_read_decoded() {
    let (_folder, blobs) = blobs();
    let blob = stored(&blobs, b"Head TWFu\r\nTWE tail");
    let mut text = String::new();
    blobs
        .read(&blob.name, &media(5..14, Encoding::Base64))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "ManMa", "the last group is not complete");
    let quoted = read_all(&blobs, b"caf=C3=A9", Encoding::QuotedPrintable);
    assert_eq!(quoted, "café".as_bytes());
}

#[test]
fn a_piece_that_decodes_to_nothing_is_not_the_end() {
    let (_folder, blobs) = blobs();
    let mut encoded = b"TWFu".to_vec();
    encoded.extend(std::iter::repeat_n(b'\n', 3 * READ_BYTES));
    encoded.extend(b"TWFu");
    assert_eq!(read_all(&blobs, &encoded, Encoding::Base64), b"ManMan");
    assert_eq!(read_all(&blobs, b"", Encoding::Base64), b"");
}

#[test]
fn a_range_beyond_the_end_of_a_blob_ends_with_it() {
    let (_folder, blobs) = blobs();
    let blob = stored(&blobs, b"0123456789");
    let mut read = Vec::new();
    blobs
        .read(&blob.name, &media(7..99, Encoding::Identity))
        .unwrap()
        .read_to_end(&mut read)
        .unwrap();
    assert_eq!(read, b"789");
    assert!(
        blobs
            .read(&BlobName("2026-11-27/none.eml".to_owned()), &media(0..1, Encoding::Identity))
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However long the pieces are in which it is read.
    #[test]
    fn every_range_of_a_blob_is_read_as_it_was_written(
        size in 0_usize..3 * READ_BYTES,
        start in 0_usize..READ_BYTES,
        piece in 1_usize..2 * READ_BYTES,
    ) {
        let (_folder, blobs) = blobs();
        let bytes: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let start = start.min(size);
        let blob = stored(&blobs, &bytes);
        prop_assert_eq!(blob.size, size as u64);
        let range = start as u64..blob.size;
        let mut reader = blobs.read(&blob.name, &media(range, Encoding::Identity)).unwrap();
        let (mut read, mut buffer) = (Vec::new(), vec![0; piece]);
        loop {
            let count = reader.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            read.extend_from_slice(&buffer[..count]);
        }
        prop_assert_eq!(&read, &bytes[start..]);
    }
}

#[test]
fn a_blob_is_named_by_its_day_its_run_and_its_number() {
    let (_folder, blobs) = blobs();
    let names: Vec<String> = [NIGHT, NIGHT, NIGHT.after(std::time::Duration::from_secs(1))]
        .into_iter()
        .map(|now| blobs.begin(now, "jpg").unwrap().finish().unwrap().name.0)
        .collect();
    assert_eq!(names, ["2026-11-27/run-0.jpg", "2026-11-27/run-1.jpg", "2026-11-28/run-2.jpg"]);
    assert_eq!(day_of(Timestamp(i64::MAX)), "undated");
}

#[test]
fn a_blob_counts_only_when_it_is_finished() {
    let (_folder, blobs) = blobs();
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.write(b"half").unwrap();
    writer.write(b" a mail").unwrap();
    let name = writer.name().clone();
    assert_eq!(writer.size(), 11);
    assert_eq!(fs::read(blobs.path(&name).unwrap()).unwrap(), b"half a mail");
    drop(writer);
    assert!(!blobs.path(&name).unwrap().exists());
    let whole = stored(&blobs, b"whole");
    assert_eq!((whole.size, fs::read(blobs.path(&whole.name).unwrap()).unwrap().len()), (5, 5));
    assert_ne!(whole.name, name);
}

#[test]
fn a_resumed_blob_goes_on_behind_what_was_acknowledged() {
    let (_folder, blobs) = blobs();
    let StoredBlob { name, .. } = stored(&blobs, b"acknowledged, and more");
    let mut writer = blobs.resume(&name, 12).unwrap();
    writer.write(b"!").unwrap();
    assert_eq!(writer.size(), 13);
    drop(writer);
    assert_eq!(
        fs::read(blobs.path(&name).unwrap()).unwrap(),
        b"acknowledged!",
        "an acknowledged file stays"
    );
    assert_eq!(
        blobs.resume(&name, 13).unwrap().finish().unwrap(),
        StoredBlob { name: name.clone(), size: 13 }
    );
    let error = blobs.resume(&name, 14).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn removing_a_blob_twice_is_no_error() {
    let (_folder, blobs) = blobs();
    let StoredBlob { name, .. } = stored(&blobs, b"1");
    for _ in 0..2 {
        local(&blobs).remove_file(&name).unwrap();
        assert!(!blobs.path(&name).unwrap().exists());
    }
    let day = BlobName("2026-11-27".to_owned());
    assert!(local(&blobs).remove_file(&day).is_err(), "a folder is no blob");
}

#[test]
fn blobs_of_earlier_runs_are_found_and_their_empty_folders_removed() {
    let (folder, blobs) = blobs();
    let path = |name: &str| folder.path().join("blobs").join(name);
    let make = |name: &str| {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), "1").unwrap();
    };
    assert_eq!(local(&blobs).of_earlier_runs("run").unwrap(), []);
    stored(&blobs, b"of this run");
    ["2026-11-27/old-1.eml", "2026-11-20/old-2.eml", "README"].iter().for_each(|name| make(name));
    fs::create_dir(path("2026-11-01")).unwrap();
    drop(blobs.begin(NIGHT.after(std::time::Duration::from_secs(1)), "eml").unwrap());
    let mut found: Vec<String> =
        local(&blobs).of_earlier_runs("run").unwrap().into_iter().map(|name| name.0).collect();
    found.sort_unstable();
    assert_eq!(found, ["2026-11-20/old-2.eml", "2026-11-27/old-1.eml"]);
    assert!(!path("2026-11-01").exists());
    assert!(path("2026-11-20").exists() && path("README").exists());
    assert!(path("2026-11-28").exists(), "this run may begin another blob in it");
}

#[test]
fn a_name_is_synced_once_and_a_removed_folder_fails_once() {
    let (folder, blobs) = blobs();
    let new_names = |day: &str| local(&blobs).days().get(day).is_some_and(|day| day.has_new_names);
    stored(&blobs, b"1");
    assert!(new_names("2026-11-27") && !local(&blobs).days()["2026-11-27"].is_durable);
    blobs.sync_names().unwrap();
    assert!(!new_names("2026-11-27") && local(&blobs).days()["2026-11-27"].is_durable);
    stored(&blobs, b"2");
    assert!(new_names("2026-11-27"), "the name of the file is new, that of the folder is not");
    let later = blobs.begin(NIGHT.after(std::time::Duration::from_secs(1)), "eml").unwrap();
    later.finish().unwrap();
    fs::remove_dir_all(folder.path().join("blobs/2026-11-27")).unwrap();
    assert!(blobs.sync_names().is_err());
    assert!(!new_names("2026-11-27"));
    let other = local(&blobs).days()["2026-11-28"];
    assert!(other.has_new_names && !other.is_durable, "the next commit must sync it");
    blobs.sync_names().unwrap();
    assert!(!new_names("2026-11-28"));
}

#[test]
fn a_resumed_blob_needs_its_name_synced_once_in_a_run() {
    let (folder, blobs) = blobs();
    let StoredBlob { name, .. } = stored(&blobs, b"1");
    let next_run = Blobs::open(&folder.path().join("blobs"), "next").unwrap();
    let new_names = || local(&next_run).days().values().any(|day| day.has_new_names);
    next_run.resume(&name, 1).unwrap().finish().unwrap();
    assert!(new_names(), "the run before may have ended before the sync");
    next_run.sync_names().unwrap();
    next_run.resume(&name, 1).unwrap().finish().unwrap();
    assert!(!new_names());
}

#[test]
fn what_is_received_counts_for_its_sender_until_it_ends() {
    let (_folder, blobs) = blobs();
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.write(b"before the login").unwrap();
    writer.belongs_to(stranger());
    writer.write(&[0; 1000]).unwrap();
    writer.write(&[0; 500]).unwrap();
    assert_eq!(blobs.under_way_bytes(), 1500);
    assert!(!writer.must_wait());
    writer.finish().unwrap();
    assert_eq!(blobs.under_way_bytes(), 0);
}

#[test]
fn a_sender_with_too_much_under_way_is_refused() {
    let (_folder, blobs) = blobs();
    blobs.limit(4 * MB as u64, 0);
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.belongs_to(stranger());
    let refused = (0..100).find_map(|_| writer.write(&[0; 100_000]).err()).unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    assert_eq!(writer.size(), blobs.under_way_bytes(), "what was refused is not written");
    assert!(writer.must_wait());
}

#[test]
fn nothing_large_is_written_to_a_disk_that_is_nearly_full() {
    let (_folder, blobs) = blobs();
    let write = |bytes: usize| blobs.begin(NIGHT, "eml").unwrap().write(&vec![0; bytes]);
    blobs.limit(u64::MAX, u64::MAX);
    write(2 * MB - 1).unwrap();
    assert_eq!(write(2 * MB).unwrap_err().kind(), io::ErrorKind::StorageFull);
    for free_min in [0, 1] {
        blobs.limit(u64::MAX, free_min);
        write(2 * MB).unwrap();
    }
    assert!(blobs.disk_bytes().unwrap() >= blobs.free_bytes().unwrap());
    assert!(blobs.free_bytes().unwrap() > MB as u64);
}

#[tokio::test(start_paused = true)]
async fn a_sender_waits_for_room_before_it_is_refused() {
    let (_folder, blobs) = blobs();
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.keep_pace().await;
    writer.belongs_to(stranger());
    let began = tokio::time::Instant::now();
    writer.keep_pace().await;
    assert_eq!(began.elapsed(), std::time::Duration::ZERO);
    blobs.limit(0, 0);
    assert!(writer.must_wait());
    writer.keep_pace().await;
    assert_eq!(began.elapsed(), std::time::Duration::from_secs(5));
}

#[tokio::test]
async fn a_large_file_is_synced_in_pieces_as_it_comes() {
    let (_folder, blobs) = blobs();
    let mut writer = blobs.begin(NIGHT, "mp4").unwrap();
    writer.belongs_to(stranger());
    writer.write(&vec![7; 10 * MB]).unwrap();
    assert!(writer.must_wait() && blobs.queue.is_full());
    writer.keep_pace().await;
    assert!(!writer.must_wait() && !blobs.queue.is_full());
    let blob = writer.finish().unwrap();
    assert_eq!(fs::metadata(blobs.path(&blob.name).unwrap()).unwrap().len(), 10 * MB as u64);
}

#[tokio::test]
async fn what_a_crash_cut_off_can_be_gone_on_with() {
    let (folder, _) = blobs();
    let (root, journal) = (folder.path().join("blobs"), folder.path().join("journal"));
    let open = |run| {
        let journal = Journal::open(&journal, &root, |_| false).unwrap();
        Blobs::open(&root, run).unwrap().with_journal(journal)
    };
    if Journal::open(&journal, &root, |_| false).unwrap().is_none() {
        // The system has no name for its boot.
        return;
    }
    let crashed = open("a");
    let mut writer = crashed.begin(NIGHT, "mp4").unwrap();
    writer.note("yard", b"/cam/1.mp4");
    writer.write(b"half").unwrap();
    let name = writer.name().clone();
    std::mem::forget(writer);
    let next = open("b");
    let found = next.unfinished_of("yard");
    assert_eq!(found.iter().map(|it| (&it.blob, it.size)).collect::<Vec<_>>(), [(&name, 4)]);
    assert!(next.unfinished_of("gate").is_empty());
    assert_eq!(next.possible_orphans().await.unwrap(), [], "it is not swept");
    let number = found[0].number;
    assert_eq!(next.unfinished(number).as_ref(), found.first());
    assert_eq!(next.take_unfinished(number).as_ref(), found.first());
    assert_eq!((next.unfinished(number), next.take_unfinished(number)), (None, None));
    assert_eq!(next.possible_orphans().await.unwrap(), [name]);
    let last = open("c");
    let day_later = found[0].received_at.after(std::time::Duration::from_secs(24 * 3600 + 1));
    assert_eq!(last.take_old_unfinished(found[0].received_at), []);
    assert_eq!(last.take_old_unfinished(day_later).len(), 1);
    assert!(last.unfinished_of("yard").is_empty());
}
