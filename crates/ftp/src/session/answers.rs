//! The caller's side of a session: answers to its steps, time limits and shutdown.
//!
//! Each answer is ignored unless the session waits for it, so a late answer does no harm. Takes no input: the caller
//! pulls the steps that an answer leads to with [`Session::next_step`].

use std::net::SocketAddr;

use super::Session;
use super::failures::Failures;
use super::state::{Client, Home, SessionState, Transfer};
use crate::command;
use crate::path::FilePath;
use crate::refusal::RefusalCause;
use crate::reply::{self, FtpReply};
use crate::step::{DataMode, TransferFailure, TransferOutcome};
use crate::tree::{SharedTree, UploadedFile};

impl Session {
    /// Answers [`crate::Step::Authenticate`]: the client is logged in and sees `tree`.
    pub fn login_accepted(&mut self, tree: SharedTree) {
        if matches!(self.state, SessionState::LoginAsked) {
            self.client.home = Some(Home::new(tree, self.profile.read));
            self.reply(reply::LOGGED_IN);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: user or password are wrong. After as many refused logins as the profile
    /// allows, the session ends.
    pub fn login_refused(&mut self) {
        if matches!(self.state, SessionState::LoginAsked) {
            self.client.user = None;
            self.login_failures = self.login_failures.saturating_add(1);
            self.reply(reply::WRONG_LOGIN);
            if self.login_failures >= self.profile.login_failures_max {
                self.close(reply::TOO_MANY_LOGINS);
            }
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Authenticate`]: this password is checked too soon after wrong ones. FTP has no temporary
    /// refusal of a login, so the session ends (RFC 959, section 4.2.2: 421).
    pub fn login_deferred(&mut self) {
        if matches!(self.state, SessionState::LoginAsked) {
            self.client.user = None;
            self.close(reply::LOGIN_LATER);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Passive`]: the address that the client connects to; `None` if no port is free. An earlier
    /// address is not used any more.
    pub fn passive(&mut self, address: Option<SocketAddr>) {
        if let SessionState::PassiveAsked { extended } = self.state {
            self.client.data = address.map(|_| DataMode::Passive);
            self.reply(match address {
                Some(address) if extended => reply::extended_passive(address.port()),
                Some(address) => reply::passive(address),
                None => reply::CANNOT_OPEN,
            });
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Foreign`]: whether uploads may come from there. Downloads to there stay refused.
    pub fn foreign(&mut self, allowed: bool) {
        if let SessionState::ForeignAsked(address) = self.state {
            if allowed {
                self.client.data = Some(DataMode::Active(address));
                self.reply(reply::OK);
            } else {
                self.refuse(reply::FOREIGN, RefusalCause::ForeignAddress(address));
            }
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::StartTls`]: from now on the input is decrypted. The client logs in again (RFC 4217,
    /// section 4).
    pub fn tls_started(&mut self) {
        if matches!(self.state, SessionState::TlsAsked) {
            self.client = Client::new(self.client.peer, true);
            self.state = SessionState::Command;
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Rename`]: the new name is stored, or the caller has logged why it is not. The device gets
    /// 250 in both cases, because its view has the new name.
    pub fn renamed(&mut self) {
        if matches!(self.state, SessionState::RenameAsked) {
            self.reply(reply::DONE);
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::AwaitUpload`]: the upload has ended, or the time limit has passed.
    pub fn upload_awaited(&mut self) {
        if let SessionState::UploadAwaited { line } = &mut self.state {
            let line = std::mem::take(line);
            self.state = SessionState::Command;
            self.execute(command::parse(&line));
            self.end_if_too_much_failed();
        }
        self.end_if_shutting_down();
    }

    /// Answers [`crate::Step::Receive`] and [`crate::Step::Send`], also after [`crate::Step::Abort`].
    pub fn transfer_ended(&mut self, outcome: TransferOutcome) {
        if let SessionState::Transfer(Transfer { upload, earlier, aborted }) = &mut self.state {
            let (upload, earlier, aborted) = (upload.take(), *earlier, *aborted);
            if let TransferOutcome::Stored(_) = outcome {
                self.failures = Failures::default();
            }
            self.show_upload(upload, earlier, outcome);
            self.reply(end_of_transfer(outcome));
            if aborted {
                // RFC 959, section 4.1.3: ABOR has a reply of its own.
                self.reply(reply::ABORTED);
            }
        }
        self.end_if_shutting_down();
    }

    /// Shows the device what was stored of an upload. A device that uploads needs no more folders: the refused ones are
    /// forgotten.
    fn show_upload(
        &mut self,
        upload: Option<FilePath>,
        earlier: Option<UploadedFile>,
        outcome: TransferOutcome,
    ) {
        let (TransferOutcome::Stored(file) | TransferOutcome::Failed(_, Some(file))) = outcome
        else {
            return;
        };
        if let (Some(home), Some(path)) = (&mut self.client.home, upload) {
            let is_whole = matches!(outcome, TransferOutcome::Stored(_));
            home.show(&path, file, earlier, is_whole);
            home.refused.clear();
            home.made_folder = false;
        }
    }

    /// The client has sent nothing for too long. Ignored during a transfer and while an answer is due.
    pub fn idle(&mut self) {
        if !self.waiting() && !self.in_transfer() {
            self.close(reply::IDLE);
        }
    }

    /// The server shuts down. The session ends after the transfer in progress, and its reply.
    pub fn shut_down(&mut self) {
        self.ending = true;
        self.end_if_shutting_down();
    }

    /// The connection was closed. Folders that the device missed are made for its next session.
    pub fn gone(&mut self) {
        self.end_login();
        self.state = SessionState::Closed;
    }

    /// Ends the session if the server shuts down and nothing is in progress.
    pub(super) fn end_if_shutting_down(&mut self) {
        let sends_status = matches!(self.state, SessionState::SendingStatus(_));
        if self.ending && !sends_status && !self.in_transfer() && !self.waiting() {
            self.close(reply::SHUTTING_DOWN);
        }
    }
}

/// The reply that ends a transfer (RFC 959, section 4.2). After a code from 400 on the device may try again; from 500 on
/// the failure is permanent.
fn end_of_transfer(outcome: TransferOutcome) -> FtpReply {
    match outcome {
        TransferOutcome::Stored(_) => reply::STORED,
        TransferOutcome::Sent => reply::SENT,
        TransferOutcome::Failed(failure, _) => match failure {
            TransferFailure::NoConnection => reply::NO_CONNECTION,
            TransferFailure::NotEncrypted => reply::NOT_ENCRYPTED,
            TransferFailure::Broken => reply::BROKEN,
            TransferFailure::Aborted => reply::STOPPED,
            TransferFailure::TimedOut => reply::STALLED,
            TransferFailure::TooBig => reply::TOO_BIG,
            TransferFailure::Busy => reply::BUSY,
            TransferFailure::Gone => reply::NOT_THERE,
            TransferFailure::SpoolFull => reply::SPOOL_FULL,
            TransferFailure::Temporary => reply::TRY_AGAIN,
        },
    }
}
