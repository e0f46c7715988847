//! What a program may use, and the command line that says so to the launcher.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// Name of the subcommand of Tipoff that runs the launcher.
pub const SUBCOMMAND: &str = "confined";

/// This program, whatever has become of the file that it was started from.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What one program may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// A tool that reads bytes of devices.
    Video(VideoConfinement),
    /// A program of the owner.
    Program {
        /// The mask for new files that Tipoff was started with.
        umask: u32,
        /// Whether it has the capabilities that Tipoff has; else it has none.
        keeps_capabilities: bool,
    },
}

/// What one run of a video tool may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoConfinement {
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// Time on the processor in seconds.
    pub processor_s: u64,
    /// Size in bytes of any file that it writes.
    pub file_bytes: u64,
    /// Files that it reads, beside those of the system.
    pub reads: Vec<PathBuf>,
    /// Files that it writes. They exist already: it can make none.
    pub writes: Vec<PathBuf>,
    /// The TCP port that it may connect to, on any host; `None` for a tool without network.
    pub port: Option<u16>,
}

/// Starts programs by way of the launcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    program: PathBuf,
    words: Vec<OsString>,
}

impl Launcher {
    /// The program that runs, which has the launcher as its subcommand [`SUBCOMMAND`].
    pub fn this_program() -> Self {
        let program = match Path::new(THIS_PROGRAM).exists() {
            true => THIS_PROGRAM.into(),
            // Without /proc.
            false => std::env::current_exe().unwrap_or_else(|_| "tipoff".into()),
        };
        Self::new(program, [SUBCOMMAND])
    }

    /// Another program that is the launcher after these words.
    pub fn new(
        program: impl Into<PathBuf>,
        words: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self { program: program.into(), words: words.into_iter().map(Into::into).collect() }
    }

    /// The command that confines itself and then becomes `program` with `arguments`.
    pub fn command(
        &self,
        confinement: &Confinement,
        program: &OsStr,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Command {
        let mut command = self.begin(confinement);
        command.arg("--").arg(program).args(arguments);
        command
    }

    /// The command that confines itself and prints what of it holds: see [`crate::Held::read`].
    pub fn probe(&self, confinement: &Confinement) -> Command {
        self.begin(confinement)
    }

    fn begin(&self, confinement: &Confinement) -> Command {
        let mut command = Command::new(&self.program);
        command.arg0("tipoff").args(&self.words);
        // It ends at once where its parent ended before it could ask to end with it.
        command.args(["--parent", &process::id().to_string()]);
        match confinement {
            Confinement::Video(video) => {
                command.args(["--profile", "video"]);
                for (key, bound) in [
                    ("--memory", video.memory_bytes),
                    ("--processor", video.processor_s),
                    ("--file", video.file_bytes),
                ] {
                    command.args([key, &bound.to_string()]);
                }
                for (key, paths) in [("--read", &video.reads), ("--write", &video.writes)] {
                    for path in paths {
                        command.arg(key).arg(path);
                    }
                }
                if let Some(port) = video.port {
                    command.args(["--connect", &port.to_string()]);
                }
            }
            Confinement::Program { umask, keeps_capabilities } => {
                let keep = keeps_capabilities.to_string();
                command.args(["--profile", "program", "--umask", &umask.to_string()]);
                command.args(["--keep-capabilities", &keep]);
            }
        }
        command
    }
}
