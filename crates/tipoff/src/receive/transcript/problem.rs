//! What can go wrong in a session, and what to change then, in words for the person at the device.
//!
//! A session has one problem at a time: the latest that is not solved. It decides the session's outcome and hint.

use std::net::{IpAddr, SocketAddr};

use tipoff_ftp::CommandRefusal;
use tipoff_model::Protocol;
use tipoff_spool::SessionOutcome;

use super::super::wrong_port::{RightPorts, WrongPort};
use super::command_refusal;
use crate::net::TlsFault;
use crate::net::limit::LimitExceeded;

/// A problem of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::receive) enum SessionProblem {
    /// User or password are wrong.
    LoginRefused {
        /// The user of the login.
        user: String,
        /// Whether this user is known, so that the password is wrong.
        user_known: bool,
        /// Its address, if it must log in because the address is not in `networks`.
        outside: Option<IpAddr>,
    },
    /// Too many wrong logins came from its address: this one was not checked.
    LoginTooSoon,
    /// It must log in and did not.
    LoginMissing {
        /// Its address, if it must because the address is not in `networks`.
        outside: Option<IpAddr>,
    },
    /// It supports only login mechanisms that are not offered.
    LoginMechanism,
    /// It wants data connections to go to an address that is not its own.
    ForeignAddress {
        /// The address that it named.
        address: SocketAddr,
        /// Its own address.
        peer: IpAddr,
        /// Whether the setting allows that for the networks of devices.
        allowed: bool,
    },
    /// The address that it pushes to has the password of no device, or of several.
    UnknownAddress,
    /// It pushes to an address that takes no alarms.
    NoAlarmAddress,
    /// The device, which Tipoff asks, refuses the password of `pull`.
    RefusedByDevice {
        /// The user of `pull`.
        user: String,
    },
    /// A command was refused.
    Refused(CommandRefusal),
    /// It could not be encrypted.
    Tls(TlsFault),
    /// There were too many connections.
    TurnedAway(LimitExceeded),
    /// It began with a PROXY header, and its address is no balancer's.
    ProxyHeader,
    /// The MQTT broker refuses user and password, or the connection.
    BrokerRefuses,
    /// The MQTT broker cannot be reached.
    BrokerUnreachable,
    /// The MQTT broker lets Tipoff not subscribe to a topic.
    TopicRefused,
    /// The connection broke in the middle of a mail or an upload.
    Torn,
    /// The device aborted the upload itself.
    GivenUp,
    /// No port was free for a data connection.
    NoPassivePort,
    /// A data connection was not made.
    NoDataConnection(MissingConnection),
    /// It came to the port of another protocol, and is not served.
    WrongPort(WrongPort),
    /// It connected to the HTTP port and waited for a greeting, as clients of SMTP and FTP do.
    SilentAtHttp(RightPorts),
    /// Nothing came for too long, or the transfer took too long.
    TimedOut,
    /// The mail or file was larger than it may be.
    TooBig,
    /// Another session writes the same file.
    Busy,
    /// The disk has no room.
    DiskFull,
    /// The mail or file could not be stored for another reason.
    NotStored,
}

/// The data connection that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::receive) enum MissingConnection {
    /// The device did not connect to this passive port.
    Passive(u16),
    /// The device took no connection at this address.
    Active(SocketAddr),
    /// It asked for a transfer without naming a port.
    Unnamed,
}

