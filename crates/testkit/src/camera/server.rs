//! The connections of a camera: reads requests, checks logins, sends answers and streams.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::http::{self, Reply};
use super::stream::{OpenStream, StreamForm, StreamKind};
use super::{State, routes};
use crate::standin::lock;

/// What a request leads to.
pub(super) enum Action {
    /// An answer.
    Reply(Reply),
    /// A stream of events, with heartbeats in this pause.
    Stream(StreamKind, Option<Duration>),
}

impl From<Reply> for Action {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// Whether the camera can be reached, and how often its connections were broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) is_down: bool,
    pub(super) breaks: u64,
}

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let network = *state.network.borrow();
        if network.is_down {
            let _ = stream.set_zero_linger();
            continue;
        }
        let number = state.connections.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::spawn(connection(stream, number, network, Arc::clone(&state)));
    }
}

/// Serves one connection until it ends or is broken.
async fn connection(mut stream: TcpStream, number: usize, before: Network, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let mut network = state.network.subscribe();
    state.open.send_modify(|count| *count += 1);
    // What was sent before the break is written before it.
    let is_broken = tokio::select! {
        biased;
        _ = serve(&mut stream, number, &state) => false,
        _ = broken(&mut network, before) => true,
    };
    if is_broken {
        // The close becomes a reset.
        let _ = stream.set_zero_linger();
    }
    state.open.send_modify(|count| *count -= 1);
}

/// Waits until the network breaks.
async fn broken(network: &mut watch::Receiver<Network>, before: Network) {
    // An error means that the camera is gone: its connections break as well.
    let _ = network.wait_for(|now| now.is_down || now.breaks != before.breaks).await;
}

async fn serve(stream: &mut TcpStream, number: usize, state: &Arc<State>) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let mut request = match http::read(stream, &mut buffer).await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => {
                lock(&state.faults).push(error.to_string());
                let reply = Reply::bad_request(&error.to_string());
                return stream.write_all(&reply.bytes(true)).await;
            }
        };
        request.connection = number;
        let (action, refusal) = match routes::login(state, &request) {
            Ok(()) => {
                let delay = *lock(&state.delay);
                if !delay.is_zero() {
                    sleep(delay).await;
                }
                let action = tokio::select! {
                    action = routes::answer(state, &request) => action,
                    () = closed(stream) => return Ok(()),
                };
                (action, None)
            }
            Err((reply, refusal)) => (Action::Reply(reply), refusal),
        };
        let asks_to_close =
            request.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        request.refusal = refusal;
        match action {
            Action::Reply(reply) => {
                let closes = asks_to_close || !state.options.keeps_alive;
                request.status = reply.status;
                state.log.push(request);
                stream.write_all(&reply.bytes(closes)).await?;
                if closes {
                    return Ok(());
                }
            }
            Action::Stream(kind, heartbeat) => {
                let form = &state.options.stream;
                let Some(place) = state.streams.open(form.connections_max) else {
                    let reply = routes::busy(kind);
                    request.status = reply.status;
                    state.log.push(request);
                    stream.write_all(&reply.bytes(true)).await?;
                    return Ok(());
                };
                request.status = 200;
                state.log.push(request);
                drop(buffer);
                return stream_events(stream, state, place, kind, heartbeat).await;
            }
        }
    }
}

/// Waits until the client has closed the connection; for ever if it sends the next request already.
async fn closed(stream: &TcpStream) {
    if stream.peek(&mut [0]).await.is_ok_and(|count| count > 0) {
        std::future::pending::<()>().await;
    }
}

/// Sends events until the client closes.
async fn stream_events(
    stream: &mut TcpStream,
    state: &State,
    mut place: OpenStream,
    kind: StreamKind,
    heartbeat: Option<Duration>,
) -> io::Result<()> {
    let form: &StreamForm = &state.options.stream;
    stream.write_all(kind.head(form).as_bytes()).await?;
    let backlog = lock(&state.backlog).clone();
    for part in backlog {
        stream.write_all(&part.bytes(form)).await?;
    }
    let mut is_glued = form.is_glued && place.is_first;
    let mut next = heartbeat.map(|pause| Instant::now() + pause);
    let mut byte = [0];
    loop {
        tokio::select! {
            piece = place.pieces.recv() => match piece {
                Ok(piece) => {
                    stream.write_all(&piece).await?;
                    if std::mem::take(&mut is_glued) {
                        stream.write_all(kind.head(form).as_bytes()).await?;
                    }
                }
                Err(RecvError::Lagged(_) | RecvError::Closed) => return Ok(()),
            },
            // A client has nothing to say on a stream: bytes are ignored, and the end ends it.
            count = stream.read(&mut byte) => if count? == 0 { return Ok(()) },
            () = at(next) => {
                next = heartbeat.map(|pause| Instant::now() + pause);
                if !state.is_silent.load(Ordering::Relaxed) {
                    stream.write_all(&kind.heartbeat().bytes(form)).await?;
                }
            }
        }
    }
}

/// Waits until this time; for ever without one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// A POST of the camera itself, such as a test or a notification; an error unless the answer is 200.
pub(super) async fn post(
    authority: &str,
    path: &str,
    content_type: &str,
    body: &str,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    match answer.ends_with(b" 200") {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
    }
}
