//! Copies of spools whose files are objects.

use tipoff_model::IncidentId;
use tipoff_testkit::postgres::Server;
use tipoff_testkit::s3::{self, S3};

use super::tests::{assert_equal, copy, embedded, fill, shared};
use super::*;
use crate::contract::uploads::{growth, upload};
use crate::contract::{self, NOW, Plain};
use crate::{Growth, S3Settings, Spool, open};

/// The same with its files in the test server's bucket.
fn in_bucket(config: SpoolConfig, server: &S3, prefix: &str) -> SpoolConfig {
    let some = |text: &str| Some(text.to_owned());
    let bucket = S3Settings {
        endpoint: Some(server.url()),
        region: some("eu-central-1"),
        access_key: some(s3::KEY_ID),
        secret_key: some(s3::SECRET),
        ..S3Settings::parse(&format!("s3://{}/{prefix}", s3::BUCKET)).unwrap()
    };
    SpoolConfig { bucket: Some(bucket), ..config }
}

/// Stores an upload in two segments. Returns its incident.
async fn store_in_segments(config: &SpoolConfig) -> IncidentId {
    let spool = open(config, Arc::new(Plain)).await.unwrap();
    let part = upload(&*spool, "/x.mp4", NOW);
    let whole = part.clone();
    let stored = spool.store(part).await.unwrap();
    let mut writer = spool.blobs().resume(&whole.blob.name, 9).unwrap();
    writer.write(b"!!!").unwrap();
    let blob = writer.finish().unwrap();
    spool.grow(Growth { blob, ..growth(&stored, &whole, NOW, NOW) }).await.unwrap();
    stored.incident
}

/// The bytes of all arrivals of an incident, and the names of their blobs.
async fn bytes_of(spool: &dyn Spool, incident: IncidentId) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for arrival in spool.incident(incident).await.unwrap().arrivals {
        all.push(contract::bytes(spool, &arrival.blob).await.unwrap());
        names.push(arrival.blob.name.0);
    }
    (all, names)
}

/// The names of all objects under a prefix.
fn objects(server: &S3, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for day in std::fs::read_dir(server.files().join(prefix)).unwrap() {
        let day = day.unwrap();
        for object in std::fs::read_dir(day.path()).unwrap() {
            let (day, object) = (day.file_name(), object.unwrap().file_name());
            found.push(format!("{}/{}", day.display(), object.display()));
        }
    }
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_go_from_a_folder_to_a_bucket_to_another_bucket_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (server, s3) = (Server::shared().unwrap(), S3::open().unwrap());
    let (one, two) = (server.create_database().unwrap(), server.create_database().unwrap());
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(|name| folder.path().join(name));
    fill(&a).await;
    let first = in_bucket(shared(&b, &one), &s3, "first");
    let second = in_bucket(shared(&c, &two), &s3, "second");
    let (third, same_bucket) = (embedded(&d), in_bucket(embedded(&e), &s3, "second/"));

    let there = copy(&embedded(&a), &first).await.unwrap();
    assert_eq!((there.files, there.bytes, there.missing), (7, 63, 0));
    assert!(!b.join("blobs").exists());
    let incident = store_in_segments(&first).await;

    let other = copy(&first, &second).await.unwrap();
    assert_eq!((other.files, other.bytes, other.shares_files), (8, 75, false));
    assert_eq!((objects(&s3, "first").len(), objects(&s3, "second")), (9, objects(&s3, "first")));
    let back = copy(&second, &third).await.unwrap();
    assert_eq!((back.files, back.bytes, back.missing), (8, 75, 0));
    let puts = s3.counts().put;
    let stays = copy(&second, &same_bucket).await.unwrap();
    assert!(stays.shares_files);
    assert_eq!((stays.files, stays.bytes, stays.missing), (8, 75, 0));
    assert_eq!(s3.counts().put, puts + 1, "only the test of the bucket");
    for config in [&first, &second, &third, &same_bucket] {
        let spool = open(config, Arc::new(Plain)).await.unwrap();
        let (bytes, names) = bytes_of(&*spool, incident).await;
        assert_eq!(bytes, [b"a picture!!!"]);
        assert_eq!(names[0].contains(' '), config.bucket.is_some(), "{names:?}");
        assert_eq!(bytes_of(&*spool, IncidentId(3)).await.0[0], b"a picture");
        // What was joined grows as a file does, and what was kept as objects do.
        let mut writer =
            spool.blobs().resume(&tipoff_model::BlobName(names[0].clone()), 12).unwrap();
        writer.write(b"?").unwrap();
        assert_eq!(writer.finish().unwrap().size, 13);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_spool_that_was_in_a_bucket_has_the_same_rows_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3::open().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let there = in_bucket(shared(&b, &database), &s3, "first");
    copy(&embedded(&a), &there).await.unwrap();
    copy(&there, &embedded(&c)).await.unwrap();
    assert_equal(&a, &c);
    let names = |folder: &std::path::Path| {
        let files = std::fs::read_dir(folder.join("blobs")).unwrap().flat_map(|day| {
            std::fs::read_dir(day.unwrap().path()).unwrap().map(|file| file.unwrap().file_name())
        });
        let mut names: Vec<_> = files.collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&a), names(&c));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_object_that_differs_or_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3::open().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let there = in_bucket(shared(&b, &database), &s3, "first");
    let mut spoil = |progress: CopyProgress| {
        if progress.stage == CopyStage::ComparingRows("meta") {
            let object = s3.files().join("first").join(&objects(&s3, "first")[4]);
            std::fs::write(object, b"a pictore").unwrap();
        }
    };
    let error = run(&embedded(&a), &there, false, 3, &mut spoil).await.unwrap_err().to_string();
    assert_eq!(error, format!("the file {} differs in the copy", objects(&s3, "first")[4]));
    run(&embedded(&a), &there, true, 3, &mut |_| {}).await.unwrap();

    // Of two segments the second.
    let incident = store_in_segments(&there).await;
    let first = open(&there, Arc::new(Plain)).await.unwrap();
    let names = bytes_of(&*first, incident).await.1;
    drop(first);
    let gone = names[0].split(' ').nth(2).unwrap();
    std::fs::remove_file(s3.files().join("first").join(gone)).unwrap();
    let back = copy(&there, &embedded(&c)).await.unwrap();
    let name = names[0].split(' ').next().unwrap();
    assert_eq!((back.files, back.missing), (7, 1));
    assert!(back.missing_names[0].starts_with(&format!("{name} of arrival ")), "{back:?}");
}

/// A wrong key is found before the rows are copied.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_that_refuses_is_no_target() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3::open().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fill(&a).await;
    let mut there = in_bucket(embedded(&b), &s3, "first");
    there.bucket.as_mut().unwrap().secret_key = Some("wrong".to_owned());
    let mut reports = 0;
    let error = run(&embedded(&a), &there, false, 3, &mut |_| reports += 1).await.unwrap_err();
    assert!(error.to_string().contains("writing an object failed"), "{error}");
    assert_eq!(reports, 0);
    let there = in_bucket(embedded(&b), &s3, "first");
    copy(&embedded(&a), &there).await.unwrap();
}
