//! Objects, and what both stores do alike. Failures come from a client that fails as it is told.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use proptest::prelude::*;
use tempfile::TempDir;
use tipoff_model::{Encoding, MediaKind};

use super::*;
use crate::core::samples;

const NIGHT: Timestamp = Timestamp::from_ms(1_795_823_999_500);

/// A bucket in memory whose requests fail.
#[derive(Debug, Default)]
struct Bucket {
    inner: InMemory,
    /// Requests that get no answer, or an error, before one succeeds.
    unanswered: AtomicU32,
    refused: AtomicU32,
    /// Requests that write.
    puts: AtomicU32,
    /// How much older than they are the objects seem.
    age: std::sync::Mutex<Duration>,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bucket")
    }
}

impl Bucket {
    async fn fails(&self) -> object_store::Result<()> {
        let counts_down = |count: &AtomicU32| {
            count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
        };
        if counts_down(&self.unanswered) {
            std::future::pending::<()>().await;
        }
        match counts_down(&self.refused) {
            true => Err(object_store::Error::Generic {
                store: "S3",
                source:
                    "Server returned non-2xx status code: 503 <Code>SlowDown</Code><Message>Please \
                         reduce your request rate.</Message>"
                        .into(),
            }),
            false => Ok(()),
        }
    }

    async fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.inner.list(None).map(|it| it.unwrap().location.to_string()).collect().await;
        names.sort_unstable();
        names
    }
}

#[async_trait::async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(
        &self,
        key: &Key,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.fails().await?;
        self.inner.put_opts(key, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Key,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.fails().await?;
        self.inner.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> object_store::Result<GetResult> {
        self.fails().await?;
        self.inner.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let age = *self.age.lock().unwrap();
        let older = move |object: object_store::Result<ObjectMeta>| {
            object.map(|it| ObjectMeta { last_modified: it.last_modified - age, ..it })
        };
        self.inner.list(prefix).map(older).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Key,
        to: &Key,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Without copies: each read is a request.
fn on_bucket() -> (TempDir, Arc<Bucket>, Blobs) {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Arc::new(Bucket::default()));
    let objects = Blobs::objects(Arc::clone(&bucket) as _, &folder.path().join("staging"));
    let blobs = Blobs::on(Arc::new(objects.unwrap().without_copies()), "run");
    (folder, bucket, blobs)
}

fn with_copies() -> (TempDir, Arc<Bucket>, Blobs) {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Arc::new(Bucket::default()));
    let staging = folder.path().join("staging");
    let blobs = Blobs::on_client(Arc::clone(&bucket) as _, &staging, "run").unwrap();
    (folder, bucket, blobs)
}

fn in_folder() -> (TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&folder.path().join("blobs"), "run").unwrap();
    (folder, blobs)
}

fn stranger() -> Sender {
    Sender::new(IpAddr::from([192, 168, 1, 9]), false)
}

fn staged(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path().join("staging")).unwrap().count()
}

async fn stored(blobs: &Blobs, bytes: &[u8]) -> StoredBlob {
    let mut writer = blobs.begin(NIGHT, "upload").unwrap();
    writer.write(bytes).unwrap();
    writer.commit().await.unwrap()
}

async fn appended(blobs: &Blobs, blob: &StoredBlob, bytes: &[u8]) -> StoredBlob {
    let mut writer = blobs.resume(&blob.name, blob.size).unwrap();
    writer.write(bytes).unwrap();
    writer.commit().await.unwrap()
}

async fn read(blobs: &Blobs, name: &BlobName, range: Range<u64>) -> io::Result<Vec<u8>> {
    let (blobs, name) = (blobs.clone(), name.clone());
    let media = Media { range, encoding: Encoding::Identity, ..samples::media(MediaKind::Picture) };
    let reads = move || {
        let mut bytes = Vec::new();
        blobs.read(&name, &media)?.read_to_end(&mut bytes).map(|_| bytes)
    };
    tokio::task::spawn_blocking(reads).await.unwrap()
}

