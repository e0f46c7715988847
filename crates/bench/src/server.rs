//! Starts a mail server as a process of its own with a folder of its own, and ends it with the value.
//! Which server, and with what configuration, is none of its business.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::client::Session;
use crate::stop;

/// The slowest to start is an interpreter on a busy machine.
const START_MAX: Duration = Duration::from_secs(20);
/// How often a starting server is tried: well below what is measured.
const TRY_EVERY: Duration = Duration::from_micros(200);
/// What a server's log shows of itself when it did not start.
const LOG_BYTES_SHOWN: usize = 2_000;

/// Where programs and temporary files are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Places {
    /// The program to be measured [default: `tipoff` beside this program]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tipoff: Option<PathBuf>,
    /// smtp-sink of Debian's package postfix
    #[arg(
        long,
        global = true,
        env = "SMTP_SINK",
        value_name = "FILE",
        default_value = "/usr/sbin/smtp-sink"
    )]
    pub(crate) smtp_sink: PathBuf,
    /// mailrise of PyPI [default: the one in PATH]
    #[arg(long, global = true, env = "MAILRISE", value_name = "FILE")]
    pub(crate) mailrise: Option<PathBuf>,
    /// vsftpd of Debian's package
    #[arg(
        long,
        global = true,
        env = "VSFTPD",
        value_name = "FILE",
        default_value = "/usr/sbin/vsftpd"
    )]
    pub(crate) vsftpd: PathBuf,
    /// A Python that has pyftpdlib of PyPI
    #[arg(long, global = true, env = "PYFTPDLIB", value_name = "FILE")]
    pub(crate) pyftpdlib: Option<PathBuf>,
    /// Where servers keep their files while they are measured [default: the system's folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

impl Places {
    /// The folder below which every server gets its own.
    pub(crate) fn base(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// A new folder that is removed when its value is dropped.
    pub(crate) fn temporary(&self) -> Result<TempDir> {
        let base = self.base();
        tempfile::Builder::new()
            .prefix("tipoff-bench-")
            .tempdir_in(&base)
            .with_context(|| format!("a folder in {}", base.display()))
    }
}

/// A running server. Dropping it ends the process, then removes its folder if that is its own.
pub(crate) struct Server {
    child: Child,
    /// Where it speaks what is measured.
    pub(crate) address: SocketAddr,
    /// From before the process was made until its first greeting.
    pub(crate) start_time: Duration,
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts the command and waits for the greeting; output goes to a log in `folder`.
    pub(crate) fn start(mut command: Command, address: SocketAddr, folder: &Path) -> Result<Self> {
        let log = folder.join("log");
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let program = command.get_program().to_owned();
        let begun = Instant::now();
        let child = command.spawn().with_context(|| program.display().to_string())?;
        stop::watch(&child);
        let mut server = Self { child, address, start_time: Duration::ZERO, _folder: None };
        while Session::greeted(address).is_err() {
            if server.child.try_wait()?.is_some() || begun.elapsed() > START_MAX {
                bail!("{} did not start:\n{}", program.display(), end_of(&log));
            }
            thread::sleep(TRY_EVERY);
        }
        server.start_time = begun.elapsed();
        Ok(server)
    }

    /// Leaves the folder to the server: it is removed after the process has ended.
    pub(crate) fn owning(mut self, folder: TempDir) -> Self {
        self._folder = Some(folder);
        self
    }

    /// The memory it occupies (VmRSS), in units of 1,024 bytes, as the kernel reports it.
    pub(crate) fn memory_kb(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        resident_kb(&status).context("no VmRSS: has the server ended?")
    }

    /// The most memory that it has occupied (VmHWM), in the same unit.
    pub(crate) fn peak_memory_kb(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        kb(&status, "VmHWM:").context("no VmHWM: has the server ended?")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop::end(&mut self.child);
    }
}

/// An address whose port is free now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Allows as many open files as the system lets us, here and in the servers: a thousand
/// connections need more than the usual 1,024.
pub(crate) fn raise_open_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).context("open files")
}

fn resident_kb(status: &str) -> Option<u64> {
    kb(status, "VmRSS:")
}

fn kb(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn end_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let shown = text.get(text.len().saturating_sub(LOG_BYTES_SHOWN)..).unwrap_or_default();
    String::from_utf8_lossy(shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_words() {
        let status = "Name:\tx\nVmHWM:\t    9000 kB\nVmRSS:\t    1234 kB\nThreads:\t1\n";
        assert_eq!(resident_kb(status), Some(1_234));
        assert_eq!(resident_kb("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such luck >&2; exit 3"]);
        let address = free_address().unwrap();
        let error = Server::start(command, address, folder.path()).err().unwrap();
        assert!(error.to_string().contains("no such luck"), "{error}");
    }

    #[test]
    fn a_missing_program_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let command = Command::new("/no/such/program");
        let error = Server::start(command, free_address().unwrap(), folder.path()).err().unwrap();
        assert!(error.to_string().contains("/no/such/program"), "{error}");
    }
}
