//! Addresses to listen on, as sections name them: `"0.0.0.0:2525"`, `"smtps://0.0.0.0:2465"`; the balancers in front of
//! them; and the limits of connections, which SMTP and FTP have in common.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use toml::Spanned;

use super::access::{Networks, network};
use super::key::{Key, ValueForm, nothing};
use super::section::Section;
use super::units;

/// Possible numbers of connections at a time. The system may have open files for fewer: see `open_files.rs`.
const CONNECTIONS: RangeInclusive<i64> = 1..=1_000_000;

/// The shortest prefix of a network of proxies or balancers, in bits. Everybody in the network is believed about the
/// addresses of others, so a larger one is a mistake.
const PROXY_PREFIX_MIN: u8 = 8;

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// The address and port; port 0 is any free one.
    pub(crate) address: SocketAddr,
    /// Whether TLS is expected from the start. Every listener understands both: this decides how long it waits for TLS
    /// before it greets in plain text.
    pub(crate) tls: bool,
}

/// The schemes of a protocol, and the port that faults suggest for an address without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schemes {
    pub(super) plain: &'static str,
    pub(super) tls: &'static str,
    pub(super) port: u16,
}

impl Schemes {
    /// Reads an address with or without a scheme.
    pub(super) fn listener(self, text: &str) -> Result<Listener, String> {
        let (tls, address) = match text.split_once("://") {
            Some((scheme, address)) if scheme == self.tls => (true, address),
            Some((scheme, address)) if scheme == self.plain => (false, address),
            Some(_) => {
                return Err(format!(
                    "only {}:// and {}:// are possible here",
                    self.plain, self.tls
                ));
            }
            None => (false, text),
        };
        Ok(Listener { address: units::address(address, self.port)?, tls })
    }
}

/// Reads `proxy_protocol`: the networks of balancers that send the PROXY header.
pub(super) fn proxy_protocol(section: &mut Section<'_>) -> Networks {
    let key = Key {
        name: "proxy_protocol",
        form: ValueForm::List,
        without: nothing("[\"10.0.0.0/8\"]"),
        doc: "Addresses or networks of balancers. Each connection from there must begin with a PROXY \
              header (version 1 or 2), and Tipoff then uses the device's address in it. Headers from \
              other addresses are refused. See [Balancers](balancers.md).",
    };
    let given = section.list(&key).unwrap_or_default();
    let networks = given.iter().filter_map(|text| section.parse(&key, text, proxy_network));
    networks.map(Spanned::into_inner).collect()
}

/// Reads `push_networks`: where push services may be beside public addresses.
pub(super) fn push_networks(section: &mut Section<'_>) -> Networks {
    let key = Key {
        name: "push_networks",
        form: ValueForm::List,
        without: nothing("[\"192.168.1.9\"]"),
        doc: "Addresses or networks of your own push services, such as one of UnifiedPush: the notifications of \
              browsers are sent there too, also without TLS if a subscription names the address. Without it: to public \
              addresses only, because every user of the dashboard may name the address. See \
              [Notifications in a browser](channels.md#notifications-in-a-browser).",
    };
    let given = section.list(&key).unwrap_or_default();
    let networks = given.iter().filter_map(|text| section.parse(&key, text, network));
    networks.map(Spanned::into_inner).collect()
}

/// Reads the network of a proxy or balancer.
pub(super) fn proxy_network(text: &str) -> Result<IpNet, String> {
    match network(text)? {
        net if net.prefix_len() < PROXY_PREFIX_MIN => {
            Err("this network is too large: name the proxy's own address".to_owned())
        }
        net => Ok(net),
    }
}

/// Reads `max_connections` of a receiver.
pub(super) fn max_connections(section: &mut Section<'_>) -> usize {
    let doc = "The largest number of connections at a time. If there are known devices, a quarter is \
               reserved for them.";
    section.count("max_connections", 2_000, CONNECTIONS, doc) as usize
}

/// Reads `max_connections_per_address` of a receiver. `doc` says why one address may need many.
pub(super) fn max_connections_per_address(section: &mut Section<'_>, doc: &'static str) -> usize {
    section.count("max_connections_per_address", 100, CONNECTIONS, doc) as usize
}

/// Reads `legacy_tls` of a receiver. Only a program that was built with OpenSSL can do it.
pub(super) fn legacy_tls(section: &mut Section<'_>) -> bool {
    let doc = "Whether devices may encrypt that speak only TLS 1.0 or 1.1, or only old ciphers. Others keep \
               TLS 1.2 or 1.3. Somebody on the way can break such encryption: see [TLS](tls.md).";
    let allows = section.flag("legacy_tls", false, doc);
    if allows && !cfg!(feature = "legacy-tls") {
        let reason = "this Tipoff was built without old encryption (the feature `legacy-tls`)";
        section.wrong("legacy_tls", section.span_of("legacy_tls"), reason);
    }
    allows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_by_scheme() {
        let smtp = Schemes { plain: "smtp", tls: "smtps", port: 2525 };
        assert!(smtp.listener("smtps://0.0.0.0:2465").unwrap().tls);
        assert!(!smtp.listener("smtp://0.0.0.0:25").unwrap().tls);
        assert!(!smtp.listener("0.0.0.0:25").unwrap().tls);
        assert!(smtp.listener("ftp://0.0.0.0:21").unwrap_err().contains("smtps://"));
    }
}
