//! The lock of a data folder: one Tipoff at a time receives on it.

use std::fs::File;
use std::path::Path;

use crate::error::folder_error;
use crate::{Result, SpoolError};

/// The lock, until it is dropped.
#[derive(Debug)]
pub(crate) struct FolderLock(File);

impl FolderLock {
    /// Takes the lock of a folder that exists.
    ///
    /// # Errors
    /// [`SpoolError::Locked`] if a Tipoff has it; if the file cannot be made.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let file = File::create(folder.join("lock")).map_err(|error| folder_error(&error))?;
        file.try_lock().map_err(|_| SpoolError::Locked(folder.display().to_string()))?;
        Ok(Self(file))
    }
}

impl Drop for FolderLock {
    /// Releases the lock also where the file stays open: a process that is being started shares all open files until its
    /// program runs.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_although_its_file_is_still_shared() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(SpoolError::Locked(_))));
        // As a child has it between fork(2) and execve(2).
        let _shared = lock.0.try_clone().unwrap();
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }
}
