//! The caller's side of a session: answers to its steps, time limits and shutdown. Takes no input.

use std::mem;

use super::Session;
use super::state::{Addresses, Client, Stage, State};
use crate::content::Framing;
use crate::reply::{self, Reply};
use crate::step::{Denial, Failure};

impl Session {
    /// Answers [`crate::Step::Authenticate`].
    pub fn login_accepted(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::LoginAsked { user } => {
                self.client.login = Some(user);
                self.reply(reply::LOGGED_IN, Stage::Idle)
            }
            state => state,
        };
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`].
    pub fn login_refused(&mut self) {
        if matches!(self.state, State::LoginAsked { .. }) {
            self.state = self.refuse(reply::LOGIN_REFUSED, Stage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: these credentials are checked too soon after wrong ones.
    pub fn login_deferred(&mut self) {
        if matches!(self.state, State::LoginAsked { .. }) {
            self.state = self.refuse(reply::LOGIN_LATER, Stage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Mail`].
    pub fn mail_allowed(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::MailAsked { sender } => {
                let addresses = Addresses { sender, recipients: Vec::new(), surplus: 0 };
                self.reply(reply::SENDER_OK, Stage::Addressed(addresses))
            }
            state => state,
        };
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Mail`].
    pub fn mail_denied(&mut self, denial: Denial) {
        if matches!(self.state, State::MailAsked { .. }) {
            self.state = match denial {
                Denial::SpoolFull => self.reply(reply::SPOOL_FULL, Stage::Idle),
                Denial::NotAllowed => self.refuse(reply::NOT_ALLOWED, Stage::Idle),
            };
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::End`]: the message is durable and called `reference`.
    pub fn stored(&mut self, reference: &str) {
        self.answer_end(reply::stored(reference));
    }

    /// Answers [`crate::Step::End`].
    pub fn not_stored(&mut self, failure: Failure) {
        self.answer_end(match failure {
            Failure::SpoolFull => reply::SPOOL_FULL,
            Failure::Temporary => reply::TRY_AGAIN,
        });
    }

    fn answer_end(&mut self, reply: Reply) {
        if matches!(self.state, State::StoreAsked) {
            self.state = self.reply(reply, Stage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::StartTls`]: from now on the input is decrypted. `challenge`
    /// is as in [`Session::new`].
    pub fn tls_started(&mut self, challenge: String) {
        if matches!(self.state, State::TlsAsked) {
            self.client = Client::new(true, challenge);
            self.state = State::Command(Stage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// The client waits for a reply: if [`Session::may_have_ended`], its message has ended.
    pub fn paused(&mut self) {
        if let State::Content(Framing::Dots(dots), _) = &mut self.state {
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

    pub(super) fn end_if_shutting_down(&mut self) {
        let receiving =
            matches!(self.state, State::Content(..) | State::Command(Stage::Chunked(_)));
        if self.ending && !receiving && !self.waiting() {
            self.end(reply::SHUTTING_DOWN);
        }
    }
}
