//! This machine on its network: its address, changes of the network, and whether something rewrites the addresses of devices.

mod own_address;
mod rewritten;
mod watch;

pub(crate) use own_address::OwnAddress;
pub(crate) use rewritten::{rewritten, warn_if_rewritten};
pub(crate) use watch::watch;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// The address that devices on the local network reach this machine by; none where it is on no
/// network.
pub(crate) fn lan_address() -> Option<IpAddr> {
    // Connecting a datagram socket sends nothing: it only makes the system choose the address
    // that it would send from. The target is one that nobody has (RFC 5737).
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}
