//! Renditions on the disk: a folder that cannot grow beyond its limit.
//!
//! Each rendition can be made again, so none is worth more than room for the next. Room is taken from the device or
//! address that uses most (invariant 12); a file's name says whose it is, and its time when it was viewed last.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use tipoff_model::{AlertMedia, ArrivalId, MediaPlace, Timestamp};
use tipoff_spool::Share;

use crate::media::cache_folder::{self, file_time, is_within};
use crate::runtime::lock::lock;

/// Extension of a file that is being written.
const PARTIAL: &str = "part";
/// The time of a view is recorded again after this: each player asks for many pieces.
const NOTED_FOR: Duration = Duration::from_secs(60);
/// Strangers together keep this part of the limit, one in four; what they have above it is removed first.
const STRANGERS_PART: u64 = 4;
/// First character of a known device's share, in names of files.
const KNOWN: char = '#';
/// Separates the video from its share, in names of files.
const OF_SHARE: char = '@';

/// A stored video, and whose it is. An upload that has grown has another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RenditionKey {
    arrival: i64,
    /// The file in the arrival; `None` for the arrival as it came.
    index: Option<u32>,
    /// Size of the original.
    bytes: u64,
    /// As in names of files: letters, digits, `#` and `-`.
    share: String,
}

impl RenditionKey {
    pub(super) fn of(media: &AlertMedia, share: &Share) -> Self {
        let MediaPlace { arrival, index } = media.place;
        let plain = |it: char| if it.is_ascii_alphanumeric() || it == KNOWN { it } else { '-' };
        let share = share.place().chars().map(plain).collect();
        Self { arrival: arrival.0, index, bytes: media.media.size, share }
    }

    /// The name of the file. It contains no text that a device chose, except what [`RenditionKey::of`] left of its share.
    fn name(&self) -> String {
        let index = self.index.map_or_else(|| "raw".to_owned(), |index| index.to_string());
        format!("{}-{index}-{}{OF_SHARE}{}.mp4", self.arrival, self.bytes, self.share)
    }
}

/// The share in the name of a file; `None` for a file of an earlier version.
fn share_of(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    Some(name.split_once(OF_SHARE)?.1.to_owned())
}

/// Removes the renditions of these arrivals from the folder of a cache, which a running program may use.
pub(crate) fn forget_in(folder: &Path, arrivals: &[ArrivalId]) {
    cache_folder::remove_of(folder, arrivals);
}

/// The folder of renditions.
pub(super) struct Cache {
    folder: PathBuf,
    /// Limit of all files, in bytes.
    bytes_max: AtomicU64,
    /// Locked while a file is added, so that the sum of all sizes stays within the limit.
    adding: Mutex<()>,
}

impl Cache {
    /// Makes the folder, and removes files that an earlier run left unfinished or that an earlier version named.
    pub(super) fn open(folder: PathBuf, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let bytes_max = AtomicU64::new(bytes_max);
        let cache = Self { folder, bytes_max, adding: Mutex::default() };
        for path in cache.files() {
            // Names of earlier versions do not say whose it is.
            let is_partial = path.extension().is_some_and(|end| end == PARTIAL);
            if is_partial || share_of(&path).is_none() {
                fs::remove_file(path)?;
            }
        }
        cache.make_room(0);
        Ok(cache)
    }

    /// The path of a rendition and its size in bytes; `None` if it is not cached. Records the view in the time of the
    /// file: the file that was viewed longest ago is removed first.
    pub(super) fn find(
        &self,
        key: &RenditionKey,
        now: Timestamp,
    ) -> io::Result<Option<(PathBuf, u64)>> {
        let path = self.folder.join(key.name());
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let noted = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if is_within(noted, now, NOTED_FOR) {
            return Ok(Some((path, metadata.len())));
        }
        let file = File::options().write(true).open(&path);
        let noted = file.and_then(|file| file.set_modified(file_time(now)));
        if let Err(error) = noted {
            tracing::debug!(%error, "The time of the last view of a video could not be recorded.");
        }
        Ok(Some((path, metadata.len())))
    }

