//! Reports to the service manager (sd_notify(3)): that Tipoff is ready, alive, reloading or stopping.
//!
//! Without a service manager, as in a shell or most containers, `NOTIFY_SOCKET` is not set and
//! nothing is sent. What counts as alive is decided by [`readiness`];
//! packaging/systemd/tipoff.service sets the times.

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

/// Time between two reports if the service manager expects no sign of life (`WatchdogSec=` is not set).
const REPORT_EVERY: Duration = Duration::from_secs(30);
/// Signs of life in each period after which the service manager gives up.
const SIGNS_PER_PERIOD: u32 = 3;
/// The shortest pause between two signs of life, whatever the period is: each costs a question to
/// the spool.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// Connected at the first report; `None` inside without a service manager.
static SOCKET: OnceLock<Option<UnixDatagram>> = OnceLock::new();

/// Devices can send from now on. A service of `Type=notify` counts as started only now.
pub(crate) fn ready() {
    notify("READY=1\nSTATUS=Receiving");
}

/// A changed configuration is being applied; [`ready`] follows. systemd requires the time of the
/// monotonic clock, in microseconds, for `Type=notify-reload`.
pub(crate) fn reloading() {
    let now = clock_gettime(ClockId::Monotonic);
    let us = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
    notify(&format!("RELOADING=1\nMONOTONIC_USEC={us}\nSTATUS=Reading the configuration"));
}

/// The program has begun to stop: transfers and deliveries in progress may finish.
pub(crate) fn stopping() {
    notify("STOPPING=1\nSTATUS=Stopping: what was begun is ended first");
}

/// Reports the state, with a sign of life as long as `/readyz` finds nothing that a restart would
/// repair. A full disk is reported but stays alive: a restart would not empty it.
pub(crate) fn watch(supervisor: &Supervisor, spool: &Arc<dyn Spool>, disk: &Disk, health: &Health) {
    if socket().is_none() {
        return;
    }
    let (watched, spool) = (supervisor.clone(), Arc::clone(spool));
    let (disk, health) = (disk.clone(), health.clone());
    let period = watchdog_period(|name| env::var(name).ok(), std::process::id());
    let pause = period.map_or(REPORT_EVERY, |period| (period / SIGNS_PER_PERIOD).max(PAUSE_MIN));
    supervisor.spawn("service manager", move || {
        let (watched, spool) = (watched.clone(), Arc::clone(&spool));
        let (disk, health) = (disk.clone(), health.clone());
        async move {
            let mut shutdown = watched.shutdown();
            while watched.shutdown().phase() == Phase::Running {
                let missing = readiness::missing(&watched, &spool, &disk, &health).await;
                notify(&state_message(missing.as_ref()));
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.reached(Phase::Ending) => {}
                }
            }
            Ok(())
        }
    });
}

/// The message for a state. Without `WATCHDOG=1` it is no sign of life.
fn state_message(missing: Option<&Missing>) -> String {
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

/// Time without a sign of life after which the service manager restarts this process; `None` if it
/// never does, or if the variables are those of another process, such as a shell that started this
/// one.
fn watchdog_period(variable: impl Fn(&str) -> Option<String>, own: u32) -> Option<Duration> {
    let period = variable("WATCHDOG_USEC")?.parse().ok().filter(|us| *us > 0)?;
    let is_for_us = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(own));
    is_for_us.then(|| Duration::from_micros(period))
}

/// The socket of the service manager. One that cannot be used is a warning, once: Tipoff works
/// without it.
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

/// Sends a message. A full socket drops it: nothing here waits for the service manager.
fn notify(message: &str) {
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
        assert!(state_message(None).starts_with("WATCHDOG=1\n"));
        assert!(state_message(Some(&missing(false))).starts_with("WATCHDOG=1\n"));
        assert_eq!(state_message(Some(&missing(true))), "STATUS=Not ready: a WATCHDOG=1");
    }
}
