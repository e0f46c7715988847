//! Blobs: one file for each arrival, written once while it is received, read in ranges.
//!
//! Names are made here: nothing that a device sends becomes part of a path. A blob is durable when its bytes and its
//! name are: [`BlobWriter::finish`] syncs the bytes, `Blobs::sync_names` the names of all that is committed together.

mod import;
mod writer;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_model::transfer::Decoder;
use tipoff_model::{BlobName, Media, Timestamp};

use crate::disk_queue::DiskQueue;
use crate::durable::sync_folder;
use crate::room::Room;
use crate::unfinished::{Journal, Unfinished};

pub use writer::BlobWriter;

/// Size of the pieces in which encoded bytes are read and decoded, in bytes.
const READ_BYTES: usize = 32 * 1024;

/// A durable file of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name in the folder of blobs.
    pub name: BlobName,
    /// Its size in bytes.
    pub size: u64,
}

/// The folder of blobs: a folder for each day, in it a file for each arrival.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: Arc<PathBuf>,
    /// Prefix of the names of this run's files, which no earlier run had.
    run: Arc<str>,
    /// Number of the next blob of this run.
    next: Arc<AtomicU64>,
    /// The folders that this run has used.
    days: Arc<Mutex<Days>>,
    /// `None` if this run receives nothing, or the system has no name for its boot.
    journal: Option<Arc<Journal>>,
    pub(crate) room: Arc<Room>,
    pub(crate) queue: Arc<DiskQueue>,
}

/// Which names are durable, by the day whose folder holds them.
type Days = BTreeMap<String, Day>;

/// What is durable of a day's folder.
#[derive(Clone, Copy, Debug, Default)]
struct Day {
    /// Whether it holds names that may not be durable.
    has_new_names: bool,
    /// Whether this run has synced its own name. That the folder exists proves nothing: an earlier run
    /// may have ended before the sync, or another thread may have made it a moment ago.
    is_durable: bool,
}

