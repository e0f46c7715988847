//! The HTTP port's connections: so many at a time and from one address, plain or encrypted, none that stands still
//! or trickles, and always a place for one more.
//!
//! HTTP clients talk at once, so a newcomer is never made to wait: it takes the place of the connection on which
//! nothing has moved for longest, of the address that has most, or else of its own address (`net/limit.rs`).

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::task::TaskTracker;

use super::slow_body;
use crate::config::Proxies;
use crate::net::known::KnownAddresses;
use crate::net::limit::{ConnectionHandle, ConnectionLimiter, ConnectionLimits};
use crate::net::sniff::is_client_hello;
use crate::net::tls::{Alpn, Tls};
use crate::open_files;
use crate::runtime::per_minute::PerMinute;
use crate::runtime::shutdown::{Phase, Shutdown};

/// ConnectionLimiter served at a time.
const CONNECTIONS_MAX: usize = 512;
/// Connections of one address: browsers behind one have six each, and who floods from it displaces only as many.
const CONNECTIONS_PER_ADDRESS: usize = 128;
/// From the connection to the first byte, for the TLS handshake, and for the whole head of a request; also between
/// two requests.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// A connection on which nothing moves for so long is closed.
const STANDSTILL_MAX: Duration = Duration::from_secs(30);
/// Whoever reads an answer more slowly than this, in bytes a second, loses its patience of [`STANDSTILL_MAX`] little
/// by little; a phone with bad reception is faster.
const READER_RATE_MIN: u64 = 2 * 1024;
/// Heads that are larger are refused (431), and as much of an answer waits in memory.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Not accepting for a moment when the system has no more descriptors to give.
const BREATHER: Duration = Duration::from_millis(100);

/// The port, with limits, on which both plain HTTP and TLS are understood.
#[derive(Clone)]
pub(super) struct Server {
    listener: Arc<TcpListener>,
    tls: Arc<Tls>,
    connections: ConnectionLimiter,
    proxies: Proxies,
    not_accepted: Arc<PerMinute<()>>,
}

impl Server {
    /// The system has open files for `ceiling` connections.
    pub(super) fn new(
        listener: Arc<TcpListener>,
        tls: Arc<Tls>,
        known: Arc<KnownAddresses>,
        proxies: Proxies,
        ceiling: usize,
    ) -> Self {
        let limits = ConnectionLimits {
            total: CONNECTIONS_MAX,
            per_address: CONNECTIONS_PER_ADDRESS,
            ceiling,
            newest_wins: true,
        };
        let connections = ConnectionLimiter::new(limits, known);
        Self { listener, tls, connections, proxies, not_accepted: Arc::default() }
    }

    /// Serves until the end, each connection in a task of its own.
    pub(super) async fn serve(self, router: Router, tasks: TaskTracker, mut shutdown: Shutdown) {
        loop {
            let accepted = tokio::select! {
                accepted = self.next() => accepted,
                () = shutdown.reached(Phase::Ending) => return,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.tell_not_accepted(&error);
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            };
            // A reverse proxy's connections are those of many people.
            let connections = match self.proxies.trusted.contains(peer.ip()) {
                true => self.connections.with(CONNECTIONS_MAX, CONNECTIONS_MAX),
                false => self.connections.clone(),
            };
            if let Ok(permit) = connections.admit(peer.ip()) {
                let served = serve_connection(
                    socket,
                    peer,
                    Arc::clone(&self.tls),
                    router.clone(),
                    permit.handle(),
                    shutdown.clone(),
                );
                tasks.spawn(async move {
                    let handle = permit.handle();
                    tokio::select! {
                        served = served => if let Err(error) = served {
                            tracing::debug!(%peer, %error, "A connection to the HTTP port ended.");
                        },
                        () = handle.evicted() => {
                            tracing::debug!(%peer, "A connection to the HTTP port gave way to another.");
                        }
                    }
                    drop(permit);
                });
            }
        }
    }

    async fn next(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.connections.wait_for_file().await;
        self.listener.accept().await
    }

    fn tell_not_accepted(&self, error: &io::Error) {
        if let Some(times) = self.not_accepted.due(()) {
            tracing::warn!(%error, times, "A connection to the HTTP port could not be accepted.");
        }
        if open_files::is_exhausted(error) {
            self.connections.evict_one();
        }
    }
}

