//! Who the client is, and how its connections are encrypted (RFC 959, section 4.1.1; RFC 2228; RFC 4217).
//!
//! The caller checks passwords ([`Step::Authenticate`]). A login ends with USER, REIN, AUTH and the connection.

use super::state::{Client, SessionState};
use super::{LOGINS_MAX, Session};
use crate::step::{Protection, Step};
use crate::{reply, text};

impl Session {
    /// USER: ends an earlier login. Any user is asked for a password, so the reply does not show whether the user exists.
    pub(super) fn user(&mut self, name: &[u8]) {
        self.end_login();
        self.client.user = Some(text::read(name));
        self.reply(reply::PASSWORD);
    }

    /// PASS. After the login it is no error.
    pub(super) fn pass(&mut self, password: &[u8]) {
        if self.logged_in() {
            return self.reply(reply::LOGGED_IN);
        }
        let Some(user) = self.client.user.clone() else {
            return self.reply(reply::BAD_SEQUENCE);
        };
        self.logins = self.logins.saturating_add(1);
        if self.logins > LOGINS_MAX {
            return self.close(reply::TOO_MANY_USERS);
        }
        let password = text::read(password);
        self.due.push_back(Step::Authenticate { user, password });
        self.state = SessionState::LoginAsked;
    }

    /// REIN: the session is as if the connection had just been made.
    pub(super) fn reinitialize(&mut self) {
        self.end_login();
        self.client = Client::new(self.client.peer, self.client.tls);
        self.reply(reply::AGAIN);
    }

    /// AUTH. `TLS` is the standard name (RFC 4217, section 4), the others are older ones.
    pub(super) fn auth(&mut self, mechanism: &[u8]) {
        let known: [&[u8]; 4] = [b"TLS", b"TLS-C", b"SSL", b"TLS-P"];
        if !known.iter().any(|known| mechanism.eq_ignore_ascii_case(known)) {
            self.reply(reply::NOT_THIS);
        } else if self.client.tls {
            self.reply(reply::BAD_SEQUENCE);
        } else if !self.profile.tls {
            self.reply(reply::NO_TLS);
        } else {
            self.end_login();
            self.send_reply(reply::BEGIN_TLS);
            self.due.push_back(Step::StartTls);
            self.state = SessionState::TlsAsked;
        }
    }

    /// PBSZ: TLS has no buffer size, so the answer is 0 whatever the client sends (RFC 4217, section 9).
    pub(super) fn pbsz(&mut self) {
        if !self.client.tls {
            return self.reply(reply::BAD_SEQUENCE);
        }
        self.reply(reply::PBSZ);
    }

    /// PROT: only after AUTH (RFC 2228, section 3). The RFC wants PBSZ before it; a client may leave it out here.
    pub(super) fn prot(&mut self, level: &[u8]) {
        if !self.client.tls {
            return self.reply(reply::BAD_SEQUENCE);
        }
        self.client.protection = match level.to_ascii_uppercase().as_slice() {
            b"P" => Some(Protection::Private),
            b"C" => Some(Protection::Declined),
            _ => return self.reply(reply::NO_SUCH_PROTECTION),
        };
        self.reply(reply::OK);
    }

    /// Ends the login: the client disconnects or becomes another user. Folders that it was refused, without an upload
    /// after that, are made for its next session. A client that made no folder itself never does: libcurl enters one
    /// level a session, and needs new folders every day. For such a device missing folders are made from then on.
    pub(super) fn end_login(&mut self) {
        let Some(home) = self.client.home.take() else {
            return;
        };
        if self.profile.missing_folder != crate::MissingFolder::Learn || home.refused.is_empty() {
            return;
        }
        let mut tree = home.tree();
        if !home.made_folder {
            tree.note_giving_up();
        }
        for (folder, _) in &home.refused {
            if !tree.hides_a_file(folder) {
                tree.make_folder(folder);
            }
        }
    }
}
