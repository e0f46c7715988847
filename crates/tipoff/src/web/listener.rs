//! The HTTP port's connections: limited in total and by address, plain or encrypted, and closed if they stand still.
//!
//! A new connection never waits: it replaces the connection on which nothing has moved for longest, of the address that has
//! most, or else of its own address (`net/limit.rs`). So slow clients cannot occupy the port. The first byte decides
//! between TLS and plain HTTP, so one port serves both; before it, a balancer's connection says whose it is.

mod silent_clients;
mod timed_connection;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
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
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::task::TaskTracker;

pub(super) use self::silent_clients::SilentClients;
use self::timed_connection::Connection;
use super::request_line::RepairedLine;
use super::slow_body;
use crate::config::{Http, Networks, Proxies};
use crate::net::balancer::{HeaderGate, Origin};
use crate::net::known::KnownAddresses;
use crate::net::limit::{ConnectionHandle, ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use crate::net::proxy_header;
use crate::net::rewound::Rewound;
use crate::net::sniff::is_client_hello;
use crate::net::tls::{Alpn, Tls};
use crate::open_files;
use crate::receive::alarm::{begins_alarm, is_alarm_path};
use crate::runtime::per_minute::PerMinute;
use crate::runtime::shutdown::{Phase, Shutdown};

/// Maximum number of connections.
const CONNECTIONS_MAX: usize = 512;
/// Maximum number of connections of one address. Browsers open six each; an address that floods replaces its own only.
const CONNECTIONS_PER_ADDRESS: usize = 128;
/// Maximum time to the first byte, for the TLS handshake, for the head of a request, and between two requests.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// Maximum size of a request's head; a larger one gets a 431. Also the buffer of an answer in memory.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Bytes that are looked at to decide what a connection speaks: more than a PROXY header begins with, and as many as the
/// beginning of an alarm has.
const FIRST_BYTES: usize = 64;

/// Pause in accepting when the system has no file descriptor left.
const BREATHER: Duration = Duration::from_millis(100);

/// The port, with limits, on which both plain HTTP and TLS are understood.
#[derive(Clone)]
pub(super) struct Server {
    listener: Arc<TcpListener>,
    tls: Arc<Tls>,
    connections: ConnectionLimiter,
    /// Trusted proxies: their connections are those of many people, and have no limit by address.
    proxies: Proxies,
    /// The networks of balancers, whose connections begin with a PROXY header.
    balancers: Arc<Networks>,
    headers: HeaderGate,
    /// Reports clients of other protocols.
    silent: SilentClients,
    /// Limits the warnings about connections that were not accepted.
    not_accepted: Arc<PerMinute<()>>,
}

impl Server {
    /// `ceiling` is the number of connections for which the system has file descriptors.
    pub(super) fn new(
        listener: Arc<TcpListener>,
        tls: Arc<Tls>,
        known: Arc<KnownAddresses>,
        settings: &Http,
        ceiling: usize,
    ) -> Self {
        let limits = ConnectionLimits {
            total: CONNECTIONS_MAX,
            per_address: CONNECTIONS_PER_ADDRESS,
            ceiling,
            newest_wins: true,
        };
        let connections = ConnectionLimiter::new(limits, known);
        Self {
            listener,
            tls,
            connections,
            proxies: settings.proxies.clone(),
            balancers: Arc::new(settings.proxy_protocol.clone()),
            headers: HeaderGate::new("http"),
            silent: SilentClients::default(),
            not_accepted: Arc::default(),
        }
    }

    /// The same, which reports clients of other protocols.
    pub(super) fn with_silent_clients(self, silent: SilentClients) -> Self {
        Self { silent, ..self }
    }

    /// Serves until the program ends, each connection in its own task.
    pub(super) async fn serve(self, router: Router, tasks: TaskTracker, mut shutdown: Shutdown) {
        loop {
            let accepted = tokio::select! {
                accepted = self.next() => accepted,
                () = shutdown.reached(Phase::Ending) => return,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.report_not_accepted(&error);
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            };
            let (router, shutdown) = (router.clone(), shutdown.clone());
            if self.balancers.contains(peer.ip()) {
                if let Some(place) = self.headers.enter(peer.ip()) {
                    let served = self.clone().serve_balanced(socket, peer, place, router, shutdown);
                    tasks.spawn(served);
                }
            } else if let Some(permit) = self.admit(peer) {
                tasks.spawn(self.clone().serve_admitted(socket, peer, permit, router, shutdown));
            }
        }
    }

    /// Serves a balancer's connection, once its header says whose it is. `place`: its place until then.
    async fn serve_balanced(
        self,
        socket: TcpStream,
        balancer: SocketAddr,
        place: ConnectionPermit,
        router: Router,
        mut shutdown: Shutdown,
    ) {
        let origin = tokio::select! {
            origin = self.headers.identify(&socket, balancer, place) => origin,
            () = shutdown.reached(Phase::Ending) => None,
        };
        if let Some(Origin { peer, .. }) = origin
            && let Some(permit) = self.admit(peer)
        {
            self.serve_admitted(socket, peer, permit, router, shutdown).await;
        }
    }

    /// A permit for a connection of this address.
    fn admit(&self, peer: SocketAddr) -> Option<ConnectionPermit> {
        // A reverse proxy's connections are those of many people.
        let connections = match self.proxies.trusted.contains(peer.ip()) {
            true => self.connections.with(CONNECTIONS_MAX, CONNECTIONS_MAX),
            false => self.connections.clone(),
        };
        connections.admit(peer.ip()).ok()
    }

    /// Serves a connection until it ends or is evicted.
    async fn serve_admitted(
        self,
        socket: TcpStream,
        peer: SocketAddr,
        permit: ConnectionPermit,
        router: Router,
        shutdown: Shutdown,
    ) {
        let handle = permit.handle();
        let served = self.serve_connection(socket, peer, router, handle.clone(), shutdown);
        tokio::select! {
            served = served => if let Err(error) = served {
                tracing::debug!(%peer, %error, "A connection to the HTTP port ended.");
            },
            () = handle.evicted() => {
                tracing::debug!(%peer, "A connection to the HTTP port gave way to another.");
            }
        }
        drop(permit);
    }

    /// Serves the requests of a connection. At the end of the program it finishes the request that is running.
    async fn serve_connection(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        router: Router,
        handle: ConnectionHandle,
        mut shutdown: Shutdown,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (socket, is_alarm) = tokio::select! {
            greeted = self.greet(socket, address) => greeted?,
            () = shutdown.reached(Phase::Ending) => return Ok(()),
        };
        let peer = Peer { address, by_tls: matches!(socket, Either::Right(_)) };
        let socket = Connection::new(socket, handle.clone());
        let io = TokioIo::new(RepairedLine::new(socket, is_alarm));
        let router = TowerToHyperService::new(router);
        let service =
            service_fn(move |request| answer(router.clone(), request, peer, handle.clone()));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX);
        builder.max_buf_size(BUFFER_BYTES_MAX);
        // Some devices close their side when they have sent everything. That is no reason to give up what they sent.
        builder.half_close(is_alarm);
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

    /// Decides by the first byte between TLS and plain HTTP, and whether plain HTTP begins with an alarm: clients send
    /// first. A PROXY header here comes from somebody who is no balancer, and ends the connection.
    async fn greet(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
    ) -> io::Result<(Either<TcpStream, Box<TlsStream<Rewound>>>, bool)> {
        let (mut first, began) = ([0; FIRST_BYTES], Instant::now());
        let count = timeout(HEAD_MAX, socket.peek(&mut first)).await;
        let first = match &count {
            Ok(Ok(count)) => first.get(..*count).unwrap_or_default(),
            _ => &[],
        };
        if first.is_empty() {
            self.silent.left(peer.ip(), began.elapsed());
            count??;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.silent.spoke(peer.ip(), first);
        if proxy_header::begins(first) {
            self.headers.report_unbelieved(peer.ip());
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if !is_client_hello(first) {
            let is_alarm = begins_alarm(first);
            return Ok((Either::Left(socket), is_alarm));
        }
        let handshake = Box::pin(self.tls.accept_modern(socket, Alpn::Http));
        Ok((Either::Right(Box::new(timeout(HEAD_MAX, handshake).await??)), false))
    }

    /// The next connection, once a file descriptor is free for it.
    async fn next(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.connections.wait_for_file().await;
        self.listener.accept().await
    }

    /// Logs the error, and closes a connection if no file descriptor is left.
    fn report_not_accepted(&self, error: &io::Error) {
        if let Some(times) = self.not_accepted.due(()) {
            tracing::warn!(%error, times, "A connection to the HTTP port could not be accepted.");
        }
        if open_files::is_exhausted(error) {
            self.headers.evict_one();
            self.connections.evict_one();
        }
    }
}

/// The other end of a connection: a browser, a program or a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) by_tls: bool,
}

/// Adds the peer to a request, limits the time of its body, and passes it on.
async fn answer(
    router: TowerToHyperService<Router>,
    request: Request<Incoming>,
    peer: Peer,
    handle: ConnectionHandle,
) -> Result<Response, Infallible> {
    // A connection with a request is evicted after those without one.
    handle.set_busy(true);
    let time = match is_alarm_path(request.uri().path()) {
        true => slow_body::ALARM_TIME,
        false => slow_body::BODY_TIME,
    };
    let mut request = request.map(|body| slow_body::bounded(Body::new(body), time));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.call(request).await;
    handle.set_busy(false);
    response
}
