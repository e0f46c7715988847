//! The HTTP port's connections: so many at a time, plain or encrypted, and none that stands still
//! for ever.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use crate::receive::is_client_hello;
use crate::receive::tls::Tls;

/// Connections served at a time; others wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// A connection on which nothing moves for so long is closed.
const STANDSTILL_MAX: Duration = Duration::from_secs(30);

/// Not accepting for a moment when the system has no more descriptors to give.
const BREATHER: Duration = Duration::from_millis(100);

/// A listener with limits, on which both plain HTTP and TLS are understood.
pub(super) struct Bounded {
    listener: Arc<TcpListener>,
    tls: Arc<Tls>,
    places: Arc<Semaphore>,
    /// Those that have not said a word yet, or are about to encrypt.
    greeting: JoinSet<io::Result<(Connection, SocketAddr)>>,
}

impl Bounded {
    pub(super) fn new(listener: Arc<TcpListener>, tls: Arc<Tls>) -> Self {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { listener, tls, places, greeting: JoinSet::new() }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let come = async {
                // The semaphore is never closed; should it be, nothing limits.
                let place = Arc::clone(&self.places).acquire_owned().await.ok();
                (accept(&self.listener).await, place)
            };
            tokio::select! {
                ((socket, peer), place) = come => {
                    self.greeting.spawn(greet(socket, peer, Arc::clone(&self.tls), place));
                }
                Some(greeted) = self.greeting.join_next() => match greeted {
                    Ok(Ok(connection)) => return connection,
                    Ok(Err(error)) => tracing::debug!(%error, "A browser said nothing of use."),
                    Err(_) => {}
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The next connection. What ends one before it is accepted concerns no other.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection to the HTTP port could not be accepted.");
                tokio::time::sleep(BREATHER).await;
            }
        }
    }
}

/// HTTP and TLS clients both talk first, and the first byte tells which it is.
async fn greet(
    socket: TcpStream,
    peer: SocketAddr,
    tls: Arc<Tls>,
    place: Option<OwnedSemaphorePermit>,
) -> io::Result<(Connection, SocketAddr)> {
    let mut first = [0];
    if timeout(STANDSTILL_MAX, socket.peek(&mut first)).await?? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let socket = if is_client_hello(&first) {
        let handshake = TlsAcceptor::from(tls.config()).accept(socket);
        Either::Right(Box::new(timeout(STANDSTILL_MAX, handshake).await??))
    } else {
        Either::Left(socket)
    };
    let standstill = Box::pin(tokio::time::sleep(STANDSTILL_MAX));
    Ok((Connection { socket, standstill, _place: place }, peer))
}

/// Who is at the other end, and whether by TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) by_tls: bool,
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        let by_tls = matches!(stream.io().socket, Either::Right(_));
        Self { address: *stream.remote_addr(), by_tls }
    }
}

/// A connection that fails when nothing moves on it.
pub(super) struct Connection {
    socket: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    standstill: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Passes on what the socket answered, and keeps the time.
    fn timed<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.standstill.as_mut().reset(Instant::now() + STANDSTILL_MAX);
            return poll;
        }
        match self.standstill.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        self.timed(poll, context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.timed(poll, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::config::Config;

    async fn bounded(listener: TcpListener) -> Bounded {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse(None, "", None, &|_| None).unwrap();
        Bounded::new(Arc::new(listener), Arc::new(Tls::load(&config.smtp, folder.path()).unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_stands_still_ends_and_one_that_moves_goes_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(b"x").await.unwrap();
        let (mut connection, _) = bounded(listener).await.accept().await;
        assert_eq!(connection.read_u8().await.unwrap(), b'x');
        for _ in 0..3 {
            tokio::time::advance(STANDSTILL_MAX - Duration::from_secs(1)).await;
            client.write_all(b"x").await.unwrap();
            assert_eq!(connection.read_u8().await.unwrap(), b'x');
        }
        let error = connection.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn no_more_are_accepted_than_there_are_places() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded =
            Bounded { places: Arc::new(Semaphore::new(1)), ..bounded(listener).await };
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            clients.push(client);
        }
        let (first, _) = bounded.accept().await;
        tokio::select! {
            biased;
            _ = bounded.accept() => panic!("the second one has no place"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        bounded.accept().await;
    }

    #[tokio::test]
    async fn who_says_nothing_keeps_nobody_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = bounded(listener).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(&[0x16, 3, 1]).await.unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"G").await.unwrap();
        let (_, peer) = bounded.accept().await;
        assert_eq!(peer, client.local_addr().unwrap());
    }
}
