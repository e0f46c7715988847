//! An accepted connection on its way from a listener to a session, and how it ended.

use std::net::IpAddr;

use tipoff_model::Protocol;

use super::transcript::TranscriptRecorder;
use super::wrong_port::WrongPort;
use crate::net::balancer::ConnectionPath;
use crate::net::limit::ConnectionHandle;
use crate::net::tls::TlsPort;
use crate::net::wire::Wire;
use crate::runtime::shutdown::Shutdown;

/// The last reply to a connection that is evicted (RFC 5321, section 3.8; RFC 959, section 4.2).
pub(super) const EVICTED: &[u8] = b"421 4.7.0 Too many connections, try again later\r\n";

/// The last reply to a connection whose PROXY header is not believed.
pub(super) const NOT_A_BALANCER: &[u8] =
    b"421 4.7.0 No PROXY header is accepted from your address\r\n";

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
