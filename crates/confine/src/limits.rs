//! Limits of the kernel, capabilities, descriptors and the end of the parent.

use std::fs;
use std::io;

use nix::unistd::close;
use rustix::fs::Mode;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal,
    setpriority_process, setrlimit, setsid, umask,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::confinement::VideoConfinement;

/// Niceness of a video tool; 19 is the lowest priority.
const NICENESS: i32 = 15;
/// Who is killed first where memory ends: 1000 is first.
const OOM_SCORE: &str = "800";
/// Open files of a video tool: it needs the source, the output, and its libraries one after another.
const VIDEO_FILES_MAX: u64 = 64;
/// Open files of a program of the owner. Tipoff's own limit is as high as the system allows, and there are
/// programs that try every number below their limit.
const PROGRAM_FILES_MAX: u64 = 4096;
/// Memory that it may keep from the swap file, in bytes: a library that it loads insists on some.
const LOCKED_BYTES_MAX: u64 = 64 * 1024;
/// Threads that a video tool may add to those of the whole machine (the kernel counts by user) …
const VIDEO_THREADS_MAX: u64 = 128;
/// … and threads and processes that a program of the owner may.
const PROGRAM_THREADS_MAX: u64 = 1024;
/// Used for those of the machine where they cannot be counted.
const THREADS_UNKNOWN: u64 = 4096;

/// This process leads a session and a process group of its own from now on: what it starts is in it, and can be
/// killed with it.
pub(crate) fn lead_group() {
    // Fails only where it leads one already.
    let _ = setsid();
}

/// Has the kernel send this process a signal, or none, when its parent ends; an error if it has ended already.
pub(crate) fn end_with(parent: Option<Pid>, signal: Option<Signal>) -> io::Result<()> {
    set_parent_process_death_signal(signal)?;
    match parent.is_none() || getppid() == parent {
        true => Ok(()),
        false => Err(io::Error::other("Tipoff has ended")),
    }
}

/// Closes every descriptor but the standard ones: Tipoff's own close by themselves, those that it was
/// started with do not.
pub(crate) fn close_descriptors() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    let numbers: Vec<i32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // One of them was the folder's, and is closed by now.
        let _ = close(number);
    }
}

/// The limits of a video tool.
pub(crate) fn video(video: &VideoConfinement) -> io::Result<()> {
    lower(Resource::As, video.memory_bytes)?;
    lower(Resource::Cpu, video.processor_s)?;
    lower(Resource::Fsize, video.file_bytes)?;
    lower(Resource::Nofile, VIDEO_FILES_MAX)?;
    lower(Resource::Nproc, threads_of_the_machine().saturating_add(VIDEO_THREADS_MAX))?;
    lower(Resource::Memlock, LOCKED_BYTES_MAX)?;
    lower(Resource::Msgqueue, 0)?;
    // A crash must not leave its memory behind.
    lower(Resource::Core, 0)?;
    setpriority_process(None, NICENESS)?;
    // Where it cannot be written, it is as likely as Tipoff.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(())
}

/// The limits of a program of the owner.
pub(crate) fn program(mask: u32) -> io::Result<()> {
    lower(Resource::Core, 0)?;
    lower(Resource::Nofile, PROGRAM_FILES_MAX)?;
    lower(Resource::Nproc, threads_of_the_machine().saturating_add(PROGRAM_THREADS_MAX))?;
    umask(Mode::from_raw_mode(mask & 0o777));
    Ok(())
}

/// Lowers a limit; one that is lower already stays.
fn lower(resource: Resource, wanted: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(wanted, |own| own.min(wanted));
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// All threads of the machine. `RLIMIT_NPROC` counts those of the user, which are no more than these: so a
/// program cannot be stopped from starting its first threads by what else runs.
fn threads_of_the_machine() -> u64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    threads_in(&text).unwrap_or(THREADS_UNKNOWN)
}

/// The number in `0.20 0.18 0.12 1/80 11206` behind the slash (proc(5)).
fn threads_in(loadavg: &str) -> Option<u64> {
    loadavg.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

/// Nothing that this process becomes has more rights than it: setuid programs run without them.
pub(crate) fn gain_nothing() {
    let _ = set_no_new_privs(true);
}

/// Gives up all capabilities, those of root as well: without the bounding set, `execve` gives root none back
/// (capabilities(7)).
pub(crate) fn drop_capabilities() {
    // Each of these fails only where there is nothing to give up.
    let _ = clear_ambient_capability_set();
    for capability in CapabilitySet::all().iter() {
        let _ = remove_capability_from_bounding_set(capability);
    }
    let none = CapabilitySet::empty();
    let _ = set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted_from_the_load() {
        assert_eq!(threads_in("0.20 0.18 0.12 1/80 11206\n"), Some(80));
        for wrong in ["", "0.20 0.18 0.12", "0.20 0.18 0.12 180 11206", "a b c 1/x d"] {
            assert_eq!(threads_in(wrong), None, "{wrong}");
        }
        assert!(threads_of_the_machine() > 0);
    }
}
