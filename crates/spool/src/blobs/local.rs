//! Blobs in a folder of this machine: a folder for each day, in it a file for each arrival, which may grow.
//!
//! A blob is durable when its bytes and its name are: the writer syncs the bytes, [`BlobStore::sync_names`] the names of
//! all that is committed together.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_model::{BlobName, Media};

use super::store::{Begun, BlobStore, Target, blocking};
use super::{BlobWriter, Blobs, LocalBlob, MediaReader, StoredBlob};
use crate::BoxFuture;
use crate::durable::sync_folder;
use crate::room::Sender;

/// Suffix of an imported file's name until the file is whole. No arrival names it: if it stays, the next start removes it.
const UNFINISHED: &str = ".copying";

/// The folder of blobs.
#[derive(Debug)]
pub(super) struct LocalStore {
    root: PathBuf,
    /// The folders that this run has used.
    days: Mutex<Days>,
}

/// Which names are durable, by the day whose folder holds them.
type Days = BTreeMap<String, Day>;

/// What is durable of a day's folder.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// Whether it holds names that may not be durable.
    pub(super) has_new_names: bool,
    /// Whether this run has synced its own name. That the folder exists proves nothing: an earlier run
    /// may have ended before the sync, or another thread may have made it a moment ago.
    pub(super) is_durable: bool,
}

impl LocalStore {
    /// Opens the folder, and makes it if it is missing; the caller syncs its name.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned(), days: Mutex::default() })
    }

    /// Path of a blob.
    fn file(&self, name: &BlobName) -> PathBuf {
        self.root.join(&name.0)
    }

    /// Makes the file of a new blob, whose name begins with `day`.
    fn create(&self, day: &str, path: &Path) -> io::Result<File> {
        create(path).or_else(|error| {
            // The first of its day.
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            self.make_day(day)?;
            create(path)
        })
    }

    /// Makes the folder of a day. Its name becomes durable before the first commit of a blob in it.
    fn make_day(&self, day: &str) -> io::Result<()> {
        // Under the lock, so that no sync in between takes the new folder for the one before.
        let mut days = self.days();
        fs::create_dir_all(self.root.join(day))?;
        days.entry(day.to_owned()).or_default().is_durable = false;
        Ok(())
    }

    /// Opens a blob behind its first `size` bytes and removes those behind them.
    fn reopen(&self, path: &Path, size: u64) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(size)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Notes that the bytes of a blob are synced, and its name is to be synced by the next commit.
    fn note_synced(&self, name: &BlobName, is_new: bool) {
        if let Some((day, _)) = name.0.split_once('/') {
            let mut days = self.days();
            let day = days.entry(day.to_owned()).or_default();
            // The name of a resumed blob is in a folder that an earlier run may not have synced.
            day.has_new_names |= is_new || !day.is_durable;
        }
    }

    /// Makes the names of all finished blobs durable (docs/spool.md, A2): once for all that are
    /// committed together. For the first of a day in this run that includes the name of the day's folder.
    fn sync_new_names(&self) -> io::Result<()> {
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

    pub(super) fn days(&self) -> MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a blob. One that is missing is no error.
    pub(super) fn remove_file(&self, name: &BlobName) -> io::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Blobs of runs before `run`. The caller removes those that no arrival has and no device may go on with. Empty folders of days are removed.
    pub(super) fn of_earlier_runs(&self, run: &str) -> io::Result<Vec<BlobName>> {
        let mut found = Vec::new();
        for day in fs::read_dir(&self.root)? {
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
                if !name.starts_with(run) {
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
}

impl BlobStore for LocalStore {
    fn is_remote(&self) -> bool {
        false
    }

    fn folder(&self) -> &Path {
        &self.root
    }

    fn begin(&self, name: BlobName, _unique: &str) -> io::Result<Begun> {
        let (day, path) = (name.0.split('/').next().unwrap_or_default(), self.file(&name));
        let file = self.create(day, &path)?;
        Ok(Begun { name, file, size: 0, target: Target::Blob { path, is_new: true } })
    }

    fn resume(&self, blob: &BlobName, size: u64, _unique: &str) -> io::Result<Begun> {
        let path = self.file(blob);
        let file = self.reopen(&path, size)?;
        let target = Target::Blob { path, is_new: false };
        Ok(Begun { name: blob.clone(), file, size, target })
    }

    fn finish(self: Arc<Self>, mut writer: BlobWriter) -> io::Result<StoredBlob> {
        writer.sync()?;
        self.note_synced(
            writer.name(),
            matches!(writer.target(), Target::Blob { is_new: true, .. }),
        );
        writer.close();
        Ok(StoredBlob { name: writer.name().clone(), size: writer.size() })
    }

    fn commit(self: Arc<Self>, writer: BlobWriter) -> BoxFuture<'static, io::Result<StoredBlob>> {
        Box::pin(blocking(move || self.finish(writer)))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.sync_new_names()
    }

    fn path(&self, blob: &BlobName) -> Option<PathBuf> {
        Some(self.file(blob))
    }

    fn read(self: Arc<Self>, blob: &BlobName, media: &Media) -> io::Result<MediaReader> {
        MediaReader::of_file(&self.file(blob), media)
    }

    fn local(
        self: Arc<Self>,
        _blobs: Blobs,
        blob: BlobName,
        _size: u64,
        _sender: Sender,
    ) -> BoxFuture<'static, io::Result<LocalBlob>> {
        Box::pin(async move { Ok(LocalBlob::itself(self.file(&blob))) })
    }

    fn import(
        self: Arc<Self>,
        day: &str,
        name: &BlobName,
        _unique: &str,
        bytes: &mut dyn Read,
    ) -> io::Result<u64> {
        self.make_day(day)?;
        let unfinished = self.file(&BlobName(format!("{name}{UNFINISHED}")));
        let mut file = File::create(&unfinished)?;
        let size = io::copy(bytes, &mut file)?;
        file.sync_data()?;
        fs::rename(&unfinished, self.file(name))?;
        self.note_synced(name, true);
        Ok(size)
    }

    fn stored_bytes(self: Arc<Self>, blob: &BlobName) -> io::Result<u64> {
        Ok(fs::metadata(self.file(blob))?.len())
    }

    fn remove(self: Arc<Self>, blobs: Vec<BlobName>) -> BoxFuture<'static, ()> {
        let removal = move || {
            for blob in blobs {
                if let Err(error) = self.remove_file(&blob) {
                    tracing::warn!(%blob, %error, "A file could not be removed.");
                }
            }
            Ok(())
        };
        Box::pin(async {
            let _ = blocking(removal).await;
        })
    }

    fn possible_orphans(
        self: Arc<Self>,
        run: Arc<str>,
    ) -> BoxFuture<'static, io::Result<Vec<BlobName>>> {
        Box::pin(blocking(move || self.of_earlier_runs(&run)))
    }

    #[cfg(test)]
    fn as_local(&self) -> Option<&LocalStore> {
        Some(self)
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
