//! An accepted connection on its way from a listener to a session, and how it ended.

use std::net::IpAddr;

use tipoff_model::Protocol;

use super::transcript::TranscriptRecorder;
use super::wrong_port::WrongPort;
use crate::net::balancer::ConnectionPath;
use crate::net::limit::{ConnectionHandle, LimitExceeded};
use crate::net::tls::TlsPort;
use crate::net::wire::Wire;
use crate::runtime::shutdown::Shutdown;

/// Why a connection is closed by a receiver whose session did not close it.
#[derive(Clone, Copy, Debug)]
pub(super) enum LastReply {
    /// It is one too many, and is refused or evicted.
    Exceeds(LimitExceeded),
    /// It begins with a PROXY header, and its address is no balancer's.
    ProxyHeader,
    /// No receiver listens for the protocol that it speaks.
    NotServed,
}

impl LastReply {
    /// The last reply (421: RFC 5321, section 3.8; RFC 959, section 4.2). Only SMTP's has an enhanced code (RFC 2034).
    pub(super) fn line(self, protocol: Protocol) -> String {
        let (enhanced, text) = match self {
            Self::Exceeds(LimitExceeded::Total) => {
                ("4.7.0 ", "Too many connections, try again later")
            }
            Self::Exceeds(LimitExceeded::PerAddress) => {
                ("4.7.0 ", "Too many connections from your address, try again later")
            }
            Self::ProxyHeader => ("4.7.0 ", "No PROXY header is accepted from your address"),
            Self::NotServed => ("4.3.2 ", "This is the wrong port"),
        };
        let enhanced = if protocol == Protocol::Smtp { enhanced } else { "" };
        format!("421 {enhanced}{text}\r\n")
    }
}

/// A connection that has a permit, whose encryption is known.
pub(super) struct Connection {
    pub(super) wire: Wire,
    /// The device's address; an IPv4 address is never mapped into IPv6 here.
    pub(super) peer: IpAddr,
    /// Whether a balancer is in between.
    pub(super) path: ConnectionPath,
    /// For STARTTLS, AUTH TLS and data connections.
    pub(super) tls: TlsPort,
    pub(super) shutdown: Shutdown,
    /// The transcript, which has begun.
    pub(super) record: TranscriptRecorder,
    /// Reports what the connection does, and whether it is evicted.
    pub(super) handle: ConnectionHandle,
    /// The greeting was sent, and these bytes were read, by the receiver of the port that the device came to. `None` for
    /// a device that came to the right port.
    pub(super) greeted: Option<Vec<u8>>,
    /// What to change if it sends a web request.
    pub(super) if_web: WrongPort,
}

/// How a connection ended.
pub(super) enum ConnectionEnd {
    /// The session ended, or the connection broke.
    Ended,
    /// The device began TLS after it had been greeted in plain text: the next connection of its address is given
    /// a moment to begin TLS.
    WasTls,
    /// It began with a PROXY header, and its address is no balancer's.
    ProxyHeader,
    /// It has not ended: the device speaks another protocol.
    Speaks(Protocol, Box<Connection>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replies_of_smtp_have_enhanced_codes() {
        for (last, smtp, plain) in [
            (LastReply::Exceeds(LimitExceeded::Total), "421 4.7.0 Too many", "421 Too many"),
            (LastReply::Exceeds(LimitExceeded::PerAddress), "421 4.7.0 Too many", "421 Too many"),
            (LastReply::ProxyHeader, "421 4.7.0 No PROXY", "421 No PROXY"),
            (LastReply::NotServed, "421 4.3.2 This is", "421 This is"),
        ] {
            for protocol in Protocol::ALL {
                let begin = if *protocol == Protocol::Smtp { smtp } else { plain };
                let reply = last.line(*protocol);
                assert!(
                    reply.starts_with(begin) && reply.ends_with("\r\n"),
                    "{protocol:?}: {reply}"
                );
            }
        }
    }
}
