//! Devices that came to the wrong port: served by the receiver of the protocol that they speak, or told the right port.
//!
//! Limits, logins, networks and turns are those of the receiver that serves them. A receiver that listens nowhere serves
//! nobody here either, and web requests are never served here (`receive/wrong_port.rs`).

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::Protocol;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::connection::{Connection, LastReply};
use super::super::transcript::{SessionProblem, TranscriptRecorder};
use super::super::wrong_port::{RightPorts, WrongPort, web_answer};
use super::{ListenerContext, ProtocolHandler, until_evicted};
use crate::net::limit::{ConnectionPermit, LimitExceeded};
use crate::runtime::per_minute::network;

/// How long the last reply may take, and how long what the device still sends is read: a connection that is closed before
/// loses the reply.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// Bytes of a web request that are read.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// The receivers of all protocols, for devices that come to the wrong port. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct OtherReceivers(Arc<OtherReceiversShared>);

/// The state behind [`OtherReceivers`].
#[derive(Default)]
struct OtherReceiversShared {
    /// Only those that listen.
    handlers: Vec<ProtocolHandler>,
    ports: RightPorts,
}

impl OtherReceivers {
    /// These receivers, which listen at these ports.
    pub(crate) fn new(handlers: Vec<ProtocolHandler>, ports: RightPorts) -> Self {
        Self(Arc::new(OtherReceiversShared { handlers, ports }))
    }

    fn of(&self, protocol: Protocol) -> Option<&ProtocolHandler> {
        self.0.handlers.iter().find(|handler| handler.protocol() == protocol)
    }

    /// The change that is needed at a device that speaks this and came to a port of `of`.
    pub(super) fn wrong_port(&self, spoken: Protocol, of: Protocol, came_to: u16) -> WrongPort {
        WrongPort { spoken, of, came_to, right: self.0.ports.of(spoken) }
    }
}

/// Serves a device that speaks another protocol than its port. The permit of the port is given back once the
/// receiver of the protocol has given one.
pub(super) async fn hand_over(
    protocol: Protocol,
    mut connection: Connection,
    port: u16,
    permit: ConnectionPermit,
    context: &ListenerContext,
) {
    let peer = connection.peer;
    let wrong = context.others.wrong_port(protocol, context.handler.protocol(), port);
    if due(context, peer) {
        tracing::info!(%peer, port, speaks = wrong.spoken_name(), "A device came to the wrong port.");
    }
    let Some(handler) = context.others.of(protocol) else {
        connection.record.problem(SessionProblem::WrongPort(wrong));
        return refuse(connection, &LastReply::NotServed.line(protocol)).await;
    };
    connection.record.came_to_wrong_port(wrong);
    let admitted = handler.connections().admit(peer);
    let Ok(own_permit) = admitted else {
        let exceeded = admitted.err().unwrap_or(LimitExceeded::Total);
        connection.record.problem(SessionProblem::TurnedAway(exceeded));
        return refuse(connection, &LastReply::Exceeds(exceeded).line(protocol)).await;
    };
    drop(permit);
    connection.handle = own_permit.handle();
    connection.tls.allows_legacy = handler.allows_legacy();
    let handle = own_permit.handle();
    handle.touch();
    let session = std::pin::pin!(handler.serve(connection));
    let _ended = until_evicted(session, &handle).await;
    drop(own_permit);
}

/// Says once a minute that the log is to name this address.
fn due(context: &ListenerContext, peer: IpAddr) -> bool {
    context.wrong_ports.due(network(peer)).is_some()
}

/// Writes the last reply, and closes the connection.
async fn refuse(mut connection: Connection, reply: &str) {
    connection.record.replied(reply.as_bytes());
    let _ = timeout(FAREWELL_MAX, connection.wire.write(reply.as_bytes())).await;
    let _ = timeout(FAREWELL_MAX, connection.wire.close()).await;
}

/// Answers a web request that came before the greeting with the port where it belongs.
pub(super) async fn answer_web_request(
    socket: &TcpStream,
    context: &ListenerContext,
    record: &TranscriptRecorder,
) {
    let (of, port) =
        (context.handler.protocol(), socket.local_addr().map_or(0, |address| address.port()));
    let wrong = context.others.wrong_port(Protocol::Http, of, port);
    record.problem(SessionProblem::WrongPort(wrong));
    let mut head = vec![0; REQUEST_BYTES_MAX];
    let count = socket.try_read(&mut head).unwrap_or(0);
    head.truncate(count);
    // Not the path, which may hold a password.
    let method = head.split(|byte| *byte == b' ').next().unwrap_or_default();
    record.received(&format!("{} …", String::from_utf8_lossy(method)));
    let answer = web_answer(&head, of, wrong.right);
    record.replied(answer.lines().next().unwrap_or_default().as_bytes());
    let _ = timeout(FAREWELL_MAX, async {
        write_all(socket, answer.as_bytes()).await?;
        rustix::net::shutdown(socket, rustix::net::Shutdown::Write)?;
        skip(socket).await
    })
    .await;
}

async fn write_all(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is still sent, up to the end of the connection.
async fn skip(socket: &TcpStream) -> io::Result<()> {
    let mut rest = vec![0; REQUEST_BYTES_MAX];
    loop {
        socket.readable().await?;
        match socket.try_read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
