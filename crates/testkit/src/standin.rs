//! What stand-ins for HTTP services have in common: a server on a free port of 127.0.0.1, a
//! script of how to behave, and a log of what came. Knows no service.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How long [`Log::wait_for`] waits before it returns what there is.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a request is met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// As the service does.
    #[default]
    Normal,
    /// Read, but not taken; the connection is closed without an answer.
    Down,
    /// Taken; the connection is closed without an answer.
    Lost,
    /// As the service does, after a while.
    Slow(Duration),
    /// Read, but not taken; answered with this.
    Answer {
        /// The status.
        status: u16,
        /// Headers beside those of any answer.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
}

impl Behaviour {
    /// Answers with a status and a body.
    pub fn answer(status: u16, body: &str) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.to_owned() }
    }

    /// Meets a request that came by this line; none: the service does what it does.
    pub(crate) async fn meet(self, line: &Line) -> Option<Response> {
        match self {
            Self::Down => {
                line.cut();
                return Some(StatusCode::OK.into_response());
            }
            Self::Answer { status, headers, body } => {
                return Some(answer(status, &headers, body));
            }
            Self::Lost => line.cut(),
            Self::Slow(pause) => tokio::time::sleep(pause).await,
            Self::Normal => {}
        }
        None
    }

    /// What is no HTTP API's answer.
    pub fn garbage() -> Self {
        Self::answer(200, "<html>\u{fffd}\u{0} it works!")
    }
}

/// How the requests to come are met: one after the other by a list, then all alike.
#[derive(Default)]
pub struct Script(Mutex<(VecDeque<Behaviour>, Behaviour)>);

impl Script {
    /// Appends to the list.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        lock(&self.0).0.extend(behaviours);
    }

    /// The behaviour after the end of the list.
    pub fn always(&self, behaviour: Behaviour) {
        lock(&self.0).1 = behaviour;
    }

    /// Meets a request that came by this line; none: the service does what it does.
    pub(crate) async fn meet(&self, line: &Line) -> Option<Response> {
        self.take().meet(line).await
    }

    /// How this request is met.
    pub(crate) fn take(&self) -> Behaviour {
        let mut script = lock(&self.0);
        let (list, always) = &mut *script;
        list.pop_front().unwrap_or_else(|| always.clone())
    }
}

/// What came, in order.
pub struct Log<T> {
    entries: Mutex<Vec<T>>,
    grown: Notify,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { entries: Mutex::default(), grown: Notify::new() }
    }
}

impl<T: Clone> Log<T> {
    pub(crate) fn push(&self, entry: T) {
        lock(&self.entries).push(entry);
        self.grown.notify_waiters();
    }

    /// Everything until now.
    pub fn all(&self) -> Vec<T> {
        lock(&self.entries).clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.entries).len()
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn any(&self, fits: impl Fn(&T) -> bool) -> bool {
        lock(&self.entries).iter().any(fits)
    }

    /// Waits until there are `count`; all there are, even where they stay fewer for 20 s.
    pub async fn wait_for(&self, count: usize) -> Vec<T> {
        let _ = tokio::time::timeout(PATIENCE, async {
            loop {
                let grown = self.grown.notified();
                tokio::pin!(grown);
                // From here on nothing is missed.
                grown.as_mut().enable();
                if self.len() >= count {
                    return;
                }
                grown.await;
            }
        })
        .await;
        self.all()
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    task: AbortHandle,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(router: Router) -> io::Result<Self> {
        Self::start_on(router, (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// On a certain address and port; 0: on any that is free.
    pub(crate) async fn start_on(router: Router, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let service = router.into_make_service_with_connect_info::<Line>();
        let accepted = Arc::default();
        let lines = Lines { listener, accepted: Arc::clone(&accepted) };
        let serving = async { axum::serve(lines, service).await };
        Ok(Self { address, task: tokio::spawn(serving).abort_handle(), accepted })
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The behaviour of a service that accepts one kind of request, and the requests that it received.
pub(crate) struct Shared<T> {
    pub(crate) script: Script,
    pub(crate) log: Log<T>,
}

/// A running stand-in for such a service. Dropping it stops it.
pub struct StandIn<T> {
    server: Server,
    shared: Arc<Shared<T>>,
    path: &'static str,
}

impl<T: Send + Sync + 'static> StandIn<T> {
    /// Serves these routes; its address ends in `path`.
    pub(crate) async fn start(
        routes: Router<Arc<Shared<T>>>,
        path: &'static str,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { script: Script::default(), log: Log::default() });
        let server = Server::start(routes.with_state(Arc::clone(&shared))).await?;
        Ok(Self { server, shared, path })
    }

    /// The address that a channel is given.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.path)
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What it took.
    pub fn log(&self) -> &Log<T> {
        &self.shared.log
    }
}

/// The connection of a request, which can be cut.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<AtomicBool>);

impl Line {
    /// Whatever is written from here on breaks the connection.
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

pub(crate) struct Lines {
    listener: TcpListener,
    accepted: Arc<AtomicUsize>,
}

impl Listener for Lines {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                self.accepted.fetch_add(1, Ordering::Relaxed);
                let _ = stream.set_nodelay(true);
                return (Wire { stream, line: Line::default() }, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A stream that breaks when its line was cut.
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
}

impl Wire {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.line.0.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer of any kind.
pub(crate) fn answer(status: u16, headers: &[(String, String)], body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (name.parse::<axum::http::HeaderName>(), value.parse::<axum::http::HeaderValue>())
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