/// Who is at the other end, and whether by TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) by_tls: bool,
}

async fn serve_connection(
    socket: TcpStream,
    address: SocketAddr,
    tls: Arc<Tls>,
    router: Router,
    handle: ConnectionHandle,
    mut shutdown: Shutdown,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let socket = tokio::select! {
        socket = greet(socket, &tls) => socket?,
        () = shutdown.reached(Phase::Ending) => return Ok(()),
    };
    let peer = Peer { address, by_tls: matches!(socket, Either::Right(_)) };
    let io = TokioIo::new(Connection::new(socket, handle.clone()));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| answer(router.clone(), request, peer, handle.clone()));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(BUFFER_BYTES_MAX);
    // Boxed: the connection is large, and most never get as far as this.
    let mut connection = Box::pin(builder.serve_connection(io, service));
    tokio::select! {
        served = connection.as_mut() => return Ok(served?),
        () = shutdown.reached(Phase::Ending) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        served = connection => Ok(served?),
        () = shutdown.reached(Phase::Over) => Ok(()),
    }
}

/// Passes a request on, with who asks, and a body that must come in time.
async fn answer(
    router: TowerToHyperService<Router>,
    request: Request<Incoming>,
    peer: Peer,
    handle: ConnectionHandle,
) -> Result<Response, Infallible> {
    // Whoever has asked goes after those that have not.
    handle.set_busy(true);
    let mut request = request.map(|body| slow_body::bounded(Body::new(body)));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.call(request).await;
    handle.set_busy(false);
    response
}

/// HTTP and TLS clients both talk first, and the first byte tells which it is.
async fn greet(
    socket: TcpStream,
    tls: &Tls,
) -> io::Result<Either<TcpStream, Box<TlsStream<TcpStream>>>> {
    let mut first = [0];
    if timeout(HEAD_MAX, socket.peek(&mut first)).await?? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if !is_client_hello(&first) {
        return Ok(Either::Left(socket));
    }
    let handshake = Box::pin(TlsAcceptor::from(tls.config(Alpn::Http)).accept(socket));
    Ok(Either::Right(Box::new(timeout(HEAD_MAX, handshake).await??)))
}

/// A connection that fails when nothing moves on it, or what is written is read too slowly.
struct Connection<S> {
    socket: S,
    handle: ConnectionHandle,
    standstill: Pin<Box<Sleep>>,
    /// Since when the other side has taken nothing of what is to be written.
    blocked_at: Option<Instant>,
    /// For how long it still may.
    patience: Duration,
}

impl<S> Connection<S> {
    fn new(socket: S, handle: ConnectionHandle) -> Self {
        let standstill = Box::pin(tokio::time::sleep(STANDSTILL_MAX));
        Self { socket, handle, standstill, blocked_at: None, patience: STANDSTILL_MAX }
    }

    /// Passes on what the socket answered, and keeps the time.
    fn timed<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.handle.touch();
            self.standstill.as_mut().reset(Instant::now() + STANDSTILL_MAX);
            return poll;
        }
        match self.standstill.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// What was written gives patience back, and what had to wait takes it.
    fn written(&mut self, bytes: usize) {
        if let Some(blocked_at) = self.blocked_at.take() {
            self.patience = self.patience.saturating_sub(blocked_at.elapsed());
        }
        let earned = Duration::from_millis(bytes as u64 * 1_000 / READER_RATE_MIN);
        self.patience = (self.patience + earned).min(STANDSTILL_MAX);
    }

    /// Nothing can be written now; whether that is so for too long.
    fn blocked(&mut self) -> bool {
        let now = Instant::now();
        if self.blocked_at.is_none() {
            self.blocked_at = Some(now);
            self.standstill.as_mut().reset(now + self.patience);
        }
        self.patience.is_zero()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        if poll.is_ready() && self.blocked_at.is_some() {
            // Whoever only sends on does not read the more for it.
            return poll;
        }
        self.timed(poll, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(context, bytes);
        match &poll {
            Poll::Ready(Ok(count)) => self.written(*count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.blocked() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {}
        }
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
mod tests;
