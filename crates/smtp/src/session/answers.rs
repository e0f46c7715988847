//! What the shell tells a session: answers to its steps, and that time is up.
//! Never takes input.

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

    /// Answers [`crate::Step::Authenticate`]: it is too soon to look at these credentials.
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
                let addresses = Addresses { sender, recipients: Vec::new() };
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

    /// Answers [`crate::Step::StartTls`]: from now on the input is what was encrypted. `challenge`
    /// is as in [`Session::new`].
    pub fn tls_started(&mut self, challenge: String) {
        if matches!(self.state, State::TlsAsked) {
            self.client = Client::new(true, challenge);
            self.state = State::Command(Stage::Idle);
        }
        self.end_if_shutting_down();
    }

    /// The client waits: what came last was the end of its message, if [`Session::may_have_ended`].
    pub fn paused(&mut self) {
        if let State::Content(Framing::Dots(dots), _) = &mut self.state {
            dots.pause();
        }
    }

    /// The client has said nothing for too long. Not so while an answer is due: it waits for us.
    pub fn idle(&mut self) {
        if !self.waiting() {
            self.end(reply::IDLE);
        }
    }

    /// The server wants to end. A message that is being received or stored is the last one, and its
    /// reply is given.
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
