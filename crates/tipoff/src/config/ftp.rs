//! `[ftp]`: the FTP server that devices see.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tipoff_ftp::MissingFolder;
use toml::Spanned;

use super::key::{Form, Key, list_of, nothing};
use super::listener::{Listener, Schemes};
use super::section::Section;

/// Where devices find the server if nothing else is said. Port 21 needs a permission.
const LISTEN: &str = "0.0.0.0:2121";
const SCHEMES: Schemes = Schemes { plain: "ftp", tls: "ftps", port: 2121 };
/// Few enough to be let through a firewall or a container by hand.
const PASSIVE_PORTS: &str = "50000-50099";

/// The FTP receiver's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ftp {
    /// Where it listens; nowhere: there is no FTP server.
    pub(crate) listen: Vec<Listener>,
    /// The ports of data connections.
    pub(crate) passive_ports: RangeInclusive<u16>,
    /// The address in the reply to PASV; `None`: the one that the device has connected to.
    pub(crate) public_address: Option<IpAddr>,
    /// Where active data connections may lead.
    pub(crate) active_addresses: ActiveAddresses,
    /// What happens where a folder is missing.
    pub(crate) missing_folder: MissingFolder,
    /// Whether a device may download what it uploaded.
    pub(crate) read: bool,
    /// The largest file, in bytes.
    pub(crate) max_file: u64,
    /// How long a transfer may take.
    pub(crate) max_transfer: Duration,
    /// How long nothing may come during one.
    pub(crate) stall: Duration,
    /// How long an alert waits for the final name or the rest of a file.
    pub(crate) rename_wait: Duration,
    /// Refused logins until a session is ended.
    pub(crate) max_login_failures: u32,
    /// The longest command line in bytes.
    pub(crate) max_line: usize,
    /// Connections at a time.
    pub(crate) max_connections: usize,
    /// Connections at a time from one address.
    pub(crate) max_connections_per_address: usize,
    /// Silence until a session is ended.
    pub(crate) idle: Duration,
}

/// Where active data connections may lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ActiveAddresses {
    /// To the address that the device has, seen from here.
    #[default]
    Own,
    /// To any in the networks that devices are in.
    Networks,
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "The FTP server that devices see. Its certificate is that of `[smtp]`.";

/// Reads the section; also where each listener stands.
pub(super) fn read(section: &mut Section<'_>) -> (Ftp, Vec<Spanned<SocketAddr>>) {
    let listen = listeners(section);
    let places = listen.iter().map(|it| Spanned::new(it.span(), it.get_ref().address)).collect();
    let ftp = Ftp {
        listen: listen.into_iter().map(Spanned::into_inner).collect(),
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
        max_connections: section.count(
            "max_connections",
            2_000,
            1..=1_000_000,
            "The largest number of connections at a time. If there are known devices, a quarter is \
             reserved for them.",
        ) as usize,
        max_connections_per_address: section.count(
            "max_connections_per_address",
            100,
            1..=1_000_000,
            "The largest number of connections of one address at a time. Cameras open a new \
             connection for each file.",
        ) as usize,
        idle: section.duration(
            "idle",
            "15 min",
            Duration::from_secs(1)..,
            "A session without input ends after this time. Recorders keep theirs open.",
        ),
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
        form: Form::List,
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

fn passive_ports(section: &mut Section<'_>) -> RangeInclusive<u16> {
    let key = Key {
        name: "passive_ports",
        form: Form::Text,
        without: super::key::Without::Default(format!("\"{PASSIVE_PORTS}\"")),
        doc: "The ports of data connections. A firewall or container must open them in addition to \
              the FTP port.",
    };
    let given = section.parsed(&key, ports).map(Spanned::into_inner);
    given.or_else(|| ports(PASSIVE_PORTS).ok()).unwrap_or(50_000..=50_099)
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |port: &str| port.trim().parse::<u16>().ok().filter(|port| *port >= 1024);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        (Some(_), Some(_)) => Err("the first port is above the last".to_owned()),
        _ => Err("write it like \"50000-50099\", with ports from 1024 to 65535".to_owned()),
    }
}

fn public_address(section: &mut Section<'_>) -> Option<IpAddr> {
    let key = Key {
        name: "public_address",
        form: Form::Text,
        without: nothing("192.168.1.10"),
        doc: "The address for passive data connections, if devices reach this machine at another \
              address than its own, as in a container. Without it: the address that the device has \
              connected to.",
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
        form: Form::Text,
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
        form: Form::Text,
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
