//! How many commands may fail before a session ends.
//!
//! A client that only fails is no device, or a device that will not succeed. Real devices fail a lot, though: some
//! look for many names before they upload. So a stored file starts the count again.

use crate::reply::FtpReply;

/// Unknown commands that end a session before its login. No device sends so many; the request of a web page that
/// makes a browser connect does.
const UNKNOWN_BEFORE_LOGIN_MAX: u32 = 10;
/// Commands that are unknown or not understood that end a session after its login.
const UNKNOWN_MAX: u32 = 100;
/// Failed commands of any kind that end a session.
const FAILURES_MAX: u32 = 1_000;

/// Commands that failed since a file was stored.
#[derive(Default)]
pub(super) struct Failures {
    /// Those that are unknown or not understood.
    unknown: u32,
    all: u32,
}

impl Failures {
    /// Counts a reply if it is a failure. Codes 500 to 504 are syntax errors (RFC 959, section 4.2).
    pub(super) fn count(&mut self, reply: &FtpReply) {
        match reply.code() {
            500..=504 => {
                self.unknown = self.unknown.saturating_add(1);
                self.all = self.all.saturating_add(1);
            }
            400.. => self.all = self.all.saturating_add(1),
            _ => {}
        }
    }

    /// Whether the session has to end.
    pub(super) fn are_too_many(&self, logged_in: bool) -> bool {
        let unknown_max = if logged_in { UNKNOWN_MAX } else { UNKNOWN_BEFORE_LOGIN_MAX };
        self.unknown >= unknown_max || self.all >= FAILURES_MAX
    }
}
