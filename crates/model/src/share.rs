//! The share of shared limits (connections, memory, rates) that an address belongs to: nobody uses up another's.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that name a network. A machine can take any address of its network (RFC 4291, section
/// 2.5.4).
const NETWORK_BITS: u32 = 64;

/// An IPv4 address, or the /64 of an IPv6 address: all devices in it have one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressShare(IpAddr);

impl AddressShare {
    /// The share that `peer` belongs to.
    pub fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << (128 - NETWORK_BITS));
                Self(Ipv6Addr::from_bits(network).into())
            }
            v4 => Self(v4),
        }
    }

    /// The address, or the first one of the network.
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

/// `192.168.1.50`, `fd00::/64`.
impl fmt::Display for AddressShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/{NETWORK_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_by_its_network() {
        for (peer, share) in [
            ("192.168.1.50", "192.168.1.50"),
            ("::ffff:192.168.1.50", "192.168.1.50"),
            ("fd00:1:2:3:4:5:6:7", "fd00:1:2:3::/64"),
            ("fe80::1", "fe80::/64"),
        ] {
            assert_eq!(AddressShare::of(peer.parse().unwrap()).to_string(), share);
        }
    }

    #[test]
    fn a_network_is_named_by_its_first_address() {
        for (peer, first) in
            [("192.168.1.50", "192.168.1.50"), ("fd00:1:2:3:4:5:6:7", "fd00:1:2:3::")]
        {
            let share = AddressShare::of(peer.parse().unwrap());
            assert_eq!(share.address(), first.parse::<IpAddr>().unwrap());
        }
    }
}
