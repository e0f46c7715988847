//! One network namespace with a name.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use nix::sched::{CloneFlags, setns};

/// Where ip(8) keeps the namespaces that have a name.
const FOLDER: &str = "/run/netns";

/// A network namespace. It is removed by name, by whoever made it.
pub(super) struct Namespace {
    name: String,
    file: File,
}

impl Namespace {
    /// Makes an empty one.
    pub(super) fn new(name: &str) -> io::Result<Self> {
        run(Command::new("ip").args(["netns", "add", name]))?;
        Ok(Self { name: name.to_owned(), file: File::open(Path::new(FOLDER).join(name))? })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Does something in this namespace, on a thread of its own.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                setns(&self.file, CloneFlags::CLONE_NEWNET)?;
                Ok(work())
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A program that will run in this namespace.
    pub(super) fn command(&self, program: &str) -> io::Result<Command> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        Ok(command)
    }

    /// Runs ip(8) in this namespace.
    pub(super) fn ip(&self, arguments: &[&str]) -> io::Result<()> {
        run(Command::new("ip").args(["-n", &self.name]).args(arguments))
    }

    /// Runs tc(8) in this namespace.
    pub(super) fn tc(&self, arguments: &[&str]) -> io::Result<()> {
        run(Command::new("tc").args(["-n", &self.name]).args(arguments))
    }
}

/// Runs a program that must succeed.
pub(super) fn run(command: &mut Command) -> io::Result<()> {
    let Output { status, stderr, .. } = command.output()?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&stderr).trim().to_owned();
    Err(io::Error::other(format!("{command:?}: {said}")))
}
