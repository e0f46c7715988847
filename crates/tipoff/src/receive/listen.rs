//! Accepting connections: how many, from whom, and in which language.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tipoff_model::Protocol;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::limit::{Crowded, Place};
use super::sniff::{Known, Speaks, sniff};
use super::tls::Tls;
use super::transcript::{Recorder, TlsFault, Transcripts, Trouble};
use super::wire::Wire;
use super::{ftp, smtp};
use crate::config::{Listener, SmtpListener};
use crate::shutdown::{Phase, Shutdown};
use crate::supervise::Supervisor;

/// Not accepting for a moment when the system has no more descriptors to give.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);
/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 1024;

/// A bound listener.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) settings: Listener,
}

/// Who answers behind a door. Each session keeps the receiver that it began with, and so its
/// settings.
pub(crate) enum Host {
    /// The SMTP receiver, and what it offers here.
    Smtp(Arc<ArcSwap<smtp::Receiver>>, SmtpListener),
    /// The FTP receiver.
    Ftp(Arc<ArcSwap<ftp::Receiver>>),
}

impl Host {
    fn enter(&self, peer: IpAddr) -> Result<Place, Crowded> {
        match self {
            Self::Smtp(receiver, _) => receiver.load().connections.enter(peer),
            Self::Ftp(receiver) => receiver.load().connections.enter(peer),
        }
    }

    fn protocol(&self) -> Protocol {
        match self {
            Self::Smtp(..) => Protocol::Smtp,
            Self::Ftp(_) => Protocol::Ftp,
        }
    }

    async fn converse(&self, call: Call) -> End {
        match self {
            Self::Smtp(receiver, offered) => {
                smtp::converse(call, offered, &receiver.load_full()).await
            }
            Self::Ftp(receiver) => ftp::converse(call, &receiver.load_full()).await,
        }
    }
}

/// A connection that has been accepted.
pub(super) struct Call {
    pub(super) wire: Wire,
    pub(super) peer: IpAddr,
    pub(super) tls: Arc<Tls>,
    pub(super) shutdown: Shutdown,
    pub(super) record: Recorder,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As a conversation does.
    Ended,
    /// It began TLS after it had been greeted in plain text: next time it is given a moment more.
    WasTls,
}

/// What those who came in by one door share; the door itself may be closed by then.
struct Hall {
    settings: Listener,
    known: Known,
    host: Host,
    tls: Arc<Tls>,
}

/// Binds a listener; the error says what to do.
pub(crate) fn bind(settings: Listener) -> anyhow::Result<Door> {
    let address = settings.address;
    let open = || -> io::Result<TcpListener> {
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    let listener = open().map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program has this port: stop it, or set another `listen`"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a permission: use one above, or grant CAP_NET_BIND_SERVICE"
            }
            io::ErrorKind::AddrNotAvailable => "this machine has no such address: check `listen`",
            _ => "check `listen`",
        };
        anyhow::anyhow!("cannot listen on {address}: {error}; {hint}")
    })?;
    Ok(Door { listener, settings })
}

/// Accepts until the end, each connection in a task of its own.
pub(crate) fn open(
    door: Door,
    host: Host,
    tls: Arc<Tls>,
    transcripts: Transcripts,
    supervisor: &Supervisor,
) {
    let Door { listener, settings } = door;
    let protocol = match host.protocol() {
        Protocol::Ftp => "FTP",
        _ => "SMTP",
    };
    let name = format!("{protocol} listener {}", settings.address);
    let hall = Arc::new(Hall { settings, known: Known::default(), host, tls });
    let (listener, tasks) = (Arc::new(listener), supervisor.tasks().clone());
    let shutdown = supervisor.shutdown();
    supervisor.spawn(name, move || {
        let (listener, hall) = (Arc::clone(&listener), Arc::clone(&hall));
        let (transcripts, tasks, shutdown) = (transcripts.clone(), tasks.clone(), shutdown.clone());
        async move {
            accept(&listener, &hall, &transcripts, &tasks, shutdown).await;
            Ok(())
        }
    });
}

