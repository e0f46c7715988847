//! What a place for blobs does. [`super::Blobs`] names what is stored and counts what is under way; a store alone knows
//! files, objects and when their bytes are durable.
//!
//! A blob is not a file: a store may put several arrivals into one, or one arrival into several objects.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_model::{BlobName, Media};
use tokio::task::spawn_blocking;

use super::staged::StagedFile;
use super::{BlobWriter, Blobs, LocalBlob, MediaReader, StoredBlob};
use crate::BoxFuture;
use crate::room::Sender;

/// A place for blobs.
pub(super) trait BlobStore: fmt::Debug + Send + Sync {
    /// Whether the bytes are in a store that other nodes may share, and not on the disk of the data folder.
    fn is_remote(&self) -> bool;

    /// A folder on the disk that blobs need: their own, or that of files on their way into the store.
    fn folder(&self) -> &Path;

    /// Begins a new blob. `unique` is the part of its name that no other blob has.
    ///
    /// # Errors
    /// Its file cannot be made.
    fn begin(&self, name: BlobName, unique: &str) -> io::Result<Begun>;

    /// Goes on behind the first `size` bytes of a blob.
    ///
    /// # Errors
    /// As [`Blobs::resume`].
    fn resume(&self, blob: &BlobName, size: u64, unique: &str) -> io::Result<Begun>;

    /// Makes the received bytes durable, but for the name (see [`BlobStore::sync_names`]). Blocks.
    ///
    /// # Errors
    /// The store does not take them.
    fn finish(self: Arc<Self>, writer: BlobWriter) -> io::Result<StoredBlob>;

    /// The same for tasks, which must not block.
    ///
    /// # Errors
    /// As [`BlobStore::finish`].
    fn commit(self: Arc<Self>, writer: BlobWriter) -> BoxFuture<'static, io::Result<StoredBlob>>;

    /// Makes the names of all finished blobs durable: once for all that are committed together.
    ///
    /// # Errors
    /// A folder cannot be synced.
    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }

    /// Path of a blob in the file system. `None` if it is no file of this machine.
    fn path(&self, _blob: &BlobName) -> Option<PathBuf> {
        None
    }

    /// Reads a file inside a blob, decoded. The reader blocks.
    ///
    /// # Errors
    /// As [`Blobs::read`].
    fn read(self: Arc<Self>, blob: &BlobName, media: &Media) -> io::Result<MediaReader>;

    /// The first `size` bytes of a blob as a file of this machine. A copy is made with `blobs`, and counts to the share of
    /// `sender`.
    ///
    /// # Errors
    /// As [`Blobs::local`].
    fn local(
        self: Arc<Self>,
        blobs: Blobs,
        blob: BlobName,
        size: u64,
        sender: Sender,
    ) -> BoxFuture<'static, io::Result<LocalBlob>>;

    /// Stores the bytes of a blob of one segment under a name that it had elsewhere, and returns their number. `day` is
    /// the first part of the name, and `unique` a name that no other blob has. Blocks.
    ///
    /// # Errors
    /// As [`Blobs::import`].
    fn import(
        self: Arc<Self>,
        day: &str,
        name: &BlobName,
        unique: &str,
        bytes: &mut dyn Read,
    ) -> io::Result<u64>;

    /// Number of bytes that the store has of a blob. Blocks.
    ///
    /// # Errors
    /// As [`Blobs::stored_bytes`].
    fn stored_bytes(self: Arc<Self>, blob: &BlobName) -> io::Result<u64>;

    /// Removes blobs. One that is missing is no error; what cannot be removed is logged.
    fn remove(self: Arc<Self>, blobs: Vec<BlobName>) -> BoxFuture<'static, ()>;

    /// Removes what earlier runs left on their way into the store. `run` begins the names of this run. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    fn remove_leftovers(&self, _run: &str) -> io::Result<()> {
        Ok(())
    }

    /// Blobs that no arrival may have. `run` begins the names of this run.
    ///
    /// # Errors
    /// The store cannot be listed.
    fn possible_orphans(
        self: Arc<Self>,
        run: Arc<str>,
    ) -> BoxFuture<'static, io::Result<Vec<BlobName>>>;

    /// Whether blobs can be stored now, as far as this is known.
    ///
    /// # Errors
    /// The latest upload failed, and another one does too.
    fn check(&self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Tries the store.
    ///
    /// # Errors
    /// What is wrong, in words for the owner.
    fn probe<'a>(&'a self, _run: &'a str) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Bytes on the disk that can be made free at once, because the store has them too. With `is_needed`, they are.
    fn spare_bytes(&self, _is_needed: bool) -> u64 {
        0
    }

    /// The folder, if this is one.
    #[cfg(test)]
    fn as_local(&self) -> Option<&super::local::LocalStore> {
        None
    }
}

/// A blob whose bytes are to come.
pub(super) struct Begun {
    pub(super) name: BlobName,
    /// Where the bytes are written.
    pub(super) file: File,
    /// Bytes that the blob has already.
    pub(super) size: u64,
    pub(super) target: Target,
}

/// What becomes of the file that receives the bytes.
#[derive(Debug)]
pub(super) enum Target {
    /// It is the blob. If it was begun here, it is removed unless it is finished.
    Blob { path: PathBuf, is_new: bool },
    /// It becomes an object: a blob of its own, or one more segment of a blob behind its first `begin` bytes.
    Staged { file: Arc<StagedFile>, append_to: Option<BlobName>, begin: u64 },
}

impl Target {
    /// Path of the file.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Blob { path, .. } => path,
            Self::Staged { file, .. } => file.path(),
        }
    }
}

/// Does what blocks on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
