//! Addresses of known devices. Connections from them have places of their own that strangers cannot take.
//!
//! An address becomes known only by what a stranger does not have: the owner wrote it into the configuration
//! (`match.ip`), a login with the right password came from it, or the spool has it of a device that people named or
//! gave a password. What a device merely says of itself counts for nothing.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;

use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::config::DeviceConfig;
use crate::runtime::lock::lock;

/// Addresses that are kept for one login or device, the newest. So whoever has one valid login cannot make every
/// address known; a recorder's cameras that share a login fit in.
const ADDRESSES_MAX: usize = 64;
/// Logins and devices of which addresses are kept.
const NAMES_MAX: usize = 1_024;
/// Networks of `match.ip` with more addresses than this (as a power of two) name a place, not a device.
const NETWORK_BITS_MAX: u8 = 4;

/// The addresses of known devices.
#[derive(Default)]
pub(crate) struct KnownAddresses {
    configured: ArcSwap<Vec<IpNet>>,
    proven: Mutex<Proven>,
}

#[derive(Default)]
struct Proven {
    by_name: HashMap<String, VecDeque<IpAddr>>,
    /// How many names have this address.
    addresses: HashMap<IpAddr, usize>,
}

impl KnownAddresses {
    /// Replaces the addresses of the configured devices. A network of more than 16 addresses does not count: it names a place,
    /// not a device.
    pub(crate) fn configure(&self, devices: &[DeviceConfig]) {
        let nets = devices.iter().flat_map(|device| &device.matches.ip);
        let hosts = nets.filter(|net| net.max_prefix_len() - net.prefix_len() <= NETWORK_BITS_MAX);
        self.configured.store(std::sync::Arc::new(hosts.copied().collect()));
    }

    /// Notes that somebody at this address has proven to be `name`.
    pub(crate) fn proven(&self, name: &str, peer: IpAddr) {
        let name = name.split('@').next().unwrap_or_default().to_lowercase();
        self.lock().add(name, peer.to_canonical());
    }

    /// Whether a known device is at this address.
    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.configured.load().iter().any(|net| net.contains(&peer))
            || self.lock().addresses.contains_key(&peer)
    }

    /// Whether no address is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.configured.load().is_empty() && self.lock().addresses.is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Proven> {
        lock(&self.proven)
    }
}

impl Proven {
    fn add(&mut self, name: String, peer: IpAddr) {
        if !self.by_name.contains_key(&name) && self.by_name.len() >= NAMES_MAX {
            return;
        }
        let of_name = self.by_name.entry(name).or_default();
        if let Some(place) = of_name.iter().position(|known| *known == peer) {
            // The newest stays longest.
            of_name.remove(place);
            of_name.push_back(peer);
            return;
        }
        of_name.push_back(peer);
        *self.addresses.entry(peer).or_default() += 1;
        if of_name.len() > ADDRESSES_MAX
            && let Some(oldest) = of_name.pop_front()
            && let Some(names) = self.addresses.get_mut(&oldest)
        {
            *names -= 1;
            if *names == 0 {
                self.addresses.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn an_address_is_known_by_the_configuration_or_a_proof_and_nothing_else() {
        let known = KnownAddresses::default();
        assert!(known.is_empty());
        let config = crate::testing::config(
            "[[device]]\nname = \"Gate\"\nmatch = { ip = [\"192.168.1.20\", \"192.168.2.0/24\"] }\n",
        );
        known.configure(&config.devices);
        assert!(known.contains("192.168.1.20".parse().unwrap()));
        assert!(known.contains("::ffff:192.168.1.20".parse().unwrap()));
        assert!(!known.contains("192.168.1.21".parse().unwrap()));
        assert!(!known.contains("192.168.2.5".parse().unwrap()), "a whole network is no device");
        known.proven("front@example.com", "192.168.1.30".parse().unwrap());
        assert!(known.contains("192.168.1.30".parse().unwrap()));
        known.configure(&[]);
        assert!(!known.contains("192.168.1.20".parse().unwrap()));
        assert!(!known.is_empty());
    }

    #[test]
    fn one_login_makes_only_so_many_addresses_known_and_takes_none_from_others() {
        let known = KnownAddresses::default();
        known.proven("front", address(1));
        known.proven("stolen", address(1));
        for number in 2..10_000 {
            known.proven("Stolen@x", address(number));
        }
        assert!(known.contains(address(1)), "the other login still has it");
        assert!(!known.contains(address(2)));
        assert!(known.contains(address(9_999)));
        let count = known.lock().addresses.len();
        assert_eq!(count, ADDRESSES_MAX + 1);
    }
}
