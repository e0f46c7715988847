//! The addresses that the running Tipoff listens on, for the subcommands beside it: `listening.json` in the data folder.
//!
//! Options of `tipoff run` go before the configuration, so that the configuration alone does not tell them. The file is of no
//! use after the end of that Tipoff: it counts only while one runs. It is made anew at each start.

use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tipoff_spool::durable;
use tokio::net::TcpListener;

use crate::receive::listener::BoundListener;

const FILE: &str = "listening.json";

/// The addresses, each list in the order of `listen`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Listening {
    pub(super) smtp: Vec<SocketAddr>,
    pub(super) ftp: Vec<SocketAddr>,
    /// `None` if the port is switched off.
    pub(super) http: Option<SocketAddr>,
}

/// Writes the addresses. Without the file the other subcommands go by the configuration: a failure is only logged.
pub(super) fn note(
    data_dir: &Path,
    (smtp, ftp): (&[BoundListener], &[BoundListener]),
    http: Option<&TcpListener>,
) {
    let all = |bound: &[BoundListener]| {
        bound.iter().filter_map(|it| it.listener.local_addr().ok()).collect()
    };
    let http = http.and_then(|it| it.local_addr().ok());
    let listening = Listening { smtp: all(smtp), ftp: all(ftp), http };
    let path = data_dir.join(FILE);
    let bytes = serde_json::to_vec(&listening).unwrap_or_default();
    if let Err(error) = durable::write_cached_file(&path, &bytes) {
        tracing::warn!(path = %path.display(), %error, "The addresses that Tipoff listens on cannot be noted.");
    }
}

/// The addresses of the Tipoff that runs on a data folder. `None` if none runs, or this user may not know.
pub(super) fn look(data_dir: &Path) -> Option<Listening> {
    if is_running(data_dir) != Some(true) {
        return None;
    }
    serde_json::from_slice(&std::fs::read(data_dir.join(FILE)).ok()?).ok()
}

/// Whether a Tipoff holds the lock of the data folder. `None` if this user cannot read the lock. It is tried as a shared
/// lock and released at once, so that two subcommands do not exclude each other. Only a Tipoff that starts in this very
/// instant could find it taken.
pub(super) fn is_running(folder: &Path) -> Option<bool> {
    let lock = match File::open(folder.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
    };
    match lock.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}
