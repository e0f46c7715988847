//! What the shell tells a session: answers to its steps, and that time is up.
//! Never takes input.

use std::net::SocketAddr;

use super::state::{Client, Home, State, Transfer};
use super::{Failures, Session};
use crate::command;
use crate::path::FilePath;
use crate::reply::{self, Reply};
use crate::step::{DataMode, Failure, Outcome};
use crate::tree::{File, SharedTree};

impl Session {
    /// Answers [`crate::Step::Authenticate`]: the client is in `tree`.
    pub fn login_accepted(&mut self, tree: SharedTree) {
        if matches!(self.state, State::LoginAsked) {
            self.client.home = Some(Home::new(tree, self.profile.read));
            self.reply(reply::LOGGED_IN);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`].
    pub fn login_refused(&mut self) {
        if matches!(self.state, State::LoginAsked) {
            self.client.user = None;
            self.login_failures = self.login_failures.saturating_add(1);
            self.reply(reply::WRONG_LOGIN);
            if self.login_failures >= self.profile.login_failures_max {
                self.close(reply::TOO_MANY_LOGINS);
            }
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: it is too soon to look at this password. FTP has no refusal of a login
    /// that is temporary, so the session ends (RFC 959, section 4.2.2: 421).
    pub fn login_deferred(&mut self) {
        if matches!(self.state, State::LoginAsked) {
            self.client.user = None;
            self.close(reply::LOGIN_LATER);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Passive`]: the address to tell the client; none: no port is free.
    pub fn passive(&mut self, address: Option<SocketAddr>) {
        if let State::PassiveAsked { extended } = self.state {
            self.client.data = address.map(|_| DataMode::Passive);
            self.reply(match address {
                Some(address) if extended => reply::extended_passive(address.port()),
                Some(address) => reply::passive(address),
                None => reply::CANNOT_OPEN,
            });
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Foreign`]: whether uploads may come from there.
    pub fn foreign(&mut self, allowed: bool) {
        if let State::ForeignAsked(address) = self.state {
            if allowed {
                self.client.data = Some(DataMode::Active(address));
            }
            self.reply(if allowed { reply::OK } else { reply::FOREIGN });
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::StartTls`]: from now on the input is what was encrypted.
    pub fn tls_started(&mut self) {
        if matches!(self.state, State::TlsAsked) {
            self.client = Client::new(self.client.peer, true);
            self.state = State::Command;
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Rename`].
    pub fn renamed(&mut self) {
        if matches!(self.state, State::RenameAsked) {
            self.reply(reply::DONE);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::AwaitUpload`].
    pub fn upload_awaited(&mut self) {
        if let State::UploadAwaited { line } = &mut self.state {
            let line = std::mem::take(line);
            self.state = State::Command;
            self.obey(command::parse(&line));
            self.end_if_too_much_failed();
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Receive`] and [`crate::Step::Send`], and [`crate::Step::Abort`] with
    /// them.
    pub fn transfer_ended(&mut self, outcome: Outcome) {
        if let State::Transfer(Transfer { upload, earlier, aborted }) = &mut self.state {
            let (upload, earlier, aborted) = (upload.take(), *earlier, *aborted);
            if let Outcome::Stored(_) = outcome {
                self.failures = Failures::default();
            }
            self.see(upload, earlier, outcome);
            self.reply(last_words(outcome));
            if aborted {
                // RFC 959, section 4.1.3: ABOR has a reply of its own.
                self.reply(reply::ABORTED);
            }
        }
        self.end_if_shutting_down();
    }

    /// What was kept of an upload is in the device's sight.
    fn see(&mut self, upload: Option<FilePath>, earlier: Option<File>, outcome: Outcome) {
        let (Outcome::Stored(file) | Outcome::Failed(_, Some(file))) = outcome else {
            return;
        };
        if let (Some(home), Some(path)) = (&mut self.client.home, upload) {
            let is_whole = matches!(outcome, Outcome::Stored(_));
            home.show(&path, file, earlier, is_whole);
            home.refused.clear();
            home.made_folder = false;
        }
    }

    /// The client has said nothing for too long. Not so during a transfer, nor while an answer is
    /// due.
    pub fn idle(&mut self) {
        if !self.waiting() && !self.in_transfer() {
            self.close(reply::IDLE);
        }
    }

    /// The server wants to end. A transfer that is under way is the last one, and its reply is
    /// given.
    pub fn shut_down(&mut self) {
        self.ending = true;
        self.end_if_shutting_down();
    }

    /// The connection is gone.
    pub fn gone(&mut self) {
        self.leave_home();
        self.state = State::Closed;
    }

    pub(super) fn end_if_shutting_down(&mut self) {
        let is_telling = matches!(self.state, State::Telling(_));
        if self.ending && !is_telling && !self.in_transfer() && !self.waiting() {
            self.close(reply::SHUTTING_DOWN);
        }
    }
}

fn last_words(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Stored(_) => reply::STORED,
        Outcome::Sent => reply::SENT,
        Outcome::Failed(failure, _) => match failure {
            Failure::NoConnection => reply::NO_CONNECTION,
            Failure::NotEncrypted => reply::NOT_ENCRYPTED,
            Failure::Broken => reply::BROKEN,
            Failure::Aborted => reply::STOPPED,
            Failure::TimedOut => reply::STALLED,
            Failure::TooBig => reply::TOO_BIG,
            Failure::Busy => reply::BUSY,
            Failure::Gone => reply::NOT_THERE,
            Failure::SpoolFull => reply::SPOOL_FULL,
            Failure::Temporary => reply::TRY_AGAIN,
        },
    }
}
