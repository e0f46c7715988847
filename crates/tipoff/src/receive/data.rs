//! The data connection of one transfer: where it comes from, from whom, and whether it is encrypted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tipoff_ftp::{Data, Protection};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::listen;
use super::sniff::is_client_hello;
use super::tls::Tls;
use super::transcript::{Recorder, TlsFault, Trouble};
use super::wire::Wire;

/// How long a device may take to connect.
const ACCEPT_MAX: Duration = Duration::from_secs(20);
/// How long this machine tries to connect to a device.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long is waited for TLS where a device has not said whether it encrypts.
const SNIFF_MAX: Duration = Duration::from_secs(1);
/// Ports that are tried before it is said that none is free.
const TRIES_MAX: u16 = 200;
/// Only one connection is wanted; others are turned away one by one.
const BACKLOG: u32 = 8;

/// A port that a device will connect to.
pub(super) fn listen(address: IpAddr, ports: &RangeInclusive<u16>) -> io::Result<TcpListener> {
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

/// A data connection that is to be made.
pub(super) struct Plan {
    pub(super) data: Data,
    pub(super) protection: Protection,
    /// Where a passive one is awaited.
    pub(super) listener: Option<TcpListener>,
    /// The device's address: nobody else may take its place.
    pub(super) peer: IpAddr,
    pub(super) tls: Arc<Tls>,
    pub(super) record: Recorder,
}

impl Plan {
    /// Makes the connection.
    pub(super) async fn open(self) -> io::Result<Wire> {
        let Self { data, protection, listener, peer, tls, record } = self;
        let socket = connection(data, listener, peer, &record).await.inspect_err(|error| {
            record.note(&format!("There is no data connection: {error}."));
            record.trouble(Trouble::NoDataConnection);
        })?;
        let encrypts = match protection {
            Protection::Clear => false,
            Protection::Private => true,
            Protection::Untold => begins_tls(&socket).await,
        };
        if !encrypts {
            return Ok(Wire::Plain(socket));
        }
        let encrypted = listen::handshake(socket, &tls).await;
        let wire = encrypted.inspect_err(|error| record.tls_failed(TlsFault::from(error)))?;
        record.note(&format!("It is encrypted with {}.", wire.encryption().unwrap_or_default()));
        Ok(wire)
    }
}

async fn connection(
    data: Data,
    listener: Option<TcpListener>,
    peer: IpAddr,
    record: &Recorder,
) -> io::Result<TcpStream> {
    match (data, listener) {
        (Data::Active(address), _) => {
            let socket = connect(address).await?;
            record.note(&format!("A data connection to {address}."));
            Ok(socket)
        }
        (Data::Passive, Some(listener)) => {
            let socket = timeout(ACCEPT_MAX, accept(&listener, peer)).await??;
            let port = socket.local_addr().map_or(0, |address| address.port());
            record.note(&format!("A data connection from {peer} to port {port}."));
            Ok(socket)
        }
        (Data::Passive, None) => Err(io::ErrorKind::NotConnected.into()),
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    timeout(CONNECT_MAX, TcpStream::connect(address)).await?
}

/// The first connection from the device itself.
async fn accept(listener: &TcpListener, peer: IpAddr) -> io::Result<TcpStream> {
    loop {
        let (socket, from) = listener.accept().await?;
        if from.ip().to_canonical() == peer {
            return Ok(socket);
        }
        tracing::warn!(%peer, from = %from.ip(), "A stranger connected to a device's data port and was turned away.");
    }
}

async fn begins_tls(socket: &TcpStream) -> bool {
    let mut first = [0];
    match timeout(SNIFF_MAX, socket.peek(&mut first)).await {
        Ok(Ok(1)) => is_client_hello(&first),
        _ => false,
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
        let listener = listen(address, &ports).unwrap();
        assert_eq!(listener.local_addr().unwrap().port(), given);
        assert!(listen(address, &ports).is_err());
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
        let accepted = accept(&listener, device).await.unwrap();
        assert_eq!(accepted.peer_addr().unwrap(), own.local_addr().unwrap());
        stranger.readable().await.unwrap();
        assert!(matches!(stranger.try_read(&mut [0]), Ok(0) | Err(_)));
    }
}
