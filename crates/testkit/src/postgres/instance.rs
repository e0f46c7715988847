//! One server process with its data folder and its port.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::programs::{give_to_server, run, server_program};
use crate::network::Host;
use crate::ports::ReservedPort;
use crate::server_folder::processes_in;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// A server; its folder is removed by whoever made it.
pub(crate) struct Instance {
    data: PathBuf,
    port: ReservedPort,
    /// The machine on which it runs. `None`: the test's own.
    host: Option<Host>,
    child: Mutex<Option<Child>>,
}

impl Instance {
    /// A data folder `name` below `folder`, which does not exist yet.
    pub(crate) fn new(folder: &Path, name: &str) -> io::Result<Self> {
        Self::new_on(folder, name, None)
    }

    /// The same on this machine.
    pub(crate) fn new_on(folder: &Path, name: &str, host: Option<Host>) -> io::Result<Self> {
        let (data, port) = (folder.join(name), ReservedPort::new()?);
        Ok(Self { data, port, host, child: Mutex::new(None) })
    }

    /// Where it accepts connections.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.host.as_ref().map_or(Ipv4Addr::LOCALHOST, Host::address);
        SocketAddr::from((address, self.port()))
    }

    /// Does something on its machine.
    pub(crate) fn there<T: Send>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        match &self.host {
            Some(host) => host.run(work)?,
            None => work(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Makes an empty database cluster: UTF-8, locale C, no passwords.
    pub(crate) fn initialise(&self) -> io::Result<()> {
        let mut initdb = server_program("initdb")?;
        initdb.args(["--auth", "trust", "--username", "postgres", "--encoding", "UTF8"]);
        initdb.args(["--locale", "C", "--no-sync", "--no-instructions", "--pgdata"]);
        run(initdb.arg(&self.data))?;
        let mut file = File::options().append(true).open(self.data.join("pg_hba.conf"))?;
        match self.host {
            Some(_) => writeln!(file, "host all,replication all samenet trust"),
            None => Ok(()),
        }
    }

    /// Appends to postgresql.conf; the last value of a setting counts.
    pub(crate) fn configure(&self, settings: &[(&str, &str)]) -> io::Result<()> {
        let mut file = File::options().append(true).open(self.data.join("postgresql.conf"))?;
        for (name, value) in settings {
            writeln!(file, "{name} = '{}'", value.replace('\'', "''"))?;
        }
        Ok(())
    }

    /// Starts the server and waits until it accepts connections.
    pub(crate) fn start(&self) -> io::Result<()> {
        let mut child = self.child();
        if child.is_some() {
            return Ok(());
        }
        let log = File::options().append(true).create(true).open(self.log_path())?;
        give_to_server(&self.log_path())?;
        let mut command = server_program("postgres")?;
        command.arg("-D").arg(&self.data).args(["-c", &format!("port={}", self.port())]);
        command.args(["-c", &format!("listen_addresses={}", self.address().ip())]);
        command.args(["-c", "unix_socket_directories="]);
        // The other types stay in /dev/shm after a kill.
        command.args(["-c", "dynamic_shared_memory_type=mmap"]);
        command.stdout(Stdio::null()).stderr(log).process_group(0);
        let mut started = self.there(|| command.spawn())?;
        let ready = wait_for("the start of the server", || {
            Ok(started.try_wait()?.is_some() || self.is_ready(started.id()))
        });
        *child = Some(started);
        drop(child);
        match ready.is_ok() && self.is_running() {
            true => Ok(()),
            false => Err(io::Error::other(format!("postgres did not start: {}", self.log()))),
        }
    }

    /// Whether the server process exists.
    pub(crate) fn is_running(&self) -> bool {
        self.child().as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Disconnects everybody, writes a checkpoint and waits until the server has ended.
    pub(crate) fn stop(&self) -> io::Result<()> {
        let mut child = self.child();
        let Some(running) = child.as_mut() else { return Ok(()) };
        signal(running, Signal::SIGINT)?;
        wait_for("the end of the server", || Ok(running.try_wait()?.is_some()))?;
        *child = None;
        Ok(())
    }

    /// Kills all processes of the server with SIGKILL.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let mut child = self.child();
        let Some(running) = child.as_mut() else { return Ok(()) };
        // The parent first: it would restart the others.
        running.kill()?;
        running.wait()?;
        *child = None;
        wait_for("the end of the killed processes", || {
            let left = self.processes()?;
            for process in &left {
                // It may have ended meanwhile.
                let _ = kill(*process, Signal::SIGKILL);
            }
            Ok(left.is_empty())
        })?;
        self.remove_shared_memory()
    }

    /// Suspends (SIGSTOP) all processes of the server: connections stay open and nothing answers.
    pub(crate) fn pause(&self) -> io::Result<()> {
        // The parent first: it starts no others then.
        if let Some(running) = self.child().as_ref() {
            signal(running, Signal::SIGSTOP)?;
        }
        self.processes()?.into_iter().try_for_each(|pid| Ok(kill(pid, Signal::SIGSTOP)?))
    }

    /// Resumes all processes of a suspended server.
    pub(crate) fn resume(&self) -> io::Result<()> {
        self.processes()?.into_iter().try_for_each(|pid| Ok(kill(pid, Signal::SIGCONT)?))
    }

    /// The log of the server.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// The eighth line of this file says whether the server accepts connections; pg_ctl(1) waits for it too.
    fn is_ready(&self, id: u32) -> bool {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        let is_own = lines.next() == Some(&id.to_string());
        is_own && matches!(lines.nth(6).map(str::trim), Some("ready" | "standby"))
    }

    /// Every process of a server works in the data folder.
    fn processes(&self) -> io::Result<Vec<Pid>> {
        Ok(processes_in(&self.data)?.into_iter().map(Pid::from_raw).collect())
    }

    /// A killed server leaves a piece of shared memory, which its next start would remove. The seventh line of the
    /// file has its key and its id.
    fn remove_shared_memory(&self) -> io::Result<()> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let words = text.lines().nth(6).and_then(|line| line.trim().split_once(' '));
        let Some((_, id)) = words else { return Ok(()) };
        run(Command::new("ipcrm").args(["-m", id.trim()])).map(drop)
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Waits until a condition is true, up to a limit.
pub(crate) fn wait_for(
    what: &str,
    mut is_true: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_true()? {
        if Instant::now() > end {
            let text = format!("waited {PATIENCE:?} for {what}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn signal(child: &Child, signal: Signal) -> io::Result<()> {
    let id = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(kill(Pid::from_raw(id), signal)?)
}
