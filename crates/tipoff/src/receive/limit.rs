//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the open connections of a receiver.
#[derive(Clone)]
pub(crate) struct Connections {
    open: Arc<Mutex<Open>>,
    total_max: usize,
    per_address_max: usize,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no place for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// There are as many as may be.
    InAll,
    /// This address has as many as it may have.
    FromAddress,
}

impl Connections {
    /// With these limits.
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Self {
        Self { open: Arc::default(), total_max, per_address_max }
    }

    /// The same connections with other limits.
    pub(crate) fn with(&self, total_max: usize, per_address_max: usize) -> Self {
        Self { open: Arc::clone(&self.open), total_max, per_address_max }
    }

    /// A place for a connection of `peer`, kept until it is dropped.
    pub(crate) fn enter(&self, peer: IpAddr) -> Result<Place, Crowded> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.total_max {
            return Err(Crowded::InAll);
        }
        let of_address = open.by_address.entry(peer).or_default();
        if *of_address >= self.per_address_max {
            return Err(Crowded::FromAddress);
        }
        *of_address += 1;
        open.total += 1;
        Ok(Place { open: Arc::clone(&self.open), peer })
    }
}

/// A connection that is counted.
pub(crate) struct Place {
    open: Arc<Mutex<Open>>,
    peer: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(of_address) = open.by_address.get_mut(&self.peer) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                open.by_address.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 20));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 21));

    #[test]
    fn an_address_fills_its_own_places_and_not_those_of_others() {
        let connections = Connections::new(3, 2);
        let first = connections.enter(A).ok();
        let second = connections.enter(A).ok();
        assert!(first.is_some() && second.is_some());
        assert_eq!(connections.enter(A).err(), Some(Crowded::FromAddress));
        let other = connections.enter(B).ok();
        assert!(other.is_some());
        assert_eq!(connections.enter(B).err(), Some(Crowded::InAll));
        drop(first);
        assert!(connections.enter(A).is_ok());
    }

    #[test]
    fn other_limits_count_those_who_are_there() {
        let connections = Connections::new(3, 2);
        let first = connections.enter(A).ok();
        let narrow = connections.with(3, 1);
        assert_eq!(narrow.enter(A).err(), Some(Crowded::FromAddress));
        let other = narrow.enter(B).ok();
        assert!(other.is_some());
        assert_eq!(connections.with(2, 2).enter(A).err(), Some(Crowded::InAll));
        drop(first);
        assert!(narrow.enter(A).is_ok());
    }
}
