//! Finds ffmpeg and ffprobe, and asks for their version. A relative path in `PATH` is never used: the programs run in
//! a folder with files from outside.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tipoff_confine::{Held, Launcher};
use tokio::time::timeout;

use crate::confined_process::{Bounds, Ended, Run};

/// Longest time that a program may take to print its version.
const VERSION_TIME: Duration = Duration::from_secs(20);
/// The longest version that is shown, in characters.
const VERSION_CHARS_MAX: usize = 40;

/// Both programs, the `PATH` that they get, and the launcher that confines them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) launcher: Launcher,
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
    pub(crate) path: OsString,
}

impl Programs {
    /// Finds both programs; `None` if one is missing.
    pub(crate) fn find(path: &OsStr, launcher: Launcher) -> Option<Programs> {
        Some(Programs {
            launcher,
            ffmpeg: find("ffmpeg", path)?,
            ffprobe: find("ffprobe", path)?,
            path: path.to_owned(),
        })
    }

    /// The version of ffmpeg; `None` if one of the two does not run.
    pub(crate) async fn version(&self, folder: &Path, bounds: Bounds) -> Option<String> {
        self.says(&self.ffprobe, folder, bounds).await?;
        let ended = self.says(&self.ffmpeg, folder, bounds).await?;
        Some(version_in(&String::from_utf8_lossy(&ended.stdout)))
    }

    /// A run that reads and writes no file.
    pub(crate) fn run<'a>(
        &'a self,
        program: &'a Path,
        folder: &'a Path,
        bounds: Bounds,
    ) -> Run<'a> {
        Run {
            launcher: &self.launcher,
            program,
            path: &self.path,
            folder,
            bounds,
            reads: Vec::new(),
            writes: Vec::new(),
            port: None,
        }
    }

    /// Which of the restrictions the kernel enforces on them; none if the launcher does not answer.
    pub(crate) async fn held(&self, folder: &Path, bounds: Bounds) -> Held {
        let asked = self.run(&self.ffmpeg, folder, bounds).probe();
        let ended = timeout(VERSION_TIME, asked).await;
        let printed = ended.ok().and_then(Result::ok).map(|ended| ended.stdout).unwrap_or_default();
        Held::read(&printed).unwrap_or(Held { files: false, calls: false })
    }

    async fn says(&self, program: &Path, folder: &Path, bounds: Bounds) -> Option<Ended> {
        let asked = self.run(program, folder, bounds).version();
        let ended = timeout(VERSION_TIME, asked)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match ended {
            Ok(ended) if ended.status.success() => Some(ended),
            Ok(ended) => {
                tracing::warn!(program = %program.display(), "This program is installed but fails: {}", ended.how());
                None
            }
            Err(error) => {
                tracing::warn!(program = %program.display(), "This program is installed but fails: {error}");
                None
            }
        }
    }
}

fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The first line reads `ffmpeg version 5.1.9-0+deb12u1 Copyright …`; what the distribution appended
/// says nothing to the reader. A build between releases is `N-112345-gabcdef`.
fn version_in(text: &str) -> String {
    let version = text.split_whitespace().nth(2).unwrap_or("unknown");
    let release = version.split(['-', '+']).next().unwrap_or(version);
    let shown = if release.contains(|c: char| c.is_ascii_digit()) { release } else { version };
    shown.chars().filter(|c| !c.is_control()).take(VERSION_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// It starts nothing.
    fn launcher() -> Launcher {
        Launcher::new("/bin/false", [""])
    }

    #[test]
    fn reads_versions() {
        let table = [
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000", "5.1.9"),
            ("ffmpeg version n7.1 Copyright", "n7.1"),
            ("ffmpeg version N-112345-gabc Copyright", "N-112345-gabc"),
            ("", "unknown"),
        ];
        for (text, version) in table {
            assert_eq!(version_in(text), version);
        }
    }

    #[test]
    fn finds_only_programs_in_absolute_folders() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, mode| {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        };
        let path = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        assert!(Programs::find(&path, launcher()).is_none());
        file("ffmpeg", 0o755);
        assert!(Programs::find(&path, launcher()).is_none());
        file("ffprobe", 0o644);
        assert!(Programs::find(&path, launcher()).is_none());
        file("ffprobe", 0o755);
        let found = Programs::find(&path, launcher()).unwrap();
        assert_eq!(found.ffprobe, folder.path().join("ffprobe"));
        assert!(Programs::find(OsStr::new(""), launcher()).is_none());
        assert_eq!(find("Cargo.toml", OsStr::new(".:src")), None);
    }

    #[tokio::test]
    async fn a_program_that_fails_is_not_installed() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs {
            launcher: launcher(),
            ffmpeg: "/bin/false".into(),
            ffprobe: "/bin/false".into(),
            path: OsString::new(),
        };
        let bounds = Bounds { memory_bytes: 1 << 30, processor_s: 5, file_bytes: 0 };
        assert_eq!(programs.version(folder.path(), bounds).await, None);
    }
}
