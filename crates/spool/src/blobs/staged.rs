//! Files of the staging folder: bytes on their way into the store, and copies of what it was sent a moment ago.
//!
//! Most alerts are sent within seconds: their files are read from the copies, so that an alert needs no request but the
//! one that stored it. Objects never change, so a copy is never out of date.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of all copies.
const COPIES_BYTES_MAX: u64 = 256 << 20;
/// Number of copies. Each lookup reads their names.
const COPIES_MAX: usize = 1000;
/// A larger file would displace many others.
const COPY_BYTES_MAX: u64 = COPIES_BYTES_MAX / 4;
/// Age of a copy. Alerts that come later than this are read from the store.
const COPY_AGE_MAX: Duration = Duration::from_secs(900);

/// A file of the staging folder, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct StagedFile(PathBuf);

impl StagedFile {
    /// Makes the file.
    pub(super) fn create(path: PathBuf) -> io::Result<(Arc<Self>, File)> {
        let file = File::create_new(&path)?;
        Ok((Arc::new(Self(path)), file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            let path = self.0.display();
            tracing::warn!(%path, %error, "A file that is not needed could not be removed.");
        }
    }
}

/// A copy of an object.
#[derive(Debug)]
struct Copy {
    /// Name of the segment.
    name: String,
    file: Arc<StagedFile>,
    bytes: u64,
    stored_at: Instant,
}

/// Copies of objects that this run has stored, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Copies(Mutex<VecDeque<Copy>>);

impl Copies {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Copy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the file of an object that the store has now.
    pub(super) fn keep(&self, name: &str, file: &Arc<StagedFile>, bytes: u64, now: Instant) {
        if bytes > COPY_BYTES_MAX {
            return;
        }
        let (name, file) = (name.to_owned(), Arc::clone(file));
        let mut copies = self.lock();
        copies.push_back(Copy { name, file, bytes, stored_at: now });
        shrink(&mut copies, now);
    }

    /// The copy of an object, if there is one.
    pub(super) fn of(&self, name: &str) -> Option<Arc<StagedFile>> {
        let copies = self.lock();
        // What is asked for most is new.
        copies.iter().rev().find(|copy| copy.name == name).map(|copy| Arc::clone(&copy.file))
    }

    /// Removes the copies of these objects.
    pub(super) fn forget(&self, is_gone: impl Fn(&str) -> bool) {
        self.lock().retain(|copy| !is_gone(&copy.name));
    }

    /// Bytes of all copies that are not too old; the others are removed.
    pub(super) fn bytes(&self, now: Instant) -> u64 {
        let mut copies = self.lock();
        shrink(&mut copies, now);
        sum(&copies)
    }
}

fn sum(copies: &VecDeque<Copy>) -> u64 {
    copies.iter().fold(0, |sum: u64, copy| sum.saturating_add(copy.bytes))
}

/// Removes the oldest copies until all limits are kept.
fn shrink(copies: &mut VecDeque<Copy>, now: Instant) {
    let mut bytes = sum(copies);
    while let Some(oldest) = copies.front() {
        let is_old = now.saturating_duration_since(oldest.stored_at) > COPY_AGE_MAX;
        if !is_old && copies.len() <= COPIES_MAX && bytes <= COPIES_BYTES_MAX {
            break;
        }
        bytes = bytes.saturating_sub(oldest.bytes);
        copies.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path, copies: &Copies, name: &str, bytes: u64, now: Instant) {
        let (file, _) = StagedFile::create(folder.join(name)).unwrap();
        copies.keep(name, &file, bytes, now);
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn copies_have_a_limit_of_bytes_and_the_oldest_go() {
        let (folder, copies, now) =
            (tempfile::tempdir().unwrap(), Copies::default(), Instant::now());
        for number in 0..5 {
            kept(folder.path(), &copies, &number.to_string(), COPY_BYTES_MAX, now);
        }
        assert!(copies.of("0").is_none() && copies.of("1").is_some());
        assert_eq!((copies.bytes(now), files(folder.path())), (COPIES_BYTES_MAX, 4));
        kept(folder.path(), &copies, "large", COPY_BYTES_MAX + 1, now);
        assert!(copies.of("large").is_none() && copies.of("1").is_some());
    }

    #[test]
    fn copies_have_a_limit_of_number_and_of_age() {
        let (folder, copies, now) =
            (tempfile::tempdir().unwrap(), Copies::default(), Instant::now());
        for number in 0..=COPIES_MAX {
            kept(folder.path(), &copies, &number.to_string(), 1, now);
        }
        assert_eq!((copies.bytes(now), files(folder.path())), (COPIES_MAX as u64, COPIES_MAX));
        let later = now + COPY_AGE_MAX + Duration::from_secs(1);
        kept(folder.path(), &copies, "later", 1, later);
        assert_eq!((copies.bytes(later), files(folder.path())), (1, 1));
        copies.forget(|name| name == "later");
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn a_copy_that_is_read_outlives_its_place() {
        let (folder, copies, now) =
            (tempfile::tempdir().unwrap(), Copies::default(), Instant::now());
        kept(folder.path(), &copies, "a", 1, now);
        let copy = copies.of("a").unwrap();
        copies.forget(|_| true);
        assert!(copies.of("a").is_none() && copy.path().exists());
        drop(copy);
        assert_eq!(files(folder.path()), 0);
    }
}
