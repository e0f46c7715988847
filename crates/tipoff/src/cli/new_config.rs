//! The configuration file that `tipoff init` writes: where it is, and who can read it.
//!
//! It never contains less than before: a file that sets something is written only with `--force`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tipoff_spool::durable;

use super::service_file::{is_of_the_service, let_the_service_read};
use crate::config;

/// The file without `--config`, if there is no file yet.
const LOCAL_FILE: &str = "tipoff.toml";

/// The file to write.
pub(super) struct NewConfig {
    path: PathBuf,
}

impl NewConfig {
    /// The file that the other subcommands read; in the current folder if there is none.
    pub(super) fn at(config: Option<&Path>) -> Self {
        let found = config::find(config, &|name| std::env::var(name).ok());
        Self { path: found.unwrap_or_else(|| PathBuf::from(LOCAL_FILE)) }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that nothing would be lost.
    ///
    /// # Errors
    /// The file exists and sets something, or it cannot be read.
    pub(super) fn check_unset(&self) -> anyhow::Result<()> {
        let path = self.path.display();
        match fs::read_to_string(&self.path) {
            Ok(text) if sets_nothing(&text) => Ok(()),
            Ok(_) => bail!("{path} exists already: `tipoff init --force` writes it anew"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
        }
    }

    /// Writes the file, behind the comments of a file that has nothing else. An existing file keeps its owner and its access
    /// rights. It contains secrets, so a new one is readable by its owner only, and that of the service by the service.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, text: &str) -> anyhow::Result<()> {
        let old = fs::read_to_string(&self.path);
        let is_new = old.is_err();
        let comments = old.ok().filter(|old| sets_nothing(old)).unwrap_or_default();
        let gap = if comments.is_empty() { "" } else { "\n" };
        durable::rewrite_file(&self.path, format!("{comments}{gap}{text}").as_bytes())
            .and_then(|()| if is_new { let_the_service_read(&self.path) } else { Ok(()) })
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// What to do when it is written.
    pub(super) fn next(&self) -> &'static str {
        match is_of_the_service(&self.path) {
            true => "sudo systemctl start tipoff, unless it runs: it reads the file by itself",
            false => "tipoff run",
        }
    }
}

/// Whether a file has comments only. A file with a fault sets something.
fn sets_nothing(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_of_comments_is_kept_above_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = NewConfig { path: folder.path().join("tipoff.toml") };
        file.check_unset().unwrap();
        fs::write(file.path(), "# [smtp]\n# listen = \"0.0.0.0:25\"\n").unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(0o640)).unwrap();
        file.check_unset().unwrap();
        file.write("[smtp]\n").unwrap();
        let written = fs::read_to_string(file.path()).unwrap();
        assert_eq!(written, "# [smtp]\n# listen = \"0.0.0.0:25\"\n\n[smtp]\n");
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        // What sets something, and what cannot be understood, is not written without `--force`.
        assert!(file.check_unset().is_err());
        fs::write(file.path(), "[smtp").unwrap();
        assert!(file.check_unset().is_err());
        file.write("[ftp]\n").unwrap();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "[ftp]\n");
    }

    #[test]
    fn a_new_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = NewConfig { path: folder.path().join("tipoff.toml") };
        file.write("[smtp]\n").unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(file.next(), "tipoff run");
    }
}
