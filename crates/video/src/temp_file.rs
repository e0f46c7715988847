//! Files that are only needed for a while, each removed when its owner lets go of it. Never touches
//! what it did not make.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::{TempDir, TempPath};

/// What the folder of each order begins with: what carries another name is not ours to remove.
const PREFIX: &str = "order-";
/// How much is copied at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that is removed when this is dropped.
#[derive(Debug)]
pub struct TempFile {
    // Dropped before the folder that it lies in.
    path: TempPath,
    size: u64,
    _folder: Arc<TempDir>,
}

impl TempFile {
    /// Where it lies, for as long as this is not dropped.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes over a file in an order's folder.
    pub(crate) fn adopt(folder: &Arc<TempDir>, name: &str) -> io::Result<TempFile> {
        let path = folder.path().join(name);
        let size = fs::metadata(&path)?.len();
        Ok(TempFile { path: TempPath::try_from_path(path)?, size, _folder: Arc::clone(folder) })
    }
}

/// Makes the scratch folder, and removes the orders of a run that was killed. What only has the name of
/// one, a file or a symbolic link, stays.
pub(crate) fn open(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_order = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if is_order && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    // The programs run elsewhere than we do: a relative path would mean another file to them.
    fs::canonicalize(folder)
}

/// A folder for one order, which nobody else can read.
pub(crate) fn order_folder(folder: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)
}

/// How a copy ended that was not an error of the machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    Whole,
    TooLarge,
    /// Nobody waits for it any more.
    GivenUp,
}

/// Writes what can be read into a new file. Blocking; looks at `given_up` between two pieces.
pub(crate) fn copy(
    mut from: impl Read,
    to: &Path,
    bytes_max: u64,
    given_up: &AtomicBool,
) -> io::Result<Copied> {
    let mut file = File::create_new(to)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut room = bytes_max;
    while !given_up.load(Ordering::Relaxed) {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(Copied::Whole),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(left) = room.checked_sub(read as u64) else {
            return Ok(Copied::TooLarge);
        };
        room = left;
        file.write_all(buffer.get(..read).unwrap_or(&buffer))?;
    }
    Ok(Copied::GivenUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn empties_the_folder_of_what_is_its_own() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        open(&folder).unwrap();
        let left = order_folder(&folder).unwrap().keep();
        fs::write(left.join("video.mp4"), "x").unwrap();
        fs::write(folder.join("precious"), "x").unwrap();
        fs::write(folder.join("order-file"), "x").unwrap();
        std::os::unix::fs::symlink(home.path(), folder.join("order-link")).unwrap();
        open(&folder).unwrap();
        let mut names = names(&folder);
        names.sort();
        assert_eq!(names, ["order-file", "order-link", "precious"]);
    }

    #[test]
    fn a_file_goes_with_its_owner_and_the_folder_with_the_last() {
        let home = tempfile::tempdir().unwrap();
        let folder = Arc::new(order_folder(home.path()).unwrap());
        let within = folder.path().to_owned();
        for name in ["a", "b"] {
            fs::write(within.join(name), "123").unwrap();
        }
        let a = TempFile::adopt(&folder, "a").unwrap();
        let b = TempFile::adopt(&folder, "b").unwrap();
        assert!(TempFile::adopt(&folder, "c").is_err());
        drop(folder);
        assert_eq!((a.size(), a.path()), (3, within.join("a").as_path()));
        drop(a);
        assert_eq!(names(&within), ["b"]);
        drop(b);
        assert!(names(home.path()).is_empty());
    }

    #[test]
    fn copies_up_to_the_limit() {
        let home = tempfile::tempdir().unwrap();
        let on = AtomicBool::new(false);
        let bytes = vec![7; CHUNK_BYTES + 1];
        let size = bytes.len() as u64;
        let to = |name: &str| home.path().join(name);
        assert_eq!(copy(&bytes[..], &to("at"), size, &on).unwrap(), Copied::Whole);
        assert_eq!(fs::read(to("at")).unwrap(), bytes);
        assert_eq!(copy(&bytes[..], &to("over"), size - 1, &on).unwrap(), Copied::TooLarge);
        let off = AtomicBool::new(true);
        assert_eq!(copy(io::repeat(1), &to("off"), u64::MAX, &off).unwrap(), Copied::GivenUp);
        assert!(copy(&bytes[..], &to("at"), size, &on).is_err());
    }
}