impl SessionProblem {
    /// The outcome of a session that ends with this problem.
    pub(super) const fn outcome(&self) -> SessionOutcome {
        match self {
            Self::LoginRefused { .. }
            | Self::LoginTooSoon
            | Self::LoginMissing { .. }
            | Self::LoginMechanism
            | Self::BrokerRefuses
            | Self::UnknownAddress
            | Self::RefusedByDevice { .. } => SessionOutcome::LoginRefused,
            Self::Tls(_) => SessionOutcome::TlsFailed,
            Self::TurnedAway(_) | Self::ProxyHeader => SessionOutcome::TurnedAway,
            Self::Torn | Self::GivenUp => SessionOutcome::Torn,
            Self::ForeignAddress { .. }
            | Self::BrokerUnreachable
            | Self::TopicRefused
            | Self::Refused(_)
            | Self::NoPassivePort
            | Self::NoDataConnection(_)
            | Self::WrongPort(_)
            | Self::SilentAtHttp(_)
            | Self::NoAlarmAddress
            | Self::TimedOut
            | Self::TooBig
            | Self::Busy
            | Self::DiskFull
            | Self::NotStored => SessionOutcome::Failed,
        }
    }

    /// Whether a login that is accepted ends the problem.
    pub(super) const fn ends_with_a_login(&self) -> bool {
        matches!(self.outcome(), SessionOutcome::LoginRefused)
    }

    /// Whether the problem is that a command was refused.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::ForeignAddress { .. })
    }

    /// Whether an upload is lost because of it.
    pub(super) fn loses_an_upload(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.cause.loses_an_upload(),
            _ => true,
        }
    }

    /// What to change; `None` if the device only has to try again.
    pub(super) fn hint(&self, protocol: Protocol) -> Option<String> {
        let hint = match self {
            Self::LoginRefused { user, user_known, outside } => {
                return Some(wrong_login(user, *user_known) + &outside_networks(*outside));
            }
            Self::RefusedByDevice { user } => {
                let user = shown(user);
                return Some(format!(
                    "The device refuses the password of the user \"{user}\": correct `pull` in the configuration. \
                     Tipoff does not try it again, because devices lock the account.",
                ));
            }
            Self::LoginTooSoon => {
                "Too many wrong passwords came from its address, so this login was not looked at; the next \
                 one is within a minute. Correct the password in the device that sends a wrong one."
            }
            Self::LoginMissing { outside } => {
                return Some(login_missing(protocol).to_owned() + &outside_networks(*outside));
            }
            Self::UnknownAddress => UNKNOWN_ADDRESS,
            Self::NoAlarmAddress => NO_ALARM_ADDRESS,
            Self::BrokerRefuses => {
                "The broker refuses the login: correct `user` and `password` in `[[mqtt]]`. Tipoff tries again after 10 minutes."
            }
            Self::BrokerUnreachable => {
                "The broker cannot be reached: check `url` in `[[mqtt]]`, and whether the broker runs."
            }
            Self::TopicRefused => {
                "The broker does not let Tipoff subscribe to the topic: give its user the right to read it, or correct \
                 `topic` in `mqtt` of the device."
            }
            Self::LoginMechanism => {
                "It wants to log in in a way that is not offered: choose LOGIN or PLAIN in the \
                 device, or switch authentication off."
            }
            Self::ForeignAddress { address, peer, allowed } => {
                return Some(foreign(*address, *peer, *allowed));
            }
            Self::Refused(refusal) => return Some(command_refusal::hint(refusal)),
            Self::Tls(fault) => return Some(fault.hint(protocol).to_owned()),
            Self::TurnedAway(exceeded) => return Some(too_many(*exceeded, protocol)),
            Self::ProxyHeader => return Some(not_a_balancer(protocol)),
            Self::Torn => {
                "The connection broke in the middle: look at the network of the device, most of \
                 all at its wireless link."
            }
            Self::NoPassivePort => {
                "No port was free for its data connection: widen `passive_ports` in `[ftp]`, and \
                 let them all through the firewall."
            }
            Self::NoDataConnection(missing) => return Some(no_data_connection(*missing)),
            Self::WrongPort(wrong) => return Some(wrong.refused_hint()),
            Self::SilentAtHttp(ports) => return Some(silent_at_http(*ports)),
            Self::TimedOut => {
                "Nothing came for too long: look at the network of the device. A slow one may \
                 need more time (`stall` and `max_transfer` in `[ftp]`)."
            }
            Self::TooBig => too_big(protocol),
            Self::DiskFull => {
                "The disk of this machine is full: make room, or keep less (`[retention]`)."
            }
            Self::NotStored => {
                "It could not be stored: see the log of Tipoff, and look at this machine's disk."
            }
            Self::Busy | Self::GivenUp => return None,
        };
        Some(hint.to_owned())
    }
}

