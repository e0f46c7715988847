//! `[ftp]`: the FTP server that devices see.
//!
//! Reads and checks the section. `receive/ftp.rs` applies it; all but `listen` takes effect for the next session after
//! an edit.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tipoff_ftp::MissingFolder;
use toml::Spanned;

use super::access::Networks;
use super::key::{Key, ValueForm, list_of, nothing};
use super::listener::{
    Listener, Schemes, legacy_tls, max_connections, max_connections_per_address, proxy_protocol,
};
use super::overrides::{self, Listening, Named, OFF};
use super::section::Section;

/// The default of `listen`. Port 21, which devices expect, needs a permission on most systems.
const LISTEN: &str = "0.0.0.0:2121";
const SCHEMES: Schemes = Schemes { plain: "ftp", tls: "ftps", port: 2121 };
/// The default of `passive_ports`: few enough to open in a firewall or a container by hand. One port serves many
/// devices, so that a hundred are enough: see `receive/ftp/port_leases.rs`.
const PASSIVE_PORTS: &str = "50000-50099";

/// The FTP receiver's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ftp {
    /// The addresses to listen on; if empty, there is no FTP server.
    pub(crate) listen: Vec<Listener>,
    /// The balancers whose connections begin with a PROXY header, also those to `passive_ports`.
    pub(crate) proxy_protocol: Networks,
    /// The ports of data connections.
    pub(crate) passive_ports: RangeInclusive<u16>,
    /// The address in the reply to PASV; `None` for `public_address` of the whole configuration, or the one that the
    /// device has connected to.
    pub(crate) public_address: Option<IpAddr>,
    /// The addresses that active data connections may go to.
    pub(crate) active_addresses: ActiveAddresses,
    /// The answer to a device that enters a missing folder.
    pub(crate) missing_folder: MissingFolder,
    /// Whether a device may download what it uploaded.
    pub(crate) read: bool,
    /// The largest file, in bytes.
    pub(crate) max_file: u64,
    /// How long a transfer may take.
    pub(crate) max_transfer: Duration,
    /// How long a transfer may go without data. Also the period over which an upload's rate is measured.
    pub(crate) stall: Duration,
    /// How long an alert waits for the final name or the rest of a file.
    pub(crate) rename_wait: Duration,
    /// Refused logins after which a session ends.
    pub(crate) max_login_failures: u32,
    /// The longest command line in bytes.
    pub(crate) max_line: usize,
    /// Connections at a time.
    pub(crate) max_connections: usize,
    /// Connections at a time from one address.
    pub(crate) max_connections_per_address: usize,
    /// Time without input after which a session ends.
    pub(crate) idle: Duration,
    /// Whether OpenSSL may serve clients that are too old for rustls.
    pub(crate) legacy_tls: bool,
}

/// The addresses that active data connections may go to. FTP lets a client name any address and port (RFC 959, section
/// 4.1.2), which makes a server connect to machines of others (RFC 2577, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ActiveAddresses {
    /// Only the address that the device connects from.
    #[default]
    Own,
    /// Any address in the networks of `[access]`, for devices behind NAT.
    Networks,
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "The FTP server that devices see. Its certificate is that of `[smtp]`.";