impl Blobs {
    /// Opens the folder, and makes it if it is missing; the caller syncs its name. `run` must differ at every start.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(root: &Path, run: &str) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self {
            root: Arc::new(root.to_owned()),
            run: run.into(),
            next: Arc::new(AtomicU64::new(0)),
            days: Arc::default(),
            journal: None,
            room: Arc::default(),
            queue: Arc::default(),
        })
    }

    /// The same with a journal of uploads.
    pub(crate) fn with_journal(self, journal: Option<Journal>) -> Self {
        Self { journal: journal.map(Arc::new), ..self }
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
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let day = day_of(now);
        let name = BlobName(format!("{day}/{}-{number:x}.{extension}", self.run));
        let path = self.path(&name);
        let file = create(&path).or_else(|error| {
            // The first of its day.
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            self.make_day(&day)?;
            create(&path)
        })?;
        Ok(BlobWriter::new(self.clone(), name, file, 0, true))
    }

    /// Makes the names of all finished blobs durable (docs/spool.md, A2): once for all that are
    /// committed together. For the first of a day in this run that includes the name of the day's folder.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        let taken = self.take_unsynced();
        let synced = self.sync_days(&taken);
        if synced.is_err() {
            let mut days = self.days();
            // All is synced again by the next commit. A folder that somebody removed must not fail that one as well.
            for (name, before) in
                taken.into_iter().filter(|(name, _)| self.root.join(name).exists())
            {
                let day = days.entry(name).or_default();
                day.has_new_names = true;
                day.is_durable &= before.is_durable;
            }
        }
        synced
    }

    /// The days with names to be synced, as they were. They count as synced from here on, so that what
    /// is added during the sync is synced by the next.
    fn take_unsynced(&self) -> Vec<(String, Day)> {
        let mut days = self.days();
        let unsynced = days.iter_mut().filter(|(_, day)| day.has_new_names);
        let synced = Day { has_new_names: false, is_durable: true };
        unsynced.map(|(name, day)| (name.clone(), std::mem::replace(day, synced))).collect()
    }

    fn sync_days(&self, days: &[(String, Day)]) -> io::Result<()> {
        for (day, _) in days {
            sync_folder(&self.root.join(day))?;
        }
        if days.iter().any(|(_, day)| !day.is_durable) {
            sync_folder(&self.root)?;
        }
        Ok(())
    }

    fn days(&self) -> MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on behind the first `size` bytes of a blob. Bytes behind them were never acknowledged and are removed. If the
    /// writer is dropped before [`BlobWriter::finish`], the blob stays, and what was added counts as never received.
    ///
    /// # Errors
    /// There is no such blob, or it has fewer bytes (`UnexpectedEof`).
    pub fn resume(&self, name: &BlobName, size: u64) -> io::Result<BlobWriter> {
        let mut file = OpenOptions::new().write(true).open(self.path(name))?;
        if file.metadata()?.len() < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(size)?;
        file.seek(SeekFrom::End(0))?;
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

    /// Makes the folder of a day. Its name becomes durable before the first commit of a blob in it.
    fn make_day(&self, day: &str) -> io::Result<()> {
        // Under the lock, so that no sync in between takes the new folder for the one before.
        let mut days = self.days();
        fs::create_dir_all(self.root.join(day))?;
        days.entry(day.to_owned()).or_default().is_durable = false;
        Ok(())
    }

    /// Path of a blob in the file system.
    pub fn path(&self, name: &BlobName) -> PathBuf {
        self.root.join(&name.0)
    }

    /// Reads a file inside a blob, decoded. A range that goes beyond the blob ends with it.
    ///
    /// # Errors
    /// There is no such blob.
    pub fn read(&self, name: &BlobName, media: &Media) -> io::Result<MediaReader> {
        let mut file = File::open(self.path(name))?;
        file.seek(SeekFrom::Start(media.range.start))?;
        let length = media.range.end.saturating_sub(media.range.start);
        Ok(MediaReader {
            source: BufReader::with_capacity(READ_BYTES, file).take(length),
            decoder: Decoder::new(media.encoding),
            ready: Vec::new(),
            given: 0,
            ended: false,
        })
    }

    /// Removes a blob that no arrival has any more. One that is missing is no error: a crash may have come between.
    pub fn remove(&self, name: &BlobName) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Blobs of earlier runs, without those that a device may go on with. The caller removes those that no arrival has.
    /// Empty folders of days are removed.
    pub(crate) fn of_earlier_runs(&self) -> io::Result<Vec<BlobName>> {
        let mut found = Vec::new();
        for day in fs::read_dir(self.root.as_path())? {
            let day = day?;
            if !day.file_type()?.is_dir() {
                continue;
            }
            let day_name = day.file_name().to_string_lossy().into_owned();
            let mut files = 0_u64;
            for file in fs::read_dir(day.path())? {
                let name = file?.file_name().to_string_lossy().into_owned();
                files += 1;
                let blob = BlobName(format!("{day_name}/{name}"));
                let may_go_on = self.journal.as_ref().is_some_and(|journal| journal.holds(&blob));
                if !name.starts_with(&*self.run) && !may_go_on {
                    found.push(blob);
                }
            }
            let days = self.days();
            if files == 0 && !days.contains_key(&day_name) {
                // A blob may be begun in it at this moment: then it is not empty and stays, or it is
                // made again.
                let _ = fs::remove_dir(day.path());
            }
        }
        Ok(found)
    }

    /// Size of the disk that the spool is on, in bytes.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.root.as_path())?;
        Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
    }

    /// Bytes that are free for the spool on its disk, without what is reserved for root.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.root.as_path())?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Name of the folder for a blob of this moment: the day, UTC.
fn day_of(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.as_ms())
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_else(|_| "undated".to_owned())
}

/// The decoded bytes of a file inside a blob. At most one piece of it is in memory.
pub struct MediaReader {
    source: io::Take<BufReader<File>>,
    decoder: Decoder,
    /// The decoded bytes of the latest piece.
    ready: Vec<u8>,
    /// Number of these that were given out.
    given: usize,
    /// Whether the source has ended and the decoder has given what it kept back.
    ended: bool,
}

impl Read for MediaReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.ready.clear();
            self.given = 0;
            let mut encoded = [0; READ_BYTES];
            let count = self.source.read(&mut encoded)?;
            match encoded.get(..count) {
                Some(encoded) if count > 0 => self.decoder.push(encoded, &mut self.ready),
                _ => {
                    self.decoder.finish(&mut self.ready);
                    self.ended = true;
                }
            }
        }
        let count = self.ready.get(self.given..).unwrap_or_default().read(out)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