/// The hint for an alarm with the password of no device.
const UNKNOWN_ADDRESS: &str = "No device has the password in this address (`/h/PASSWORD`), or several have it: type the \
     address into the device again, as the page of the device shows it.";
/// The hint for an alarm at an address that takes none.
const NO_ALARM_ADDRESS: &str = "It sends a web request to an address that takes no alarms: type the address into the device as \
     its page here shows it. Its path (URL) begins with `/h`.";

/// The hint for a missing login.
const fn login_missing(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => {
            "It did not log in and must: switch authentication on in the device and set user \
             and password, or add its network to `networks` in `[access]`."
        }
        Protocol::Ftp => {
            "It did not log in and must: set user and password in the device. Where no login is \
             required, any are good enough."
        }
        Protocol::Http | Protocol::Mqtt => {
            "It must prove which device it is: use the address with the device's password \
             (`/h/PASSWORD`), or add its network to `networks` in `[access]`."
        }
    }
}

/// The hint for a mail, a file or an alarm that is too large.
const fn too_big(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => {
            "The mail was too big: let the device send smaller or fewer pictures, or raise \
             `max_message` in `[smtp]`."
        }
        Protocol::Ftp => {
            "The file was too big: let the device make shorter videos, or raise `max_file` \
             in `[ftp]`."
        }
        Protocol::Http | Protocol::Mqtt => {
            "The alarm was larger than 20 MB: let the device send smaller or fewer pictures."
        }
    }
}

/// The hint for a refused login. It names the user, never the password.
fn wrong_login(user: &str, user_known: bool) -> String {
    if user.is_empty() {
        return "It tried to log in without a user: type user and password into the device."
            .to_owned();
    }
    let user = shown(user);
    match user_known {
        false => format!(
            "It tried to log in as \"{user}\"; no device has this user. Correct it in the device, or \
             add it to the configuration.",
        ),
        true => format!(
            "It tried to log in as \"{user}\", and the password is wrong: type it into the device \
             again. Some devices cut long passwords or cannot send every character.",
        ),
    }
}

/// What a hint adds for a device that must log in because of its address.
fn outside_networks(outside: Option<IpAddr>) -> String {
    outside.map_or_else(String::new, |address| {
        let why = format!(
            "Its address {address} is not in `networks` of `[access]`: from there a login is needed.",
        );
        format!(" {why}")
    })
}

/// The hint for a data connection that was not made.
fn no_data_connection(missing: MissingConnection) -> String {
    match missing {
        MissingConnection::Passive(port) => format!(
            "The data connection did not come: the device did not reach port {port}. Let the `passive_ports` of \
             `[ftp]` through the firewall of this machine, or switch the device from passive to active FTP. Where \
             Tipoff is in a container or behind a router, publish these ports too and set `public_address`.",
        ),
        MissingConnection::Active(address) => format!(
            "The data connection did not come: the device uses active FTP, and nothing answers at its address \
             {address}. Switch the device to passive FTP.",
        ),
        MissingConnection::Unnamed => {
            "The data connection did not come: the device asked for a transfer without saying how. Switch between \
             passive and active FTP in the device."
                .to_owned()
        }
    }
}

