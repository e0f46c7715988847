//! The connection that commands and replies go over, of any protocol: how it is written, encrypted
//! and ended.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::listen::{self, End};
use super::transcript::{Recorder, Trouble};
use crate::net::limit::{Crowded, Presence};
use crate::net::tls::{Alpn, Tls};
use crate::net::wire::Wire;
use crate::net::{TlsFault, sniff};

/// How long a device may take to read a reply.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// Replies that wait for the device to read them, in bytes: with as many as this nothing further is read or
/// answered, so that a device that sends commands and reads nothing costs no more.
const REPLIES_BYTES_MAX: usize = 4 * 1024;

/// What ends a conversation before its time.
pub(super) enum Break {
    /// The other side is gone, or the socket failed.
    Wire(io::Error),
    /// The session has said its last word.
    Closed,
    /// See [`End::WasTls`].
    WasTls,
    /// Others need its place.
    GivesWay,
    /// The program ends.
    Over,
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Wire(error)
    }
}

impl Break {
    /// What it means for the door, and for the log.
    pub(super) fn end(self, peer: IpAddr, record: &Recorder) -> End {
        match self {
            Self::WasTls => {
                tracing::warn!(
                    %peer,
                    "A device began TLS where it used to speak plain; its next try will be \
                     understood.",
                );
                record.tls_failed(TlsFault::Unannounced);
                End::WasTls
            }
            Self::Wire(error) => {
                tracing::debug!(%peer, %error, "The connection ended.");
                match error.kind() {
                    io::ErrorKind::UnexpectedEof => record.note("It hung up."),
                    _ => record.note(&format!("The connection broke: {error}.")),
                }
                End::Ended
            }
            Self::Over => {
                record.note("Tipoff was stopped.");
                End::Ended
            }
            Self::GivesWay | Self::Closed => End::Ended,
        }
    }
}

/// A control connection.
pub(super) struct Control {
    /// Gone only while it is being encrypted.
    wire: Option<Wire>,
    pub(super) peer: IpAddr,
    pub(super) tls: Arc<Tls>,
    pub(super) record: Recorder,
    pub(super) presence: Presence,
    /// Replies that have not been written yet: those to pipelined commands leave together.
    replies: Vec<u8>,
    /// The other side reads nothing any more; what it said before may still be there to be read.
    is_deaf: bool,
    has_heard: bool,
}

impl Control {
    pub(super) fn new(
        wire: Wire,
        peer: IpAddr,
        tls: Arc<Tls>,
        record: Recorder,
        presence: Presence,
    ) -> Self {
        let wire = Some(wire);
        Self {
            wire,
            peer,
            tls,
            record,
            presence,
            replies: Vec::new(),
            is_deaf: false,
            has_heard: false,
        }
    }

    /// The connection itself.
    pub(super) fn wire(&mut self) -> Result<&mut Wire, Break> {
        self.wire.as_mut().ok_or(Break::Closed)
    }

    pub(super) fn is_tls(&self) -> bool {
        self.wire.as_ref().is_some_and(Wire::is_tls)
    }

    /// Looks at what was read: nothing is the end of the connection, and TLS where none was announced another one.
    pub(super) fn heard(&mut self, bytes: &[u8]) -> Result<(), Break> {
        if bytes.is_empty() {
            return Err(Break::Wire(io::ErrorKind::UnexpectedEof.into()));
        }
        if !self.has_heard && sniff::is_client_hello(bytes) {
            return Err(Break::WasTls);
        }
        self.has_heard = true;
        Ok(())
    }

    /// Says something with the next [`Control::flush`].
    pub(super) fn say(&mut self, reply: &[u8]) {
        self.replies.extend_from_slice(reply);
        self.record.said(reply);
    }

    /// Goes on with a reply that has begun: lines that are left out of the transcript.
    pub(super) fn say_lines(&mut self, lines: &[u8]) {
        self.replies.extend_from_slice(lines);
    }

    /// Whether so many replies wait that they must be written before another command is looked at.
    pub(super) fn is_full(&self) -> bool {
        self.replies.len() >= REPLIES_BYTES_MAX
    }

    /// Writes what was said. That nobody reads it is no reason to leave unread what came before: scripts
    /// write all they have and close. How the connection ended is heard when it is read.
    pub(super) async fn flush(&mut self) -> Result<(), Break> {
        // Most conversations are over soon and idle ones should hold nothing.
        let replies = std::mem::take(&mut self.replies);
        if replies.is_empty() || self.is_deaf {
            return Ok(());
        }
        let wire = self.wire.as_mut().ok_or(Break::Closed)?;
        let written = timeout(WRITE_MAX, wire.write(&replies)).await.map_err(io::Error::from)?;
        if let Err(error) = written {
            tracing::debug!(peer = %self.peer, %error, "The device does not read replies any more.");
            self.is_deaf = true;
        }
        Ok(())
    }

    /// Begins TLS, as the server, behind what was said.
    pub(super) async fn encrypt(&mut self, alpn: Alpn) -> Result<(), Break> {
        self.flush().await?;
        let Some(Wire::Plain(socket)) = self.wire.take() else {
            return Err(Break::Closed);
        };
        match listen::handshake(socket, &self.tls, alpn).await {
            Ok(wire) => {
                if let Some(how) = wire.encryption() {
                    self.record.encrypted(how);
                }
                self.wire = Some(wire);
                Ok(())
            }
            Err(error) => {
                listen::tell_of_handshake(self.peer, &error, &self.record, &self.tls);
                Err(Break::Closed)
            }
        }
    }

    /// Ends it: the last words, such as those of QUIT, are said all the same.
    pub(super) async fn finish(&mut self, end: &Break) {
        if let Break::GivesWay = end {
            self.say(listen::GIVES_WAY);
            self.record.trouble(Trouble::TurnedAway(Crowded::InAll));
        }
        let _ = self.flush().await;
        if let Some(wire) = &mut self.wire {
            let _ = timeout(WRITE_MAX, wire.close()).await;
        }
    }
}
