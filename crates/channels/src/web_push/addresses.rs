//! Where requests may lead to: the address was named by a browser, and so by whoever may log in, also as a viewer. It must not
//! reach this network or this machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Client;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use tokio::time::timeout;

use crate::http::{CONNECT_TIME, innermost};
use crate::tls::install_crypto;

/// Which addresses may be reached beside public ones: those of push services in the owner's own network.
pub type MayReach = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Whether an address is one of the public internet (the IANA registries of special-purpose addresses, RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (b == 18 || b == 19));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let last_two = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) contain an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => last_two(high, low),
        [0x2002, high, low, ..] => last_two(high, low),
        // Teredo, benchmarks, ORCHID, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

/// Whether requests may be sent to this address, as far as its text says: over TLS, and not to an address of this network.
/// Names are judged when they are resolved.
pub(super) fn check(url: &Url, may_reach: &MayReach) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let ip: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let is_own = ip.is_some_and(|ip| may_reach(ip));
    match (url.scheme(), ip) {
        _ if host.is_empty() || !url.username().is_empty() || url.password().is_some() => {
            Err("this is not the address of a push service".to_owned())
        }
        ("http" | "https", Some(_)) if is_own => Ok(()),
        ("https", None) => Ok(()),
        ("https", Some(ip)) if is_public(ip) => Ok(()),
        ("https", Some(_)) => Err("the push service is in a private network".to_owned()),
        _ => Err("a push service has an https address".to_owned()),
    }
}

/// Whether a name leads to an address that may be reached. `true` if it cannot be resolved now.
pub(super) async fn leads_to_allowed(host: &str, may_reach: &MayReach) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(Ok(mut found)) = timeout(CONNECT_TIME, tokio::net::lookup_host((host, 0))).await else {
        return true;
    };
    found.any(|at| is_public(at.ip()) || may_reach(at.ip()))
}

/// A client that reaches only what is allowed: it resolves names by [`PublicNames`], follows no redirect, and uses no proxy,
/// which would resolve names itself.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn client(may_reach: &MayReach) -> Result<Client, String> {
    install_crypto();
    Client::builder()
        .user_agent(concat!("Tipoff/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(PublicNames(Arc::clone(may_reach))))
        .build()
        .map_err(|error| format!("no HTTP client: {}", innermost(&error)))
}

/// Resolves names, and leaves out the addresses that may not be reached.
struct PublicNames(MayReach);

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let may_reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = |at: &SocketAddr| is_public(at.ip()) || may_reach(at.ip());
            let addresses: Vec<SocketAddr> = found.filter(allowed).collect();
            if addresses.is_empty() {
                let error = io::Error::other("the name leads to no public address");
                return Err(error.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in [
            "142.250.74.106",
            "17.57.144.1",
            "2a00:1450:4001::a",
            "2606:4700::1",
            "64:ff9b::8efa:4a6a",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:192.168.1.1",
            "::ffff:7f00:1",
            "64:ff9b::7f00:1",
            "2002:c0a8:101::1",
            "2001::1",
            "2001:db8::1",
            "3fff:1::1",
            "fc00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn an_address_in_this_network_is_refused_unless_the_owner_allows_it() {
        let own: MayReach = Arc::new(|ip| ip == IpAddr::from([127, 0, 0, 9]));
        for (address, is_allowed) in [
            ("https://push.example.org/a", true),
            ("https://17.57.144.1/a", true),
            ("http://127.0.0.9:80/a", true),
            ("https://127.0.0.9/a", true),
            ("http://push.example.org/a", false),
            ("https://127.0.0.1/a", false),
            ("https://[::1]/a", false),
            ("https://0x7f000001/a", false),
            ("https://user@push.example.org/a", false),
            ("ftp://push.example.org/a", false),
        ] {
            assert_eq!(check(&Url::parse(address).unwrap(), &own).is_ok(), is_allowed, "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_resolved() {
        let resolve =
            |may_reach: MayReach| PublicNames(may_reach).resolve("localhost".parse().unwrap());
        assert!(resolve(Arc::new(|_| false)).await.is_err());
        assert!(resolve(Arc::new(|ip| ip.is_loopback())).await.is_ok());
        let nobody: MayReach = Arc::new(|_| false);
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert!(!leads_to_allowed(host, &nobody).await, "{host}");
        }
        assert!(leads_to_allowed("nowhere.invalid", &nobody).await);
    }
}
