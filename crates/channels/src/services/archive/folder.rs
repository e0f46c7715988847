//! A folder of this machine. A file appears whole under its name or not at all, and is on the disk
//! when it is said to be kept.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_model::{AlertMedia, Scope, Verdict};
use tokio::task::spawn_blocking;

use super::{Kept, Shelf, unreadable};
use crate::body::{BodyError, WriteError, copy};
use crate::http::no_answer;
use crate::{BoxFuture, Files};

/// What files under construction begin with. One that a crash left is of no use to anybody.
const UNFINISHED: &str = ".tipoff-";
/// Who may read is for the mask to say that Tipoff was started with, as with any other program's files:
/// an archive is for others as well. Tipoff's own mask, for its data, is stricter.
const MODE: u32 = 0o666;
/// The same for folders.
const FOLDER_MODE: u32 = 0o777;

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(folder: &str) -> Result<Self, (&'static str, &'static str)> {
        let folder = PathBuf::from(folder);
        match folder.is_absolute() {
            true => Ok(Self(folder)),
            false => Err(("folder", "must be a whole path, such as /srv/cameras")),
        }
    }
}

impl Shelf for Folder {
    fn keep<'a>(
        &'a self,
        path: &'a str,
        stored: &'a AlertMedia,
        files: &'a Arc<dyn Files>,
        umask: u32,
    ) -> BoxFuture<'a, Result<Kept, Verdict>> {
        Box::pin(async move {
            let (folder, target) = (self.0.clone(), self.0.join(path));
            let (stored, files) = (stored.clone(), Arc::clone(files));
            let keeping = spawn_blocking(move || keep(&folder, &target, &stored, &*files, umask));
            match keeping.await {
                Ok(kept) => kept,
                Err(error) => Err(unreadable(error.to_string())),
            }
        })
    }
}

fn keep(
    folder: &Path,
    target: &Path,
    stored: &AlertMedia,
    files: &dyn Files,
    umask: u32,
) -> Result<Kept, Verdict> {
    let cannot = |error: io::Error| in_words(folder, &error);
    if !folder.is_dir() {
        // To make it could mean to fill the disk on which it is to be mounted.
        return Err(no_answer(format!(
            "the folder {} is not there: mount it, make it, or set `folder`",
            folder.display()
        )));
    }
    let kept = match fs::symlink_metadata(target) {
        Ok(_) => compare(target, stored, files)?,
        Err(_) => write(target, stored, files, umask).map_err(|error| match error {
            WriteError::Stored(BodyError(error)) => unreadable(error),
            WriteError::Out(error) => cannot(error),
        })?,
    };
    if let Some(Kept::File) = kept {
        // Names are on the disk when their folders are.
        let mut folders = target.ancestors().skip(1).take_while(|it| it.starts_with(folder));
        folders.try_for_each(|it| File::open(it)?.sync_all()).map_err(cannot)?;
    }
    match kept {
        Some(kept) => Ok(kept),
        // Somebody was faster between the look and the write.
        None => compare(target, stored, files).map(|kept| kept.unwrap_or(Kept::Other)),
    }
}

/// Writes the file beside its name, and gives it the name if that is free; none: it is not.
fn write(
    target: &Path,
    stored: &AlertMedia,
    files: &dyn Files,
    umask: u32,
) -> Result<Option<Kept>, WriteError> {
    let parent = target.parent().unwrap_or(target);
    make_folders(parent, umask).map_err(WriteError::Out)?;
    let mut file =
        tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(parent).map_err(WriteError::Out)?;
    let open = Permissions::from_mode(MODE & !umask);
    file.as_file().set_permissions(open).map_err(WriteError::Out)?;
    copy(stored, files, &mut file)?;
    file.as_file().sync_all().map_err(WriteError::Out)?;
    match file.persist_noclobber(target) {
        Ok(_) => Ok(Some(Kept::File)),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(WriteError::Out(error.error)),
    }
}

/// Makes a folder with its missing parents.
fn make_folders(folder: &Path, umask: u32) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent, umask)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE & !umask)),
        // Another channel was faster.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether what is at `target` is the file already, as an attempt that was cut off leaves it.
fn compare(target: &Path, stored: &AlertMedia, files: &dyn Files) -> Result<Option<Kept>, Verdict> {
    let is_candidate = fs::symlink_metadata(target)
        .is_ok_and(|there| there.is_file() && there.len() == stored.media.size);
    let Some(file) = is_candidate.then(|| File::open(target).ok()).flatten() else {
        return Ok(Some(Kept::Other));
    };
    let mut same = Same { file: BufReader::new(file), same: true };
    match copy(stored, files, &mut same) {
        Ok(()) if same.same => Ok(Some(Kept::File)),
        Err(WriteError::Stored(BodyError(error))) => Err(unreadable(error)),
        Ok(()) | Err(WriteError::Out(_)) => Ok(Some(Kept::Other)),
    }
}

/// Compares what is written to it with a file.
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

fn in_words(folder: &Path, error: &io::Error) -> Verdict {
    let folder = folder.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            no_answer(format!("there is no room left in {folder} ({error}): make some"))
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => no_answer(format!(
            "nothing can be written to {folder} ({error}): give Tipoff's user the right to"
        )),
        // What has a folder's name is in the way of all that should be in it.
        ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::AlreadyExists => {
            let error =
                format!("a folder in {folder} cannot be made ({error}): set another `path`");
            Verdict::Retry { scope: Scope::Message, after: None, error }
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
