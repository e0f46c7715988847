//! A folder of this machine. A file appears whole under its name or not at all: it is written under another
//! name, synced to the disk, and then renamed. The folder itself is never created, because an unmounted disk
//! looks like a missing folder.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_model::{AlertMedia, Verdict};
use tokio::task::spawn_blocking;

use super::{ArchiveStore, KeepResult};
use crate::body::{BodyError, WriteError, copy};
use crate::http::{no_answer, retry_message};
use crate::{BoxFuture, Files};

/// Prefix of files that are being written. A file that a crash left behind is incomplete and can be deleted.
const UNFINISHED: &str = ".tipoff-";
/// Access rights of files before the umask that Tipoff was started with. An archive is also for other users, so
/// that this umask decides, as for the files of any other program. Tipoff's own data has a stricter one.
const MODE: u32 = 0o666;
/// Access rights of folders before the umask.
const FOLDER_MODE: u32 = 0o777;

/// A folder, by its absolute path.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A folder by its absolute path: a relative one would depend on where Tipoff was started.
    pub(super) fn new(folder: &str) -> Result<Self, (&'static str, &'static str)> {
        let folder = PathBuf::from(folder);
        match folder.is_absolute() {
            true => Ok(Self(folder)),
            false => Err(("folder", "must be a whole path, such as /srv/cameras")),
        }
    }
}

impl ArchiveStore for Folder {
    fn keep<'a>(
        &'a self,
        path: &'a str,
        stored: &'a AlertMedia,
        files: &'a Arc<dyn Files>,
        umask: u32,
    ) -> BoxFuture<'a, Result<KeepResult, Verdict>> {
        Box::pin(async move {
            let (folder, target) = (self.0.clone(), self.0.join(path));
            let (stored, files) = (stored.clone(), Arc::clone(files));
            let keeping = spawn_blocking(move || keep(&folder, &target, &stored, &*files, umask));
            match keeping.await {
                Ok(kept) => kept,
                Err(error) => Err(retry_message(error.to_string())),
            }
        })
    }
}

/// Keeps a file, unless another one is there. Blocks.
fn keep(
    folder: &Path,
    target: &Path,
    stored: &AlertMedia,
    files: &dyn Files,
    umask: u32,
) -> Result<KeepResult, Verdict> {
    let cannot = |error: io::Error| in_words(folder, &error);
    if !folder.is_dir() {
        // Creating it could fill the disk that holds the mount point.
        return Err(no_answer(format!(
            "the folder {} is not there: mount it, make it, or set `folder`",
            folder.display()
        )));
    }
    let kept = match fs::symlink_metadata(target) {
        Ok(_) => compare(target, stored, files)?,
        Err(_) => write(target, stored, files, umask).map_err(|error| match error {
            WriteError::Stored(BodyError(error)) => retry_message(error),
            WriteError::Out(error) => cannot(error),
        })?,
    };
    if let Some(KeepResult::File) = kept {
        // Names are on the disk when their folders are.
        let mut folders = target.ancestors().skip(1).take_while(|it| it.starts_with(folder));
        folders.try_for_each(|it| File::open(it)?.sync_all()).map_err(cannot)?;
    }
    match kept {
        Some(kept) => Ok(kept),
        // Somebody was faster between the look and the write.
        None => compare(target, stored, files).map(|kept| kept.unwrap_or(KeepResult::Other)),
    }
}

/// Writes the file beside its name, and gives it the name if that is free; none: it is not.
fn write(
    target: &Path,
    stored: &AlertMedia,
    files: &dyn Files,
    umask: u32,
) -> Result<Option<KeepResult>, WriteError> {
    let parent = target.parent().unwrap_or(target);
    make_folders(parent, umask).map_err(WriteError::Out)?;
    let mut file =
        tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(parent).map_err(WriteError::Out)?;
    let open = Permissions::from_mode(MODE & !umask);
    file.as_file().set_permissions(open).map_err(WriteError::Out)?;
    copy(stored, files, &mut file)?;
    file.as_file().sync_all().map_err(WriteError::Out)?;
    match file.persist_noclobber(target) {
        Ok(_) => Ok(Some(KeepResult::File)),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(WriteError::Out(error.error)),
    }
}

/// Creates a folder and its missing parents. Each gets its access rights explicitly, because Tipoff's own
/// umask is stricter.
fn make_folders(folder: &Path, umask: u32) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent, umask)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE & !umask)),
        // Another channel created it meanwhile.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the file at `target` is the same file, such as from an attempt whose result was lost. A file of
/// another length is not read.
fn compare(
    target: &Path,
    stored: &AlertMedia,
    files: &dyn Files,
) -> Result<Option<KeepResult>, Verdict> {
    let is_candidate = fs::symlink_metadata(target)
        .is_ok_and(|there| there.is_file() && there.len() == stored.media.size);
    let Some(file) = is_candidate.then(|| File::open(target).ok()).flatten() else {
        return Ok(Some(KeepResult::Other));
    };
    let mut same = Same { file: BufReader::new(file), same: true };
    match copy(stored, files, &mut same) {
        Ok(()) if same.same => Ok(Some(KeepResult::File)),
        Err(WriteError::Stored(BodyError(error))) => Err(retry_message(error)),
        Ok(()) | Err(WriteError::Out(_)) => Ok(Some(KeepResult::Other)),
    }
}

/// Compares the bytes that are written to it with a file.
struct Same {
    file: BufReader<File>,
    same: bool,
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        self.file.read_exact(&mut there)?;
        self.same &= there == bytes;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The verdict for an error of the file system. Most of them need the owner, and may be repaired at any time.
fn in_words(folder: &Path, error: &io::Error) -> Verdict {
    let folder = folder.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            no_answer(format!("there is no room left in {folder} ({error}): make some"))
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => no_answer(format!(
            "nothing can be written to {folder} ({error}): give Tipoff's user the right to"
        )),
        // A file has the name of a folder that is needed, or the name is not allowed here.
        ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::AlreadyExists => {
            let error =
                format!("a folder in {folder} cannot be made ({error}): set another `path`");
            retry_message(error)
        }
        _ => no_answer(format!("nothing can be written to {folder}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{ArrivalId, BlobName, Encoding, Media, MediaKind, MediaPlace};

    use super::*;

    struct Three;

    impl Files for Three {
        fn open(&self, _: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(b"new".as_slice()))
        }
    }

    /// Two channels of one folder: what the other put there since the look stays.
    #[test]
    fn who_is_faster_keeps_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.jpg");
        fs::write(&target, "old").unwrap();
        let media = Media {
            name: "a.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            kind: MediaKind::Picture,
            range: 0..3,
            encoding: Encoding::Identity,
            size: 3,
            whole: true,
            repeat: false,
            decoration: false,
        };
        let place = MediaPlace { arrival: ArrivalId(1), index: Some(0) };
        let blob = BlobName("blob".to_owned());
        let stored = AlertMedia { media, place, blob, url: None, clip: None };
        assert!(matches!(write(&target, &stored, &Three, 0o22), Ok(None)));
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half made is left");
    }
}
