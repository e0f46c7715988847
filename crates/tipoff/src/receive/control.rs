//! The connection that commands and replies use, of any protocol: how it is written, encrypted and ended.
//!
//! Knows no command. Replies are collected and written together, so that pipelined commands (RFC 2920) get theirs in
//! one segment, and are bounded, so that a device that reads nothing costs no more.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tipoff_model::{Envelope, LoginProof, Protocol};
use tokio::time::timeout;

use super::connection::{Connection, ConnectionEnd, LastReply};
use super::handshake::{handshake, report_failure};
use super::transcript::{SessionProblem, TranscriptRecorder};
use super::wrong_port::{FirstWords, WrongPort, first_words};
use crate::net::balancer::ConnectionPath;
use crate::net::limit::{ConnectionHandle, LimitExceeded};
use crate::net::tls::{Alpn, TlsPort};
use crate::net::wire::Wire;
use crate::net::{TlsFault, proxy_header, sniff};
use crate::runtime::shutdown::{Phase, Shutdown};

/// How long a device may take to read a reply.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// Replies that wait for the device to read them, in bytes. With as many as this nothing further is read or
/// answered, so that a device that sends commands and reads nothing costs no more.
const REPLIES_BYTES_MAX: usize = 4 * 1024;

/// Why a session ends.
pub(super) enum SessionEnd {
    /// The device closed the connection, or the socket failed.
    Wire(io::Error),
    /// The session has given its last reply.
    Closed,
    /// See [`ConnectionEnd::WasTls`].
    WasTls,
    /// See [`ConnectionEnd::ProxyHeader`].
    ProxyHeader,
    /// The device speaks another protocol. With the bytes that were read.
    Speaks(Protocol, Vec<u8>),
    /// Another connection evicted this one.
    Evicted,
    /// The program ends.
    Over,
}

impl From<io::Error> for SessionEnd {
    fn from(error: io::Error) -> Self {
        Self::Wire(error)
    }
}

impl SessionEnd {
    /// Notes the end in the log and in the transcript. What it means for the listener.
    pub(super) fn report(self, peer: IpAddr, record: &TranscriptRecorder) -> ConnectionEnd {
        match self {
            Self::WasTls => {
                tracing::warn!(
                    %peer,
                    "A device began TLS where it used to speak plain; its next try will be \
                     understood.",
                );
                record.tls_failed(TlsFault::Unannounced);
                return ConnectionEnd::WasTls;
            }
            Self::Wire(error) => {
                tracing::debug!(%peer, %error, "The connection ended.");
                match error.kind() {
                    io::ErrorKind::UnexpectedEof => record.note("It hung up."),
                    _ => record.note(&format!("The connection broke: {error}.")),
                }
            }
            Self::ProxyHeader => return ConnectionEnd::ProxyHeader,
            Self::Over => record.note("Tipoff was stopped."),
            Self::Evicted | Self::Closed | Self::Speaks(..) => {}
        }
        ConnectionEnd::Ended
    }
}

/// A control connection, and what its session shares with the listener.
pub(super) struct ControlConnection {
    /// The protocol of the receiver.
    protocol: Protocol,
    /// `None` only while it is being encrypted.
    wire: Option<Wire>,
    pub(super) peer: IpAddr,
    /// Whether a balancer is in between.
    pub(super) path: ConnectionPath,
    pub(super) tls: TlsPort,
    pub(super) shutdown: Shutdown,
    pub(super) record: TranscriptRecorder,
    pub(super) handle: ConnectionHandle,
    /// Replies that are not written yet: those to pipelined commands leave together.
    replies: Vec<u8>,
    /// The device reads no replies any more; what it sent before may still have to be read.
    is_deaf: bool,
    /// Whether anything was received: TLS is recognised in the first bytes only.
    has_received: bool,
    /// The first bytes, while they do not show what the device speaks. `None` once that is known.
    first: Option<Vec<u8>>,
    /// What to change if the device sends a web request.
    if_web: WrongPort,
}

