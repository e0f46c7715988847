//! A shell script that runs when a value is dropped or when the test process ends in any way.
//!
//! A destructor alone does not run if the test process is killed or if the value is a static. So a
//! shell process waits until the test process closes a pipe to it, which the system does in every
//! case.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs its script when this is dropped or when the test process ends.
pub(crate) struct AtEnd(Child);

impl AtEnd {
    /// Prepares a script of sh(1), with its arguments from `$1` on.
    pub(crate) fn run<A: AsRef<OsStr>>(script: &str, arguments: &[A]) -> io::Result<Self> {
        let child = Command::new("sh")
            .args(["-c", &format!("cat\n{script}"), "tipoff-test-cleanup"])
            .args(arguments)
            .current_dir("/")
            // Ctrl-C on the terminal ends the tests, not this.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        // `wait` closes the pipe first.
        let _ = self.0.wait();
    }
}
