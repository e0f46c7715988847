//! Balancers in front of a listener: which device a connection comes from.
//!
//! A connection from a network in `proxy_protocol` must begin with a PROXY header (`proxy_header.rs`) within
//! [`HEADER_MAX`]; it counts as the device's from then on, and for no limit of the balancer's address. Until then it has a
//! place among [`AWAITED_MAX`] others. Nobody else's header is believed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::limit::{ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use super::proxy_header::{HeaderFault, HeaderParser, ProxyHeader};
use crate::runtime::per_minute::{PerMinute, network};

/// Time for a whole header. A balancer sends it with the first segment; a lost one comes again within three seconds.
const HEADER_MAX: Duration = Duration::from_secs(5);
/// Connections of one listener whose header has not come yet. One more evicts the oldest, of the balancer that has most.
const AWAITED_MAX: usize = 512;
/// Bytes that are looked at together. Most headers are shorter.
const PEEK_BYTES: usize = 256;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The device's address and port; an IPv4 address is never mapped into IPv6. 0.0.0.0 if a balancer cannot tell it.
    pub(crate) peer: SocketAddr,
    /// What is between the device and this machine.
    pub(crate) path: ConnectionPath,
}

/// The path of a connection to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionPath {
    /// Without a balancer.
    Direct,
    /// Through a balancer.
    Forwarded {
        /// The balancer's address.
        balancer: IpAddr,
        /// The address that the device has connected to.
        destination: SocketAddr,
    },
    /// The balancer's own connection, or one of somebody whom it cannot name: a health check, most likely.
    Check,
}

impl Origin {
    /// A connection without a balancer.
    pub(crate) fn direct(peer: SocketAddr) -> Self {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        Self { peer, path: ConnectionPath::Direct }
    }

    /// What a header of `balancer` says. Version 1 has no word for a health check: there the balancer names itself as the
    /// source.
    fn named(header: ProxyHeader, balancer: SocketAddr) -> Self {
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        match header {
            ProxyHeader::Local => Self { peer: balancer, path: ConnectionPath::Check },
            ProxyHeader::Unknown => Self { peer: unknown, path: ConnectionPath::Check },
            ProxyHeader::Proxied { source, .. } if source.ip() == balancer.ip() => {
                Self { peer: source, path: ConnectionPath::Check }
            }
            ProxyHeader::Proxied { source, destination } => {
                let path = ConnectionPath::Forwarded { balancer: balancer.ip(), destination };
                Self { peer: source, path }
            }
        }
    }
}

/// Reads the headers of the connections to one listener. Clones share the places and the counts.
#[derive(Clone)]
pub(crate) struct HeaderGate {
    /// The listener's section in the configuration.
    section: &'static str,
    /// Bounds the connections whose header has not come.
    awaited: ConnectionLimiter,
    /// Bounds log lines about balancers, by address and reason.
    invalid: Arc<PerMinute<(IpAddr, &'static str)>>,
    /// Bounds log lines about headers of others.
    unbelieved: Arc<PerMinute<IpAddr>>,
}

/// Why a connection from a balancer ends before its header is complete.
enum NoHeader {
    /// It was closed before its first byte: a check whether the port is open.
    Unused,
    /// It was closed, or broke.
    Cut,
    /// Nothing, or not all of it, came in time.
    TimedOut,
    /// Newer connections need its place.
    Evicted,
    Invalid(HeaderFault),
}

impl NoHeader {
    /// For the log; `None` if there is nothing to report.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Unused => None,
            Self::Cut => Some("the connection ended within it"),
            Self::TimedOut => Some("it did not come in time"),
            Self::Evicted => Some("too many connections wait for theirs"),
            Self::Invalid(fault) => Some(fault.reason()),
        }
    }
}

