//! The folder of a cache of thumbnails or renditions: files whose names begin with the number of their arrival
//! (`ARRIVAL-…`). Every such file can be made again, so errors of single files are ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tipoff_model::{ArrivalId, Timestamp};

/// The files of a folder; none if it does not exist.
pub(super) fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Removes the files of arrivals before `oldest`, which are no longer stored, and files without a number; all files
/// with `None`.
pub(super) fn remove_before(folder: &Path, oldest: Option<ArrivalId>) {
    for path in files(folder) {
        if oldest.is_none() || arrival_of(&path) < oldest {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes the files of these arrivals from a cache's folder.
pub(super) fn remove_of(folder: &Path, arrivals: &[ArrivalId]) {
    for path in files(folder) {
        if arrival_of(&path).is_some_and(|arrival| arrivals.contains(&arrival)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The arrival whose number a file's name begins with.
fn arrival_of(path: &Path) -> Option<ArrivalId> {
    let name = path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok().map(ArrivalId)
}

/// Whether `noted`, the time of a file, was less than `limit` before `now`. A time in the future was recorded by a
/// clock that was wrong: it counts as long ago.
pub(super) fn is_within(noted: SystemTime, now: Timestamp, limit: Duration) -> bool {
    let noted = Timestamp::from(noted);
    noted <= now && now.since(noted) < limit
}

/// A time as files record it.
pub(super) fn file_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_ms()).unwrap_or_default())
}
