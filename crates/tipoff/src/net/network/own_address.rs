//! The address under which devices and browsers reach a listener of this program.

use std::net::IpAddr;

use super::lan_address;
use crate::config::PublicAddress;

/// The address that is named as this machine's: the one of the configuration, or what the system knows. It is decided each
/// time, because a machine may start before its network.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnAddress(Option<PublicAddress>);

impl OwnAddress {
    /// With `public_address` of the configuration.
    pub(crate) fn new(configured: Option<PublicAddress>) -> Self {
        Self(configured)
    }

    /// The address of a listener for others; `None` if this machine is on no network. Nobody else reaches a listener
    /// on a loopback address, so it keeps its own.
    pub(crate) fn of(&self, listen: IpAddr) -> Option<PublicAddress> {
        self.with(listen, lan_address)
    }

    /// Whether the configuration names it.
    pub(crate) fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    /// The `http://` or `https://` address of a listener for others.
    pub(crate) fn url(&self, (listen, port): (IpAddr, u16), is_tls: bool) -> Option<String> {
        let scheme = if is_tls { "https" } else { "http" };
        Some(format!("{scheme}://{}", self.of(listen)?.with_port(port)))
    }

    fn with(&self, listen: IpAddr, lan: impl FnOnce() -> Option<IpAddr>) -> Option<PublicAddress> {
        match &self.0 {
            Some(configured) if !listen.is_loopback() => Some(configured.clone()),
            _ if listen.is_unspecified() => lan().map(PublicAddress::Ip),
            _ => Some(PublicAddress::Ip(listen)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_address_goes_before_the_listeners_and_the_machines() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let configured = PublicAddress::Name("nas.lan".to_owned());
        for (configured, listen, lan, expected) in [
            (None, "0.0.0.0", Some("192.168.1.10"), Some("192.168.1.10")),
            (None, "::", Some("192.168.1.10"), Some("192.168.1.10")),
            (None, "0.0.0.0", None, None),
            (None, "192.168.1.11", Some("192.168.1.10"), Some("192.168.1.11")),
            (None, "127.0.0.1", Some("192.168.1.10"), Some("127.0.0.1")),
            (Some(&configured), "0.0.0.0", None, Some("nas.lan")),
            (Some(&configured), "192.168.1.11", Some("192.168.1.10"), Some("nas.lan")),
            (Some(&configured), "127.0.0.1", Some("192.168.1.10"), Some("127.0.0.1")),
            (Some(&configured), "::1", Some("192.168.1.10"), Some("::1")),
        ] {
            let own = OwnAddress::new(configured.cloned());
            let found = own.with(ip(listen), || lan.map(ip)).map(|it| it.to_string());
            assert_eq!(found.as_deref(), expected, "{configured:?} {listen} {lan:?}");
        }
    }
}
