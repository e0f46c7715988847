//! The data folder: whether it can be used, whether a Tipoff uses it, whether there is room.
//!
//! Nothing is created or written in it: access rights are asked of the system, and the lock is only
//! tried. The database is opened for reading alone, for the size of locked incidents.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Access;
use tipoff_spool::{Blobs, S3Settings, SqliteSpool, Usage};

use super::super::listening;
use super::finding::{Finding, size};
use crate::config::{Config, Retention};
use crate::runtime::private::{self, Found};

/// Files whose sizes are added up. With more files the sum is not known, and the finding leaves it
/// out: reading the sizes of millions of files would take minutes.
const FILES_MAX: usize = 200_000;

/// Whether objects can be written, read and removed in the bucket of `[spool] media`: a small one is.
pub(super) async fn bucket(bucket: &S3Settings) -> Finding {
    let about = "media";
    let tries = async {
        let staging = tempfile::tempdir()?;
        Blobs::on_s3(bucket, staging.path(), "doctor")?.probe().await
    };
    match tries.await {
        Ok(()) => Finding::fine(about, format!("{} can be written and read", bucket.place())),
        Err(error) => Finding::wrong(
            about,
            error.to_string(),
            "check `media` and `[spool.s3]`: the bucket, its endpoint and region, and the rights of \
             the key (read, write, list and delete objects)",
        ),
    }
}

/// The data folder as it was found.
pub(super) struct Folder {
    path: PathBuf,
    /// Whether this user can create files in it, or in the folder in which it will be created.
    usable: io::Result<()>,
    /// Whether it exists already.
    exists: bool,
    /// Whether a Tipoff receives into it; `None` if this user cannot read its lock.
    pub(super) in_use: Option<bool>,
}

impl Folder {
    /// Looks at the folder, without creating it.
    pub(super) fn look(path: &Path) -> Self {
        let nearest = nearest(path);
        Self {
            path: path.to_owned(),
            usable: usable(nearest),
            exists: nearest == path,
            in_use: listening::is_running(path),
        }
    }

    /// Wrong where this user cannot write, or cannot see whether a Tipoff runs. The usual reason is
    /// a doctor that runs as another user than the service.
    pub(super) fn finding(&self) -> Finding {
        let about = "data folder";
        let path = self.path.display();
        if let Err(error) = &self.usable {
            return Finding::wrong(
                about,
                format!("{path} cannot be used: {error}"),
                "ask again as the user that Tipoff runs as (`sudo -u tipoff tipoff doctor`), give \
                 that user the folder, or set another `data_dir`",
            );
        }
        match (self.exists, self.in_use) {
            (false, _) => Finding::fine(about, format!("{path} will be made at the first start")),
            (true, Some(true)) => Finding::fine(about, format!("{path}, a Tipoff runs on it")),
            (true, Some(false)) => {
                Finding::fine(about, format!("{path} can be written, no Tipoff runs on it"))
            }
            (true, None) => Finding::wrong(
                about,
                format!("{path} holds a lock that cannot be read"),
                "ask again as the user that Tipoff runs as, or give it the files in the folder",
            ),
        }
    }
}

/// The folder itself, or the nearest one above it that exists: there the missing ones would be created.
fn nearest(path: &Path) -> &Path {
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    // The last ancestor of a relative path is the empty path: the current folder.
    let found = path.ancestors().find(is_there).unwrap_or(Path::new("."));
    if found.as_os_str().is_empty() { Path::new(".") } else { found }
}

