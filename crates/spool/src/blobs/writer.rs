//! A blob that is being received: its bytes are counted, written, and synced in pieces as they come.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::Advice;
use tipoff_model::{BlobName, Media};
use tokio::task::{JoinHandle, spawn_blocking};

use super::store::{Begun, Target};
use super::{Blobs, MediaReader, StoredBlob};
use crate::disk_queue::DiskQueue;
use crate::room::Sender;
use crate::unfinished::Note;

/// Bytes after which the disk is asked to begin writing, so that little is left to sync at the end.
const AHEAD_BYTES: u64 = 2 * 1024 * 1024;
/// Pause of a sender whose share is used up, and number of pauses before it is refused: five seconds in all.
const ROOM_WAIT: Duration = Duration::from_millis(200);
const ROOM_WAITS_MAX: u32 = 25;

/// A blob that is being received.
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Blobs,
    name: BlobName,
    file: Option<File>,
    size: u64,
    /// Bytes that the disk was asked to write.
    ahead: u64,
    target: Target,
    /// The line in the journal, while this is an upload that its device may go on with.
    note: Option<Note>,
    /// `None` until it is known whose it is: then nothing is counted.
    sender: Option<Sender>,
    /// Bytes that count as under way of the sender.
    taken: u64,
    /// Bytes that were written and are in no piece.
    unsynced: u64,
    /// The piece that is being synced.
    syncing: Option<JoinHandle<()>>,
}

/// Bytes of a file that are to be synced before its end.
struct Piece {
    queue: Arc<DiskQueue>,
    address: IpAddr,
    bytes: u64,
}

impl Piece {
    async fn sync(self, path: PathBuf) {
        let _turn = self.queue.turn(self.address).await;
        let synced = spawn_blocking(move || {
            let began = Instant::now();
            // Opened anew: the system reports a failed write once to each open file (fsync(2)), and the sync at the
            // end must still see it.
            File::open(path)?.sync_data().map(|()| began.elapsed())
        });
        if let Ok(Ok(took)) = synced.await {
            self.queue.note_speed(self.bytes, took);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.queue.synced(self.address, self.bytes);
    }
}

impl BlobWriter {
    pub(super) fn new(blobs: Blobs, begun: Begun) -> Self {
        let Begun { name, file, size, target } = begun;
        Self {
            blobs,
            name,
            file: Some(file),
            size,
            ahead: size,
            target,
            note: None,
            sender: None,
            taken: 0,
            unsynced: 0,
            syncing: None,
        }
    }

    /// Notes the upload in the journal: after a crash its device may go on with it.
    pub fn note(&mut self, tree: &str, path: &[u8]) {
        let journal = self.blobs.journal.as_ref();
        self.note = journal.map(|journal| journal.note(&self.name, tree, path));
    }

    /// Counts bytes for this sender from now on.
    pub fn belongs_to(&mut self, sender: Sender) {
        self.sender = Some(sender);
    }

    /// Appends. This writes into the system's cache and returns; [`BlobWriter::keep_pace`] waits for the disk.
    ///
    /// # Errors
    /// The disk fails, it is full, or too much of this sender is under way.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let count = bytes.len() as u64;
        if let Some(sender) = self.sender {
            self.blobs.room.take(sender, count)?;
            self.taken += count;
        }
        file.write_all(bytes)?;
        self.size += count;
        if let (Some(sender), Target::Blob { .. }) = (self.sender, &self.target) {
            self.blobs.queue.written(sender.address, count);
            self.unsynced += count;
        }
        if self.size - self.ahead >= AHEAD_BYTES {
            // Linux begins to write dirty pages, and does not wait for them. If it fails, the file is still whole.
            let length = NonZeroU64::new(self.size - self.ahead);
            let _ = rustix::fs::fadvise(&*file, self.ahead, length, Advice::DontNeed);
            self.ahead = self.size;
            let free_min = self.blobs.room.free_min();
            if free_min > 0 && self.blobs.free_bytes().is_ok_and(|free| free < free_min) {
                let text = format!("less than {free_min} bytes are free");
                return Err(io::Error::new(io::ErrorKind::StorageFull, text));
            }
        }
        Ok(())
    }

    /// Whether [`BlobWriter::keep_pace`] has anything to do.
    pub fn must_wait(&self) -> bool {
        self.sender.is_some_and(|sender| {
            self.blobs.room.is_used_up(sender)
                || self.blobs.queue.must_sync(sender.address, self.unsynced)
        })
    }

    /// Waits for the disk where too much waits for it, and for room where the sender has used up its share: to be
    /// called between two writes, within the runtime. What fails here fails again in [`BlobWriter::finish`].
    pub async fn keep_pace(&mut self) {
        let Some(sender) = self.sender else { return };
        for _ in 0..ROOM_WAITS_MAX {
            if !self.blobs.room.is_used_up(sender) {
                break;
            }
            tokio::time::sleep(ROOM_WAIT).await;
        }
        let Sender { address, .. } = sender;
        if !self.blobs.queue.must_sync(address, self.unsynced) {
            return;
        }
        // One piece is synced while the next one comes.
        if let Some(syncing) = self.syncing.take() {
            let _ = syncing.await;
        }
        let bytes = std::mem::take(&mut self.unsynced);
        let (queue, path) = (Arc::clone(&self.blobs.queue), self.path());
        let piece = Piece { queue, address, bytes };
        self.syncing = Some(tokio::spawn(piece.sync(path)));
        if self.blobs.queue.is_full()
            && let Some(syncing) = self.syncing.take()
        {
            let _ = syncing.await;
        }
    }

    /// Number of bytes so far, with those that a resumed blob had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Name of the blob.
    pub fn name(&self) -> &BlobName {
        &self.name
    }

    /// The file that has the bytes so far, which is on this machine in any store. Of what is appended to a blob of
    /// objects it has the new bytes only.
    pub fn path(&self) -> PathBuf {
        self.target.path().to_owned()
    }

    /// What becomes of the file.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Syncs the bytes, before the pieces of others. Blocks.
    pub(super) fn sync(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let _first = self.blobs.queue.small(self.unsynced);
        file.sync_data()
    }

    /// All bytes are written. Their file is not removed by this writer then.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Reads a file inside the bytes so far, decoded. Blocks.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn read(&self, media: &Media) -> io::Result<MediaReader> {
        MediaReader::of_file(&self.path(), media)
    }

    /// Makes the bytes durable (docs/spool.md, A2). Blocks until the store has them. The name becomes
    /// durable with those of others, when their arrivals are committed.
    /// A blob that no arrival names afterwards is swept at the next start.
    ///
    /// # Errors
    /// The store does not take them.
    pub fn finish(self) -> io::Result<StoredBlob> {
        Arc::clone(&self.blobs.store).finish(self)
    }

    /// The same for tasks, which must not block.
    ///
    /// # Errors
    /// As [`BlobWriter::finish`].
    pub async fn commit(self) -> io::Result<StoredBlob> {
        Arc::clone(&self.blobs.store).commit(self).await
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if let Some(sender) = self.sender {
            self.blobs.room.give_back(sender, self.taken);
            self.blobs.queue.synced(sender.address, self.unsynced);
        }
        let is_needed = self.file.take().is_none();
        if let Target::Blob { path, is_new: true } = &self.target
            && !is_needed
            && let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(blob = %self.name, %error, "A file that is not needed could not be removed.");
        }
    }
}