impl ControlConnection {
    /// A control connection of a receiver of `protocol`. Also returns the bytes that were read before it.
    pub(super) fn new(connection: Connection, protocol: Protocol) -> (Self, Option<Vec<u8>>) {
        let Connection { wire, peer, path, tls, shutdown, record, handle, greeted, if_web } =
            connection;
        let control = Self {
            protocol,
            wire: Some(wire),
            peer,
            path,
            tls,
            shutdown,
            record,
            handle,
            replies: Vec::new(),
            is_deaf: false,
            has_received: greeted.is_some(),
            first: greeted.is_none().then(Vec::new),
            if_web,
        };
        (control, greeted)
    }

    /// The connection, for the receiver of another protocol, which has read these bytes. `None` while it is being encrypted.
    pub(super) fn leave(&mut self, first: Vec<u8>) -> Option<Box<Connection>> {
        Some(Box::new(Connection {
            wire: self.wire.take()?,
            peer: self.peer,
            path: self.path,
            tls: self.tls.clone(),
            shutdown: self.shutdown.clone(),
            record: self.record.clone(),
            handle: self.handle.clone(),
            greeted: Some(first),
            if_web: self.if_web,
        }))
    }

    /// The connection to read from, and what interrupts the reading.
    pub(super) fn wire(&mut self) -> Result<(&mut Wire, Interrupts<'_>), SessionEnd> {
        let wire = self.wire.as_mut().ok_or(SessionEnd::Closed)?;
        Ok((wire, Interrupts { shutdown: &mut self.shutdown, handle: &self.handle }))
    }

    /// The address of this machine that the device, or the balancer in between, has connected to.
    pub(super) fn local_address(&self) -> Option<SocketAddr> {
        self.wire.as_ref().and_then(|wire| wire.local_address().ok())
    }

    pub(super) fn is_tls(&self) -> bool {
        self.wire.as_ref().is_some_and(Wire::is_tls)
    }

    /// The envelope of what the device sends now. The protocol adds what it knows besides: sender, recipients, path.
    pub(super) fn envelope(
        &self,
        protocol: Protocol,
        login: Option<String>,
        proof: LoginProof,
    ) -> Envelope {
        Envelope {
            protocol,
            peer: self.peer,
            login,
            proof,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls: self.is_tls(),
            path: None,
        }
    }

    /// Checks what was read, and returns what the session processes: nothing while the first bytes do not show what the
    /// device speaks. No bytes are the end of the connection; TLS that was not announced, a PROXY header, which only
    /// balancers may send, and another protocol end the session.
    pub(super) fn received<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, SessionEnd> {
        self.handle.touch();
        if bytes.is_empty() {
            return Err(SessionEnd::Wire(io::ErrorKind::UnexpectedEof.into()));
        }
        if !self.has_received && sniff::is_client_hello(bytes) {
            return Err(SessionEnd::WasTls);
        }
        if !self.has_received && proxy_header::begins(bytes) {
            return Err(SessionEnd::ProxyHeader);
        }
        self.has_received = true;
        let Some(mut first) = self.first.take() else { return Ok(Cow::Borrowed(bytes)) };
        first.extend_from_slice(bytes);
        match first_words(self.protocol, &first) {
            FirstWords::Undecided => {
                self.first = Some(first);
                Ok(Cow::Borrowed(&[]))
            }
            FirstWords::Own => Ok(Cow::Owned(first)),
            FirstWords::Other(Protocol::Http) => {
                // The session refuses it.
                self.record.problem(SessionProblem::WrongPort(self.if_web));
                Ok(Cow::Owned(first))
            }
            FirstWords::Other(protocol) => Err(SessionEnd::Speaks(protocol, first)),
        }
    }

