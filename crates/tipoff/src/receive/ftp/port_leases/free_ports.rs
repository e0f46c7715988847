//! Which address has leased which ports. Decides who gets a lease and whose is ended for it; waits for nothing.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Lessee;
use crate::net::listen::listen;
use crate::runtime::per_minute::{PerMinute, network};

/// A lease without a transfer ends after so long: devices ask for one within moments.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(30);
/// A lease with a transfer to which no connection came ends after so long; the transfer has failed by then.
const ACTIVE_MAX: Duration = Duration::from_secs(60);
/// From this age on a lease may be ended for another session of its address. A younger one may be used yet.
pub(super) const ENDABLE_AFTER: Duration = Duration::from_secs(5);
/// After a session gave its lease up, the connection that the device made for it may still come for so long.
const LATE_MAX: Duration = Duration::from_secs(10);
/// Ports of an address that are kept for late connections. Who asks for ports again and again gets the first of them
/// again: such a session would bind all ports otherwise.
pub(super) const LATE_PORTS_MAX: usize = 4;
/// Ports that are tried before the lease fails.
const TRIES_MAX: usize = 200;
/// Connections that the system holds until they are accepted, which is at once.
const BACKLOG: u32 = 128;
/// Connections of strangers that a lease reports.
const STRANGERS_NOTED_MAX: u8 = 3;

/// All leases.
#[derive(Default)]
pub(super) struct LeaseTable {
    /// The bound ports, with the lease of each address.
    pub(super) bound: HashMap<SocketAddr, HashMap<IpAddr, LeaseEntry>>,
    /// Connections that may still come for leases that were given up: by port and address, and until when. Such a
    /// connection must not be taken for that of the next lease: the beginning of an aborted upload was stored as the
    /// next file so.
    late: HashMap<SocketAddr, HashMap<IpAddr, Instant>>,
    /// Number of leases of each address; for IPv6, of each network.
    pub(super) counts: HashMap<IpAddr, usize>,
    /// The number of the latest lease.
    pub(super) last_id: u64,
    /// Strangers by address: the log warns of each once a minute.
    strangers: PerMinute<IpAddr>,
}

/// One lease.
pub(super) struct LeaseEntry {
    pub(super) id: u64,
    /// When it was leased, or when its transfer began to wait.
    pub(super) began: Instant,
    /// A transfer waits for the connection.
    pub(super) is_active: bool,
    /// Gives the connection to the session.
    pub(super) connection_tx: oneshot::Sender<TcpStream>,
    pub(super) lessee: Lessee,
    /// Connections of strangers that were reported to the session.
    pub(super) strangers_noted: u8,
}

/// A port that an address has no lease of.
pub(super) enum Port {
    /// Bound for other addresses.
    Bound(SocketAddr),
    /// Bound just now.
    New(SocketAddr, TcpListener),
}

impl LeaseTable {
    /// Number of leases that count to the share of an address.
    pub(super) fn count(&self, peer: IpAddr) -> usize {
        self.counts.get(&network(peer)).copied().unwrap_or_default()
    }

    /// Whether a port is bound and this address has no lease of it.
    pub(super) fn is_free(&self, at: SocketAddr, peer: IpAddr) -> bool {
        self.bound.get(&at).is_some_and(|leases| !leases.contains_key(&peer))
    }

    /// A port that this address has no lease of: one that is bound for others, else a new one, and only if there is
    /// none, or [`LATE_PORTS_MAX`] are kept, one to which a late connection may come. The error is of the last port that could not be bound.
    pub(super) fn free_port(
        &self,
        local: SocketAddr,
        range: &RangeInclusive<u16>,
        peer: IpAddr,
    ) -> Result<Port, Option<io::Error>> {
        // At random, so that nobody can predict the port (RFC 2577, section 8).
        let random = usize::try_from(getrandom::u32().unwrap_or_default()).unwrap_or_default();
        let is_possible = |at: &SocketAddr| at.ip() == local.ip() && range.contains(&at.port());
        let bound = self.bound.keys().filter(|at| is_possible(at) && self.is_free(**at, peer));
        let (late, fresh): (Vec<SocketAddr>, Vec<SocketAddr>) =
            bound.partition(|at| self.may_come_late(**at, peer));
        let any_of = |mut ports: Vec<SocketAddr>| ports.swap_remove(random % ports.len());
        if !fresh.is_empty() {
            return Ok(Port::Bound(any_of(fresh)));
        }
        if late.len() >= LATE_PORTS_MAX
            && let Some(first) = late.iter().min_by_key(|at| self.late_until(**at, peer))
        {
            return Ok(Port::Bound(*first));
        }
        let count = range.len().max(1);
        let at = |number: usize| {
            let offset = u16::try_from((random + number) % count).unwrap_or_default();
            let mut at = local;
            at.set_port(range.start().saturating_add(offset));
            at
        };
        let mut last_error = None;
        for at in (0..count).map(at).filter(|at| !self.bound.contains_key(at)).take(TRIES_MAX) {
            match bind(at) {
                Ok(listener) => return Ok(Port::New(at, listener)),
                Err(error) => last_error = Some(error),
            }
        }
        if late.is_empty() { Err(last_error) } else { Ok(Port::Bound(any_of(late))) }
    }

