//! Listeners of SMTP, FTP and framed alarms: binding, accepting, and what an accepted connection speaks.
//!
//! Every listener understands plain text and TLS, whatever its configuration expects. A balancer's connection first says
//! whose it is. A connection gets a permit, then a transcript, then a session in a task of its own; one without a permit
//! is refused with 421.

mod handler;
mod handover;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::Protocol;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub(crate) use self::handler::ProtocolHandler;
pub(crate) use self::handover::OtherReceivers;
use self::handover::{answer_web_request, hand_over};
use super::connection::{Connection, ConnectionEnd, LastReply};
use super::handshake::{handshake, report_failure};
use super::transcript::{SessionProblem, TranscriptRecorder, Transcripts};
use crate::config::Listener;
use crate::net::balancer::{ConnectionPath, HeaderGate, Origin};
use crate::net::limit::{ConnectionHandle, ConnectionPermit, LimitExceeded};
use crate::net::listen::{explain, listen};
use crate::net::sniff::{KnownPeers, Speaks, sniff};
use crate::net::tls::{Tls, TlsPort};
use crate::net::wire::Wire;
use crate::open_files;
use crate::runtime::per_minute::{PerMinute, network};
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Pause before the next connection is accepted where the system has no more open files.
const BREATHER: Duration = Duration::from_millis(100);
/// What an evicted connection may still do: send its last reply, and store what came of a mail.
const FAREWELL_MAX: Duration = Duration::from_secs(5);
/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 1024;

/// A listener whose address is bound.
pub(crate) struct BoundListener {
    /// Accepts connections; nothing is accepted before [`start`].
    pub(crate) listener: TcpListener,
    pub(crate) settings: Listener,
}

/// What the connections of one listener share; the listener itself may be closed before they end.
struct ListenerContext {
    settings: Listener,
    /// What each address spoke before, by which the wait for TLS is chosen.
    known: KnownPeers,
    handler: ProtocolHandler,
    /// Who serves devices that came to the wrong port.
    others: OtherReceivers,
    tls: Arc<Tls>,
    /// Reads the headers of balancers.
    headers: HeaderGate,
    /// Bounds log lines and transcripts of refused connections.
    turned_away: PerMinute<(IpAddr, LimitExceeded)>,
    /// Bounds log lines of devices at the wrong port.
    wrong_ports: PerMinute<IpAddr>,
    /// Bounds log lines of errors of the system.
    not_accepted: PerMinute<()>,
}

/// An accepted connection that has a permit; what it speaks is not known yet.
struct Accepted {
    socket: TcpStream,
    origin: Origin,
    /// Counts the connection until its session has ended.
    permit: ConnectionPermit,
    record: TranscriptRecorder,
}

/// Binds a listener. The error says what to do.
pub(crate) fn bind(settings: Listener) -> anyhow::Result<BoundListener> {
    let address = settings.address;
    let listener =
        listen(address, BACKLOG).map_err(|error| explain(address, "`listen`", &error))?;
    Ok(BoundListener { listener, settings })
}

/// Accepts connections until the program ends, and serves each in a task of its own.
pub(crate) fn start(
    bound: BoundListener,
    (handler, others): (ProtocolHandler, OtherReceivers),
    tls: Arc<Tls>,
    transcripts: Transcripts,
    supervisor: &Supervisor,
) {
    let BoundListener { listener, settings } = bound;
    let protocol = match handler.protocol() {
        Protocol::Ftp => "FTP",
        Protocol::Smtp => "SMTP",
        Protocol::Http | Protocol::Mqtt => "alarm",
    };
    let name = format!("{protocol} listener {}", settings.address);
    let headers = HeaderGate::new(handler.protocol().as_str());
    let context = Arc::new(ListenerContext {
        settings,
        known: KnownPeers::default(),
        handler,
        others,
        tls,
        headers,
        turned_away: PerMinute::default(),
        wrong_ports: PerMinute::default(),
        not_accepted: PerMinute::default(),
    });
    let (listener, tasks) = (Arc::new(listener), supervisor.tasks().clone());
    let shutdown = supervisor.shutdown();
    supervisor.spawn(name, move || {
        let (listener, context) = (Arc::clone(&listener), Arc::clone(&context));
        let (transcripts, tasks, shutdown) = (transcripts.clone(), tasks.clone(), shutdown.clone());
        async move {
            accept(&listener, &context, &transcripts, &tasks, shutdown).await;
            Ok(())
        }
    });
}

