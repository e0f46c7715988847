//! The states of a session. Each contains what is true in it and nothing else; `session.rs` has the transitions.

use super::RECIPIENT_BYTES;
use crate::auth::Exchange;
use crate::content::{Allowance, Chunk, Framing};
use crate::reply::SmtpReply;

/// What the client has sent about itself. STARTTLS discards it (RFC 3207, section 4.2).
pub(super) struct Client {
    pub(super) tls: bool,
    pub(super) greeting: Option<String>,
    pub(super) login: Option<String>,
    pub(super) challenge: String,
    /// Whether the client has sent AUTH. After that an unknown command may be a password.
    pub(super) auth_tried: bool,
}

/// What the session waits for.
pub(super) enum SessionState {
    /// The greeting is not sent yet.
    New,
    /// A command is awaited.
    Command(MessageStage),
    /// A response within AUTH is awaited.
    Auth(Exchange),
    /// The caller checks a login.
    LoginAsked { user: String },
    /// The caller decides about MAIL.
    MailAsked { sender: String },
    /// The caller encrypts.
    TlsAsked,
    /// The caller stores the message.
    StoreAsked,
    /// The bytes behind DATA or BDAT are awaited.
    Content(Framing, Allowance),
    /// The bytes behind a refused BDAT are awaited: the client sends them in any case (RFC 3030, section 4.1).
    RefusedChunk(Chunk, SmtpReply, MessageStage),
    /// The session has ended.
    Closed,
}

/// How far a message has come when a command is awaited.
pub(super) enum MessageStage {
    /// There is no message.
    Idle,
    /// The message has a sender, and perhaps recipients.
    Addressed(Addresses),
    /// Some chunks of the message were received.
    Chunked(Allowance),
}

/// The addresses of a message that has begun.
pub(super) struct Addresses {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    /// Recipients that were refused because there are so many.
    pub(super) surplus: u32,
}

impl Addresses {
    /// Whether the limits allow one more recipient. The first one is always accepted.
    pub(super) fn has_room(&self, address: &str, count_max: usize) -> bool {
        let bytes: usize = self.recipients.iter().map(String::len).sum();
        let bytes_max = count_max.saturating_mul(RECIPIENT_BYTES);
        let fits = self.recipients.is_empty() || bytes + address.len() <= bytes_max;
        fits && self.recipients.len() < count_max
    }
}

impl Client {
    pub(super) fn new(tls: bool, challenge: String) -> Self {
        Self { tls, greeting: None, login: None, challenge, auth_tried: false }
    }
}

impl MessageStage {
    pub(super) fn in_message(&self) -> bool {
        matches!(self, Self::Chunked(allowance) if !allowance.is_exceeded())
    }
}