/// Reads the section. Also returns what names the address of each listener, for the check that no two use one port.
pub(super) fn read(section: &mut Section<'_>) -> (Ftp, Vec<Named<SocketAddr>>) {
    let of_file = listeners(section).into_iter();
    let of_file = of_file.map(|it| Spanned::new(it.span(), Some(it.into_inner()))).collect();
    let read_one = |text: &str| (text != OFF).then(|| SCHEMES.listener(text)).transpose();
    let listen = overrides::listeners(section.reading, Listening::Ftp, of_file, read_one);
    let places = listen.iter().filter_map(|it| Some(it.at(it.listener?.address))).collect();
    let ftp = Ftp {
        listen: listen.into_iter().filter_map(|it| it.listener).collect(),
        proxy_protocol: proxy_protocol(section),
        passive_ports: passive_ports(section),
        public_address: public_address(section),
        active_addresses: active_addresses(section),
        missing_folder: missing_folder(section),
        read: may_read(section),
        max_file: max_file(section),
        max_transfer: section.duration(
            "max_transfer",
            "1 h",
            Duration::from_secs(1)..,
            "The longest time of one transfer.",
        ),
        stall: section.duration(
            "stall",
            "1 min",
            Duration::from_secs(1)..,
            "A transfer without data ends after this time; the received part is stored.",
        ),
        rename_wait: section.duration(
            "rename_wait",
            "10 s",
            ..=Duration::from_secs(600),
            "Some cameras upload under a temporary name, or in pieces. If the content does not \
             show its type, or is incomplete, the alert waits at most this long for the rest.",
        ),
        max_login_failures: section.count(
            "max_login_failures",
            10,
            1..=10_000,
            "A session ends after this many refused logins.",
        ),
        max_line: section.count(
            "max_line",
            8_192,
            512..=65_536,
            "The longest command line in bytes.",
        ) as usize,
        max_connections: max_connections(section),
        max_connections_per_address: max_connections_per_address(
            section,
            "The largest number of connections of one address at a time. Cameras open a new \
             connection for each file.",
        ),
        idle: section.duration(
            "idle",
            "15 min",
            Duration::from_secs(1)..,
            "A session without input ends after this time. Recorders keep theirs open.",
        ),
        legacy_tls: legacy_tls(section),
    };
    (ftp, places)
}

fn max_file(section: &mut Section<'_>) -> u64 {
    section.size(
        "max_file",
        "5 GB",
        10_000..,
        "The largest file. A larger one is refused with 552, and the received part is stored.",
    )
}

fn listeners(section: &mut Section<'_>) -> Vec<Spanned<Listener>> {
    let key = Key {
        name: "listen",
        form: ValueForm::List,
        without: list_of(&[LISTEN]),
        doc: "The addresses to listen on. Each speaks plain text and offers AUTH TLS. \
              `\"ftps://0.0.0.0:2990\"` expects TLS from the start, but every address accepts \
              both. `[]`: no FTP server.",
    };
    let given = section.has("listen");
    let texts = section.list(&key).unwrap_or_default();
    let default = Spanned::new(0..0, LISTEN.to_owned());
    let texts = if given { texts } else { vec![default] };
    let read_one = |text| section.parse(&key, &text, |text| SCHEMES.listener(text));
    texts.into_iter().filter_map(read_one).collect()
}

/// Reads `passive_ports`. A wrong value is a fault; the default takes its place, so that the rest of the file is
/// checked.
fn passive_ports(section: &mut Section<'_>) -> RangeInclusive<u16> {
    let key = Key {
        name: "passive_ports",
        form: ValueForm::Text,
        without: super::key::Without::Default(format!("\"{PASSIVE_PORTS}\"")),
        doc: "The ports of data connections. A firewall or container must open them in addition to \
              the FTP port.",
    };
    let given = section.parsed(&key, ports).map(Spanned::into_inner);
    given.or_else(|| ports(PASSIVE_PORTS).ok()).unwrap_or(50_000..=50_099)
}

/// A range of ports, or one: `"50000-50099"`, `"50000"`. Ports below 1024 need a permission for each data connection.
fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |port: &str| port.trim().parse::<u16>().ok().filter(|port| *port >= 1024);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        (Some(_), Some(_)) => Err("the first port is above the last".to_owned()),
        _ => Err("write it like \"50000-50099\", with ports from 1024 to 65535".to_owned()),
    }
}

