//! Whether a file has changed: first by its metadata, and if that has changed, by its content.
//!
//! No notices of the system (inotify) are used: they do not come for mounted files, and differ by how an editor saves.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Limit of the bytes that are compared. A longer file is refused when it is loaded.
const BYTES_MAX: u64 = 20_000_000;

/// A file as it was at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// `None` if there is no file.
    stamp: Option<Stamp>,
    /// The digest of its content; `None` if it cannot be read.
    content: Option<blake3::Hash>,
}

/// The metadata of a file. A change of the content changes at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// The time of its metadata: a file that is moved into place may have the modification time of the one before.
    changed: (i64, i64),
    /// Device and inode.
    inode: (u64, u64),
}

impl Look {
    /// Looks at the file now. It is read only if its metadata has changed.
    pub(super) fn again(&self, path: &Path) -> Self {
        let Some(stamp) = stamp(path) else {
            return Self::default();
        };
        if self.stamp == Some(stamp) && self.content.is_some() {
            return self.clone();
        }
        Self { stamp: Some(stamp), content: content(path) }
    }

    /// Whether both have the same content.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    // Of the file that a link points to: Kubernetes replaces mounted configurations by changing a link.
    let file = fs::metadata(path).ok()?;
    Some(Stamp {
        bytes: file.len(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
        inode: (file.dev(), file.ino()),
    })
}

fn content(path: &Path) -> Option<blake3::Hash> {
    let file = File::open(path).ok()?.take(BYTES_MAX);
    Some(blake3::Hasher::new().update_reader(file).ok()?.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_replaced_or_removed_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let none = Look::default().again(&path);
        assert!(none.has_content_of(&Look::default()));
        fs::write(&path, "one").unwrap();
        let one = none.again(&path);
        assert!(!one.has_content_of(&none));
        assert!(one.again(&path).has_content_of(&one));

        // As an editor does that writes a new file and renames it.
        let beside = folder.path().join("beside");
        fs::write(&beside, "two").unwrap();
        fs::rename(&beside, &path).unwrap();
        let two = one.again(&path);
        assert!(!two.has_content_of(&one));

        // Put in its place as it was: nothing has changed.
        fs::write(&beside, "two").unwrap();
        fs::rename(&beside, &path).unwrap();
        assert!(two.again(&path).has_content_of(&two));

        fs::remove_file(&path).unwrap();
        assert!(two.again(&path).has_content_of(&none));
    }

    #[test]
    fn of_a_link_the_file_is_seen_that_it_points_to() {
        let folder = tempfile::tempdir().unwrap();
        let [path, one, two] = ["link", "one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "one").unwrap();
        fs::write(&two, "two").unwrap();
        std::os::unix::fs::symlink(&one, &path).unwrap();
        let before = Look::default().again(&path);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&two, &path).unwrap();
        assert!(!before.again(&path).has_content_of(&before));
    }
}
