//! What the whole process has to know to start programs: the mask for new files that it was started with,
//! and where the files of alerts lie.

use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, set_dumpable_behavior, umask};
use tipoff_channels::Programs;
use tipoff_confine::{Held, Launcher};

/// All that Tipoff writes is for its own user.
const PRIVATE: u32 = 0o077;
/// The folder in the data folder where the files of alerts lie while a program works on them.
const FOLDER: &str = "exec";

/// The mask that this process was started with.
static UMASK: OnceLock<u32> = OnceLock::new();
static PROGRAMS: OnceLock<Programs> = OnceLock::new();

/// From now on whatever this process writes is private, unless its access rights are given.
pub(crate) fn write_privately() {
    let before = umask(Mode::from_raw_mode(PRIVATE));
    let _ = UMASK.set(before.as_raw_mode());
}

/// From now on no other process of the same user reads the memory or the environment of this one: both
/// hold secrets. Only root may.
pub(crate) fn keep_to_itself() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "Other programs of this user may read the memory of this one.");
    }
}

/// The files of alerts lie in the data folder from now on; what a run that was killed left there goes.
pub(crate) fn use_data_folder(data_dir: &Path) {
    let programs = in_folder(&data_dir.join(FOLDER));
    if let Err(error) = programs.sweep() {
        let folder = programs.folder.display();
        tracing::warn!(%folder, %error, "Could not remove what programs of channels have left.");
    }
    let _ = PROGRAMS.set(programs);
}

/// How programs are started. Without a server their files lie where temporary files do.
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

/// What of ffmpeg's confinement this kernel does not do; `None`: nothing.
pub(crate) fn missing(held: Held) -> Option<&'static str> {
    match (held.files, held.calls) {
        (true, true) => None,
        (false, true) => Some("it can read all that Tipoff's user can: the kernel has no landlock"),
        (true, false) => Some("it can reach other processes: no seccomp filter can be set"),
        (false, false) => Some("it can do all that Tipoff's user can: no landlock, no seccomp"),
    }
}
