//! How much may be under way: bytes that are being received can be neither delivered nor evicted.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tipoff_model::AddressShare;

use crate::core::under_way::{self, UnderWay};

/// Of the room for all that is kept, one part in so many may be under way.
const UNDER_WAY_PART: u64 = 2;
/// The same for what people lock: the rest stays for what comes.
const LOCKED_PART: u64 = 2;

/// What comes next of a file, in bytes, about: a sender waits while there is no room for so much.
const NEXT_BYTES: u64 = 256 * 1024;

/// Whoever sends, as shares count: by address, IPv6 by its /64 (RFC 4291, section 2.5.4: the rest is the
/// device's own choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sender {
    /// Its address, or the /64 that it is in.
    pub(crate) address: IpAddr,
    pub(crate) known: bool,
}

impl Sender {
    /// Its address if it is a stranger; `None` if it is a known device.
    pub(crate) fn stranger(&self) -> Option<IpAddr> {
        (!self.known).then_some(self.address)
    }

    /// Of a connection from `peer`. A known device is one that somebody configured, added or named.
    pub fn new(peer: IpAddr, known: bool) -> Self {
        Self { address: share_address(peer), known }
    }
}

/// What counts as one address: an IPv4 address, or an IPv6 network of 64 bits.
pub(crate) fn share_address(peer: IpAddr) -> IpAddr {
    AddressShare::of(peer).address()
}

/// What is under way, in bytes.
#[derive(Debug, Default)]
struct Sums {
    of: HashMap<Sender, u64>,
    all: u64,
    strangers: u64,
}

impl Sums {
    fn change(&mut self, sender: Sender, change: impl Fn(u64) -> u64) {
        let own = self.of.entry(sender).or_default();
        *own = change(*own);
        if *own == 0 {
            self.of.remove(&sender);
        }
        self.all = change(self.all);
        if !sender.known {
            self.strangers = change(self.strangers);
        }
    }
}

/// The limits, and what is under way of each sender.
#[derive(Debug)]
pub(crate) struct Room {
    bytes_max: AtomicU64,
    free_min: AtomicU64,
    under_way: Mutex<Sums>,
}

impl Default for Room {
    /// Without limits.
    fn default() -> Self {
        Self {
            bytes_max: AtomicU64::new(u64::MAX),
            free_min: AtomicU64::new(0),
            under_way: Mutex::default(),
        }
    }
}

impl Room {
    /// All that is kept may be at most so large, and nothing is written with less free than `free_min`.
    pub(crate) fn limit(&self, bytes_max: u64, free_min: u64) {
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
        self.free_min.store(free_min, Ordering::Relaxed);
    }

    /// What locked incidents may take together, in bytes.
    pub(crate) fn locked_max(&self) -> u64 {
        self.bytes_max.load(Ordering::Relaxed) / LOCKED_PART
    }

    /// Bytes that must stay free, so that what is committed can be.
    pub(crate) fn free_min(&self) -> u64 {
        self.free_min.load(Ordering::Relaxed)
    }

    /// What is under way of all, in bytes.
    pub(crate) fn under_way(&self) -> u64 {
        self.lock().all
    }

    /// The same of each sender.
    pub(crate) fn by_sender(&self) -> Vec<(Sender, u64)> {
        self.lock().of.iter().map(|(sender, bytes)| (*sender, *bytes)).collect()
    }

    /// Counts `more` bytes of the sender.
    ///
    /// # Errors
    /// They are more than the share of this sender.
    pub(crate) fn take(&self, sender: Sender, more: u64) -> io::Result<()> {
        let mut under_way = self.lock();
        let own = under_way.of.get(&sender).copied().unwrap_or(0);
        let budget = self.bytes_max.load(Ordering::Relaxed) / UNDER_WAY_PART;
        let Sums { all, strangers, .. } = *under_way;
        let now = UnderWay { all, strangers, own, known: sender.known };
        if !under_way::may_grow(budget, now, more) {
            let text = format!("too much of {} is under way: {own} bytes", sender.address);
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        under_way.change(sender, |bytes| bytes.saturating_add(more));
        Ok(())
    }

    /// Whether the sender has all that it may have.
    pub(crate) fn is_used_up(&self, sender: Sender) -> bool {
        let under_way = self.lock();
        let own = under_way.of.get(&sender).copied().unwrap_or(0);
        let Sums { all, strangers, .. } = *under_way;
        let now = UnderWay { all, strangers, own, known: sender.known };
        let budget = self.bytes_max.load(Ordering::Relaxed) / UNDER_WAY_PART;
        !under_way::may_grow(budget, now, NEXT_BYTES)
    }

    /// They are stored, or gone.
    pub(crate) fn give_back(&self, sender: Sender, bytes: u64) {
        self.lock().change(sender, |sum| sum.saturating_sub(bytes));
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_sender_and_a_mapped_address_is_ipv4() {
        let address = |text: &str| share_address(text.parse().unwrap()).to_string();
        assert_eq!(address("2001:db8:1:2:a:b:c:d"), "2001:db8:1:2::");
        assert_eq!(address("::ffff:192.168.1.9"), "192.168.1.9");
        let sender = |text: &str| Sender::new(text.parse().unwrap(), false);
        assert_eq!(sender("2001:db8:1:2::1"), sender("2001:db8:1:2::2"));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let room = Room::default();
        room.limit(4 * 12_000_000, 0);
        let sender = Sender::new(IpAddr::from([192, 168, 1, 9]), false);
        room.take(sender, 9_000_000).unwrap();
        let refused = room.take(sender, 2_000_000).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        room.give_back(sender, 9_000_000);
        assert_eq!(room.under_way(), 0);
        assert!(room.lock().of.is_empty());
        room.take(sender, 9_000_000).unwrap();
    }
}