    /// Adds a file, and makes room for it. Of two renditions of one video the larger stays: it has the better quality,
    /// because channels have different limits.
    pub(super) fn keep(&self, key: &RenditionKey, made: &Path) -> io::Result<()> {
        let _adding = self.lock();
        let path = self.folder.join(key.name());
        let bytes = made.metadata()?.len();
        if path.metadata().is_ok_and(|there| there.len() >= bytes) {
            return Ok(());
        }
        self.make_room(bytes);
        let partial = path.with_extension(PARTIAL);
        // A second name for the same bytes, if the file system supports that.
        if fs::hard_link(made, &partial).is_err() {
            fs::copy(made, &partial)?;
        }
        // Synced before it gets its name: after a power cut the file is complete or absent.
        File::open(&partial)?.sync_all()?;
        fs::rename(partial, path)
    }

    /// Removes the renditions of these arrivals.
    pub(super) fn forget(&self, arrivals: &[ArrivalId]) {
        forget_in(&self.folder, arrivals);
    }

    /// Removes the renditions of arrivals before `oldest`; all with `None`.
    pub(super) fn forget_before(&self, oldest: Option<ArrivalId>) {
        cache_folder::remove_before(&self.folder, oldest);
    }

    /// Sets the limit of all files in bytes, and removes what exceeds it.
    pub(super) fn limit(&self, bytes_max: u64) {
        let _adding = self.lock();
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
        self.make_room(0);
    }

