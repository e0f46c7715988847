//! Accepting connections: how many, from whom, and in which language.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tipoff_model::Protocol;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::transcript::{Recorder, Transcripts, Trouble};
use super::{ftp, smtp};
use crate::config::{Listener, SmtpListener};
use crate::net::TlsFault;
use crate::net::limit::{Crowded, Place, Presence};
use crate::net::sniff::{Known, Speaks, sniff};
use crate::net::tls::{Alpn, Tls};
use crate::net::wire::Wire;
use crate::runtime::per_minute::{PerMinute, network};
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Not accepting for a moment when the system has no more descriptors to give.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);
/// What a connection that gives way to others may still do: say so, and keep what came of a mail.
const FAREWELL_MAX: Duration = Duration::from_secs(5);
/// What it is told (RFC 5321, section 3.8; RFC 959, section 4.2).
pub(super) const GIVES_WAY: &[u8] = b"421 4.7.0 Too many connections, try again later\r\n";
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

    async fn wait_for_file(&self) {
        let connections = match self {
            Self::Smtp(receiver, _) => receiver.load().connections.clone(),
            Self::Ftp(receiver) => receiver.load().connections.clone(),
        };
        connections.wait_for_file().await;
    }

    fn make_room(&self) {
        match self {
            Self::Smtp(receiver, _) => receiver.load().connections.make_room(),
            Self::Ftp(receiver) => receiver.load().connections.make_room(),
        }
    }

    fn alpn(&self) -> Alpn {
        match self {
            Self::Smtp(..) => Alpn::Smtp,
            Self::Ftp(_) => Alpn::Ftp,
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
    pub(super) presence: Presence,
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
    turned_away: PerMinute<(IpAddr, Crowded)>,
    not_accepted: PerMinute<()>,
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
    let hall = Arc::new(Hall {
        settings,
        known: Known::default(),
        host,
        tls,
        turned_away: PerMinute::default(),
        not_accepted: PerMinute::default(),
    });
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
            accepted = next(listener, hall) => accepted,
            () = shutdown.reached(Phase::Ending) => return,
        };
        let (socket, peer) = match accepted {
            Ok((socket, peer)) => (socket, peer.ip().to_canonical()),
            Err(error) => {
                if let Some(times) = hall.not_accepted.due(()) {
                    tracing::warn!(%error, times, "A connection could not be accepted.");
                }
                if is_out_of_files(&error) {
                    hall.host.make_room();
                }
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        match hall.host.enter(peer) {
            Ok(place) => {
                let record = transcripts.begin(hall.host.protocol(), peer);
                let caller = Caller { socket, peer, place, record };
                tasks.spawn(converse(caller, Arc::clone(hall), shutdown.clone()));
            }
            Err(crowded) => turn_away(&socket, peer, crowded, hall, transcripts),
        }
    }
}

async fn next(listener: &TcpListener, hall: &Hall) -> io::Result<(TcpStream, SocketAddr)> {
    hall.host.wait_for_file().await;
    listener.accept().await
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
    let presence = place.presence();
    let wire = tokio::select! {
        wire = begin(socket, peer, &hall, &record) => wire,
        () = presence.gives_way() => {
            record.trouble(Trouble::TurnedAway(Crowded::InAll));
            return;
        }
        () = shutdown.reached(Phase::Ending) => return record.note("Tipoff was stopped."),
    };
    let Some(wire) = wire else {
        return;
    };
    if let Some(how) = wire.encryption() {
        record.encrypted(how);
    }
    presence.heard();
    let call = Call {
        wire,
        peer,
        tls: Arc::clone(&hall.tls),
        shutdown,
        record,
        presence: presence.clone(),
    };
    let conversation = std::pin::pin!(hall.host.converse(call));
    if let Some(End::WasTls) = until_it_must_go(conversation, &presence).await {
        hall.known.learn(peer, Speaks::Tls);
    }
    drop(place);
}

/// Sees the conversation through. One that gives way ends by itself; where it is stuck, it is cut off.
async fn until_it_must_go(
    mut conversation: Pin<&mut impl Future<Output = End>>,
    presence: &Presence,
) -> Option<End> {
    tokio::select! {
        end = &mut conversation => return Some(end),
        () = presence.gives_way() => {}
    }
    timeout(FAREWELL_MAX, conversation).await.ok()
}

/// Finds out what the connection speaks, and encrypts it if it is TLS; none: it came to nothing.
async fn begin(socket: TcpStream, peer: IpAddr, hall: &Hall, record: &Recorder) -> Option<Wire> {
    match sniff(&socket, peer, hall.settings.tls, &hall.known).await {
        Ok(Speaks::Plain) => Some(Wire::Plain(socket)),
        Ok(Speaks::Tls) => match handshake(socket, &hall.tls, hall.host.alpn()).await {
            Ok(wire) => Some(wire),
            Err(error) => {
                tell_of_handshake(peer, &error, record, &hall.tls);
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

/// Whether the process or the system has no more open files to give.
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    code.is_some_and(|code| code == rustix::io::Errno::MFILE || code == rustix::io::Errno::NFILE)
}

/// Begins TLS as the server.
pub(super) async fn handshake(socket: TcpStream, tls: &Tls, alpn: Alpn) -> io::Result<Wire> {
    let acceptor = TlsAcceptor::from(tls.config(alpn));
    // Boxed: a handshake is large, and most connections never make one.
    let stream = Box::pin(timeout(HANDSHAKE_MAX, acceptor.accept(socket))).await??;
    Ok(Wire::Tls(Box::new(stream)))
}

/// Says what a failed handshake means for the person at the camera.
pub(super) fn tell_of_handshake(peer: IpAddr, error: &io::Error, record: &Recorder, tls: &Tls) {
    let fault = TlsFault::from(error);
    let times = tls.failure_due(peer, &fault);
    record.tls_failed(fault);
    let Some(times) = times else {
        return;
    };
    tracing::warn!(
        %peer,
        %error,
        times,
        "A device tried to encrypt and failed. If it is old (before TLS 1.2) or refuses \
         certificates that it does not know, switch encryption off in the device.",
    );
}

/// RFC 5321, section 3.8, and RFC 959, section 4.2: 421 when the server cannot serve now. The socket is fresh, so a short
/// line is taken without waiting. A flood costs neither a transcript nor a line of the log each.
fn turn_away(
    socket: &TcpStream,
    peer: IpAddr,
    crowded: Crowded,
    hall: &Hall,
    transcripts: &Transcripts,
) {
    let reason = match crowded {
        Crowded::InAll => "Too many connections",
        Crowded::FromAddress => "Too many connections from your address",
    };
    let reply = format!("421 4.7.0 {reason}, try again later\r\n");
    let _ = socket.try_write(reply.as_bytes());
    if let Some(times) = hall.turned_away.due((network(peer), crowded)) {
        tracing::warn!(%peer, reason, times, "A connection was turned away.");
        let record = transcripts.begin(hall.host.protocol(), peer);
        record.said(reply.as_bytes());
        record.trouble(Trouble::TurnedAway(crowded));
    }
}