/// The hint for a client that waits for a greeting at the HTTP port.
fn silent_at_http(ports: RightPorts) -> String {
    let waited = match ports.http {
        Some(http) => format!(
            "It connected to port {http}, which is for web pages and alarms (HTTP), and waited for a greeting, as \
             devices do that send mail or upload by FTP.",
        ),
        None => "It connected to the port for web pages and alarms (HTTP), and waited for a greeting, as devices do \
             that send mail or upload by FTP."
            .to_owned(),
    };
    let right = match (ports.smtp, ports.ftp) {
        (Some(smtp), Some(ftp)) => {
            format!("Set the port in the device: {smtp} for mail (SMTP), {ftp} for uploads (FTP).")
        }
        (Some(smtp), None) => format!("Set the port in the device: {smtp} for mail (SMTP)."),
        (None, Some(ftp)) => format!("Set the port in the device: {ftp} for uploads (FTP)."),
        (None, None) => return waited,
    };
    format!("{waited} {right}")
}

/// The hint for active FTP to an address that is not the device's own.
fn foreign(address: SocketAddr, peer: IpAddr, allowed: bool) -> String {
    let address = address.ip();
    match allowed {
        false => format!(
            "It wants active FTP from {address} and comes from {peer}: switch it to passive. Where a \
             container or a router changes its address and it can only be active, set \
             `active_addresses = \"networks\"` in `[ftp]`.",
        ),
        true => format!(
            "It wants active FTP from {address} and comes from {peer}: switch it to passive. Where a \
             container or a router changes its address and it can only be active, add that address to \
             `networks` in `[access]`, if it is not this machine's.",
        ),
    }
}

/// The hint for too many connections, with the setting of the protocol.
fn too_many(exceeded: LimitExceeded, protocol: Protocol) -> String {
    let section = protocol.as_str();
    match exceeded {
        LimitExceeded::Total => format!(
            "There were too many connections: raise `max_connections` in `[{section}]` if they are \
             all wanted.",
        ),
        LimitExceeded::PerAddress => format!(
            "There were too many connections from its address. A device that does not end them may \
             need a restart; where many devices share an address, raise \
             `max_connections_per_address` in `[{section}]`.",
        ),
    }
}

/// The hint for a PROXY header that is not believed.
fn not_a_balancer(protocol: Protocol) -> String {
    let section = protocol.as_str();
    format!(
        "It began with the PROXY header of a balancer, which is accepted only from `proxy_protocol` in \
         `[{section}]`: add its address there if it is your balancer.",
    )
}

