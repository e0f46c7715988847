//! `public_address`: how devices and browsers reach this machine, where that is another address than its own.
//!
//! Reads and checks the key and its variable. `net/network/own_address.rs` decides which address is shown for a
//! listener; `receive/ftp/passive_address.rs`, which one PASV answers.

use std::fmt;
use std::net::IpAddr;

use super::fault::Fault;
use super::key::{Key, ValueForm, nothing};
use super::section::Section;
use super::smtp::is_host_name;

/// The variable that goes before the file, so that a container needs no file.
const VARIABLE: &str = "TIPOFF_PUBLIC_ADDRESS";

/// An IP address or a host name, without a scheme and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicAddress {
    /// An IP address.
    Ip(IpAddr),
    /// A host name in lower case, which devices look up by themselves.
    Name(String),
}

impl PublicAddress {
    /// The address with a port, as URLs contain it.
    pub(crate) fn with_port(&self, port: u16) -> String {
        match self {
            Self::Ip(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
            _ => format!("{self}:{port}"),
        }
    }

    /// The host name, if it is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Ip(_) => None,
            Self::Name(name) => Some(name),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let host = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return match ip {
                _ if ip.is_unspecified() => {
                    Err("this is every address: devices need one to connect to".to_owned())
                }
                _ if ip.is_multicast() => Err("this is a group of machines, not one".to_owned()),
                _ => Ok(Self::Ip(ip.to_canonical())),
            };
        }
        if text.contains("://") {
            return Err(
                "only the address, without a scheme; `public_url` of `[http]` is the place \
                        of a URL"
                    .to_owned(),
            );
        }
        if text.contains(':') {
            return Err(
                "only the address, without a port: the ports are those of `listen`".to_owned()
            );
        }
        // A name whose last label is a number is a mistyped IP address (URL Standard, section 3.5).
        let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
        let has_labels = host.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        if !is_host_name(host) || !has_labels || is_number {
            return Err(
                "write an IP address or a host name: \"192.168.1.10\", \"nas.lan\"".to_owned()
            );
        }
        Ok(Self::Name(host.to_ascii_lowercase()))
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Reads the variable, else the key.
pub(super) fn read(root: &mut Section<'_>) -> Option<PublicAddress> {
    let key = Key {
        name: "public_address",
        form: ValueForm::Text,
        without: nothing("192.168.1.10"),
        doc: "The address by which devices and browsers reach this machine, as an IP address or a \
              host name, if it is another than this machine's own, as in a container or behind a \
              router. It is shown wherever Tipoff says what to type into a device, is in links \
              (unless `public_url` of `[http]` is set) and in the reply to PASV (unless \
              `public_address` of `[ftp]` is set). Listeners on a loopback address keep theirs.",
    };
    let given = root.parsed(&key, PublicAddress::parse).map(toml::Spanned::into_inner);
    let Some(text) = root.reading.variable(VARIABLE) else {
        return given;
    };
    match PublicAddress::parse(&text) {
        Ok(address) => Some(address),
        Err(reason) => {
            root.fault(Fault::new(format!("the variable `{VARIABLE}` is invalid: {reason}")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_address_is_an_ip_address_or_a_host_name() {
        for (text, expected) in [
            ("192.168.1.10", Some("192.168.1.10")),
            (" 192.168.1.10 ", Some("192.168.1.10")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("::ffff:192.168.1.10", Some("192.168.1.10")),
            ("NAS.lan", Some("nas.lan")),
            ("nas", Some("nas")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("0.0.0.0", None),
            ("::", None),
            ("224.0.0.1", None),
            ("192.168.1.10:8080", None),
            ("nas.lan:8080", None),
            ("http://nas.lan", None),
            ("nas.lan/x", None),
            ("192.168.1", None),
            ("192.168.1.256", None),
            ("nas..lan", None),
            ("nas lan", None),
            ("", None),
        ] {
            let read = PublicAddress::parse(text).ok().map(|it| it.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_url_has_brackets_around_an_ipv6_address() {
        let url = |text| PublicAddress::parse(text).unwrap().with_port(8080);
        assert_eq!(url("2001:db8::1"), "[2001:db8::1]:8080");
        assert_eq!(url("192.168.1.10"), "192.168.1.10:8080");
        assert_eq!(url("nas.lan"), "nas.lan:8080");
    }

    #[test]
    fn the_variable_goes_before_the_file() {
        let source = "public_address = \"192.168.1.10\"\n";
        let read = |value: &str| {
            let variable = |name: &str| (name == VARIABLE).then(|| value.to_owned());
            Config::parse(None, source, None, &variable)
        };
        assert_eq!(read("nas.lan").unwrap().public_address.unwrap().to_string(), "nas.lan");
        assert_eq!(read("").unwrap().public_address.unwrap().to_string(), "192.168.1.10");
        let faults = read("nas.lan:80").unwrap_err().to_string();
        assert!(faults.contains(VARIABLE) && faults.contains("without a port"), "{faults}");
    }

    #[test]
    fn browsers_may_use_the_public_name() {
        let config = Config::parse(None, "public_address = \"nas.example\"\n", None, &|_| None);
        assert!(config.unwrap().http.names.contains(&"nas.example".to_owned()));
    }
}
