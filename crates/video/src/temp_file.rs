//! Temporary files of jobs, each removed when its owner drops it. Files that it did not create are never touched.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::{TempDir, TempPath};

/// Prefix of the folder of each job. A folder with another name is not ours and is not removed.
const PREFIX: &str = "order-";
/// Bytes that are copied at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that is removed when this is dropped.
#[derive(Debug)]
pub struct TempFile {
    // Dropped before the folder that contains it.
    path: TempPath,
    /// Size in bytes when it was taken over.
    size: u64,
    /// Keeps the folder until its last file is dropped.
    _folder: Arc<TempDir>,
}

impl TempFile {
    /// Its path, which is valid until this is dropped.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes over a file in a job's folder; an error if it does not exist.
    pub(crate) fn adopt(folder: &Arc<TempDir>, name: &str) -> io::Result<TempFile> {
        let path = folder.path().join(name);
        let size = fs::metadata(&path)?.len();
        Ok(TempFile { path: TempPath::try_from_path(path)?, size, _folder: Arc::clone(folder) })
    }
}

/// Creates the scratch folder, and removes the job folders of a run that was killed. A file or a symbolic link with
/// such a name stays.
pub(crate) fn open(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_job_folder = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if is_job_folder && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    // The programs have another working folder: a relative path would be another file for them.
    fs::canonicalize(folder)
}

/// A folder for one job, which no other user can read.
pub(crate) fn job_folder(folder: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)
}

/// How a copy ended, if not by an error of the machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// All bytes are written.
    Whole,
    /// The source has more bytes than allowed.
    TooLarge,
    /// The job was dropped.
    GivenUp,
}

/// Copies a reader into a new file. It blocks, and checks `given_up` before each piece.
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
        let left = job_folder(&folder).unwrap().keep();
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
        let folder = Arc::new(job_folder(home.path()).unwrap());
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