impl HeaderGate {
    /// For a listener of this section of the configuration.
    pub(crate) fn new(section: &'static str) -> Self {
        let limits = ConnectionLimits {
            total: AWAITED_MAX,
            per_address: AWAITED_MAX,
            ceiling: AWAITED_MAX,
            newest_wins: true,
        };
        let awaited = ConnectionLimiter::new(limits, Arc::default());
        Self { section, awaited, invalid: Arc::default(), unbelieved: Arc::default() }
    }

    /// A place for a connection of `balancer` until its header has come. `None` if it must be closed at once.
    pub(crate) fn enter(&self, balancer: IpAddr) -> Option<ConnectionPermit> {
        self.awaited.admit(balancer).ok()
    }

    /// Closes one connection that waits, because the system has no more open files.
    pub(crate) fn evict_one(&self) {
        self.awaited.evict_one();
    }

    /// Reads the header, and not one byte behind it. `None` if the connection must be closed; this is logged.
    pub(crate) async fn identify(
        &self,
        socket: &TcpStream,
        balancer: SocketAddr,
        place: ConnectionPermit,
    ) -> Option<Origin> {
        let balancer = SocketAddr::new(balancer.ip().to_canonical(), balancer.port());
        let handle = place.handle();
        let header = tokio::select! {
            header = timeout(HEADER_MAX, read(socket)) => header.unwrap_or(Err(NoHeader::TimedOut)),
            () = handle.evicted() => Err(NoHeader::Evicted),
        };
        match header {
            Ok(header) => Some(Origin::named(header, balancer)),
            Err(fault) => {
                self.report_invalid(balancer.ip(), fault.reason());
                None
            }
        }
    }

    fn report_invalid(&self, balancer: IpAddr, reason: Option<&'static str>) {
        let Some(reason) = reason else {
            return;
        };
        if let Some(times) = self.invalid.due((balancer, reason)) {
            tracing::warn!(
                %balancer,
                section = self.section,
                reason,
                times,
                "A connection without a valid PROXY header was closed. Its address is in \
                 `proxy_protocol`: there, only balancers that send the header may connect, also for \
                 health checks.",
            );
        }
    }

    /// Logs that somebody who is not in `proxy_protocol` sent a header.
    pub(crate) fn report_unbelieved(&self, peer: IpAddr) {
        if let Some(times) = self.unbelieved.due(network(peer)) {
            tracing::warn!(
                %peer,
                section = self.section,
                times,
                "A PROXY header was refused: the address is not in `proxy_protocol`. If it is your \
                 balancer, add it.",
            );
        }
    }
}

/// Reads a header. What follows it stays in the socket: it is looked at first, and only the header's bytes are taken.
async fn read(socket: &TcpStream) -> Result<ProxyHeader, NoHeader> {
    let mut parser = HeaderParser::default();
    let mut buffer = [0; PEEK_BYTES];
    loop {
        let seen = socket.peek(&mut buffer).await.unwrap_or(0);
        if seen == 0 {
            return Err(if parser.is_empty() { NoHeader::Unused } else { NoHeader::Cut });
        }
        let bytes = buffer.get(..seen).unwrap_or_default();
        let (count, header) = parser.push(bytes).map_err(NoHeader::Invalid)?;
        let taken = buffer.get_mut(..count).unwrap_or_default();
        take(socket, taken).await.map_err(|_| NoHeader::Cut)?;
        if let Some(header) = header {
            return Ok(header);
        }
    }
}