    /// Removes files until there is room for so many bytes: of the device or address that uses most, the one that was
    /// viewed longest ago. Strangers give first what they have above their part, then known devices, then strangers the
    /// rest.
    fn make_room(&self, bytes: u64) {
        let mut shares: HashMap<String, Kept> = HashMap::new();
        for path in self.files() {
            let Ok(metadata) = path.metadata() else { continue };
            let looked_at = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let kept = shares.entry(share_of(&path).unwrap_or_default()).or_default();
            kept.bytes += metadata.len();
            kept.files.push((looked_at, metadata.len(), path));
        }
        // The oldest is taken from the end.
        shares.values_mut().for_each(|kept| kept.files.sort_by(|one, other| other.cmp(one)));
        let bytes_max = self.bytes_max.load(Ordering::Relaxed);
        while total(&shares, |_| true).saturating_add(bytes) > bytes_max {
            let strangers = total(&shares, |share| !share.starts_with(KNOWN));
            let known_first = strangers <= bytes_max / STRANGERS_PART;
            let greediest = |known: bool| {
                let of_group = shares.iter().filter(|(share, kept)| {
                    share.starts_with(KNOWN) == known && !kept.files.is_empty()
                });
                of_group.max_by_key(|(_, kept)| kept.bytes).map(|(share, _)| share.clone())
            };
            let Some(kept) = greediest(known_first)
                .or_else(|| greediest(!known_first))
                .and_then(|share| shares.get_mut(&share))
            else {
                return;
            };
            if let Some((_, removed, path)) = kept.files.pop()
                && fs::remove_file(path).is_ok()
            {
                kept.bytes -= removed;
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> + use<> {
        cache_folder::files(&self.folder)
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.adding)
    }
}

/// The files of one share.
#[derive(Default)]
struct Kept {
    /// Of all files.
    bytes: u64,
    /// When each was viewed last, its size, its path.
    files: Vec<(SystemTime, u64, PathBuf)>,
}

/// Bytes of the shares that count.
fn total(shares: &HashMap<String, Kept>, counts: impl Fn(&str) -> bool) -> u64 {
    shares.iter().filter(|(share, _)| counts(share)).map(|(_, kept)| kept.bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 100;

    struct Home {
        folder: tempfile::TempDir,
        cache: Cache,
    }

    impl Home {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::open(folder.path().join("kept"), LIMIT).unwrap();
            Self { folder, cache }
        }

        fn keep(&self, arrival: i64, bytes: usize) {
            let made = self.folder.path().join("made.mp4");
            fs::write(&made, vec![7; bytes]).unwrap();
            self.cache.keep(&key(arrival), &made).unwrap();
            fs::remove_file(made).unwrap();
        }

        fn age(&self, arrival: i64, seconds: u64) {
            let (path, _) = self.cache.find(&key(arrival), now()).unwrap().unwrap();
            let at = file_time(now().before(Duration::from_secs(seconds)));
            File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        }

        fn kept(&self) -> Vec<i64> {
            (0..9).filter(|&it| self.cache.folder.join(key(it).name()).exists()).collect()
        }
    }

    fn now() -> Timestamp {
        crate::runtime::clock::Clock::system().now()
    }

    fn key(arrival: i64) -> RenditionKey {
        key_of(arrival, "#1")
    }

    fn key_of(arrival: i64, share: &str) -> RenditionKey {
        RenditionKey { arrival, index: Some(0), bytes: 5, share: share.to_owned() }
    }

    #[test]
    fn whoever_has_the_most_makes_room_and_strangers_before_known_devices() {
        let home = Home::new();
        let made = home.folder.path().join("made.mp4");
        let keep = |arrival, share, bytes| {
            fs::write(&made, vec![7; bytes]).unwrap();
            home.cache.keep(&key_of(arrival, share), &made).unwrap();
            fs::remove_file(&made).unwrap();
        };
        let kept = |share: &str| {
            (0..99)
                .filter(|it| home.cache.find(&key_of(*it, share), now()).unwrap().is_some())
                .count()
        };
        keep(1, "#1", 30);
        keep(2, "10-0-0-1", 5);
        for arrival in 10..60 {
            keep(arrival, "10-0-0-2", 10);
        }
        assert_eq!((kept("#1"), kept("10-0-0-1"), kept("10-0-0-2")), (1, 1, 6));
        // What the known device needs goes of what strangers have above their part.
        keep(60, "#1", 35);
        assert_eq!((kept("#1"), kept("10-0-0-1"), kept("10-0-0-2")), (2, 1, 3));
        keep(61, "#2", 20);
        assert_eq!((kept("#1"), kept("#2"), kept("10-0-0-1")), (1, 1, 1));
        home.cache.limit(25);
        assert_eq!((kept("#2"), kept("10-0-0-1")), (1, 1));
    }

    #[test]
    fn the_one_that_nobody_looked_at_for_longest_makes_room() {
        let home = Home::new();
        for arrival in 1..=3 {
            home.keep(arrival, 33);
        }
        assert_eq!(home.kept(), [1, 2, 3]);
        for (arrival, seconds) in [(1, 300), (2, 900), (3, 600)] {
            home.age(arrival, seconds);
        }
        // It fits exactly, and then does not.
        home.keep(4, 1);
        assert_eq!(home.kept(), [1, 2, 3, 4]);
        home.keep(5, 1);
        assert_eq!(home.kept(), [1, 3, 4, 5]);
        home.cache.find(&key(3), now()).unwrap();
        home.keep(6, 40);
        assert_eq!(home.kept(), [3, 4, 5, 6]);
    }

    #[test]
    fn the_better_of_two_stays() {
        let home = Home::new();
        let bytes = |arrival| home.cache.find(&key(arrival), now()).unwrap().unwrap().1;
        home.keep(1, 20);
        home.keep(1, 10);
        assert_eq!(bytes(1), 20);
        home.keep(1, 30);
        assert_eq!(bytes(1), 30);
    }

    #[test]
    fn what_was_left_unfinished_or_too_large_goes_at_the_start() {
        let home = Home::new();
        for arrival in 1..=2 {
            home.keep(arrival, 40);
            home.age(arrival, 100 - u64::try_from(arrival).unwrap());
        }
        fs::write(home.cache.folder.join("3-0-5@#1.part"), "x").unwrap();
        fs::write(home.cache.folder.join("4-0-5.mp4"), "x").unwrap();
        Cache::open(home.cache.folder.clone(), 50).unwrap();
        assert_eq!(home.kept(), [2]);
        assert_eq!(home.cache.files().count(), 1);
    }

    #[test]
    fn what_is_not_kept_any_more_is_forgotten() {
        let home = Home::new();
        for arrival in 1..=4 {
            home.keep(arrival, 10);
        }
        home.cache.forget_before(Some(ArrivalId(3)));
        assert_eq!(home.kept(), [3, 4]);
        home.cache.forget_before(None);
        assert!(home.kept().is_empty());
    }
}
