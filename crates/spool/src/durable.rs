//! Folders and files whose names survive a power cut.
//!
//! A file system may lose the name of a synced file until the folder that holds the name is synced
//! (fsync(2)). Everything here blocks until the disk has answered: never call it on a thread of the
//! runtime.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Access rights of private folders: for the owner only.
const FOLDER_MODE: u32 = 0o700;
/// Access rights of private files: for the owner only.
const FILE_MODE: u32 = 0o600;
/// Suffix of a file's name until the file is whole.
const UNFINISHED: &str = ".new";

/// Makes the names in a folder durable.
///
/// # Errors
/// The folder cannot be opened, or the disk fails.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder for the owner only, with its missing parents, and makes all their names durable. The
/// names of folders that exist already are synced as well: an earlier run may have ended between
/// making a folder and syncing its name.
///
/// # Errors
/// A folder cannot be made, or the name of a folder that was made here cannot be synced. Parents that
/// exist and cannot be synced, because they belong to others, are no error.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let missing = std::path::absolute(folder)?.ancestors().take_while(|it| !it.exists()).count();
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Err(_) if folder.is_dir() => {}
        made => made?,
    }
    for (depth, ancestor) in folder.canonicalize()?.ancestors().skip(1).enumerate() {
        match sync_folder(ancestor) {
            Err(error) if depth < missing => return Err(error),
            Err(error) => tracing::debug!(
                folder = %ancestor.display(), %error, "A parent of the data folder is not synced.",
            ),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Writes a file for the owner only: after a crash or a power cut it has its old content or all of
/// `bytes`, and after this returns it has `bytes`. A symbolic link at `path` is followed.
///
/// # Errors
/// The file cannot be written, renamed or synced; the old content stays.
pub fn write_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = followed(path)?;
    replace(&path, bytes, None)?;
    sync_parent(&path)
}

/// The same for a file whose owner and access rights stay as they are. A new one is for its owner only.
/// Where only the file itself can be written to, as in a folder of somebody else, it is written in place.
///
/// # Errors
/// As [`write_private_file`].
pub fn rewrite_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = followed(path)?;
    match replace(&path, bytes, fs::metadata(&path).ok().as_ref()) {
        Ok(()) => sync_parent(&path),
        // A file that is mounted is busy.
        Err(error)
            if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ResourceBusy) =>
        {
            let mut file = OpenOptions::new().write(true).truncate(true).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        }
        Err(error) => Err(error),
    }
}

/// Writes a file that can be made again, for the owner only: after a power cut it is there with all of
/// `bytes`, or as before. What it costs less: the name is not durable when this returns.
///
/// # Errors
/// The file cannot be written or renamed; the old content stays.
pub fn write_cached_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, None)
}

fn followed(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        target => target,
    }
}

/// Writes the file beside its name, syncs it, and gives it the name. The owner and access rights are
/// those of `like`.
fn replace(path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()> {
    let mut unfinished = path.file_name().unwrap_or_default().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = path.with_file_name(unfinished);
    let written = write_new(&unfinished, bytes, like).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()> {
    // A crash may have left one, with other rights.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    if let Some(like) = like {
        if (like.uid(), like.gid()) != (file.metadata()?.uid(), file.metadata()?.gid()) {
            fchown(&file, Some(like.uid()), Some(like.gid()))?;
        }
        file.set_permissions(like.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_private_file_is_replaced_whole_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        // An earlier run ended while it wrote, with other rights.
        let unfinished = folder.path().join("key.new");
        fs::write(&unfinished, "half").unwrap();
        write_private_file(&path, b"one").unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (b"one".as_slice(), 0o600));
        write_private_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!unfinished.exists());
        assert!(write_private_file(&folder.path().join("missing/key"), b"one").is_err());
    }

    #[test]
    fn a_file_that_is_rewritten_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tipoff.toml");
        rewrite_file(&path, b"new").unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        rewrite_file(&path, b"newer").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode(&path)),
            (b"newer".as_slice(), 0o640)
        );
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        write_private_file(&link, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_private_folder_is_made_with_its_parents_and_may_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        for _ in 0..2 {
            make_private_folder(&path).unwrap();
            assert_eq!(mode(&path), 0o700);
        }
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(make_private_folder(&folder.path().join("file")).is_err());
    }
}
