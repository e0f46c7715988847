//! The state of the whole process for starting other programs (ffmpeg, channels of type `exec`):
//! the file mode mask that it was started with, and the folder for the files of alerts.
//!
//! Set once at the start; the rules for confinement are in the crate tipoff-confine.

use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, set_dumpable_behavior, umask};
use tipoff_channels::Programs;
use tipoff_confine::{Held, Launcher};

/// The mask for new files: everything that Tipoff writes is for its own user.
const PRIVATE: u32 = 0o077;
/// The folder in the data folder with the files of alerts, while a program works on them.
const FOLDER: &str = "exec";

/// The mask that this process was started with. Programs of channels get it back: what they write
/// is not for Tipoff alone.
static UMASK: OnceLock<u32> = OnceLock::new();
static PROGRAMS: OnceLock<Programs> = OnceLock::new();

/// Makes every file that this process creates from now on private, unless its mode is given.
pub(crate) fn write_privately() {
    let before = umask(Mode::from_raw_mode(PRIVATE));
    let _ = UMASK.set(before.as_raw_mode());
}

/// Forbids other processes of the same user to read the memory and the environment of this one
/// (prctl(2), PR_SET_DUMPABLE): both contain secrets. Root still may.
pub(crate) fn keep_to_itself() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "Other programs of this user may read the memory of this one.");
    }
}

/// Uses the data folder for the files of alerts from now on, and removes files there that a killed
/// run has left.
pub(crate) fn use_data_folder(data_dir: &Path) {
    let programs = in_folder(&data_dir.join(FOLDER));
    if let Err(error) = programs.sweep() {
        let folder = programs.folder.display();
        tracing::warn!(%folder, %error, "Could not remove what programs of channels have left.");
    }
    let _ = PROGRAMS.set(programs);
}

/// How programs are started. Without a server, as in `tipoff channels test`, their files are in the
/// system's folder for temporary files.
pub(crate) fn programs() -> &'static Programs {
    PROGRAMS.get_or_init(|| in_folder(&std::env::temp_dir()))
}

fn in_folder(folder: &Path) -> Programs {
    // A relative path would mean another folder to a program that changes its own.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    Programs {
        launcher: Launcher::this_program(),
        folder,
        umask: UMASK.get().copied().unwrap_or(PRIVATE),
    }
}

/// The part of ffmpeg's confinement that this kernel does not support; `None` if it supports all.
pub(crate) fn missing(held: Held) -> Option<&'static str> {
    match (held.files, held.calls) {
        (true, true) => None,
        (false, true) => Some("it can read all that Tipoff's user can: the kernel has no landlock"),
        (true, false) => Some("it can reach other processes: no seccomp filter can be set"),
        (false, false) => Some("it can do all that Tipoff's user can: no landlock, no seccomp"),
    }
}
