//! What the service manager is told (sd_notify(3)): when Tipoff receives, that it is alive, that it ends.
//! Without one, as in a shell, nobody is told.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, io};

use rustix::time::{ClockId, clock_gettime};
use tipoff_spool::Spool;

use crate::disk::Disk;
use crate::readiness::{self, Health, Missing};
use crate::runtime::shutdown::Phase;
use crate::runtime::supervise::Supervisor;

/// How often the state is told where the service manager does not ask for a sign of life.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// Signs of life in each period after which the service manager gives up.
const SIGNS_PER_PERIOD: u32 = 3;
/// The shortest pause between two signs of life.
const PAUSE_MIN: Duration = Duration::from_millis(50);

static SOCKET: OnceLock<Option<UnixDatagram>> = OnceLock::new();

/// From now on devices can send.
pub(crate) fn ready() {
    tell("READY=1\nSTATUS=Receiving");
}

/// A changed configuration is taken up; [`ready`] follows.
pub(crate) fn reloading() {
    let now = clock_gettime(ClockId::Monotonic);
    let us = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
    tell(&format!("RELOADING=1\nMONOTONIC_USEC={us}\nSTATUS=Reading the configuration"));
}

/// The end has begun.
pub(crate) fn stopping() {
    tell("STOPPING=1\nSTATUS=Stopping: what was begun is ended first");
}

/// Tells the state, and gives signs of life, for as long as `/readyz` finds nothing that a restart would
/// mend. What no restart mends, a full disk, ends no sign of life.
pub(crate) fn watch(supervisor: &Supervisor, spool: &Arc<dyn Spool>, disk: &Disk, health: &Health) {
    if socket().is_none() {
        return;
    }
    let (watched, spool) = (supervisor.clone(), Arc::clone(spool));
    let (disk, health) = (disk.clone(), health.clone());
    let period = watchdog_period(|name| env::var(name).ok(), std::process::id());
    let pause = period.map_or(TELL_EVERY, |period| (period / SIGNS_PER_PERIOD).max(PAUSE_MIN));
    supervisor.spawn("service manager", move || {
        let (watched, spool) = (watched.clone(), Arc::clone(&spool));
        let (disk, health) = (disk.clone(), health.clone());
        async move {
            let mut shutdown = watched.shutdown();
            while watched.shutdown().phase() == Phase::Running {
                let missing = readiness::missing(&watched, &spool, &disk, &health).await;
                tell(&told(missing.as_ref()));
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.reached(Phase::Ending) => {}
                }
            }
            Ok(())
        }
    });
}

/// The words for a state.
fn told(missing: Option<&Missing>) -> String {
    match missing {
        None => "WATCHDOG=1\nSTATUS=Receiving".to_owned(),
        Some(missing) if !missing.restart_mends => {
            format!("WATCHDOG=1\nSTATUS=Not ready: {}", one_line(&missing.what))
        }
        Some(missing) => format!("STATUS=Not ready: {}", one_line(&missing.what)),
    }
}

/// A line end would begin another message.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// After which time without a sign of life the service manager restarts this process.
fn watchdog_period(variable: impl Fn(&str) -> Option<String>, own: u32) -> Option<Duration> {
    let period = variable("WATCHDOG_USEC")?.parse().ok().filter(|us| *us > 0)?;
    let is_for_us = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(own));
    is_for_us.then(|| Duration::from_micros(period))
}

fn socket() -> Option<&'static UnixDatagram> {
    let open = || {
        let name = env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty())?;
        match connect(&name) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!(socket = name, %error, "The service manager's socket cannot be used.");
                None
            }
        }
    };
    SOCKET.get_or_init(open).as_ref()
}

/// A path, or an abstract name behind `@`.
fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match name.strip_prefix('@') {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        None => socket.connect(name)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn tell(message: &str) {
    if let Some(socket) = socket()
        && let Err(error) = socket.send(message.as_bytes())
    {
        tracing::debug!(%error, "The service manager could not be notified.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_for_the_process_that_it_names() {
        let period = |usec: &str, pid: Option<&str>| {
            let variable = |name: &str| match name {
                "WATCHDOG_USEC" => Some(usec.to_owned()),
                _ => pid.map(str::to_owned),
            };
            watchdog_period(variable, 7)
        };
        assert_eq!(period("3000000", None), Some(Duration::from_secs(3)));
        assert_eq!(period("3000000", Some("7")), Some(Duration::from_secs(3)));
        for (usec, pid) in [("3000000", Some("8")), ("0", None), ("x", None), ("-1", None)] {
            assert_eq!(period(usec, pid), None);
        }
    }

    #[test]
    fn no_sign_of_life_while_a_restart_would_mend_it() {
        let missing = |restart_mends| Missing { what: "a\nWATCHDOG=1".to_owned(), restart_mends };
        assert!(told(None).starts_with("WATCHDOG=1\n"));
        assert!(told(Some(&missing(false))).starts_with("WATCHDOG=1\n"));
        assert_eq!(told(Some(&missing(true))), "STATUS=Not ready: a WATCHDOG=1");
    }
}