/// Reads `public_address`. A name is refused: the reply to PASV contains four numbers (RFC 959, section 4.1.2).
fn public_address(section: &mut Section<'_>) -> Option<IpAddr> {
    let key = Key {
        name: "public_address",
        form: ValueForm::Text,
        without: nothing("192.168.1.10"),
        doc: "The address for passive data connections, if it is another than `public_address` of \
              the whole configuration. Without both: the address that the device has connected to, \
              or behind a balancer this machine's own. Nodes that share this file take \
              theirs from the environment: `{ env = \"FTP_ADDRESS\" }`.",
    };
    let address = section.parsed(&key, |text| match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => {
            Err("this is every address: devices need one to connect to".to_owned())
        }
        Ok(address) => Ok(address),
        Err(_) => Err("an IP address such as \"192.168.1.10\" is needed".to_owned()),
    });
    address.map(Spanned::into_inner)
}

fn active_addresses(section: &mut Section<'_>) -> ActiveAddresses {
    let key = Key {
        name: "active_addresses",
        form: ValueForm::Text,
        without: super::key::Without::Default("\"own\"".to_owned()),
        doc: "The allowed targets of active data connections (PORT, EPRT). `\"own\"`: only the \
              device's own address. `\"networks\"`: for uploads also other addresses in `networks` \
              of `[access]` (if that is `\"any\"`: in private networks), for devices behind NAT or \
              if Tipoff is in a container.",
    };
    let given = section.parsed(&key, |text| match text {
        "own" => Ok(ActiveAddresses::Own),
        "networks" => Ok(ActiveAddresses::Networks),
        _ => Err("\"own\" or \"networks\"".to_owned()),
    });
    given.map(Spanned::into_inner).unwrap_or_default()
}

fn missing_folder(section: &mut Section<'_>) -> MissingFolder {
    let key = Key {
        name: "missing_folder",
        form: ValueForm::Text,
        without: super::key::Without::Default("\"learn\"".to_owned()),
        doc: "The answer to a device that enters a missing folder. `\"learn\"`: Tipoff refuses, so \
              that the device makes the folder; if the device gives up instead, this folder and \
              all others exist at its next try. `\"create\"`: Tipoff makes the folder. \
              `\"refuse\"`: Tipoff always refuses.",
    };
    let given = section.parsed(&key, |text| match text {
        "learn" => Ok(MissingFolder::Learn),
        "create" => Ok(MissingFolder::Create),
        "refuse" => Ok(MissingFolder::Refuse),
        _ => Err("\"learn\", \"create\" or \"refuse\"".to_owned()),
    });
    given.map(Spanned::into_inner).unwrap_or_default()
}

fn may_read(section: &mut Section<'_>) -> bool {
    section.flag(
        "read",
        true,
        "Whether a device may download its uploads, and list its uploads of earlier sessions. \
         `false`: uploads only. RETR is refused, and listings show only uploads since the login, \
         for devices that check whether an upload exists. The size and the time of a file are \
         shown to a device that knows its name.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn nodes_with_one_file_take_their_passive_address_from_the_environment() {
        let source = "[ftp]\npublic_address = { env = \"FTP_ADDRESS\" }\n\
                      passive_ports = { env = \"FTP_PORTS\" }\n";
        let node = |name: &str| match name {
            "FTP_ADDRESS" => Some("192.0.2.12".to_owned()),
            "FTP_PORTS" => Some("50100-50199".to_owned()),
            _ => None,
        };
        let ftp = Config::parse(None, source, None, &node).unwrap().ftp;
        assert_eq!(ftp.public_address, Some("192.0.2.12".parse().unwrap()));
        assert_eq!(ftp.passive_ports, 50_100..=50_199);
        let unset = Config::parse(None, source, None, &|_| None).unwrap_err();
        assert!(unset.render(false).contains("FTP_ADDRESS"));
    }

    #[test]
    fn ranges_of_ports() {
        assert_eq!(ports("50000-50099"), Ok(50_000..=50_099));
        assert_eq!(ports("1024"), Ok(1024..=1024));
        assert_eq!(ports(" 60000 - 60000 "), Ok(60_000..=60_000));
        for wrong in ["", "1023", "5000-4000", "a-b", "1-2-3", "60000-65536"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }
}
