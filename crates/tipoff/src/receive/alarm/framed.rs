//! Alarms in frames over TCP, as XMEye's alarm server takes them: one or more messages on a connection, none is answered.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tipoff_alarm::framed::{Frame, frame};
use tokio::time::timeout;

use super::{AlarmHead, AlarmReceiver, BodyPiece};
use crate::net::known::KnownAddresses;
use crate::net::limit::{ConnectionLimiter, ConnectionLimits};
use crate::net::wire::Buffers;
use crate::receive::connection::{Connection, ConnectionEnd};
use crate::runtime::shutdown::Phase;

/// Connections at a time, and of one address.
const CONNECTIONS_MAX: usize = 500;
const CONNECTIONS_PER_ADDRESS: usize = 20;
/// A connection on which nothing comes for so long ends.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Bytes of one read: messages are short.
const BUFFER_BYTES: usize = 4 * 1024;

/// What all connections share.
pub(crate) struct Receiver {
    alarms: AlarmReceiver,
    buffers: Buffers,
    pub(in crate::receive) connections: ConnectionLimiter,
}

impl Receiver {
    /// A receiver that passes its messages on. The system has open files for `ceiling` connections.
    pub(crate) fn new(alarms: AlarmReceiver, known: Arc<KnownAddresses>, ceiling: usize) -> Self {
        let limits =
            ConnectionLimits::of_receiver(CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS, ceiling);
        let connections = ConnectionLimiter::new(limits, known);
        Self { alarms, buffers: Buffers::of(BUFFER_BYTES), connections }
    }
}

/// Reads messages until the connection ends. What follows bytes that are no message is not read.
pub(in crate::receive) async fn serve(
    mut connection: Connection,
    receiver: &Receiver,
) -> ConnectionEnd {
    let mut input = Vec::new();
    loop {
        match frame(&input) {
            Frame::Message(range) => {
                let message = input.get(range.clone()).unwrap_or_default().to_vec();
                input.drain(..range.end.min(input.len()));
                pass_on(message, &connection, receiver).await;
                continue;
            }
            Frame::Invalid => {
                connection.record.note("These bytes are no message of an alarm server.");
                return ConnectionEnd::Ended;
            }
            Frame::Need(_) => {}
        }
        let chunk = tokio::select! {
            read = timeout(IDLE_MAX, connection.wire.read(&receiver.buffers)) => read,
            () = connection.handle.evicted() => return ConnectionEnd::Ended,
            () = connection.shutdown.reached(Phase::Ending) => return ConnectionEnd::Ended,
        };
        match chunk {
            Ok(Ok(chunk)) if !chunk.bytes().is_empty() => input.extend_from_slice(chunk.bytes()),
            _ => return ConnectionEnd::Ended,
        }
        connection.handle.touch();
    }
}

/// Stores a message.
async fn pass_on(message: Vec<u8>, connection: &Connection, receiver: &Receiver) {
    let head = AlarmHead {
        peer: connection.peer,
        by_tls: connection.wire.is_tls(),
        method: String::new(),
        path: "/".to_owned(),
        query: None,
        content_type: None,
        content_encoding: None,
        content_disposition: None,
        content_length: Some(message.len() as u64),
        basic: None,
        digest_user: None,
    };
    let (body_tx, answer) = receiver.alarms.receive_in(head, connection.record.clone());
    let _ = body_tx.send(BodyPiece::Bytes(Bytes::from(message))).await;
    let _ = body_tx.send(BodyPiece::End).await;
    answer.await;
}
