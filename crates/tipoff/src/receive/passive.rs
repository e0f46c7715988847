//! A port that a device will connect to for one transfer, and how far the connection is before the transfer
//! is asked for: some clients begin TLS as soon as they are connected, and say STOR only when it stands.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tipoff_ftp::Protection;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::data::{DataContext, DataFault};
use super::listen::handshake;
use super::sniff::is_client_hello;
use super::tls::Alpn;
use super::wire::Wire;

/// How long a device may take to connect.
const ACCEPT_MAX: Duration = Duration::from_secs(20);
/// The same when the session has ended: what is on its way may come behind the last command.
const LATE_MAX: Duration = Duration::from_millis(100);
/// Ports that are tried before it is said that none is free.
const TRIES_MAX: u16 = 200;
/// Only one connection is wanted; others are turned away one by one.
const BACKLOG: u32 = 8;

/// A port, and what has come to it.
pub(super) struct Passive {
    listener: TcpListener,
    stage: Stage,
}

/// How far the connection is.
#[derive(Default)]
enum Stage {
    /// It has not come.
    #[default]
    Awaited,
    /// It is there, and has not said anything.
    Silent(TcpStream),
    /// What it said first is not TLS.
    Plain(TcpStream),
    /// TLS has begun.
    Handshake(Handshake),
    /// It is encrypted.
    Encrypted(Wire),
    /// It does not come to anything. This has been logged.
    Failed(DataFault),
}

type Handshake = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

