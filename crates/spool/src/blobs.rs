//! Blobs: the bytes of arrivals, written once while they are received, read in ranges.
//!
//! Names are made here: nothing that a device sends becomes part of a path. [`BlobWriter`] writes, [`MediaReader`] reads;
//! where the bytes are is the business of the store (`local.rs`).

mod local;
mod local_blob;
mod reader;
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

pub use local_blob::LocalBlob;
pub use reader::MediaReader;
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
    store: LocalStore,
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
        Ok(Self {
            run: run.into(),
            next: Arc::new(AtomicU64::new(0)),
            store: LocalStore::open(root)?,
            room: Arc::default(),
            queue: Arc::default(),
        })
    }

    /// The same with a journal of uploads.
    pub(crate) fn with_journal(mut self, journal: Option<Journal>) -> Self {
        self.store.journal = journal.map(Arc::new);
        self
    }

    fn journal(&self) -> Option<&Arc<Journal>> {
        self.store.journal.as_ref()
    }

    /// Uploads of a view that a crash cut off. Their bytes were never acknowledged.
    pub fn unfinished_of(&self, tree: &str) -> Vec<Unfinished> {
        self.journal().map(|journal| journal.of_tree(tree)).unwrap_or_default()
    }

    /// One of these uploads. `None` if its device went on with it, or it is older than a day.
    pub fn unfinished(&self, number: i64) -> Option<Unfinished> {
        self.journal()?.find(number)
    }

    /// Takes one of these uploads to go on with it: nobody else can.
    pub fn take_unfinished(&self, number: i64) -> Option<Unfinished> {
        self.journal()?.take(number)
    }

    /// Takes the uploads that are older than a day. Returns their blobs, which are to be removed.
    pub(crate) fn take_old_unfinished(&self, now: Timestamp) -> Vec<BlobName> {
        self.journal().map(|journal| journal.take_old(now)).unwrap_or_default()
    }

    /// Starts a new blob. If the writer is dropped before [`BlobWriter::finish`], the file is removed. `extension` is
    /// for people who look into the folder.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(&self, now: Timestamp, extension: &'static str) -> io::Result<BlobWriter> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let day = day_of(now);
        let name = BlobName(format!("{day}/{}-{number:x}.{extension}", self.run));
        let path = self.store.path(&name);
        let file = self.store.create(&day, &path)?;
        Ok(BlobWriter::new(self.clone(), name, file, 0, true))
    }

    /// Makes the names of all finished blobs durable (docs/spool.md, A2): once for all that are committed together.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        self.store.sync_names()
    }

    /// Goes on behind the first `size` bytes of a blob. Bytes behind them were never acknowledged and are removed. If the
    /// writer is dropped before [`BlobWriter::finish`], the blob stays, and what was added counts as never received.
    ///
    /// # Errors
    /// There is no such blob, or it has fewer bytes (`UnexpectedEof`).
    pub fn resume(&self, name: &BlobName, size: u64) -> io::Result<BlobWriter> {
        let file = self.store.reopen(name, size)?;
        Ok(BlobWriter::new(self.clone(), name.clone(), file, size, false))
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

    /// Path of a blob in the file system.
    pub fn path(&self, name: &BlobName) -> PathBuf {
        self.store.path(name)
    }

    /// Reads a file inside a blob, decoded. A range that goes beyond the blob ends with it. The reader blocks: it is for
    /// threads that may.
    ///
    /// # Errors
    /// There is no such blob.
    pub fn read(&self, name: &BlobName, media: &Media) -> io::Result<MediaReader> {
        MediaReader::of_file(&self.store.path(name), media)
    }

    /// The first `size` bytes of a blob as a file of this machine, for readers that must not wait for a network. A copy
    /// counts to the share of `sender`, and is removed when the last clone of the result is dropped.
    ///
    /// # Errors
    /// There is no such blob, or no room for the copy.
    pub async fn local(
        &self,
        name: &BlobName,
        _size: u64,
        _sender: Sender,
    ) -> io::Result<LocalBlob> {
        Ok(LocalBlob::itself(self.store.path(name)))
    }

    /// Removes a blob that no arrival has any more. One that is missing is no error: a crash may have come between.
    ///
    /// # Errors
    /// The store cannot remove it.
    pub fn remove(&self, name: &BlobName) -> io::Result<()> {
        self.store.remove(name)
    }

    /// Blobs of earlier runs, without those that a device may go on with. The caller removes those that no arrival has.
    pub(crate) fn of_earlier_runs(&self) -> io::Result<Vec<BlobName>> {
        self.store.of_earlier_runs(&self.run)
    }

    /// Size of the disk that the spool is on, in bytes.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.store.root())?;
        Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
    }

    /// Bytes that are free for the spool on its disk, without what is reserved for root.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.store.root())?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Name of the folder for a blob of this moment: the day, UTC.
fn day_of(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.as_ms())
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_else(|_| "undated".to_owned())
}

#[cfg(test)]
mod tests;
