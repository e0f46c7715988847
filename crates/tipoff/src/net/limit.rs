//! How many connections a receiver serves, in all and from one address, and which one is evicted where all are taken.
//!
//! Fair shares: strangers share their connections by address (IPv6: by network, and in a network by address), and
//! known devices have a reserve that strangers cannot use. A newcomer evicts the connection that has been silent for
//! longest, of the address that has most, if that address has more than the newcomer's.

mod table;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::table::{ConnectionEntry, ConnectionTable};
use super::known::KnownAddresses;
use crate::runtime::lock::lock;
use crate::runtime::millis::millis;

/// Of this many connections one is reserved for known devices, where there are any.
const RESERVE_ONE_OF: usize = 4;
/// Evicted connections that are not closed yet; with more, no stranger evicts another one.
const LEAVING_MAX: usize = 256;
/// Where open files are few, one for so many connections may belong to an evicted one that is not closed yet.
const LEAVING_ONE_OF: usize = 4;

/// How many connections may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// In all.
    pub(crate) total: usize,
    /// From one address; for IPv6, also from all strangers of one network (/64).
    pub(crate) per_address: usize,
    /// What the system has open files for, in all.
    pub(crate) ceiling: usize,
    /// Whether an address that has all its connections loses the longest silent one to its newcomer, instead of
    /// the newcomer being refused: right where clients talk at once.
    pub(crate) newest_wins: bool,
}

impl ConnectionLimits {
    /// Limits of SMTP and FTP: a newcomer from an address that has all its connections is refused, because the ones
    /// before it may be in the middle of a mail or an upload.
    pub(crate) fn of_receiver(total: usize, per_address: usize, ceiling: usize) -> Self {
        Self { total, per_address, ceiling, newest_wins: false }
    }
}

/// Counts the open connections of a receiver and applies its limits. Clones share the count.
#[derive(Clone)]
pub(crate) struct ConnectionLimiter {
    table: Arc<Mutex<ConnectionTable>>,
    limits: ConnectionLimits,
    known: Arc<KnownAddresses>,
    began: Instant,
    /// Notified whenever an evicted connection is closed.
    closed: Arc<Notify>,
}

/// The limit that a new connection would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LimitExceeded {
    /// That of all connections.
    Total,
    /// That of its address.
    PerAddress,
}

impl ConnectionLimiter {
    /// `known` decides who may use the reserve.
    pub(crate) fn new(limits: ConnectionLimits, known: Arc<KnownAddresses>) -> Self {
        let (table, closed) = (Arc::default(), Arc::default());
        Self { table, limits, known, began: Instant::now(), closed }
    }

    /// The same connections with other limits.
    pub(crate) fn with(&self, total: usize, per_address: usize) -> Self {
        Self { limits: ConnectionLimits { total, per_address, ..self.limits }, ..self.clone() }
    }

    /// A permit for a connection of `peer`, which counts until the permit is dropped.
    pub(crate) fn admit(&self, peer: IpAddr) -> Result<ConnectionPermit, LimitExceeded> {
        let peer = peer.to_canonical();
        let is_known = self.known.contains(peer);
        let reserve = if self.known.is_empty() { 0 } else { self.total_max() / RESERVE_ONE_OF };
        let mut table = lock(&self.table);
        self.make_room(&mut table, peer, is_known, reserve)?;
        let entry = Arc::new(ConnectionEntry {
            peer,
            is_known: AtomicBool::new(is_known),
            is_busy: AtomicBool::new(false),
            active_at_ms: AtomicU64::new(millis(self.began.elapsed())),
            evicted: CancellationToken::new(),
        });
        table.add(&entry);
        let handle = ConnectionHandle { entry, table: Arc::clone(&self.table), began: self.began };
        Ok(ConnectionPermit { handle, closed: Arc::clone(&self.closed) })
    }

    /// Waits until there is an open file for another connection: evicted ones keep theirs until they are closed,
    /// however quickly others come. Returns at once where the system has open files enough.
    pub(crate) async fn wait_for_file(&self) {
        let leaving_max = LEAVING_MAX.min((self.limits.ceiling / LEAVING_ONE_OF).max(1));
        while self.limits.ceiling < self.limits.total && lock(&self.table).leaving >= leaving_max {
            self.closed.notified().await;
        }
    }

    /// Evicts a connection, because the system has no more open files; none while another evicted one is not
    /// closed yet.
    pub(crate) fn evict_one(&self) {
        let mut table = lock(&self.table);
        if table.leaving == 0
            && let Some(entry) = table.evictable(None, true, 0)
        {
            table.evict(&entry);
        }
    }

    fn make_room(
        &self,
        table: &mut ConnectionTable,
        peer: IpAddr,
        is_known: bool,
        reserve: usize,
    ) -> Result<(), LimitExceeded> {
        let own = table.count(peer);
        let in_network = if is_known { own } else { table.in_network(peer).max(own) };
        if in_network >= self.limits.per_address {
            let entry = match self.limits.newest_wins {
                true => table.longest_silent_of(peer),
                // Other addresses of an IPv6 network must not keep a device out.
                false => table.greedier_in_network(peer, own),
            };
            table.evict(&entry.ok_or(LimitExceeded::PerAddress)?);
        }
        let max = self.total_max();
        let for_strangers = max.saturating_sub(reserve);
        if table.total < max && (is_known || table.strangers < for_strangers) {
            return Ok(());
        }
        if table.leaving >= LEAVING_MAX && !is_known {
            return Err(LimitExceeded::Total);
        }
        let own_entry = || self.limits.newest_wins.then(|| table.longest_silent_of(peer));
        let busy_by = if self.limits.newest_wins { 1 } else { 2 };
        let entry =
            table.evictable(Some(peer), is_known, busy_by).or_else(|| own_entry().flatten());
        table.evict(&entry.ok_or(LimitExceeded::Total)?);
        Ok(())
    }

    fn total_max(&self) -> usize {
        self.limits.total.min(self.limits.ceiling)
    }
}

/// The right of one connection to be served. The connection counts until this is dropped.
pub(crate) struct ConnectionPermit {
    handle: ConnectionHandle,
    closed: Arc<Notify>,
}

impl ConnectionPermit {
    /// For the tasks that serve the connection.
    pub(crate) fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let ConnectionHandle { entry, table, .. } = &self.handle;
        let mut table = lock(table);
        if entry.evicted.is_cancelled() {
            table.leaving = table.leaving.saturating_sub(1);
            self.closed.notify_one();
        } else {
            table.remove(entry);
        }
    }
}

/// Reports what a connection does, and whether it is evicted.
#[derive(Clone)]
pub(crate) struct ConnectionHandle {
    entry: Arc<ConnectionEntry>,
    table: Arc<Mutex<ConnectionTable>>,
    began: Instant,
}

impl ConnectionHandle {
    /// Bytes have just come from the other side.
    pub(crate) fn touch(&self) {
        self.entry.active_at_ms.store(millis(self.began.elapsed()), Ordering::Relaxed);
    }

    /// Whether a mail or a transfer is under way: such a connection is evicted last.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        self.entry.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// A known device has logged in on this connection.
    pub(crate) fn mark_known(&self) {
        let mut table = lock(&self.table);
        let counts = !self.entry.evicted.is_cancelled();
        if counts && !self.entry.is_known.swap(true, Ordering::Relaxed) {
            table.forget_stranger(self.entry.peer);
        }
    }

    /// Waits until the connection is evicted.
    pub(crate) async fn evicted(&self) {
        self.entry.evicted.cancelled().await;
    }
}

#[cfg(test)]
mod tests;
