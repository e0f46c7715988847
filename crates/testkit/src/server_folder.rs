//! A temporary folder in which servers run. When it ends, the processes that run in it are killed and it is removed,
//! also if the test process is killed.

use std::io;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use crate::at_end::AtEnd;

/// Free memory that several servers need together, each with a few databases.
const MEMORY_BYTES_MIN: u64 = 2 << 30;

/// A process runs in the folder if its working directory is in it.
const CLEANUP: &str = r#"
running() {
  find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*' -name cwd -lname "$1/*" -printf '%h\n'
}
while processes=$(running "$1"); [ -n "$processes" ]; do
  for process in $processes; do kill -9 "${process#/proc/}"; done
  sleep 0.01
done
# The seventh line of this file names the shared memory that a killed PostgreSQL leaves: key and id.
for file in "$1"/*/postmaster.pid; do
  id=$(sed -n '7s/.* //p' "$file")
  [ -z "$id" ] || ipcrm -m "$id"
done
rm -rf -- "$1"
"#;

/// A folder that is removed, and whose processes are killed, when this is dropped or when the test
/// process ends in any way.
pub(crate) struct ServerFolder {
    path: PathBuf,
    /// Dropped last.
    _cleanup: AtEnd,
}

impl ServerFolder {
    /// A folder on the disk.
    pub(crate) fn new() -> io::Result<Self> {
        Self::below(&std::env::temp_dir())
    }

    /// A folder in memory if that is large, as it is outside of containers; on the disk otherwise.
    pub(crate) fn in_memory() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let is_large = statvfs(memory)
            .is_ok_and(|it| it.blocks_available() * it.fragment_size() > MEMORY_BYTES_MIN);
        if is_large { Self::below(memory) } else { Self::new() }
    }

    fn below(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tipoff-test-").tempdir_in(parent)?;
        let cleanup = AtEnd::run(CLEANUP, &[folder.path()])?;
        Ok(Self { path: folder.keep(), _cleanup: cleanup })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Processes whose working directory is this folder.
pub(crate) fn processes_in(folder: &Path) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that has ended meanwhile has no working directory.
        if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder) {
            found.push(id);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_dropped_folder_is_removed_and_its_processes_are_killed() {
        let folder = ServerFolder::new().unwrap();
        let inside = folder.path().join("data");
        std::fs::create_dir(&inside).unwrap();
        let mut child = Command::new("sleep").arg("600").current_dir(&inside).spawn().unwrap();
        assert_eq!(processes_in(&inside).unwrap(), [i32::try_from(child.id()).unwrap()]);
        drop(folder);
        assert!(!child.wait().unwrap().success());
        assert!(!inside.exists());
    }
}
