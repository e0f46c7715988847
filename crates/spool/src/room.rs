//! How many bytes may be under way. A file that is being received can be neither delivered nor evicted, so a few large
//! uploads could otherwise fill the disk. `core::under_way` decides; this counts, for all connections.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tipoff_model::AddressShare;

use crate::core::under_way::{self, UnderWay};

/// One part in so many of `max_size` may be under way: half.
const UNDER_WAY_PART: u64 = 2;
/// One part in so many of `max_size` may be locked by people: half. The rest stays for new arrivals.
const LOCKED_PART: u64 = 2;

/// Size of a file's next piece, in bytes, about. A sender waits while there is no room for it.
const NEXT_BYTES: u64 = 256 * 1024;

/// The origin of a connection, by which bytes under way are counted: its address, of IPv6 the /64, since a device chooses
/// the rest itself (RFC 4291, section 2.5.4). A known device and strangers at the same address are two senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sender {
    /// The address, or the /64 that it is in.
    pub(crate) address: IpAddr,
    /// Whether it is a device that somebody configured, added or named.
    pub(crate) known: bool,
}

impl Sender {
    /// The address of a stranger. `None` if it is a known device.
    pub(crate) fn stranger(&self) -> Option<IpAddr> {
        (!self.known).then_some(self.address)
    }

    /// The sender of a connection from `peer`.
    pub fn new(peer: IpAddr, known: bool) -> Self {
        Self { address: share_address(peer), known }
    }
}

/// What counts as one address: an IPv4 address, or an IPv6 network of 64 bits.
pub(crate) fn share_address(peer: IpAddr) -> IpAddr {
    AddressShare::of(peer).address()
}

/// What is under way, in bytes. A sender without any has no entry, so that made-up addresses take no memory.
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

/// The limits, and what is under way of each sender. Shared by all connections.
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
    /// Sets the limits: all that is stored may take `bytes_max`, and uploads stop when fewer than `free_min` bytes are
    /// free on the disk.
    pub(crate) fn limit(&self, bytes_max: u64, free_min: u64) {
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
        self.free_min.store(free_min, Ordering::Relaxed);
    }

    /// Size that locked incidents may have together, in bytes.
    pub(crate) fn locked_max(&self) -> u64 {
        self.bytes_max.load(Ordering::Relaxed) / LOCKED_PART
    }

    /// Bytes that must stay free on the disk, so that commits of the database still succeed.
    pub(crate) fn free_min(&self) -> u64 {
        self.free_min.load(Ordering::Relaxed)
    }

    /// Bytes that are under way of all senders.
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
    /// `StorageFull` if the sender's share is used up; then nothing is counted.
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

    /// Whether the sender's share has no room for the next piece of a file.
    pub(crate) fn is_used_up(&self, sender: Sender) -> bool {
        let under_way = self.lock();
        let own = under_way.of.get(&sender).copied().unwrap_or(0);
        let Sums { all, strangers, .. } = *under_way;
        let now = UnderWay { all, strangers, own, known: sender.known };
        let budget = self.bytes_max.load(Ordering::Relaxed) / UNDER_WAY_PART;
        !under_way::may_grow(budget, now, NEXT_BYTES)
    }

    /// Ends the count of bytes that are stored, or were removed.
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

    const MB: u64 = 1024 * 1024;

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

    #[test]
    fn what_is_under_way_is_known_of_each_sender() {
        let room = Room::default();
        let address = IpAddr::from([192, 168, 1, 9]);
        let (stranger, known) = (Sender::new(address, false), Sender::new(address, true));
        assert_eq!((stranger.stranger(), known.stranger()), (Some(address), None));
        room.take(stranger, 5).unwrap();
        room.take(known, 7).unwrap();
        room.take(known, 1).unwrap();
        let mut by_sender = room.by_sender();
        by_sender.sort_by_key(|(_, bytes)| *bytes);
        assert_eq!(by_sender, [(stranger, 5), (known, 8)]);
        assert_eq!((room.under_way(), room.lock().strangers), (13, 5));
    }

    #[test]
    fn half_of_the_room_may_be_locked_and_half_under_way() {
        let room = Room::default();
        let known = Sender::new(IpAddr::from([192, 168, 1, 9]), true);
        assert!(!room.is_used_up(known));
        assert_eq!((room.free_min(), room.locked_max()), (0, u64::MAX / 2));
        room.limit(80 * MB, 77);
        assert_eq!((room.free_min(), room.locked_max()), (77, 40 * MB));
        assert!(room.take(known, 30 * MB + 1).is_err(), "three quarters of the half");
        room.take(known, 29 * MB).unwrap();
        assert!(!room.is_used_up(known));
        room.take(known, MB).unwrap();
        assert!(room.is_used_up(known), "there is no room for what comes next");
    }
}
