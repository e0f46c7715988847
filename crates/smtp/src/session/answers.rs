//! The caller's side of a session: answers to its steps, time limits and shutdown.
//!
//! Each answer is ignored unless the session waits for it, so a late answer does no harm. Takes no input: the caller
//! pulls the steps that an answer leads to with [`Session::next_step`].

use std::mem;

use super::Session;
use super::state::{Addresses, Client, MessageStage, SessionState};
use crate::content::Framing;
use crate::reply::{self, SmtpReply};
use crate::step::{Denial, StoreFailure};

impl Session {
    /// Answers [`crate::Step::Authenticate`]: the client is logged in.
    pub fn login_accepted(&mut self) {
        self.state = match mem::replace(&mut self.state, SessionState::Closed) {
            SessionState::LoginAsked { user } => {
                self.client.login = Some(user);
                self.reply(reply::LOGGED_IN, MessageStage::Idle)
            }
            state => state,
        };
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: user or password are wrong. Counts as an error.
    pub fn login_refused(&mut self) {
        if matches!(self.state, SessionState::LoginAsked { .. }) {
            self.state = self.refuse(reply::LOGIN_REFUSED, MessageStage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: this login comes too soon after wrong ones and was not checked. The client
    /// may try again later.
    pub fn login_deferred(&mut self) {
        if matches!(self.state, SessionState::LoginAsked { .. }) {
            self.state = self.refuse(reply::LOGIN_LATER, MessageStage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Mail`]: the sender may go on with RCPT.
    pub fn mail_allowed(&mut self) {
        self.state = match mem::replace(&mut self.state, SessionState::Closed) {
            SessionState::MailAsked { sender } => {
                let addresses = Addresses { sender, recipients: Vec::new(), surplus: 0 };
                self.reply(reply::SENDER_OK, MessageStage::Addressed(addresses))
            }
            state => state,
        };
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Mail`]: no message may begin now. A full spool is a temporary error (RFC 5321, section
    /// 4.2.3: 452) and does not count against the client.
    pub fn mail_denied(&mut self, denial: Denial) {
        if matches!(self.state, SessionState::MailAsked { .. }) {
            self.state = match denial {
                Denial::SpoolFull => self.reply(reply::SPOOL_FULL, MessageStage::Idle),
                Denial::NotAllowed => self.refuse(reply::NOT_ALLOWED, MessageStage::Idle),
            };
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::End`]: the message is durable and called `reference`.
    pub fn stored(&mut self, reference: &str) {
        self.answer_end(reply::stored(reference));
    }

    /// Answers [`crate::Step::End`]: the message is not stored. The client may send it again later.
    pub fn not_stored(&mut self, failure: StoreFailure) {
        self.answer_end(match failure {
            StoreFailure::SpoolFull => reply::SPOOL_FULL,
            StoreFailure::Temporary => reply::TRY_AGAIN,
        });
    }

    fn answer_end(&mut self, reply: SmtpReply) {
        if matches!(self.state, SessionState::StoreAsked) {
            self.state = self.reply(reply, MessageStage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::StartTls`]: from now on the input is decrypted. `challenge`
    /// is as in [`Session::new`].
    pub fn tls_started(&mut self, challenge: String) {
        if matches!(self.state, SessionState::TlsAsked) {
            self.client = Client::new(true, challenge);
            self.state = SessionState::Command(MessageStage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// The client has paused. If [`Session::may_have_ended`], its message has ended, and it waits for the reply.
    pub fn paused(&mut self) {
        if let SessionState::Content(Framing::Dots(dots), _) = &mut self.state {
            dots.pause();
        }
    }

    /// The client has sent nothing for too long. Ignored while an answer is due: then the client waits for Tipoff.
    pub fn idle(&mut self) {
        if !self.waiting() {
            self.end(reply::IDLE);
        }
    }

    /// The message is received too slowly: its first part is a torn message.
    pub fn too_slow(&mut self) {
        self.end(reply::TOO_SLOW);
    }

    /// The session has lasted too long without a message.
    pub fn too_long(&mut self) {
        if !self.waiting() {
            self.end(reply::TOO_LONG_A_SESSION);
        }
    }

    /// The server shuts down. The session ends after the message that is being received or stored, and its reply.
    pub fn shut_down(&mut self) {
        self.ending = true;
        self.end_if_shutting_down();
    }

    /// Ends the session if the server shuts down and no message is in progress.
    pub(super) fn end_if_shutting_down(&mut self) {
        let receiving = matches!(
            self.state,
            SessionState::Content(..) | SessionState::Command(MessageStage::Chunked(_))
        );
        if self.ending && !receiving && !self.waiting() {
            self.end(reply::SHUTTING_DOWN);
        }
    }
}
