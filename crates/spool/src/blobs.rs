//! Blobs: the bytes of arrivals, written once while they are received, read in ranges.
//!
//! Names are made here: nothing that a device sends becomes part of a path. [`BlobWriter`] writes, [`MediaReader`] reads;
//! where the bytes are is the business of a store (`store.rs`): files that may grow (`local.rs`), or objects that never
//! do (`objects.rs`), so that an arrival may have several (`segments.rs`).

mod import;
mod local;
mod local_blob;
mod object;
mod object_reader;
mod object_sweep;
mod objects;
mod reader;
mod s3;
pub(crate) mod segments;
mod staged;
mod store;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tipoff_model::{BlobName, Media, Timestamp};

use crate::disk_queue::DiskQueue;
use crate::room::{Room, Sender};
use crate::unfinished::{Journal, Unfinished};
use local::LocalStore;
use object::ObjectBlobs;
use store::{Begun, BlobStore};

pub use local_blob::LocalBlob;
pub use reader::MediaReader;
pub use s3::S3Settings;
pub use writer::BlobWriter;

/// Durable bytes of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name in the store.
    pub name: BlobName,
    /// Its size in bytes.
    pub size: u64,
}

/// The blobs of a spool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    /// Prefix of the names of this run's blobs, which no earlier run and no other node had.
    run: Arc<str>,
    /// Number of the next blob of this run.
    next: Arc<AtomicU64>,
    store: Arc<dyn BlobStore>,
    /// Uploads that a crash cut off. `None` if this run receives nothing, the system has no name for its boot, or the
    /// store does not have the bytes of such uploads.
    journal: Option<Arc<Journal>>,
    pub(crate) room: Arc<Room>,
    pub(crate) queue: Arc<DiskQueue>,
}

