//! Clients of mail and FTP that came to the HTTP port: they wait for a greeting, which HTTP does not have.
//!
//! They are reported as sessions, and not served: browsers open connections ahead and leave them silent, and a greeting would be
//! read as the answer to their next request. For the same reason an address that has sent a request is not reported.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::receive::{RightPorts, Transcripts, speaks_at_http};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};

/// A client that hangs up earlier only tried whether the port is open.
const SILENT_MIN: Duration = Duration::from_secs(1);
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
    /// Addresses that have sent a request in this run.
    talkers: Mutex<HashSet<IpAddr>>,
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
            None => {
                let mut talkers = lock(&shared.talkers);
                if talkers.len() >= TALKERS_MAX {
                    talkers.clear();
                }
                talkers.insert(peer);
            }
        }
    }

    /// A client has left, or must leave, after it was silent for so long.
    pub(super) fn left(&self, peer: IpAddr, silent: Duration) {
        let Some(shared) = &self.0 else { return };
        let peer = peer.to_canonical();
        if silent >= SILENT_MIN
            && !lock(&shared.talkers).contains(&peer)
            && shared.reported.due(network(peer)).is_some()
        {
            shared.transcripts.report_at_http(peer, None, shared.ports);
        }
    }
}
