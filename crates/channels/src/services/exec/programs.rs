//! How programs of this machine are started, and where the files of their alerts are.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tipoff_confine::Launcher;

/// Prefix of the folder of each alert. A folder with another name is not Tipoff's and is never removed.
const PREFIX: &str = "alert-";
/// Access rights of the folders: for the owner only.
const MODE: u32 = 0o700;

/// What starting programs needs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Starts them.
    pub launcher: Launcher,
    /// Folder for the files of alerts while a program works on them.
    pub folder: PathBuf,
    /// The umask of programs, and of files in archives: that of the user who started Tipoff.
    pub umask: u32,
}

impl Programs {
    /// Removes the folders that a killed run of Tipoff left. Removes no other folder, and follows no symbolic
    /// link.
    ///
    /// # Errors
    /// The folder cannot be read, or something in it cannot be removed.
    pub fn sweep(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let is_ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
            // This is the type of the entry itself: a symbolic link to a folder is no folder.
            if is_ours && entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// A folder for one alert that no other user can read. Removed when dropped.
    pub(crate) fn alert_folder(&self) -> io::Result<TempDir> {
        DirBuilder::new().recursive(true).mode(MODE).create(&self.folder)?;
        tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(MODE))
            .tempdir_in(&self.folder)
    }
}

/// Whether a program is written with its arguments in one text, as for a shell. Names of programs may have blanks, too.
pub(super) fn is_shell_line(program: &str) -> bool {
    program.contains(char::is_whitespace) && !Path::new(program).exists()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn programs(folder: PathBuf) -> Programs {
        Programs { launcher: Launcher::this_program(), folder, umask: 0o22 }
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let programs = programs(home.path().join("exec"));
        programs.sweep().unwrap();
        let left = programs.alert_folder().unwrap().keep();
        fs::write(left.join("001-p.jpg"), "x").unwrap();
        let precious = home.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("file"), "x").unwrap();
        symlink(&precious, left.join("link")).unwrap();
        symlink(&precious, programs.folder.join("alert-link")).unwrap();
        fs::create_dir(programs.folder.join("other")).unwrap();
        fs::write(programs.folder.join("alert-file"), "x").unwrap();
        programs.sweep().unwrap();
        assert!(!left.exists());
        assert!(precious.join("file").exists());
        for stays in ["alert-link", "other", "alert-file"] {
            assert!(fs::symlink_metadata(programs.folder.join(stays)).is_ok(), "{stays}");
        }
    }

    #[test]
    fn a_folder_that_is_a_symbolic_link_is_not_swept() {
        let home = tempfile::tempdir().unwrap();
        let (precious, link) = (home.path().join("precious"), home.path().join("exec"));
        fs::create_dir_all(precious.join("alert-1")).unwrap();
        symlink(&precious, &link).unwrap();
        assert!(programs(link).sweep().is_err());
        assert!(precious.join("alert-1").exists());
    }
}