/// Whether files can be created in a folder. access(2) answers that without a file being written.
fn usable(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(rustix::fs::access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Whether other users can read what is stored.
pub(super) fn access_rights(folder: &Path) -> Finding {
    let about = "access rights";
    match private::look(folder) {
        Err(_) => Finding::fine(about, "nothing is kept yet"),
        Ok(found) => judge_rights(&found),
    }
}

/// A hint at most: the next start of Tipoff removes the rights of others, but it cannot change
/// files of another user.
fn judge_rights(found: &Found) -> Finding {
    let about = "access rights";
    if let Some(path) = &found.example {
        return Finding::hint(
            about,
            format!("others can reach {} ({} files and folders)", path.display(), found.open),
            "start Tipoff: it takes their rights away",
        );
    }
    match found.foreign_examples.first() {
        Some(path) => Finding::hint(
            about,
            format!(
                "{} belongs to another user than this one ({} files and folders)",
                path.display(),
                found.foreign
            ),
            "ask again as the user that Tipoff runs as; if the files belong to somebody else, give \
             them to that user (`chown -R`)",
        ),
        None => Finding::fine(about, "only this user reads what is kept"),
    }
}

/// Whether every user of the machine can read a file with passwords or tokens, such as the
/// configuration.
pub(super) fn passwords(open: &[PathBuf]) -> Finding {
    let about = "passwords";
    match open.first() {
        None => Finding::fine(about, "no file with passwords can be read by everybody"),
        Some(path) => Finding::hint(
            about,
            format!("every user of this machine can read {}", path.display()),
            format!("`chmod o-r {}`", path.display()),
        ),
    }
}

/// Whether the shared spool's database answers and holds a spool. Changes nothing in it.
pub(super) async fn database(config: &Config) -> Finding {
    let rules = Arc::new(config.rules.clone());
    match tipoff_spool::open_beside(&config.spool(), rules).await {
        Ok(_) => Finding::fine("database", "PostgreSQL answers and holds the spool"),
        Err(error) => Finding::wrong(
            "database",
            error.to_string(),
            "check `url` in `[spool]`, and that this machine reaches the database; `tipoff run` makes the tables",
        ),
    }
}

/// Whether there is room, now and until retention removes the oldest incidents.
pub(super) fn space(folder: &Path, retention: Retention) -> Finding {
    match rustix::fs::statvfs(nearest(folder)) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let blobs = kept_bytes(&folder.join("blobs"), FILES_MAX);
            let kept = blobs.map(|bytes| bytes.saturating_add(database_bytes(folder)));
            judge_space(free, kept, SqliteSpool::usage_of(folder), retention)
        }
        Err(error) => Finding::hint(
            "disk",
            format!("how much is free could not be found out: {error}"),
            "look with `df`",
        ),
    }
}

/// The bytes of all blobs, which lie in one folder a day; `None` with more than `files_max` files.
/// A file that is removed meanwhile counts as empty.
fn kept_bytes(blobs: &Path, files_max: usize) -> Option<u64> {
    let mut sum: u64 = 0;
    let mut files = 0;
    let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    for file in inside(blobs).flat_map(|day| inside(&day.path())) {
        files += 1;
        if files > files_max {
            return None;
        }
        sum = sum.saturating_add(file.metadata().map_or(0, |it| it.len()));
    }
    Some(sum)
}

/// The bytes of the database with its write-ahead log (`spool.db-wal`).
fn database_bytes(folder: &Path) -> u64 {
    let size = |name| folder.join(name).metadata().map_or(0, |file| file.len());
    size("spool.db") + size("spool.db-wal")
}

