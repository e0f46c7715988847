//! The open connections by address, and which of them is evicted. Waits for nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::runtime::per_minute::network;

/// The open connections. An evicted connection is in none of the counts but `leaving`.
#[derive(Default)]
pub(super) struct ConnectionTable {
    pub(super) by_address: HashMap<IpAddr, Vec<Arc<ConnectionEntry>>>,
    /// Strangers' connections by network.
    pub(super) networks: HashMap<IpAddr, usize>,
    /// Connections of strangers.
    pub(super) strangers: usize,
    /// All connections.
    pub(super) total: usize,
    /// Connections that are evicted and not closed yet. They do not count in `total`.
    pub(super) leaving: usize,
}

/// An open connection.
pub(super) struct ConnectionEntry {
    pub(super) peer: IpAddr,
    /// A known device is at the address, or has logged in on the connection.
    pub(super) is_known: AtomicBool,
    /// A mail or a transfer is under way.
    pub(super) is_busy: AtomicBool,
    /// When bytes came last, in milliseconds since the limiter began.
    pub(super) active_at_ms: AtomicU64,
    /// Cancelled when the connection is evicted: its session ends then.
    pub(super) evicted: CancellationToken,
}

impl ConnectionEntry {
    fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    fn is_idle(&self) -> bool {
        !self.is_busy.load(Ordering::Relaxed)
    }

    fn active_at_ms(&self) -> u64 {
        self.active_at_ms.load(Ordering::Relaxed)
    }
}

impl ConnectionTable {
    /// Connections of an address.
    pub(super) fn count(&self, peer: IpAddr) -> usize {
        self.by_address.get(&peer).map_or(0, Vec::len)
    }

    /// Connections of strangers in the network of `peer`.
    pub(super) fn in_network(&self, peer: IpAddr) -> usize {
        self.networks.get(&network(peer)).copied().unwrap_or(0)
    }

    /// Counts a connection.
    pub(super) fn add(&mut self, entry: &Arc<ConnectionEntry>) {
        self.by_address.entry(entry.peer).or_default().push(Arc::clone(entry));
        self.total += 1;
        if !entry.is_known() {
            self.strangers += 1;
            *self.networks.entry(network(entry.peer)).or_default() += 1;
        }
    }

    /// Stops counting a connection.
    pub(super) fn remove(&mut self, entry: &Arc<ConnectionEntry>) {
        let Some(of_address) = self.by_address.get_mut(&entry.peer) else {
            return;
        };
        let Some(index) = of_address.iter().position(|other| Arc::ptr_eq(other, entry)) else {
            return;
        };
        of_address.swap_remove(index);
        if of_address.is_empty() {
            self.by_address.remove(&entry.peer);
        }
        self.total -= 1;
        if !entry.is_known() {
            self.forget_stranger(entry.peer);
        }
    }

    /// A connection of `peer` counts as a stranger's no more.
    pub(super) fn forget_stranger(&mut self, peer: IpAddr) {
        self.strangers = self.strangers.saturating_sub(1);
        let network = network(peer);
        if let Some(count) = self.networks.get_mut(&network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.networks.remove(&network);
            }
        }
    }

    /// The connection counts no more; its session has a moment to say why it ends.
    pub(super) fn evict(&mut self, entry: &Arc<ConnectionEntry>) {
        self.remove(entry);
        self.leaving += 1;
        entry.evicted.cancel();
    }

    /// The connection that makes room for `newcomer`: of the strangers' idle ones, of the network and address that
    /// have most, the one that has been silent for longest.
    ///
    /// A stranger evicts only from an address that has more than its own, and a busy connection only where that
    /// address has `busy_by` more. A known newcomer evicts any stranger, and last another known device that has more.
    pub(super) fn evictable(
        &self,
        newcomer: Option<IpAddr>,
        is_known: bool,
        busy_by: usize,
    ) -> Option<Arc<ConnectionEntry>> {
        let own = newcomer
            .map_or((0, 0), |peer| (self.in_network(peer).max(self.count(peer)), self.count(peer)));
        let same_network =
            |entry: &ConnectionEntry| newcomer.is_some_and(|it| network(it) == network(entry.peer));
        let has_more = |entry: &ConnectionEntry, by: usize| match same_network(entry) {
            true => self.count(entry.peer) >= own.1 + by,
            false => self.in_network(entry.peer) >= own.0 + by,
        };
        let stranger = |entry: &Arc<ConnectionEntry>| !entry.is_known();
        self.greediest(|entry| {
            stranger(entry) && entry.is_idle() && (is_known || has_more(entry, 1))
        })
        .or_else(|| {
            self.greediest(|entry| stranger(entry) && (is_known || has_more(entry, busy_by)))
        })
        .or_else(|| {
            let has_more = |entry: &Arc<ConnectionEntry>| self.count(entry.peer) > own.1;
            is_known.then(|| self.greediest(|entry| entry.is_idle() && has_more(entry)))?
        })
    }

    /// A connection of another address of the same network that has more connections than `own`.
    pub(super) fn greedier_in_network(
        &self,
        peer: IpAddr,
        own: usize,
    ) -> Option<Arc<ConnectionEntry>> {
        let is_candidate = |entry: &Arc<ConnectionEntry>| {
            !entry.is_known()
                && network(entry.peer) == network(peer)
                && entry.peer != peer
                && self.count(entry.peer) > own
        };
        self.greediest(|entry| is_candidate(entry) && entry.is_idle())
    }

    /// Of the candidates those of the network and address with most connections, of these the longest silent one.
    fn greediest(
        &self,
        is_candidate: impl Fn(&Arc<ConnectionEntry>) -> bool,
    ) -> Option<Arc<ConnectionEntry>> {
        let mut best: Option<((usize, usize), &Arc<ConnectionEntry>)> = None;
        for (peer, entries) in &self.by_address {
            let share = (self.in_network(*peer), entries.len());
            if best.is_some_and(|(most, _)| share < most) {
                continue;
            }
            let candidates = entries.iter().filter(|entry| is_candidate(entry));
            let Some(entry) = candidates.min_by_key(|entry| entry.active_at_ms()) else {
                continue;
            };
            let is_better = best.is_none_or(|(most, other)| {
                share > most || entry.active_at_ms() < other.active_at_ms()
            });
            if is_better {
                best = Some((share, entry));
            }
        }
        best.map(|(_, entry)| Arc::clone(entry))
    }

    /// The longest silent connection of the network of `peer`; busy ones come last.
    pub(super) fn longest_silent_of(&self, peer: IpAddr) -> Option<Arc<ConnectionEntry>> {
        let of = network(peer);
        let here = self.by_address.iter().filter(|(other, _)| network(**other) == of);
        let entries = here.flat_map(|(_, entries)| entries);
        entries.min_by_key(|entry| (!entry.is_idle(), entry.active_at_ms())).cloned()
    }
}
