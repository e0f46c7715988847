//! The address in the reply to PASV: `[ftp] public_address`, else `public_address` of the whole configuration, else the
//! one that the device has connected to.
//!
//! The reply contains four numbers (RFC 959, section 4.1.2), so a host name is looked up. One lookup serves all
//! sessions for a while: devices that upload often cost no lookups, and a name server that is down costs little.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::PublicAddress;
use crate::net::network::OwnAddress;

/// How long the address of a name is used.
const FRESH: Duration = Duration::from_secs(60);
/// How long nobody asks again after a failed lookup. The last address is used meanwhile.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a device waits for a lookup.
const LOOKUP_MAX: Duration = Duration::from_secs(2);

/// Decides the address. Clones share the answers of name servers.
#[derive(Clone, Default)]
pub(crate) struct PassiveAddress {
    own: OwnAddress,
    name: Arc<Mutex<Lookup>>,
}

/// The latest answer for the name.
#[derive(Default)]
struct Lookup {
    found: Option<IpAddr>,
    /// When the next lookup may begin; `None` before the first.
    due: Option<Instant>,
}

impl PassiveAddress {
    /// With the address of this machine.
    pub(crate) fn new(own: OwnAddress) -> Self {
        Self { own, name: Arc::default() }
    }

    /// The address for a session on the connection to `local`. `fixed` is `[ftp] public_address`. A name that nobody
    /// knows is as none: then it is `local`.
    pub(super) async fn of(&self, local: IpAddr, fixed: Option<IpAddr>) -> IpAddr {
        let local = local.to_canonical();
        if let Some(fixed) = fixed {
            return fixed;
        }
        match self.own.of(local) {
            Some(PublicAddress::Ip(ip)) => ip,
            Some(PublicAddress::Name(name)) => {
                let looked_up = self.look_up(|| resolve(name, local.is_ipv4())).await;
                looked_up.unwrap_or(local)
            }
            None => local,
        }
    }

    /// The address of the name, by `ask` or by an earlier answer. Sessions that come meanwhile wait for the same answer.
    async fn look_up<F>(&self, ask: impl FnOnce() -> F) -> Option<IpAddr>
    where
        F: Future<Output = io::Result<IpAddr>>,
    {
        let mut lookup = self.name.lock().await;
        if lookup.due.is_some_and(|due| Instant::now() < due) {
            return lookup.found;
        }
        let answer = timeout(LOOKUP_MAX, ask()).await.unwrap_or_else(|late| Err(late.into()));
        let pause = match answer {
            Ok(ip) => {
                lookup.found = Some(ip);
                FRESH
            }
            Err(error) => {
                tracing::warn!(%error, "The host name of `public_address` is unknown here: set `public_address` in [ftp].");
                PAUSE
            }
        };
        lookup.due = Some(Instant::now() + pause);
        lookup.found
    }
}

/// An address of the name, of the family that the session uses: PASV has no other.
async fn resolve(name: String, is_ipv4: bool) -> io::Result<IpAddr> {
    let mut found = lookup_host((name, 0)).await?.map(|address| address.ip().to_canonical());
    let none = || io::Error::new(io::ErrorKind::NotFound, "it has no address of this family");
    found.find(|ip| ip.is_ipv4() == is_ipv4).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn the_address_of_ftp_goes_before_the_whole_configurations_and_the_connections() {
        let public = PublicAddress::Ip(ip("192.168.1.10"));
        for (fixed, own, local, expected) in [
            (Some("192.168.1.11"), Some(&public), "172.17.0.2", "192.168.1.11"),
            (Some("192.168.1.11"), None, "127.0.0.1", "192.168.1.11"),
            (None, Some(&public), "172.17.0.2", "192.168.1.10"),
            (None, Some(&public), "::ffff:172.17.0.2", "192.168.1.10"),
            // Who is on this machine may not reach the public address.
            (None, Some(&public), "127.0.0.1", "127.0.0.1"),
            (None, None, "172.17.0.2", "172.17.0.2"),
            (None, None, "::ffff:172.17.0.2", "172.17.0.2"),
        ] {
            let address = PassiveAddress::new(OwnAddress::new(own.cloned()));
            let found = address.of(ip(local), fixed.map(ip)).await;
            assert_eq!(found, ip(expected), "{fixed:?} {own:?} {local}");
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_an_unknown_one_is_as_none() {
        let named = |name: &str| {
            PassiveAddress::new(OwnAddress::new(Some(PublicAddress::Name(name.to_owned()))))
        };
        assert_eq!(named("localhost").of(ip("172.17.0.2"), None).await, ip("127.0.0.1"));
        // RFC 6761, section 6.4: this name never exists.
        assert_eq!(named("tipoff.invalid").of(ip("172.17.0.2"), None).await, ip("172.17.0.2"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_lookup_serves_all_for_a_while_and_a_failed_one_keeps_the_last_address() {
        let address = PassiveAddress::default();
        let fails = || async { Err(io::Error::other("no")) };
        let never = || std::future::pending();
        assert_eq!(address.look_up(fails).await, None);
        assert_eq!(address.look_up(|| async { Ok(ip("10.0.0.1")) }).await, None, "too early");
        tokio::time::advance(PAUSE).await;
        assert_eq!(address.look_up(|| async { Ok(ip("10.0.0.1")) }).await, Some(ip("10.0.0.1")));
        assert_eq!(address.look_up(fails).await, Some(ip("10.0.0.1")), "still fresh");
        tokio::time::advance(FRESH).await;
        assert_eq!(address.look_up(never).await, Some(ip("10.0.0.1")));
        tokio::time::advance(PAUSE).await;
        assert_eq!(address.look_up(|| async { Ok(ip("10.0.0.2")) }).await, Some(ip("10.0.0.2")));
    }
}
