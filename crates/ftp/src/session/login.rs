//! Who the client is, and how it is encrypted (RFC 959, section 4.1.1; RFC 4217).

use super::state::{Client, State};
use super::{LOGINS_MAX, Session};
use crate::step::{Protection, Step};
use crate::{reply, text};

impl Session {
    pub(super) fn user(&mut self, name: &[u8]) {
        self.leave_home();
        self.client.user = Some(text::read(name));
        self.reply(reply::PASSWORD);
    }

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
        self.state = State::LoginAsked;
    }

    /// REIN: as if the connection had just been made.
    pub(super) fn start_anew(&mut self) {
        self.leave_home();
        self.client = Client::new(self.client.peer, self.client.tls);
        self.reply(reply::AGAIN);
    }

    pub(super) fn auth(&mut self, mechanism: &[u8]) {
        let known: [&[u8]; 4] = [b"TLS", b"TLS-C", b"SSL", b"TLS-P"];
        if !known.iter().any(|known| mechanism.eq_ignore_ascii_case(known)) {
            self.reply(reply::NOT_THIS);
        } else if self.client.tls {
            self.reply(reply::BAD_SEQUENCE);
        } else if !self.profile.tls {
            self.reply(reply::NO_TLS);
        } else {
            self.leave_home();
            self.due.extend([Step::Reply(reply::BEGIN_TLS), Step::StartTls]);
            self.state = State::TlsAsked;
        }
    }

    pub(super) fn pbsz(&mut self) {
        if !self.client.tls {
            return self.reply(reply::BAD_SEQUENCE);
        }
        self.reply(reply::PBSZ);
    }

    /// RFC 2228, section 3: behind AUTH. That PBSZ comes before it is not insisted on.
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

    /// The client is gone or becomes another. A folder that it wanted and did not make, and then
    /// uploaded nothing, is there at its next try. A client that made no folder at all never does: libcurl
    /// enters one level a session, and needs new folders every day.
    pub(super) fn leave_home(&mut self) {
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