async fn accept(
    listener: &TcpListener,
    hall: &Arc<Hall>,
    transcripts: &Transcripts,
    tasks: &TaskTracker,
    mut shutdown: Shutdown,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.reached(Phase::Ending) => return,
        };
        let (socket, peer) = match accepted {
            Ok((socket, peer)) => (socket, peer.ip().to_canonical()),
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted.");
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        let record = transcripts.begin(hall.host.protocol(), peer);
        match hall.host.enter(peer) {
            Ok(place) => {
                let caller = Caller { socket, peer, place, record };
                tasks.spawn(converse(caller, Arc::clone(hall), shutdown.clone()));
            }
            Err(crowded) => turn_away(&socket, peer, crowded, &record),
        }
    }
}

struct Caller {
    socket: TcpStream,
    peer: IpAddr,
    place: Place,
    record: Recorder,
}

async fn converse(caller: Caller, hall: Arc<Hall>, mut shutdown: Shutdown) {
    let Caller { socket, peer, place, record } = caller;
    // Small replies must not wait for the device's acknowledgement of the one before.
    let _ = socket.set_nodelay(true);
    if hall.host.protocol() == Protocol::Ftp {
        // Telnet's Synch (RFC 854): the last byte of ABOR and of what stands before it comes as urgent data,
        // and would be left out of what is read.
        let _ = rustix::net::sockopt::set_socket_oobinline(&socket, true);
    }
    let sniffed = tokio::select! {
        sniffed = sniff(&socket, peer, hall.settings.tls, &hall.known) => sniffed,
        () = shutdown.reached(Phase::Ending) => return record.note("Tipoff was stopped."),
    };
    let speaks = match sniffed {
        Ok(speaks) => speaks,
        Err(error) => {
            tracing::debug!(%peer, %error, "A connection was closed before a word was said.");
            return record.note(match error.kind() {
                io::ErrorKind::TimedOut => "It said nothing, not even the beginning of TLS.",
                _ => "It hung up before a word was said.",
            });
        }
    };
    let wire = match speaks {
        Speaks::Plain => Wire::Plain(socket),
        Speaks::Tls => match handshake(socket, &hall.tls).await {
            Ok(wire) => wire,
            Err(error) => return tell_of_handshake(peer, &error, &record),
        },
    };
    if let Some(how) = wire.encryption() {
        record.encrypted(how);
    }
    let call = Call { wire, peer, tls: Arc::clone(&hall.tls), shutdown, record };
    if let End::WasTls = hall.host.converse(call).await {
        hall.known.learn(peer, Speaks::Tls);
    }
    drop(place);
}

/// Begins TLS as the server.
pub(super) async fn handshake(socket: TcpStream, tls: &Tls) -> io::Result<Wire> {
    let acceptor = TlsAcceptor::from(tls.config());
    // Boxed: a handshake is large, and most connections never make one.
    let stream = Box::pin(timeout(HANDSHAKE_MAX, acceptor.accept(socket))).await??;
    Ok(Wire::Tls(Box::new(stream)))
}

/// Says what a failed handshake means for the person at the camera.
pub(super) fn tell_of_handshake(peer: IpAddr, error: &io::Error, record: &Recorder) {
    record.tls_failed(TlsFault::from(error));
    tracing::warn!(
        %peer,
        %error,
        "A device tried to encrypt and failed. If it is old (before TLS 1.2) or refuses \
         certificates that it does not know, switch encryption off in the device.",
    );
}

/// RFC 5321, section 3.8, and RFC 959, section 4.2: 421 when the server cannot serve now. The socket is fresh, so a short
/// line is taken without waiting.
fn turn_away(socket: &TcpStream, peer: IpAddr, crowded: Crowded, record: &Recorder) {
    let reason = match crowded {
        Crowded::InAll => "Too many connections",
        Crowded::FromAddress => "Too many connections from your address",
    };
    tracing::warn!(%peer, reason, "A connection was turned away.");
    let reply = format!("421 4.7.0 {reason}, try again later\r\n");
    let _ = socket.try_write(reply.as_bytes());
    record.said(reply.as_bytes());
    record.trouble(Trouble::TurnedAway(crowded));
}