/// A user name for a sentence: short, and without control characters.
pub(super) fn shown(user: &str) -> String {
    user.chars().filter(|character| !character.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome of a problem, and that its hint has this word.
    fn check(problem: &SessionProblem, protocol: Protocol, outcome: &str, word: &str) {
        let hint = problem.hint(protocol).unwrap();
        assert!(hint.contains(word) && hint.ends_with('.'), "{problem:?}: {hint}");
        assert_eq!(problem.outcome().as_str(), outcome);
    }

    #[test]
    fn problems_of_ports_and_addresses_name_them() {
        use Protocol::{Ftp, Http, Smtp};
        let outside = Some(IpAddr::from([203, 0, 113, 7]));
        let data = |missing| SessionProblem::NoDataConnection(missing);
        let wrong = WrongPort { spoken: Smtp, of: Ftp, came_to: 21, right: None };
        let ports = RightPorts { smtp: Some(2525), ftp: None, http: Some(8080) };
        for (problem, protocol, outcome, word) in [
            (data(MissingConnection::Passive(50_007)), Ftp, "failed", "did not reach port 50007"),
            (
                data(MissingConnection::Active(([192, 168, 1, 20], 3021).into())),
                Ftp,
                "failed",
                "to passive FTP",
            ),
            (data(MissingConnection::Unnamed), Ftp, "failed", "passive and active"),
            (SessionProblem::WrongPort(wrong), Ftp, "failed", "`listen` in `[smtp]`"),
            (
                SessionProblem::SilentAtHttp(ports),
                Http,
                "failed",
                "port 8080, which is for web pages",
            ),
            (SessionProblem::SilentAtHttp(ports), Http, "failed", "2525 for mail (SMTP)."),
            (
                SessionProblem::LoginMissing { outside },
                Smtp,
                "login_refused",
                "203.0.113.7 is not in `networks`",
            ),
            (
                SessionProblem::LoginRefused { user: "x".to_owned(), user_known: false, outside },
                Ftp,
                "login_refused",
                "203.0.113.7 is not in `networks`",
            ),
        ] {
            check(&problem, protocol, outcome, word);
        }
    }

    #[test]
    fn each_problem_says_what_to_change() {
        use Protocol::{Ftp, Http, Smtp};
        let refused = |user: &str, user_known| SessionProblem::LoginRefused {
            user: user.to_owned(),
            user_known,
            outside: None,
        };
        let missing = SessionProblem::LoginMissing { outside: None };
        for (problem, protocol, outcome, word) in [
            (refused("cam7", false), Smtp, "login_refused", "\"cam7\"; no device has this user"),
            (refused("cam7", true), Ftp, "login_refused", "\"cam7\", and the password is wrong"),
            (refused("a\u{1b}[2J", true), Ftp, "login_refused", "\"a[2J\""),
            (refused("", false), Ftp, "login_refused", "without a user"),
            (missing.clone(), Smtp, "login_refused", "switch authentication on"),
            (missing.clone(), Ftp, "login_refused", "any are good enough"),
            (SessionProblem::LoginMechanism, Smtp, "login_refused", "LOGIN or PLAIN"),
            (SessionProblem::Tls(TlsFault::TooOld), Smtp, "tls_failed", "switch encryption off"),
            (SessionProblem::Tls(TlsFault::Refused), Ftp, "tls_failed", "certificate"),
            (SessionProblem::TurnedAway(LimitExceeded::Total), Ftp, "turned_away", "`[ftp]`"),
            (
                SessionProblem::TurnedAway(LimitExceeded::PerAddress),
                Smtp,
                "turned_away",
                "`max_connections_per_address` in `[smtp]`",
            ),
            (SessionProblem::ProxyHeader, Ftp, "turned_away", "`proxy_protocol` in `[ftp]`"),
            (SessionProblem::Torn, Smtp, "torn", "network of the device"),
            (SessionProblem::NoPassivePort, Ftp, "failed", "widen `passive_ports`"),
            (SessionProblem::TimedOut, Ftp, "failed", "`stall`"),
            (SessionProblem::TooBig, Smtp, "failed", "`max_message`"),
            (SessionProblem::TooBig, Ftp, "failed", "`max_file`"),
            (SessionProblem::TooBig, Http, "failed", "20 MB"),
            (missing, Http, "login_refused", "`/h/PASSWORD`"),
            (SessionProblem::UnknownAddress, Http, "login_refused", "No device has the password"),
            (SessionProblem::NoAlarmAddress, Http, "failed", "begins with `/h`"),
            (
                SessionProblem::RefusedByDevice { user: "admin".to_owned() },
                Http,
                "login_refused",
                "the user \"admin\": correct `pull`",
            ),
            (SessionProblem::DiskFull, Smtp, "failed", "disk of this machine is full"),
            (SessionProblem::NotStored, Ftp, "failed", "log of Tipoff"),
        ] {
            check(&problem, protocol, outcome, word);
        }
        let foreign = |allowed| {
            let (address, peer) = ("192.168.7.20:2000", "172.17.0.1");
            let (address, peer) = (address.parse().unwrap(), peer.parse().unwrap());
            SessionProblem::ForeignAddress { address, peer, allowed }.hint(Ftp).unwrap()
        };
        assert!(foreign(false).contains("from 192.168.7.20 and comes from 172.17.0.1"));
        assert!(foreign(false).contains("`active_addresses = \"networks\"` in `[ftp]`"));
        assert!(foreign(true).contains("`networks` in `[access]`"));
        assert_eq!(SessionProblem::Busy.hint(Ftp), None);
    }
}