impl Blobs {
    /// Opens a folder of blobs, and makes it if it is missing; the caller syncs its name. `run` must differ at every
    /// start.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(root: &Path, run: &str) -> io::Result<Self> {
        Ok(Self::on(Arc::new(LocalStore::open(root)?), run))
    }

    /// Blobs as objects of a bucket. Files on their way there are in the folder `staging`, which this process uses
    /// alone or beside one that does not receive. `run` must differ at every start of every node. Sends no request.
    ///
    /// # Errors
    /// The folder cannot be made, the settings are unusable, or there is no Tokio runtime.
    pub fn on_s3(settings: &S3Settings, staging: &Path, run: &str) -> io::Result<Self> {
        Ok(Self::on(Arc::new(ObjectBlobs::open(settings, staging)?), run))
    }

    /// The blobs of a spool: objects of the bucket, if there is one, or files in the spool's folder. As
    /// [`Blobs::open`] and [`Blobs::on_s3`].
    pub(crate) fn of_spool(
        folder: &Path,
        bucket: Option<&S3Settings>,
        run: &str,
    ) -> io::Result<Self> {
        match bucket {
            Some(bucket) => Self::on_s3(bucket, &folder.join("staging"), run),
            None => Self::open(&folder.join("blobs"), run),
        }
    }

    /// Objects behind any client.
    #[cfg(test)]
    pub(crate) fn on_client(
        client: Arc<dyn object_store::ObjectStore>,
        staging: &Path,
        run: &str,
    ) -> io::Result<Self> {
        Ok(Self::on(Arc::new(Self::objects(client, staging)?), run))
    }

    #[cfg(test)]
    fn objects(
        client: Arc<dyn object_store::ObjectStore>,
        staging: &Path,
    ) -> io::Result<ObjectBlobs> {
        let (root, place) = (object_store::path::Path::from("t"), "s3://test/t".to_owned());
        let objects = ObjectBlobs::with_client(client, root, place, staging)?;
        Ok(objects.with_try_time(std::time::Duration::from_millis(300)))
    }

    fn on(store: Arc<dyn BlobStore>, run: &str) -> Self {
        Self {
            run: run.into(),
            next: Arc::new(AtomicU64::new(0)),
            store,
            journal: None,
            room: Arc::default(),
            queue: Arc::default(),
        }
    }

    /// The same with a journal of uploads.
    pub(crate) fn with_journal(self, journal: Option<Journal>) -> Self {
        Self { journal: journal.map(Arc::new), ..self }
    }

    /// Whether the bytes are in a store that other nodes may share, and not on the disk of the data folder.
    pub fn are_remote(&self) -> bool {
        self.store.is_remote()
    }

    /// A name that no run of any node had.
    fn unique(&self) -> String {
        format!("{}-{:x}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Uploads of a view that a crash cut off. Their bytes were never acknowledged.
    pub fn unfinished_of(&self, tree: &str) -> Vec<Unfinished> {
        self.journal.as_ref().map(|journal| journal.of_tree(tree)).unwrap_or_default()
    }

    /// One of these uploads. `None` if its device went on with it, or it is older than a day.
    pub fn unfinished(&self, number: i64) -> Option<Unfinished> {
        self.journal.as_ref()?.find(number)
    }

    /// Takes one of these uploads to go on with it: nobody else can.
    pub fn take_unfinished(&self, number: i64) -> Option<Unfinished> {
        self.journal.as_ref()?.take(number)
    }

    /// Takes the uploads that are older than a day. Returns their blobs, which are to be removed.
    pub(crate) fn take_old_unfinished(&self, now: Timestamp) -> Vec<BlobName> {
        self.journal.as_ref().map(|journal| journal.take_old(now)).unwrap_or_default()
    }

    /// Starts a new blob. If the writer is dropped before [`BlobWriter::finish`], the file is removed. `extension` is
    /// for people who look into the folder.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(&self, now: Timestamp, extension: &'static str) -> io::Result<BlobWriter> {
        let (day, unique) = (day_of(now), self.unique());
        let name = BlobName(format!("{day}/{unique}.{extension}"));
        Ok(self.writer(self.store.begin(name, &unique)?))
    }

    /// Writes what was begun.
    fn writer(&self, begun: Begun) -> BlobWriter {
        BlobWriter::new(self.clone(), begun)
    }

    /// Makes the names of all finished blobs durable (docs/spool.md, A2): once for all that are committed together.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        self.store.sync_names()
    }

    /// Goes on behind the first `size` bytes of a blob. Bytes behind them were never acknowledged and are removed. If the
    /// writer is dropped before [`BlobWriter::finish`], the blob stays, and what was added counts as never received.
    ///
    /// # Errors
    /// There is no such blob, or it has fewer bytes (`UnexpectedEof`). Of objects it is not known here whether they
    /// exist.
    pub fn resume(&self, name: &BlobName, size: u64) -> io::Result<BlobWriter> {
        Ok(self.writer(self.store.resume(name, size, &self.unique())?))
    }

    /// Whether more can be appended to a blob: an arrival has so many segments at most.
    pub fn may_append(&self, name: &BlobName) -> bool {
        segments::segments(name).len() < segments::SEGMENTS_MAX
    }

    /// Sets the limits: all that is stored may take `bytes_max`, and uploads stop when fewer than `free_min` bytes are
    /// free on the disk.
    pub fn limit(&self, bytes_max: u64, free_min: u64) {
        self.room.limit(bytes_max, free_min);
    }

    /// Bytes of files that are being received.
    pub fn under_way_bytes(&self) -> u64 {
        self.room.under_way()
    }

    /// Path of a blob in the file system. `None` if it is no file of this machine.
    pub fn path(&self, name: &BlobName) -> Option<PathBuf> {
        self.store.path(name)
    }

    /// Reads a file inside a blob, decoded. A range that goes beyond the blob ends with it. The reader blocks: it is for
    /// threads that may.
    ///
    /// # Errors
    /// There is no such blob (`NotFound`): of a file here, of an object at the first read.
    pub fn read(&self, name: &BlobName, media: &Media) -> io::Result<MediaReader> {
        Arc::clone(&self.store).read(name, media)
    }

    /// The first `size` bytes of a blob as a file of this machine, for readers that must not wait for a network. A copy
    /// counts to the share of `sender`, and is removed when the last clone of the result is dropped.
    ///
    /// # Errors
    /// There is no such blob, or no room for the copy.
    pub async fn local(&self, name: &BlobName, size: u64, sender: Sender) -> io::Result<LocalBlob> {
        Arc::clone(&self.store).local(self.clone(), name.clone(), size, sender).await
    }

    /// Removes blobs that no arrival has any more. One that is missing is no error: a crash may have come between. What
    /// cannot be removed is logged; it is an orphan, which is swept later.
    pub async fn remove(&self, names: Vec<BlobName>) {
        Arc::clone(&self.store).remove(names).await;
    }

    /// Removes what earlier runs left in the staging folder: nobody has an acknowledgement of it. For the start of a run
    /// that receives. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn remove_leftovers(&self) -> io::Result<()> {
        self.store.remove_leftovers(&self.run)
    }

    /// Blobs that no arrival may have: of a folder those of earlier runs, without those that a device may go on with; of
    /// a shared store a part of those that are older than any upload can be. The caller removes those that no arrival
    /// has.
    pub(crate) async fn possible_orphans(&self) -> io::Result<Vec<BlobName>> {
        let mut found = Arc::clone(&self.store).possible_orphans(Arc::clone(&self.run)).await?;
        if let Some(journal) = &self.journal {
            found.retain(|blob| !journal.holds(blob));
        }
        Ok(found)
    }

    /// Whether blobs can be stored now, as far as this is known. A folder is checked by the commits of the database.
    ///
    /// # Errors
    /// The latest upload failed, and another one does too.
    pub async fn check(&self) -> io::Result<()> {
        self.store.check().await
    }

    /// Tries the store: writes an object, reads a range of it and removes it. A folder needs no test.
    ///
    /// # Errors
    /// What is wrong, in words for the owner.
    pub async fn probe(&self) -> io::Result<()> {
        self.store.probe(&self.run).await
    }

    /// Size of the disk that the spool is on, in bytes.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.store.folder())?;
        Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
    }

    /// Bytes that are free for the spool on its disk, without what is reserved for root. Copies of what a remote store has
    /// count as free, and are removed when too little is free.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let free = || {
            let stat = rustix::fs::statvfs(self.store.folder())?;
            io::Result::Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
        };
        let (found, free_min) = (free()?, self.room.free_min());
        match (self.are_remote(), found < free_min) {
            (false, _) => Ok(found),
            (true, false) => Ok(found.saturating_add(self.store.spare_bytes(false))),
            (true, true) => Ok(self.store.spare_bytes(true).saturating_add(free()?)),
        }
    }
}

/// Name of the folder for a blob of this moment: the day, UTC.
fn day_of(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.as_ms())
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_else(|_| "undated".to_owned())
}

#[cfg(test)]
mod object_tests;
#[cfg(test)]
mod tests;
