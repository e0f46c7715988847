//! The steps that a session asks of its caller, and the values of the answers.
//!
//! Values only: [`crate::Session::next_step`] returns the steps, and the methods in `session/answers.rs` take the
//! answers.

use std::borrow::Cow;

use crate::auth::Credentials;
use crate::reply::SmtpReply;

/// One thing to do. If it needs an answer, [`crate::Session::next_step`] returns nothing more before the answer.
///
/// Behind [`Step::Begin`] comes exactly one of [`Step::End`], [`Step::TooBig`] and
/// [`Step::Aborted`], unless the connection breaks.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Write it. Replies to commands that were received together may be sent together.
    Reply(SmtpReply),
    /// A command line for the transcript, on one line, its secrets masked.
    Transcript(String),
    /// Answer with [`crate::Session::login_accepted`] or [`crate::Session::login_refused`], or
    /// [`crate::Session::login_deferred`].
    Authenticate(Credentials),
    /// Answer with [`crate::Session::mail_allowed`] or [`crate::Session::mail_denied`].
    Mail(MailFrom),
    /// A message begins.
    Begin(Transaction),
    /// A piece of its bytes, without the dots of DATA (RFC 5321, section 4.5.2); never empty.
    Content(Cow<'a, [u8]>),
    /// The message is complete. Answer with [`crate::Session::stored`] or [`crate::Session::not_stored`]. The
    /// session takes no input until then: a pipelined QUIT is answered after the message.
    End,
    /// The message is larger than allowed. The session discards the rest of it, then refuses it.
    TooBig,
    /// The device gave up (RSET between chunks, QUIT, time-out): the bytes received so far are a torn message.
    Aborted,
    /// Encrypt, then call [`crate::Session::tls_started`]. Input behind this step is discarded: plain text must not
    /// be read as encrypted (RFC 3207, section 6).
    StartTls,
    /// Close the connection when everything is written. There is no further step.
    Close,
}

/// The arguments of MAIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// The reverse-path; empty for the null one.
    pub address: String,
    /// The announced size (RFC 1870), not above the limit.
    pub size: Option<u64>,
}

/// The envelope of a message, known before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The name of the client in HELO or EHLO.
    pub greeting: Option<String>,
    /// The user that the client logged in as.
    pub login: Option<String>,
    /// The address of MAIL; empty for the null reverse-path.
    pub sender: String,
    /// The addresses of RCPT, in order, at least one.
    pub recipients: Vec<String>,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// Why a message may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The spool is full now.
    SpoolFull,
    /// This client may not send.
    NotAllowed,
}

/// Why a message was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// The spool is full now.
    SpoolFull,
    /// A temporary error; a later try may succeed.
    Temporary,
}
