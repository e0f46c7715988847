//! Changes of this machine's network, as the kernel announces them (rtnetlink(7)): a link, an address or
//! a route that is new. Nothing is read of them but their kind.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UdpSocket;

use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::supervise::{Supervisor, Task};

/// The groups of linux/rtnetlink.h: links, and the addresses and routes of IPv4 and IPv6.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// Its message types of something new: RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE.
const NEW: [u16; 3] = [16, 20, 24];
/// What is read of a notice: the header is in the first 16 bytes (netlink(7)).
const NOTICE_BYTES: usize = 4096;
/// Notices come in bursts: after one, the others of this time are the same.
const SETTLE: Duration = Duration::from_millis(200);

/// Wakes the channels that fail, whenever the network has changed. Where the system does not allow to
/// watch it, they are tried by the clock alone.
pub(crate) fn watch(supervisor: &Supervisor, notifier: ChannelNotifier) {
    supervisor
        .spawn_detached(Task::part("network watch"), move || watch_until_ended(notifier.clone()));
}

async fn watch_until_ended(notifier: ChannelNotifier) -> anyhow::Result<()> {
    let notices = match subscribe() {
        Ok(notices) => notices,
        Err(error) => {
            tracing::info!(%error, "Changes of the network cannot be watched on this system.");
            return Ok(());
        }
    };
    loop {
        if next(&notices).await? {
            tracing::debug!("The network has changed.");
            notifier.network_changed();
            tokio::time::sleep(SETTLE).await;
        }
    }
}

/// Tokio has no type for a netlink socket: it is received from like any other of datagrams.
fn subscribe() -> io::Result<UdpSocket> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    // Protocol 0 is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    UdpSocket::from_std(socket.into())
}

/// Waits for a notice; whether it is of something new.
async fn next(notices: &UdpSocket) -> io::Result<bool> {
    let mut notice = [0; NOTICE_BYTES];
    match notices.recv(&mut notice).await {
        Ok(_) => Ok(is_new(&notice)),
        // More came than the kernel keeps: something of it was new.
        Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => Ok(true),
        Err(error) => Err(error),
    }
}

fn is_new(notice: &[u8]) -> bool {
    let kind = notice.get(4..6).and_then(|kind| kind.try_into().ok());
    kind.is_some_and(|kind| NEW.contains(&u16::from_ne_bytes(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_counts() {
        for (kind, expected) in [(16, true), (17, false), (20, true), (24, true), (25, false)] {
            let mut notice = [0; 16];
            notice[4..6].copy_from_slice(&u16::to_ne_bytes(kind));
            assert_eq!(is_new(&notice), expected, "{kind}");
        }
        assert!(!is_new(&[]));
    }

    /// Needs no rights; that notices come, and of what, is the kernel's to keep.
    #[tokio::test]
    async fn the_kernel_takes_the_subscription() {
        assert!(subscribe().is_ok());
    }
}
