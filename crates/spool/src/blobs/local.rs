//! Blobs in a folder of this machine: a folder for each day, in it a file for each arrival, which may grow.
//!
//! A blob is durable when its bytes and its name are: the writer syncs the bytes, [`LocalStore::sync_names`] the names of
//! all that is committed together.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_model::BlobName;

use crate::durable::sync_folder;
use crate::unfinished::Journal;

/// The folder of blobs.
#[derive(Clone, Debug)]
pub(crate) struct LocalStore {
    root: Arc<PathBuf>,
    /// The folders that this run has used.
    days: Arc<Mutex<Days>>,
    /// `None` if this run receives nothing, or the system has no name for its boot.
    pub(super) journal: Option<Arc<Journal>>,
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
        Ok(Self { root: Arc::new(root.to_owned()), days: Arc::default(), journal: None })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Path of a blob.
    pub(super) fn path(&self, name: &BlobName) -> PathBuf {
        self.root.join(&name.0)
    }

    /// Makes the file of a new blob, whose name begins with `day`.
    pub(super) fn create(&self, day: &str, path: &Path) -> io::Result<File> {
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
    pub(super) fn reopen(&self, name: &BlobName, size: u64) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).open(self.path(name))?;
        if file.metadata()?.len() < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(size)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Notes that the bytes of a blob are synced, and its name is to be synced by the next commit.
    pub(super) fn note_synced(&self, name: &BlobName, is_new: bool) {
        if let Some((day, _)) = name.0.split_once('/') {
            let mut days = self.days();
            let day = days.entry(day.to_owned()).or_default();
            // The name of a resumed blob is in a folder that an earlier run may not have synced.
            day.has_new_names |= is_new || !day.is_durable;
        }
    }

    /// Makes the names of all finished blobs durable (docs/spool.md, A2): once for all that are
    /// committed together. For the first of a day in this run that includes the name of the day's folder.
    pub(super) fn sync_names(&self) -> io::Result<()> {
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
    pub(super) fn remove(&self, name: &BlobName) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Blobs of runs before `run`, without those that a device may go on with. The caller removes those that no arrival
    /// has. Empty folders of days are removed.
    pub(super) fn of_earlier_runs(&self, run: &str) -> io::Result<Vec<BlobName>> {
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
                if !name.starts_with(run) && !may_go_on {
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

pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
