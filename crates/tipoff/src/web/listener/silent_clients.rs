//! Clients of mail and FTP that came to the HTTP port: they wait for a greeting, which HTTP does not have.
//!
//! They are reported as sessions, and not served: browsers open connections ahead and leave them silent, and a greeting would be
//! read as the answer to their next request. For the same reason an address that has sent a request is not reported. On this
//! machine itself browser and mail client have one address: there a connection is a browser's if it began together with one
//! that sent a request, or before it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::receive::{RightPorts, Transcripts, speaks_at_http};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};

/// A client that hangs up earlier only tried whether the port is open.
const SILENT_MIN: Duration = Duration::from_secs(1);
/// How long before its silent connection a browser on this machine may have sent its last first request.
const TOGETHER: Duration = Duration::from_secs(2);
/// Addresses that have sent a request, at most.
const TALKERS_MAX: usize = 10_000;

/// Reports clients of other protocols. Cheap to clone; the default reports nothing.
#[derive(Clone, Default)]
pub(in super::super) struct SilentClients(Option<Arc<SilentClientsShared>>);

/// The state behind [`SilentClients`].
struct SilentClientsShared {
    transcripts: Transcripts,
    /// The ports that they should come to.
    ports: RightPorts,
    /// Addresses that have sent a request in this run, and when the latest connection did.
    talkers: Mutex<HashMap<IpAddr, Instant>>,
    /// Bounds the sessions.
    reported: PerMinute<IpAddr>,
}

impl SilentClients {
    /// Reports them as sessions; the hint names these ports.
    pub(in super::super) fn new(transcripts: Transcripts, ports: RightPorts) -> Self {
        Self(Some(Arc::new(SilentClientsShared {
            transcripts,
            ports,
            talkers: Mutex::default(),
            reported: PerMinute::default(),
        })))
    }

    /// A client has sent its first bytes.
    pub(super) fn spoke(&self, peer: IpAddr, first: &[u8]) {
        let Some(shared) = &self.0 else { return };
        let peer = peer.to_canonical();
        match speaks_at_http(first) {
            Some(protocol) if shared.reported.due(network(peer)).is_some() => {
                shared.transcripts.report_at_http(peer, Some(protocol), shared.ports);
            }
            Some(_) => {}
            // It gives up waiting for a greeting. Mail and FTP have this word in common.
            None if first.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"QUIT")) => {
                self.report(peer);
            }
            None => {
                let mut talkers = lock(&shared.talkers);
                if talkers.len() >= TALKERS_MAX {
                    talkers.clear();
                }
                talkers.insert(peer, Instant::now());
            }
        }
    }

    /// A client has left, or must leave, after it was silent for so long.
    pub(super) fn left(&self, peer: IpAddr, silent: Duration) {
        let Some(shared) = &self.0 else { return };
        let peer = peer.to_canonical();
        let last = lock(&shared.talkers).get(&peer).map(Instant::elapsed);
        if silent >= SILENT_MIN && !is_of_browser(peer, last, silent) {
            self.report(peer);
        }
    }

    fn report(&self, peer: IpAddr) {
        let Some(shared) = &self.0 else { return };
        if shared.reported.due(network(peer)).is_some() {
            shared.transcripts.report_at_http(peer, None, shared.ports);
        }
    }
}

/// Whether a connection that was silent for so long is a browser's. `last` is how long ago its address sent a first request.
fn is_of_browser(peer: IpAddr, last: Option<Duration>, silent: Duration) -> bool {
    let Some(last) = last else { return false };
    !peer.is_loopback() || last.saturating_sub(silent) < TOGETHER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_on_the_machine_of_the_browser_is_told_from_it() {
        let seconds = Duration::from_secs;
        let is_browser = |peer: &str, last: Option<u64>| {
            is_of_browser(peer.parse().unwrap(), last.map(seconds), seconds(10))
        };
        assert!(!is_browser("192.168.1.20", None) && !is_browser("127.0.0.1", None));
        assert!(is_browser("192.168.1.20", Some(100)), "another machine's browser");
        assert!(is_browser("127.0.0.1", Some(3)), "a request came meanwhile");
        assert!(is_browser("127.0.0.1", Some(11)), "it was opened together with a request");
        assert!(!is_browser("127.0.0.1", Some(12)) && !is_browser("::1", Some(60)));
    }
}