    /// Adds a lease, and returns its number. An earlier lease of the same address and port ends.
    pub(super) fn insert(
        &mut self,
        at: SocketAddr,
        peer: IpAddr,
        connection_tx: oneshot::Sender<TcpStream>,
        lessee: Lessee,
    ) -> u64 {
        self.last_id += 1;
        let entry = LeaseEntry {
            id: self.last_id,
            began: Instant::now(),
            is_active: false,
            connection_tx,
            lessee,
            strangers_noted: 0,
        };
        let before = self.bound.entry(at).or_default().insert(peer, entry);
        if before.is_none() {
            *self.counts.entry(network(peer)).or_default() += 1;
        }
        self.last_id
    }

    /// Ends the lease of this address, if it has one and it is the one with this number.
    pub(super) fn take(
        &mut self,
        at: SocketAddr,
        peer: IpAddr,
        id: Option<u64>,
    ) -> Option<LeaseEntry> {
        let leases = self.bound.get_mut(&at)?;
        leases.get(&peer).filter(|entry| id.is_none_or(|id| entry.id == id))?;
        let entry = leases.remove(&peer);
        if let Some(count) = self.counts.get_mut(&network(peer)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&network(peer));
            }
        }
        entry
    }

    /// Ends the lease with this number because its session gives it up. Whether it was still there: then no connection
    /// has come, and one may be on its way.
    pub(super) fn give_up(&mut self, at: SocketAddr, peer: IpAddr, id: u64) -> bool {
        let is_ended = self.take(at, peer, Some(id)).is_some();
        if is_ended {
            self.late.entry(at).or_default().insert(peer, Instant::now() + LATE_MAX);
        }
        is_ended
    }

    /// Whether the connection of a lease that was given up may still come to this port.
    fn may_come_late(&self, at: SocketAddr, peer: IpAddr) -> bool {
        self.late_until(at, peer).is_some_and(|until| Instant::now() < until)
    }

    /// Whether a connection from this address to this port belongs to a lease, also to one that was given up.
    pub(super) fn expects(&self, at: SocketAddr, from: IpAddr) -> bool {
        let is_leased = self.bound.get(&at).is_some_and(|leases| leases.contains_key(&from));
        is_leased || self.may_come_late(at, from)
    }

    /// Until when the connection of a lease that was given up may come to this port.
    fn late_until(&self, at: SocketAddr, peer: IpAddr) -> Option<Instant> {
        self.late.get(&at)?.get(&peer).copied()
    }

    /// Whether a connection without a lease is one that came late. Only one is expected.
    pub(super) fn take_late(&mut self, at: SocketAddr, from: IpAddr) -> bool {
        let until = self.late.get_mut(&at).and_then(|late| late.remove(&from));
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Forgets the late connections of a port that are not expected any more.
    pub(super) fn forget_late(&mut self, at: SocketAddr) {
        if let Some(late) = self.late.get_mut(&at) {
            late.retain(|_, until| Instant::now() < *until);
        }
    }

    /// Forgets a port that is closed now.
    pub(super) fn remove_port(&mut self, at: SocketAddr) {
        self.bound.remove(&at);
        self.late.remove(&at);
    }

    /// The leases of all addresses that count together with this one.
    pub(super) fn of_group(
        &self,
        peer: IpAddr,
    ) -> impl Iterator<Item = (SocketAddr, IpAddr, &LeaseEntry)> {
        let network_of_peer = network(peer);
        self.bound.iter().flat_map(move |(at, leases)| {
            let own = leases.get(&peer).map(|entry| (*at, peer, entry));
            // IPv4 has one address each.
            let others = leases.iter().filter(move |(other, _)| {
                **other != peer && peer.is_ipv6() && network(**other) == network_of_peer
            });
            own.into_iter().chain(others.map(|(other, entry)| (*at, *other, entry)))
        })
    }

    /// Ends the leases that are too old.
    pub(super) fn end_old(&mut self, peer: IpAddr) {
        let age_max = |entry: &LeaseEntry| if entry.is_active { ACTIVE_MAX } else { IDLE_MAX };
        let is_old = |entry: &LeaseEntry| entry.began.elapsed() >= age_max(entry);
        let old: Vec<(SocketAddr, IpAddr)> = self
            .of_group(peer)
            .filter(|(.., entry)| is_old(entry))
            .map(|(at, peer, _)| (at, peer))
            .collect();
        for (at, peer) in old {
            self.take(at, peer, None);
        }
    }

    /// Ends the most dispensable lease of the same address that is old enough: an idle one before one with a transfer,
    /// of these the oldest. Returns its port.
    pub(super) fn end_dispensable(&mut self, peer: IpAddr, is_known: bool) -> Option<SocketAddr> {
        let may_go = |entry: &LeaseEntry| {
            entry.began.elapsed() >= ENDABLE_AFTER && (is_known || !entry.lessee.is_known)
        };
        let (at, peer) = self
            .of_group(peer)
            .filter(|(.., entry)| may_go(entry))
            .min_by_key(|(.., entry)| (entry.lessee.is_known, entry.is_active, entry.began))
            .map(|(at, peer, _)| (at, peer))?;
        self.take(at, peer, None);
        Some(at)
    }

    /// Reports a stranger to the leases of this port: it may be their device under another address.
    pub(super) fn note_stranger(&mut self, at: SocketAddr, from: IpAddr) {
        if let Some(times) = self.strangers.due(network(from)) {
            let port = at.port();
            tracing::warn!(%from, port, times, "A stranger connected to a data port and was turned away.");
        }
        for entry in self.bound.get_mut(&at).into_iter().flat_map(HashMap::values_mut) {
            if entry.strangers_noted < STRANGERS_NOTED_MAX {
                entry.strangers_noted += 1;
                (entry.lessee.on_stranger)(from);
            }
        }
    }
}

/// Listens on a port of passive data connections.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    listen(address, BACKLOG)
}