    /// Notes a command of the device; its secrets are masked already.
    pub(super) fn note_command(&self, line: &str) {
        self.record.received(line);
        tracing::debug!(peer = %self.peer, line, "The device sent a command.");
    }

    /// Adds a reply, which leaves with the next [`ControlConnection::flush`].
    pub(super) fn reply(&mut self, reply: &[u8]) {
        self.replies.extend_from_slice(reply);
        self.record.replied(reply);
    }

    /// Adds further lines of a reply that has begun; the transcript omits them.
    pub(super) fn reply_lines(&mut self, lines: &[u8]) {
        self.replies.extend_from_slice(lines);
    }

    /// Whether so many replies wait that they must be written before another command is processed.
    pub(super) fn is_full(&self) -> bool {
        self.replies.len() >= REPLIES_BYTES_MAX
    }

    /// Writes the replies. A failure ends nothing, because what the device sent before must still be read: scripts
    /// write all they have and close. A later read returns how the connection ended.
    pub(super) async fn flush(&mut self) -> Result<(), SessionEnd> {
        // Most sessions are over soon and idle ones should hold nothing.
        let replies = std::mem::take(&mut self.replies);
        if replies.is_empty() || self.is_deaf {
            return Ok(());
        }
        let wire = self.wire.as_mut().ok_or(SessionEnd::Closed)?;
        let written = timeout(WRITE_MAX, wire.write(&replies)).await.map_err(io::Error::from)?;
        if let Err(error) = written {
            tracing::debug!(peer = %self.peer, %error, "The device does not read replies any more.");
            self.is_deaf = true;
        }
        Ok(())
    }

    /// Begins TLS, as the server, after the replies so far.
    pub(super) async fn encrypt(&mut self, alpn: Alpn) -> Result<(), SessionEnd> {
        self.flush().await?;
        let Some(Wire::Plain(socket)) = self.wire.take() else {
            return Err(SessionEnd::Closed);
        };
        match handshake(socket, &self.tls, alpn).await {
            Ok(wire) => {
                if let Some(encryption) = wire.encryption() {
                    self.record.encrypted(encryption);
                }
                self.wire = Some(wire);
                Ok(())
            }
            Err(error) => {
                report_failure(self.peer, &error, &self.record, &self.tls, alpn);
                Err(SessionEnd::Closed)
            }
        }
    }

    /// Ends the connection; the last replies, such as that to QUIT, are written first.
    pub(super) async fn finish(&mut self, end: &SessionEnd) {
        if let SessionEnd::Evicted = end {
            let reply = LastReply::Exceeds(LimitExceeded::Total);
            self.reply(reply.line(self.protocol).as_bytes());
            self.record.problem(SessionProblem::TurnedAway(LimitExceeded::Total));
        }
        if let SessionEnd::ProxyHeader = end {
            self.reply(LastReply::ProxyHeader.line(self.protocol).as_bytes());
            self.record.problem(SessionProblem::ProxyHeader);
        }
        let _ = self.flush().await;
        if let Some(wire) = &mut self.wire {
            let _ = timeout(WRITE_MAX, wire.close()).await;
        }
    }
}

/// What ends the waiting for a device's next bytes.
pub(super) struct Interrupts<'a> {
    shutdown: &'a mut Shutdown,
    handle: &'a ConnectionHandle,
}

impl Interrupts<'_> {
    /// Waits for the next one. `Ok` when the program begins to end: the session may finish what is under way. An
    /// error when the session must end now.
    pub(super) async fn next(self) -> Result<(), SessionEnd> {
        let is_ending = self.shutdown.phase() == Phase::Ending;
        let next_phase = if is_ending { Phase::Over } else { Phase::Ending };
        tokio::select! {
            () = self.handle.evicted() => Err(SessionEnd::Evicted),
            () = self.shutdown.reached(next_phase) => match is_ending {
                true => Err(SessionEnd::Over),
                false => Ok(()),
            },
        }
    }
}
