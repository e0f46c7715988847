//! The states of a session: each holds what is true in it and nothing else.
//! How one leads to another is not told here.

use super::RECIPIENT_BYTES;
use crate::auth::Exchange;
use crate::content::{Allowance, Chunk, Framing};
use crate::reply::Reply;

/// What is known of the client. TLS makes it a stranger again (RFC 3207, section 4.2).
pub(super) struct Client {
    pub(super) tls: bool,
    pub(super) greeting: Option<String>,
    pub(super) login: Option<String>,
    pub(super) challenge: String,
    pub(super) auth_tried: bool,
}

pub(super) enum State {
    /// Nothing has been said.
    New,
    /// A command is awaited.
    Command(Stage),
    /// A response within AUTH is awaited.
    Auth(Exchange),
    /// The shell is asked for a login.
    LoginAsked { user: String },
    /// The shell is asked for MAIL.
    MailAsked { sender: String },
    /// The shell encrypts.
    TlsAsked,
    /// The shell stores the message.
    StoreAsked,
    /// The bytes behind DATA or BDAT are awaited.
    Content(Framing, Allowance),
    /// The bytes behind a BDAT that is refused (RFC 3030, section 4.1).
    RefusedChunk(Chunk, Reply, Stage),
    /// Everything has been said.
    Closed,
}

/// How far a message has come when a command is awaited.
pub(super) enum Stage {
    /// There is none.
    Idle,
    /// It has a sender.
    Addressed(Addresses),
    /// Some chunks of it have come.
    Chunked(Allowance),
}

pub(super) struct Addresses {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    /// Recipients that were refused because there are so many.
    pub(super) surplus: u32,
}

impl Addresses {
    /// Whether the message may have this recipient too. The first one is always taken.
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

impl Stage {
    pub(super) fn in_message(&self) -> bool {
        matches!(self, Self::Chunked(allowance) if !allowance.is_exceeded())
    }
}