/// Accepts connections until the program begins to end. If the system has no open file for another one, a connection is
/// evicted.
async fn accept(
    listener: &TcpListener,
    context: &Arc<ListenerContext>,
    transcripts: &Transcripts,
    tasks: &TaskTracker,
    mut shutdown: Shutdown,
) {
    loop {
        let accepted = tokio::select! {
            accepted = next(listener, context) => accepted,
            () = shutdown.reached(Phase::Ending) => return,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(times) = context.not_accepted.due(()) {
                    tracing::warn!(%error, times, "A connection could not be accepted.");
                }
                if open_files::is_exhausted(&error) {
                    context.headers.evict_one();
                    context.handler.connections().evict_one();
                }
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        if context.handler.is_balancer(peer.ip()) {
            if let Some(place) = context.headers.enter(peer.ip()) {
                let (context, transcripts) = (Arc::clone(context), transcripts.clone());
                let shutdown = shutdown.clone();
                tasks.spawn(serve_balanced(socket, peer, place, context, transcripts, shutdown));
            }
        } else if let Some(accepted) = admit(socket, Origin::direct(peer), context, transcripts) {
            tasks.spawn(serve(accepted, Arc::clone(context), shutdown.clone()));
        }
    }
}

/// Serves a balancer's connection, once its header says whose it is. `place`: its place until then.
async fn serve_balanced(
    socket: TcpStream,
    balancer: SocketAddr,
    place: ConnectionPermit,
    context: Arc<ListenerContext>,
    transcripts: Transcripts,
    mut shutdown: Shutdown,
) {
    let origin = tokio::select! {
        origin = context.headers.identify(&socket, balancer, place) => origin,
        () = shutdown.reached(Phase::Ending) => None,
    };
    let Some(origin) = origin else {
        return;
    };
    if let Some(accepted) = admit(socket, origin, &context, &transcripts) {
        // Boxed: the future of a session is large, and this one would hold it while the header is awaited.
        Box::pin(serve(accepted, context, shutdown)).await;
    }
}

/// A permit and a transcript for a connection. `None` if it was refused.
fn admit(
    socket: TcpStream,
    origin: Origin,
    context: &ListenerContext,
    transcripts: &Transcripts,
) -> Option<Accepted> {
    let (peer, protocol) = (origin.peer.ip(), context.handler.protocol());
    let permit = match context.handler.connections().admit(peer) {
        Ok(permit) => permit,
        Err(exceeded) => {
            turn_away(&socket, peer, exceeded, context, transcripts);
            return None;
        }
    };
    let record = match origin.path {
        ConnectionPath::Check => transcripts.begin_check(protocol, peer),
        ConnectionPath::Direct => transcripts.begin(protocol, peer),
        ConnectionPath::Forwarded { balancer, destination } => {
            let record = transcripts.begin(protocol, peer);
            record.note(&format!(
                "Through the balancer {balancer}, which it reached at {destination}."
            ));
            record
        }
    };
    Some(Accepted { socket, origin, permit, record })
}

/// The next connection, once there is an open file for it.
async fn next(
    listener: &TcpListener,
    context: &ListenerContext,
) -> io::Result<(TcpStream, SocketAddr)> {
    context.handler.connections().wait_for_file().await;
    listener.accept().await
}

/// Serves a connection from its first byte to its end. The permit is dropped last.
async fn serve(accepted: Accepted, context: Arc<ListenerContext>, mut shutdown: Shutdown) {
    let Accepted { socket, origin, permit, record } = accepted;
    let (peer, path) = (origin.peer.ip(), origin.path);
    // Small replies must not wait for the device's acknowledgement of the one before.
    let _ = socket.set_nodelay(true);
    // Telnet's Synch (RFC 854): the last byte of FTP's ABOR and of what precedes it comes as urgent data, and would be
    // missing from what is read.
    let _ = rustix::net::sockopt::set_socket_oobinline(&socket, true);
    let handle = permit.handle();
    let allows_legacy = context.handler.allows_legacy();
    let tls = TlsPort { tls: Arc::clone(&context.tls), allows_legacy };
    let wire = tokio::select! {
        wire = begin(socket, peer, &context, &tls, &record) => wire,
        () = handle.evicted() => {
            record.problem(SessionProblem::TurnedAway(LimitExceeded::Total));
            return;
        }
        () = shutdown.reached(Phase::Ending) => return record.note("Tipoff was stopped."),
    };
    let Some(wire) = wire else {
        return;
    };
    if let Some(encryption) = wire.encryption() {
        record.encrypted(encryption);
    }
    handle.touch();
    let port = wire.local_address().map_or(0, |address| address.port());
    let if_web = context.others.wrong_port(Protocol::Http, context.handler.protocol(), port);
    let connection = Connection {
        wire,
        peer,
        path,
        tls,
        shutdown,
        record,
        handle: handle.clone(),
        greeted: None,
        if_web,
    };
    let session = std::pin::pin!(context.handler.serve(connection));
    match until_evicted(session, &handle).await {
        Some(ConnectionEnd::WasTls) => context.known.learn(peer, Speaks::Tls),
        Some(ConnectionEnd::ProxyHeader) => context.headers.report_unbelieved(peer),
        Some(ConnectionEnd::Speaks(protocol, connection)) => {
            // Boxed: it is another session, which most connections never have.
            Box::pin(hand_over(protocol, *connection, port, permit, &context)).await;
            return;
        }
        Some(ConnectionEnd::Ended) | None => {}
    }
    drop(permit);
}

/// Runs a session to its end. A session that is evicted ends by itself; one that takes too long for it is dropped.
async fn until_evicted(
    mut session: Pin<&mut impl Future<Output = ConnectionEnd>>,
    handle: &ConnectionHandle,
) -> Option<ConnectionEnd> {
    tokio::select! {
        end = &mut session => return Some(end),
        () = handle.evicted() => {}
    }
    timeout(FAREWELL_MAX, session).await.ok()
}

/// Finds out what the connection speaks, and encrypts it if it is TLS. `None` if the connection ended before.
async fn begin(
    socket: TcpStream,
    peer: IpAddr,
    context: &ListenerContext,
    tls: &TlsPort,
    record: &TranscriptRecorder,
) -> Option<Wire> {
    match sniff(&socket, peer, context.settings.tls, &context.known).await {
        Ok(Speaks::Plain) => Some(Wire::Plain(socket)),
        Ok(Speaks::Http) if context.handler.protocol() == Protocol::Http => {
            Some(Wire::Plain(socket))
        }
        Ok(Speaks::Http) => {
            answer_web_request(&socket, context, record).await;
            None
        }
        Ok(Speaks::Tls) => match handshake(socket, tls, context.handler.alpn()).await {
            Ok(wire) => Some(wire),
            Err(error) => {
                report_failure(peer, &error, record, tls, context.handler.alpn());
                None
            }
        },
        Err(error) => {
            tracing::debug!(%peer, %error, "A connection was closed before a word was said.");
            record.note(match error.kind() {
                io::ErrorKind::TimedOut => "It said nothing, not even the beginning of TLS.",
                _ => "It hung up before a word was said.",
            });
            None
        }
    }
}

/// Refuses a connection with 421 (RFC 5321, section 3.8; RFC 959, section 4.2). The socket is fresh, so a short line is
/// written without waiting. A flood does not cost a transcript and a log line for each connection.
fn turn_away(
    socket: &TcpStream,
    peer: IpAddr,
    exceeded: LimitExceeded,
    context: &ListenerContext,
    transcripts: &Transcripts,
) {
    let protocol = context.handler.protocol();
    let reply = LastReply::Exceeds(exceeded).line(protocol);
    let _ = socket.try_write(reply.as_bytes());
    if let Some(times) = context.turned_away.due((network(peer), exceeded)) {
        let reason = match exceeded {
            LimitExceeded::Total => "Too many connections",
            LimitExceeded::PerAddress => "Too many connections from your address",
        };
        tracing::warn!(%peer, reason, times, "A connection was turned away.");
        let record = transcripts.begin(protocol, peer);
        record.replied(reply.as_bytes());
        record.problem(SessionProblem::TurnedAway(exceeded));
    }
}