/// What both stores do.
async fn contract(blobs: &Blobs) {
    let blob = stored(blobs, b"0123456789").await;
    assert_eq!(blob.size, 10);
    for (range, expected) in
        [(0..10, "0123456789"), (3..7, "3456"), (0..0, ""), (9..10, "9"), (4..99, "456789")]
    {
        assert_eq!(read(blobs, &blob.name, range).await.unwrap(), expected.as_bytes());
    }
    let grown = appended(blobs, &blob, b"abc").await;
    assert_eq!(grown.size, 13);
    let grown = appended(blobs, &grown, b"").await;
    let grown = appended(blobs, &grown, b"de").await;
    assert_eq!((grown.size, blobs.may_append(&grown.name)), (15, true));
    assert_eq!(read(blobs, &grown.name, 8..14).await.unwrap(), b"89abcd");
    assert_eq!(read(blobs, &blob.name, 0..10).await.unwrap(), b"0123456789");
    let empty = stored(blobs, b"").await;
    assert_eq!(read(blobs, &empty.name, 0..0).await.unwrap(), b"");
    let abandoned = blobs.resume(&grown.name, 15).unwrap();
    drop(abandoned);
    assert_eq!(read(blobs, &grown.name, 13..15).await.unwrap(), b"de");
    let local = blobs.local(&grown.name, 15, stranger()).await.unwrap();
    assert_eq!(std::fs::read(local.path()).unwrap(), b"0123456789abcde");
    drop(local);
    assert_eq!(blobs.under_way_bytes(), 0);
    for _ in 0..2 {
        blobs.remove(vec![grown.name.clone(), empty.name.clone()]).await;
        let missing = read(blobs, &grown.name, 0..15).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
    blobs.check().await.unwrap();
    blobs.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_do_the_same() {
    let (_folder, blobs) = in_folder();
    contract(&blobs).await;
    let (folder, bucket, blobs) = on_bucket();
    contract(&blobs).await;
    assert_eq!((staged(&folder), bucket.names().await), (0, Vec::new()));
    let (folder, bucket, blobs) = with_copies();
    contract(&blobs).await;
    assert_eq!((staged(&folder), bucket.names().await), (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_a_moment_ago_is_read_without_a_request() {
    let (folder, bucket, blobs) = with_copies();
    let blob = stored(&blobs, b"0123456789").await;
    let grown = appended(&blobs, &blob, b"abc").await;
    bucket.refused.store(u32::MAX, Ordering::Relaxed);
    assert_eq!(read(&blobs, &blob.name, 3..7).await.unwrap(), b"3456");
    assert_eq!(read(&blobs, &grown.name, 8..13).await.unwrap(), b"89abc");
    let local = blobs.local(&blob.name, 10, stranger()).await.unwrap();
    assert_eq!((staged(&folder), blobs.under_way_bytes()), (2, 0));
    // What the disk has no room for is read from the bucket.
    let free = blobs.free_bytes().unwrap();
    assert!(free >= 13, "copies count as free");
    blobs.limit(u64::MAX, u64::MAX);
    blobs.free_bytes().unwrap();
    assert_eq!(staged(&folder), 1, "one is still read");
    assert_eq!(std::fs::read(local.path()).unwrap(), b"0123456789");
    drop(local);
    assert_eq!(staged(&folder), 0);
    assert!(read(&blobs, &blob.name, 3..7).await.is_err());
    bucket.refused.store(0, Ordering::Relaxed);
    assert_eq!(read(&blobs, &grown.name, 8..13).await.unwrap(), b"89abc");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_is_one_request_and_an_append_another() {
    let (folder, bucket, blobs) = on_bucket();
    let blob = stored(&blobs, b"0123456789").await;
    assert_eq!(bucket.puts.load(Ordering::Relaxed), 1);
    let grown = appended(&blobs, &blob, b"abc").await;
    assert_eq!((bucket.puts.load(Ordering::Relaxed), staged(&folder)), (2, 0));
    let first = "2026-11-27/run-0.upload";
    assert_eq!(grown.name.0, format!("{first} 10 {first}_run-1 3"));
    assert_eq!(bucket.names().await, [format!("t/{first}"), format!("t/{first}_run-1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_sent_in_parts_and_read_in_chunks() {
    let (_folder, bucket, blobs) = on_bucket();
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|at| (at % 251) as u8).collect();
    let blob = stored(&blobs, &bytes).await;
    assert_eq!(bucket.puts.load(Ordering::Relaxed), 0, "parts");
    assert!(read(&blobs, &blob.name, 0..blob.size).await.unwrap() == bytes);
    let range = 9_000_001..18_000_003;
    assert!(read(&blobs, &blob.name, range).await.unwrap() == bytes[9_000_001..18_000_003]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_writer_leaves_nothing() {
    let (folder, bucket, blobs) = on_bucket();
    let mut writer = blobs.begin(NIGHT, "eml").unwrap();
    writer.belongs_to(stranger());
    writer.write(b"half").unwrap();
    assert_eq!((staged(&folder), blobs.under_way_bytes()), (1, 4));
    drop(writer);
    assert_eq!((staged(&folder), blobs.under_way_bytes()), (0, 0));
    assert_eq!(bucket.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_is_tried_again() {
    for (unanswered, refused) in [(0, 2), (1, 1), (2, 0)] {
        let (_folder, bucket, blobs) = on_bucket();
        bucket.unanswered.store(unanswered, Ordering::Relaxed);
        bucket.refused.store(refused, Ordering::Relaxed);
        let blob = stored(&blobs, b"0123456789").await;
        bucket.unanswered.store(unanswered, Ordering::Relaxed);
        bucket.refused.store(refused, Ordering::Relaxed);
        assert_eq!(read(&blobs, &blob.name, 0..10).await.unwrap(), b"0123456789");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_puts_the_device_off_in_time() {
    let (folder, bucket, blobs) = on_bucket();
    for (unanswered, text) in [(u32::MAX, "did not answer in time"), (0, "SlowDown: Please reduce")]
    {
        bucket.unanswered.store(unanswered, Ordering::Relaxed);
        bucket.refused.store(u32::MAX, Ordering::Relaxed);
        let mut writer = blobs.begin(NIGHT, "eml").unwrap();
        writer.belongs_to(stranger());
        writer.write(b"a mail").unwrap();
        let began = std::time::Instant::now();
        let error = writer.commit().await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!((staged(&folder), blobs.under_way_bytes()), (0, 0));
        assert!(blobs.check().await.is_err(), "the node is not ready");
        assert!(blobs.probe().await.unwrap_err().to_string().contains("writing an object failed"));
    }
    bucket.refused.store(0, Ordering::Relaxed);
    blobs.check().await.unwrap();
    stored(&blobs, b"a mail").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_staged_is_removed_and_nothing_of_this_run() {
    let (folder, _bucket, blobs) = on_bucket();
    let of_earlier = folder.path().join("staging/before-3");
    std::fs::write(&of_earlier, "half").unwrap();
    let under_way = blobs.begin(NIGHT, "eml").unwrap();
    blobs.possible_orphans().await.unwrap();
    assert!(of_earlier.exists(), "a program beside it may send it");
    blobs.remove_leftovers().unwrap();
    assert!(!of_earlier.exists() && under_way.path().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_objects_older_than_any_upload_may_be_orphans() {
    let (_folder, bucket, blobs) = on_bucket();
    let blob = stored(&blobs, b"1").await;
    let grown = appended(&blobs, &blob, b"2").await;
    let foreign = Key::from("t/a/b/c");
    bucket.inner.put(&foreign, PutPayload::new()).await.unwrap();
    assert_eq!(blobs.possible_orphans().await.unwrap(), []);
    *bucket.age.lock().unwrap() = Duration::from_secs(24 * 3600 - 60);
    assert_eq!(blobs.possible_orphans().await.unwrap(), []);
    *bucket.age.lock().unwrap() = Duration::from_secs(24 * 3600 + 60);
    let mut old = blobs.possible_orphans().await.unwrap();
    old.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let names: Vec<String> =
        segments::segments(&grown.name).into_iter().map(|segment| segment.name).collect();
    assert_eq!(old.into_iter().map(|name| name.0).collect::<Vec<_>>(), names);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However an upload is cut into appends.
    #[test]
    fn ranges_over_segments_have_the_bytes_of_ranges_over_one_blob(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..6),
        start in 0_u64..150,
        length in 0_u64..150,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (_bucket_folder, _bucket, remote) = on_bucket();
            let (_folder, local) = in_folder();
            let whole = stored(&local, &pieces.concat()).await;
            let mut blob = stored(&remote, &pieces[0]).await;
            for piece in &pieces[1..] {
                blob = appended(&remote, &blob, piece).await;
            }
            prop_assert_eq!(blob.size, whole.size);
            let range = start.min(whole.size)..(start + length).min(whole.size);
            let expected = read(&local, &whole.name, range.clone()).await.unwrap();
            prop_assert_eq!(read(&remote, &blob.name, range).await.unwrap(), expected);
            Ok(())
        })?;
    }
}
