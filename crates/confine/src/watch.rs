//! The watcher of a program of the owner: the launcher does not become it, but stays its parent and the
//! leader of its process group. When Tipoff ends, or the program is killed, all of the group is killed.
//! `PR_SET_PDEATHSIG` alone would reach the program and not what it has started.
//!
//! A program that ends by itself may leave others behind, as without the launcher.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Child, Command, ExitCode, ExitStatus};

use nix::sys::signal::{self, SigSet, raise};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::process::{Pid, Signal, getpgrp, getppid, kill_process_group};

use crate::limits;

/// Sent by the kernel when Tipoff ends; others that send it change nothing.
const PARENT_ENDED: Signal = Signal::USR1;
/// What a shell adds to the number of a signal to make an exit code.
const SIGNAL_CODE: i32 = 128;
/// The exit code of an end that is neither a code nor a signal.
const UNKNOWN_CODE: u8 = 1;

/// Which process a watcher ends with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    parent: Option<Pid>,
}

impl Watcher {
    pub(crate) fn begin(parent: Option<Pid>) -> io::Result<Self> {
        limits::end_with(parent, Some(Signal::KILL))?;
        Ok(Self { parent: parent.or_else(getppid) })
    }

    /// Runs a program to its end, and ends as it did.
    pub(crate) fn run(self, program: OsString, arguments: Vec<OsString>) -> io::Result<ExitCode> {
        // No signal is blocked before the program starts, because it would inherit that.
        limits::end_with(self.parent, None)?;
        let mut child = Command::new(program).args(arguments).spawn()?;
        let status = self.wait_for(&mut child);
        // Nobody would watch it any more.
        status.inspect_err(|_| kill_group()).map(end_as)
    }

    fn wait_for(self, child: &mut Child) -> io::Result<ExitStatus> {
        SigSet::all().thread_block()?;
        // A parent that ended since is seen below.
        let _ = limits::end_with(self.parent, Some(PARENT_ENDED));
        let _ = leave_streams();
        let mut awaited = SigSet::empty();
        awaited.add(signal::SIGCHLD);
        awaited.add(signal::SIGUSR1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if getppid() != self.parent {
                kill_group();
            }
            // One that came since is waiting.
            awaited.wait()?;
        }
    }
}

/// The ends of the pipes are the program's alone.
fn leave_streams() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

fn end_as(status: ExitStatus) -> ExitCode {
    let Some(signal) = status.signal() else {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        return code.unwrap_or(UNKNOWN_CODE).into();
    };
    // It was killed: what it started does not go on without it.
    if has_others().unwrap_or(true) {
        kill_group();
    }
    if let Ok(signal) = signal::Signal::try_from(signal) {
        let _ = SigSet::from(signal).thread_unblock();
        // Rust's own handler of some takes the first one, and puts the default back.
        let _ = raise(signal).and_then(|()| raise(signal));
    }
    u8::try_from(SIGNAL_CODE + signal).unwrap_or(UNKNOWN_CODE).into()
}

/// Kills this process with all of its group.
fn kill_group() {
    let _ = kill_process_group(getpgrp(), Signal::KILL);
}

/// Whether another process is in the group of this one.
fn has_others() -> io::Result<bool> {
    let (own, group) = (process::id(), getpgrp().as_raw_nonzero().get());
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may have ended since.
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        if number != own && group_in(&stat) == Some(group) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process group in `11 (a name) S 1 11 11 0 …` (proc_pid_stat(5)); the name may hold brackets.
fn group_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_behind_any_name() {
        for (stat, group) in [
            ("11 (sh) S 1 12 13 0", Some(12)),
            ("11 (a) S 9 9 9 (b)) R 1 12 13", Some(12)),
            ("", None),
            ("11 (sh) S 1", None),
        ] {
            assert_eq!(group_in(stat), group, "{stat}");
        }
    }
}
