//! Renditions on the disk: a folder that cannot grow beyond its limit. Each can be made again, so none is
//! worth more than room for the next.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_model::{AlertMedia, ArrivalId, MediaPlace};

/// How a file ends that is not whole yet.
const PARTIAL: &str = "part";
/// How long it is not noted again that somebody looks.
const NOTED_FOR: Duration = Duration::from_secs(60);

/// A stored video. One that has grown since is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    arrival: i64,
    index: Option<u32>,
    bytes: u64,
}

impl Key {
    pub(super) fn of(media: &AlertMedia) -> Self {
        let MediaPlace { arrival, index } = media.place;
        Self { arrival: arrival.0, index, bytes: media.media.size }
    }

    fn name(&self) -> String {
        let index = self.index.map_or_else(|| "raw".to_owned(), |index| index.to_string());
        format!("{}-{index}-{}.mp4", self.arrival, self.bytes)
    }
}

/// The folder.
pub(super) struct Cache {
    folder: PathBuf,
    bytes_max: u64,
    /// One adds at a time, so that the sum is right.
    adding: Mutex<()>,
}

impl Cache {
    /// Makes the folder, and removes what an earlier run left unfinished.
    pub(super) fn open(folder: PathBuf, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let cache = Self { folder, bytes_max, adding: Mutex::default() };
        for path in cache.files() {
            if path.extension().is_some_and(|end| end == PARTIAL) {
                fs::remove_file(path)?;
            }
        }
        cache.make_room(0);
        Ok(cache)
    }

    /// Where it is, and its size in bytes. Whoever finds it looks at it: it goes last from now on.
    pub(super) fn find(&self, key: Key) -> io::Result<Option<(PathBuf, u64)>> {
        let path = self.folder.join(key.name());
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let now = SystemTime::now();
        let noted = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        // What was noted in the future was so by a clock that was wrong.
        if now.duration_since(noted).is_ok_and(|age| age < NOTED_FOR) {
            return Ok(Some((path, metadata.len())));
        }
        let noted = File::options().write(true).open(&path).and_then(|file| file.set_modified(now));
        if let Err(error) = noted {
            tracing::debug!(%error, "When a video was looked at last could not be noted.");
        }
        Ok(Some((path, metadata.len())))
    }

    /// Takes a file in, and makes room for it. The larger of two that were made of one video stays.
    pub(super) fn keep(&self, key: Key, made: &Path) -> io::Result<()> {
        let _adding = self.lock();
        let path = self.folder.join(key.name());
        let bytes = made.metadata()?.len();
        if path.metadata().is_ok_and(|there| there.len() >= bytes) {
            return Ok(());
        }
        self.make_room(bytes);
        let partial = path.with_extension(PARTIAL);
        // A second name for the same bytes, where the file system knows how.
        if fs::hard_link(made, &partial).is_err() {
            fs::copy(made, &partial)?;
        }
        // Whole or not there after a power cut.
        File::open(&partial)?.sync_all()?;
        fs::rename(partial, path)
    }

    /// Removes those of arrivals that are older.
    pub(super) fn forget_before(&self, oldest: Option<ArrivalId>) {
        for path in self.files() {
            let name = path.file_name().and_then(|name| name.to_str());
            let arrival = name.and_then(|name| name.split_once('-')?.0.parse().ok());
            let arrival = arrival.map(ArrivalId);
            if oldest.is_none() || arrival < oldest {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Removes those that nobody has looked at for longest, until there is room for so many bytes.
    fn make_room(&self, bytes: u64) {
        let described = self.files().filter_map(|path| {
            let metadata = path.metadata().ok()?;
            Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), path))
        });
        let mut described: Vec<_> = described.collect();
        let mut total = described.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
        described.sort();
        for (_, removed, path) in described {
            if total.saturating_add(bytes) <= self.bytes_max {
                return;
            }
            if fs::remove_file(path).is_ok() {
                total -= removed;
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> + use<> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path())
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.adding.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            self.cache.keep(key(arrival), &made).unwrap();
            fs::remove_file(made).unwrap();
        }

        fn age(&self, arrival: i64, seconds: u64) {
            let (path, _) = self.cache.find(key(arrival)).unwrap().unwrap();
            let at = SystemTime::now() - Duration::from_secs(seconds);
            File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        }

        fn kept(&self) -> Vec<i64> {
            (0..9).filter(|&it| self.cache.folder.join(key(it).name()).exists()).collect()
        }
    }

    fn key(arrival: i64) -> Key {
        Key { arrival, index: Some(0), bytes: 5 }
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
        home.cache.find(key(3)).unwrap();
        home.keep(6, 40);
        assert_eq!(home.kept(), [3, 4, 5, 6]);
    }

    #[test]
    fn the_better_of_two_stays() {
        let home = Home::new();
        let bytes = |arrival| home.cache.find(key(arrival)).unwrap().unwrap().1;
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
        fs::write(home.cache.folder.join("3-0-5.part"), "x").unwrap();
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