/// Wrong below `min_free`, because then arrivals are refused (below half of it, of known devices
/// too). A hint where the disk is full before `max_size` is reached: then retention would work by
/// the free space alone.
fn judge_space(
    free: u64,
    kept: Option<u64>,
    usage: Option<Usage>,
    retention: Retention,
) -> Finding {
    let about = "disk";
    let max_size = retention
        .max_size
        .unwrap_or_else(|| Retention::default_max_size(free, kept.unwrap_or_default()));
    let (least, free_words) = (size(retention.min_free), size(free));
    if free < retention.min_free {
        let whom = match free < retention.min_free / 2 {
            true => "nothing is taken",
            false => "only known devices are taken",
        };
        return Finding::wrong(
            about,
            format!("{free_words} free, less than [retention] min_free ({least}): {whom}"),
            "make room: Tipoff removes its oldest incidents, but not the newest, nor locked ones",
        );
    }
    let mut found = format!("{free_words} free, {least} of it kept free");
    if let Some(kept) = kept {
        found.push_str(&format!("; {} of at most {} used", size(kept), size(max_size)));
    }
    if let Some(Usage { locked, locked_incidents, .. }) =
        usage.filter(|usage| usage.locked_incidents > 0)
    {
        found.push_str(&format!("; {} in {locked_incidents} locked incidents", size(locked)));
    }
    let room = kept.map(|kept| kept.saturating_add(free - retention.min_free));
    match room {
        Some(room) if room < max_size => Finding::hint(
            about,
            format!("{found}; it is full before [retention] max_size is reached"),
            format!("set `max_size` in [retention] to less than {}, or make room", size(room)),
        ),
        _ => Finding::fine(about, found),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::super::finding::Mark;
    use super::*;

    fn retention(max_size: u64, min_free: u64) -> Retention {
        Retention { keep: Duration::from_secs(60), max_size: Some(max_size), min_free }
    }

    #[test]
    fn room_by_what_is_free_and_what_is_kept() {
        let mark = |free, kept| judge_space(free, kept, None, retention(1_000, 100)).mark;
        assert_eq!(mark(99, Some(0)), Mark::Wrong);
        assert_eq!(mark(100, Some(1_000)), Mark::Fine);
        assert_eq!(mark(100, Some(999)), Mark::Hint);
        assert_eq!(mark(1_100, Some(0)), Mark::Fine);
        assert_eq!(mark(1_099, Some(0)), Mark::Hint);
        assert_eq!(mark(100, None), Mark::Fine, "what is not known is no reason to warn");
    }

    #[test]
    fn how_the_disk_stands_in_words() {
        let usage = Usage { locked: 2_000_000, locked_incidents: 3, ..Usage::default() };
        let retention = retention(9_000_000_000, 200_000_000);
        let found = |free| judge_space(free, Some(1_000_000_000), Some(usage), retention).found;
        assert_eq!(
            found(20_000_000_000),
            "20.0 GB free, 200 MB of it kept free; 1.0 GB of at most 9.0 GB used; 2 MB in 3 locked incidents"
        );
        assert!(found(150_000_000).ends_with("only known devices are taken"));
        assert!(found(90_000_000).ends_with("nothing is taken"));
    }

    #[test]
    fn what_is_kept_is_added_up_unless_it_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(kept_bytes(folder.path(), 2), Some(0));
        let day = folder.path().join("2025-01-01");
        fs::create_dir(&day).unwrap();
        fs::write(day.join("1"), [0; 10]).unwrap();
        fs::write(day.join("2"), [0; 5]).unwrap();
        assert_eq!(kept_bytes(folder.path(), 2), Some(15));
        fs::write(day.join("3"), [0; 5]).unwrap();
        assert_eq!(kept_bytes(folder.path(), 2), None);
    }

    #[test]
    fn the_database_counts_as_well() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(database_bytes(folder.path()), 0);
        fs::create_dir(folder.path().join("blobs")).unwrap();
        let words = || space(folder.path(), retention(u64::MAX, 0)).found;
        assert!(words().contains("; 0 kB of at most "), "{}", words());
        fs::write(folder.path().join("spool.db"), vec![0; 3_000_000]).unwrap();
        fs::write(folder.path().join("spool.db-wal"), vec![0; 2_000_000]).unwrap();
        assert!(words().contains("; 5 MB of at most "), "{}", words());
    }

    #[test]
    fn a_folder_is_missing_free_in_use_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Folder::look(&folder.path().join("a/b"));
        assert!(missing.finding().found.contains("will be made"));
        assert_eq!(Folder::look(folder.path()).in_use, Some(false));

        let lock = File::create(folder.path().join("lock")).unwrap();
        assert_eq!(Folder::look(folder.path()).in_use, Some(false), "a lock that was left");
        lock.try_lock().unwrap();
        let used = Folder::look(folder.path());
        assert_eq!(used.in_use, Some(true));
        assert!(used.finding().found.contains("a Tipoff runs on it"));
        drop(lock);
        File::open(folder.path().join("lock")).unwrap().try_lock().unwrap();

        let file = folder.path().join("lock");
        assert_eq!(Folder::look(&file).finding().mark, Mark::Wrong);
        assert_eq!(Folder::look(&file.join("below")).finding().mark, Mark::Wrong);
    }

    #[test]
    fn a_relative_folder_stands_where_the_program_does() {
        assert_eq!(nearest(Path::new("not-there/at-all")), Path::new("."));
    }
}
