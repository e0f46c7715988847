//! Access rights: the data folder is for Tipoff's own user, also after a restore from a backup; and which files with secrets
//! others can read.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Access rights of folders and files in the data folder.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// All rights of the group and of others.
const OTHERS: u32 = 0o077;
/// The right of others to read a file, and to pass through a folder.
const OTHERS_READ: u32 = 0o004;
const OTHERS_PASS: u32 = 0o001;
/// Files of others that are named; more are counted.
const NAMED_MAX: usize = 3;
/// Folders within folders: the data folder has two levels.
const DEPTH_MAX: usize = 8;

/// What was found in the data folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many files and folders others could reach.
    pub(crate) open: u64,
    /// The first of them.
    pub(crate) example: Option<PathBuf>,
    /// How many belong to another user, whose they stay …
    pub(crate) foreign: u64,
    /// … and the first of these.
    pub(crate) foreign_examples: Vec<PathBuf>,
}

/// Whether rights are changed or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Take the rights of others away.
    Tighten,
    /// Only count.
    Look,
}

/// Takes the rights of others away, in the folder and all below it. What belongs to another user stays as
/// it is. Symbolic links are not followed, but for the data folder itself. Blocking.
///
/// The folders that are full of files (one a day) are looked into only where others could enter them: so
/// the second start costs nothing.
pub(crate) fn tighten(data_dir: &Path) -> io::Result<Found> {
    walk(data_dir, Purpose::Tighten)
}

/// Looks, and changes nothing.
pub(crate) fn look(data_dir: &Path) -> io::Result<Found> {
    walk(data_dir, Purpose::Look)
}

/// The same for a server that starts: it says what it found.
pub(crate) fn tighten_and_say(data_dir: &Path) {
    match tighten(data_dir) {
        Ok(found) => {
            if found.open > 0 {
                tracing::info!(
                    count = found.open,
                    folder = %data_dir.display(),
                    "Files of the data folder could be read by others; now only by Tipoff's user.",
                );
            }
            if found.foreign > 0 {
                tracing::warn!(
                    count = found.foreign,
                    examples = ?found.foreign_examples,
                    "Files of the data folder belong to another user; their access rights stay. Give \
                     them to the user that Tipoff runs as.",
                );
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(
            folder = %data_dir.display(),
            %error,
            "The access rights of the data folder could not be looked at.",
        ),
    }
}

fn walk(data_dir: &Path, purpose: Purpose) -> io::Result<Found> {
    let root = data_dir.canonicalize()?;
    let mut found = Found::default();
    visit_folder(&root, purpose, 0, &mut found)?;
    Ok(found)
}

fn visit_folder(
    folder: &Path,
    purpose: Purpose,
    depth: usize,
    found: &mut Found,
) -> io::Result<()> {
    let metadata = fs::symlink_metadata(folder)?;
    let was_open = visit(folder, &metadata, FOLDER_MODE, purpose, found)?;
    let is_foreign = metadata.uid() != geteuid().as_raw();
    let is_full = depth >= 2 && !was_open;
    if is_foreign || is_full || depth >= DEPTH_MAX {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A file may go while this looks: another one does that, or a sweep.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            unless_gone(visit_folder(&path, purpose, depth + 1, found))?;
        } else if !metadata.is_symlink() {
            unless_gone(visit(&path, &metadata, FILE_MODE, purpose, found).map(drop))?;
        }
    }
    Ok(())
}

/// Whether others could reach it.
fn visit(
    path: &Path,
    metadata: &Metadata,
    mode: u32,
    purpose: Purpose,
    found: &mut Found,
) -> io::Result<bool> {
    if metadata.uid() != geteuid().as_raw() {
        found.foreign += 1;
        if found.foreign_examples.len() < NAMED_MAX {
            found.foreign_examples.push(path.to_owned());
        }
        return Ok(false);
    }
    if metadata.mode() & OTHERS == 0 {
        return Ok(false);
    }
    found.open += 1;
    found.example.get_or_insert_with(|| path.to_owned());
    if purpose == Purpose::Tighten {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(true)
}

fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether users who are neither the owner nor in the group can read a file: it says so, and every folder
/// above it lets them pass.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let mode = |path: &Path| fs::metadata(path).map_or(0, |it| it.mode());
    mode(&path) & OTHERS_READ != 0
        && path.ancestors().skip(1).all(|folder| mode(folder) & OTHERS_PASS != 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn all_that_others_could_reach_is_closed_and_links_lead_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let day = data.join("blobs/2026-11-26");
        fs::create_dir_all(&day).unwrap();
        let outside = home.path().join("outside");
        fs::write(&outside, "").unwrap();
        set(&outside, 0o644);
        for (path, rights) in
            [(data.join("spool.db"), 0o644), (data.join("lock"), 0o600), (day.join("1.eml"), 0o664)]
        {
            fs::write(&path, "").unwrap();
            set(&path, rights);
        }
        for folder in [&data, &data.join("blobs"), &day] {
            set(folder, 0o755);
        }
        symlink(&outside, data.join("link")).unwrap();

        let found = look(&data).unwrap();
        assert_eq!((found.open, found.foreign), (5, 0));
        assert_eq!(mode(&data), 0o755);
        // By a link, as an owner makes one to a larger disk.
        let link = home.path().join("link");
        symlink(&data, &link).unwrap();
        assert_eq!(tighten(&link).unwrap(), found);
        for folder in [&data, &data.join("blobs"), &day] {
            assert_eq!(mode(folder), 0o700);
        }
        for file in [data.join("spool.db"), data.join("lock"), day.join("1.eml")] {
            assert_eq!(mode(&file), 0o600);
        }
        assert_eq!(mode(&outside), 0o644);
        assert_eq!(tighten(&data).unwrap(), Found::default());
        assert!(tighten(&home.path().join("missing")).is_err());
    }

    #[test]
    fn what_belongs_to_somebody_else_stays() {
        if !geteuid().is_root() {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("spool.db");
        fs::write(&file, "").unwrap();
        set(home.path(), 0o700);
        set(&file, 0o644);
        std::os::unix::fs::chown(&file, Some(65534), None).unwrap();
        let found = tighten(home.path()).unwrap();
        assert_eq!((found.foreign, found.foreign_examples), (1, vec![file.clone()]));
        assert_eq!(mode(&file), 0o644);
    }

    #[test]
    fn others_read_a_file_only_by_folders_that_let_them_pass() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("tipoff.toml");
        fs::write(&file, "").unwrap();
        set(&file, 0o644);
        set(home.path(), 0o700);
        assert!(!is_open_to_others(&file));
        set(home.path(), 0o755);
        assert!(is_open_to_others(&file));
        set(&file, 0o640);
        assert!(!is_open_to_others(&file));
        assert!(!is_open_to_others(&home.path().join("missing")));
    }
}