impl Passive {
    /// Takes a free port of the range.
    pub(super) fn listen(address: IpAddr, ports: &RangeInclusive<u16>) -> io::Result<Self> {
        Ok(Self { listener: free_port(address, ports)?, stage: Stage::Awaited })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> io::Result<u16> {
        self.listener.local_addr().map(|address| address.port())
    }

    /// Goes on as far as it can before a transfer is asked for: TLS that a device begins at once is answered at
    /// once (RFC 4217, section 9, says only that the client begins it). Never ends; dropping it loses nothing.
    async fn advance(&mut self, protection: Protection, context: &DataContext) -> Infallible {
        if protection == Protection::Clear {
            return pending().await;
        }
        loop {
            match &mut self.stage {
                Stage::Awaited => {
                    let accepted =
                        accept(&self.listener, context.peer, |from| context.turned_away(from))
                            .await;
                    self.stage = match accepted {
                        Ok(socket) => Stage::Silent(socket),
                        Err(error) => Stage::Failed(context.not_connected(&error)),
                    };
                }
                Stage::Silent(socket) => {
                    let begins_tls = begins_tls(socket).await;
                    if let Stage::Silent(socket) = std::mem::take(&mut self.stage) {
                        self.stage = match begins_tls {
                            true => Stage::Handshake(begin_tls(socket, context)),
                            false => Stage::Plain(socket),
                        };
                    }
                }
                Stage::Handshake(handshake) => {
                    self.stage = match handshake.await {
                        Ok(wire) => Stage::Encrypted(wire),
                        Err(error) => Stage::Failed(context.not_encrypted(&error)),
                    };
                }
                Stage::Plain(_) | Stage::Encrypted(_) | Stage::Failed(_) => return pending().await,
            }
        }
    }

    /// Whether the device has connected, though it asked for no transfer.
    pub(super) async fn has_come(&mut self, context: &DataContext) -> bool {
        let Stage::Awaited = self.stage else { return true };
        let accepted = accept(&self.listener, context.peer, |from| context.turned_away(from));
        timeout(LATE_MAX, accepted).await.is_ok_and(|accepted| accepted.is_ok())
    }

    /// The connection for the transfer that is asked for now.
    pub(super) async fn open(
        self,
        protection: Protection,
        is_upload: bool,
        context: &DataContext,
    ) -> Result<Wire, DataFault> {
        let Self { listener, stage } = self;
        let port = listener.local_addr().map_or(0, |address| address.port());
        let stage = match stage {
            Stage::Awaited => {
                let accepted = accept(&listener, context.peer, |from| context.turned_away(from));
                let accepted = timeout(ACCEPT_MAX, accepted).await.map_err(io::Error::from);
                let socket = accepted.flatten().map_err(|error| context.not_connected(&error))?;
                Stage::Silent(socket)
            }
            stage => stage,
        };
        context.record.note(&format!("A data connection from {} to port {port}.", context.peer));
        match stage {
            Stage::Silent(socket) | Stage::Plain(socket) => {
                context.protect(socket, protection, is_upload).await
            }
            Stage::Handshake(handshake) => {
                let wire = handshake.await.map_err(|error| context.not_encrypted(&error))?;
                Ok(context.encrypted(wire))
            }
            Stage::Encrypted(wire) => Ok(context.encrypted(wire)),
            Stage::Failed(why) => Err(why),
            Stage::Awaited => Err(DataFault::NotConnected),
        }
    }
}

/// Goes on with the data connection that is awaited, if one is, for ever.
pub(super) async fn advance(
    passive: &mut Option<Passive>,
    protection: Protection,
    context: &DataContext,
) -> Infallible {
    match passive {
        // Boxed: most connections wait for nothing, and should hold nothing for it.
        Some(passive) => Box::pin(passive.advance(protection, context)).await,
        None => pending().await,
    }
}

/// TLS as the server, in a future of its own.
fn begin_tls(socket: TcpStream, context: &DataContext) -> Handshake {
    let tls = Arc::clone(&context.tls);
    Box::pin(async move { handshake(socket, &tls, Alpn::FtpData).await })
}

/// Whether the first byte is one of TLS. Waits for it.
pub(super) async fn begins_tls(socket: &TcpStream) -> bool {
    let mut first = [0];
    matches!(socket.peek(&mut first).await, Ok(1) if is_client_hello(&first))
}

fn free_port(address: IpAddr, ports: &RangeInclusive<u16>) -> io::Result<TcpListener> {
    let count = ports.end().saturating_sub(*ports.start()).saturating_add(1).max(1);
    // Not the same one for everybody who comes at the same time.
    let first =
        getrandom::u32().map_or(0, |random| u16::try_from(random % u32::from(count)).unwrap_or(0));
    let mut last_error = io::Error::from(io::ErrorKind::AddrInUse);
    for number in 0..count.min(TRIES_MAX) {
        let offset = first.wrapping_add(number) % count;
        match bind(SocketAddr::new(address, ports.start().saturating_add(offset))) {
            Ok(listener) => return Ok(listener),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The first connection from the device itself.
async fn accept(
    listener: &TcpListener,
    peer: IpAddr,
    turned_away: impl Fn(IpAddr),
) -> io::Result<TcpStream> {
    loop {
        let (socket, from) = listener.accept().await?;
        let from = from.ip().to_canonical();
        if from == peer {
            return Ok(socket);
        }
        turned_away(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_ports_of_the_range_are_taken_and_then_none_is_left() {
        let address = IpAddr::from([127, 0, 0, 1]);
        // A range that is free now: the one around a port that the system gave away.
        let given = bind(SocketAddr::new(address, 0)).unwrap().local_addr().unwrap().port();
        let ports = given..=given;
        let passive = Passive::listen(address, &ports).unwrap();
        assert_eq!(passive.port().unwrap(), given);
        assert!(Passive::listen(address, &ports).is_err());
    }

    #[tokio::test]
    async fn strangers_are_turned_away() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let target = listener.local_addr().unwrap();
        let from = |address: [u8; 4]| async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(IpAddr::from(address), 0)).unwrap();
            socket.connect(target).await.unwrap()
        };
        let device = IpAddr::from([127, 0, 0, 3]);
        let stranger = from([127, 0, 0, 2]).await;
        let own = from([127, 0, 0, 3]).await;
        let accepted = accept(&listener, device, |_| {}).await.unwrap();
        assert_eq!(accepted.peer_addr().unwrap(), own.local_addr().unwrap());
        stranger.readable().await.unwrap();
        assert!(matches!(stranger.try_read(&mut [0]), Ok(0) | Err(_)));
    }
}
