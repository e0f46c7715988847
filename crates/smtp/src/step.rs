//! What a session wants of its shell, and what the shell may answer. Values only.

use crate::auth::Credentials;
use crate::reply::Reply;

/// One thing to do. Where an answer is due, [`crate::Session::next_step`] gives nothing more until
/// it has it.
///
/// Behind [`Step::Begin`] comes exactly one of [`Step::End`], [`Step::TooBig`] and
/// [`Step::Aborted`], unless the connection breaks.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Write it. Those of commands that came together may leave together.
    Reply(Reply),
    /// A command line for the transcript, on one line, its secrets masked.
    Heard(String),
    /// Answer with [`crate::Session::login_accepted`] or [`crate::Session::login_refused`], or
    /// [`crate::Session::login_deferred`].
    Authenticate(Credentials),
    /// Answer with [`crate::Session::mail_allowed`] or [`crate::Session::mail_denied`].
    Mail(MailFrom),
    /// A message begins.
    Begin(Transaction),
    /// Some of its bytes, without the dots of DATA; never empty.
    Content(&'a [u8]),
    /// It is complete. Answer with [`crate::Session::stored`] or [`crate::Session::not_stored`].
    /// Input behind it stays where it is until then: a pipelined QUIT is answered after it.
    End,
    /// It is larger than allowed. What comes of it from now on is swallowed, then it is refused.
    TooBig,
    /// The device gave it up (RSET between chunks, QUIT, time-out): what came is torn.
    Aborted,
    /// Encrypt, then tell by [`crate::Session::tls_started`]. All input behind it is gone: nothing
    /// that came in plain text survives (RFC 3207, section 6).
    StartTls,
    /// Close the connection when everything is written. There is no further step.
    Close,
}

/// What MAIL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// The reverse-path; empty for the null one.
    pub address: String,
    /// The announced size (RFC 1870), not above the limit.
    pub size: Option<u64>,
}

/// What is known of a message before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What the client called itself in HELO or EHLO.
    pub greeting: Option<String>,
    /// The user it logged in as.
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
    /// There is no room for it now.
    SpoolFull,
    /// This client may not send.
    NotAllowed,
}

/// Why a message was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no room for it now.
    SpoolFull,
    /// It went wrong, and may go well later.
    Temporary,
}