/// Reads exactly as many bytes as `buffer` has.
async fn take(socket: &TcpStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::net::proxy_header::LOCAL_HEADER;

    const HEADER: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 25\r\n";

    struct Pair {
        balancer: TcpStream,
        socket: TcpStream,
        from: SocketAddr,
    }

    async fn pair() -> Pair {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let balancer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, from) = listener.accept().await.unwrap();
        Pair { balancer, socket, from }
    }

    async fn identify(gate: &HeaderGate, pair: &Pair) -> Option<Origin> {
        let place = gate.enter(pair.from.ip()).unwrap();
        gate.identify(&pair.socket, pair.from, place).await
    }

    #[tokio::test]
    async fn the_header_is_taken_and_what_follows_is_left() {
        let gate = HeaderGate::new("smtp");
        let mut pair = pair().await;
        pair.balancer.write_all(&[HEADER, b"EHLO camera\r\n"].concat()).await.unwrap();
        let origin = identify(&gate, &pair).await.unwrap();
        assert_eq!(origin.peer, "192.0.2.7:51000".parse().unwrap());
        let destination = "198.51.100.1:25".parse().unwrap();
        let path = ConnectionPath::Forwarded { balancer: pair.from.ip(), destination };
        assert_eq!(origin.path, path);
        let mut rest = [0; 13];
        pair.socket.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"EHLO camera\r\n");
    }

    #[tokio::test]
    async fn a_header_in_single_bytes_and_a_long_one_are_read() {
        let gate = HeaderGate::new("smtp");
        let extended = [
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x0b\xbc\xc0\0\x02\x07\xc6\x33\x64\x01\xc7\x38\0\x19"
                .as_slice(),
            &[7; 0xbbc - 12],
        ]
        .concat();
        for (header, piece) in [(HEADER, 1), (&extended, 1_000)] {
            let mut pair = pair().await;
            let (mut balancer, header) = (pair.balancer, header.to_vec());
            let writer = tokio::spawn(async move {
                balancer.set_nodelay(true).unwrap();
                for piece in header.chunks(piece) {
                    balancer.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
                balancer.write_all(b"!").await.unwrap();
                balancer
            });
            let place = gate.enter(pair.from.ip()).unwrap();
            let origin = gate.identify(&pair.socket, pair.from, place).await.unwrap();
            assert_eq!(origin.peer, "192.0.2.7:51000".parse().unwrap());
            assert_eq!(pair.socket.read_u8().await.unwrap(), b'!');
            drop(writer.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_balancers_own_connections_are_checks() {
        let gate = HeaderGate::new("smtp");
        for (header, unknown) in [
            (LOCAL_HEADER.to_vec(), false),
            (b"PROXY UNKNOWN\r\n".to_vec(), true),
            (b"PROXY TCP4 127.0.0.1 127.0.0.1 5 25\r\n".to_vec(), false),
        ] {
            let mut pair = pair().await;
            pair.balancer.write_all(&header).await.unwrap();
            let Origin { peer, path } = identify(&gate, &pair).await.unwrap();
            assert_eq!(path, ConnectionPath::Check);
            // Nobody's address is in no network.
            assert_eq!(peer.ip().is_unspecified(), unknown, "{header:?}");
            assert!(unknown || peer.ip() == pair.from.ip());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_whole_header_in_time_there_is_no_connection() {
        let gate = HeaderGate::new("smtp");
        for bytes in [&b""[..], b"PROXY TCP4 192.0", b"EHLO camera\r\n"] {
            let mut pair = pair().await;
            pair.balancer.write_all(bytes).await.unwrap();
            assert_eq!(identify(&gate, &pair).await, None);
        }
        // One byte now and then does not extend the time.
        let Pair { mut balancer, socket, from } = pair().await;
        let drip = tokio::spawn(async move {
            for byte in HEADER {
                if balancer.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(HEADER_MAX / 10).await;
            }
        });
        let place = gate.enter(from.ip()).unwrap();
        assert_eq!(gate.identify(&socket, from, place).await, None);
        drip.abort();
    }

    #[tokio::test]
    async fn one_connection_too_many_evicts_the_oldest_that_waits() {
        let gate = HeaderGate::new("smtp");
        let balancer = IpAddr::from([127, 0, 0, 1]);
        let first = pair().await;
        let place = gate.enter(balancer).unwrap();
        let others: Vec<_> = (1..AWAITED_MAX).map(|_| gate.enter(balancer).unwrap()).collect();
        let waits = gate.identify(&first.socket, first.from, place);
        let newest = async { gate.enter(balancer) };
        let (identified, newest) = tokio::join!(waits, newest);
        assert_eq!(identified, None);
        assert!(newest.is_some());
        drop(others);
    }
}
