//! All replies of the server. When each is sent is decided in `session.rs`.
//!
//! The replies have enhanced status codes (RFC 3463) where RFC 2034, section 4, wants them: all but the greeting, the
//! replies to HELO and EHLO, and those with a code of 3xx.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Deref;

use crate::profile::Profile;

/// A reply: its bytes as they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpReply {
    code: u16,
    text: Cow<'static, str>,
    refusal: Option<RefusalCause>,
}

/// Cause of a refusal after which a device cannot send until its owner changes a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// The device knows no AUTH mechanism that is offered.
    LoginMechanism,
    /// The device has to log in first.
    LoginMissing,
    /// The message is larger than the profile allows.
    TooBig,
}

impl SmtpReply {
    const fn fixed(text: &'static str) -> Self {
        Self { code: code(text), text: Cow::Borrowed(text), refusal: None }
    }

    fn made(text: String) -> Self {
        Self { code: code(&text), text: Cow::Owned(text), refusal: None }
    }

    /// This reply with the cause of a refusal.
    const fn because(mut self, refusal: RefusalCause) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// Cause of the refusal, if the owner of the device has to change something.
    pub const fn refusal_cause(&self) -> Option<RefusalCause> {
        self.refusal
    }

    /// The code, such as 250.
    pub const fn code(&self) -> u16 {
        self.code
    }
}

/// The lines with their line ends.
impl Deref for SmtpReply {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

const fn code(text: &str) -> u16 {
    let [first, second, third, ..] = text.as_bytes() else {
        return 0;
    };
    digit(*first) * 100 + digit(*second) * 10 + digit(*third)
}

const fn digit(byte: u8) -> u16 {
    byte.wrapping_sub(b'0') as u16
}

// Some clients compare the prompts as text, so these are the usual ones to the letter: `Username:` and `Password:`.
pub(crate) const USER_NAME: SmtpReply = SmtpReply::fixed("334 VXNlcm5hbWU6\r\n");
pub(crate) const PASSWORD: SmtpReply = SmtpReply::fixed("334 UGFzc3dvcmQ6\r\n");
pub(crate) const GO_ON: SmtpReply = SmtpReply::fixed("334 \r\n");
pub(crate) const SEND_MESSAGE: SmtpReply =
    SmtpReply::fixed("354 Send the message, end it with <CRLF>.<CRLF>\r\n");

pub(crate) const OK: SmtpReply = SmtpReply::fixed("250 2.0.0 Ok\r\n");
pub(crate) const SENDER_OK: SmtpReply = SmtpReply::fixed("250 2.1.0 Sender ok\r\n");
pub(crate) const RECIPIENT_OK: SmtpReply = SmtpReply::fixed("250 2.1.5 Recipient ok\r\n");
pub(crate) const CHUNK_OK: SmtpReply = SmtpReply::fixed("250 2.0.0 Chunk received\r\n");
pub(crate) const LOGGED_IN: SmtpReply = SmtpReply::fixed("235 2.7.0 Logged in\r\n");
pub(crate) const HELP: SmtpReply =
    SmtpReply::fixed("214 2.0.0 RFC 5321; mail to any address becomes an alert\r\n");
pub(crate) const BEGIN_TLS: SmtpReply = SmtpReply::fixed("220 2.0.0 Ready to start TLS\r\n");
pub(crate) const BYE: SmtpReply = SmtpReply::fixed("221 2.0.0 Bye\r\n");
pub(crate) const NOT_VERIFIED: SmtpReply =
    SmtpReply::fixed("252 2.5.0 Any address is accepted\r\n");

pub(crate) const IDLE: SmtpReply = SmtpReply::fixed("421 4.4.2 Nothing was said for too long\r\n");
pub(crate) const SHUTTING_DOWN: SmtpReply =
    SmtpReply::fixed("421 4.3.2 Shutting down, try again later\r\n");
pub(crate) const TOO_MANY_ERRORS: SmtpReply = SmtpReply::fixed("421 4.7.0 Too many errors\r\n");
pub(crate) const NO_WEB_SERVER: SmtpReply =
    SmtpReply::fixed("554 5.7.0 This is a mail server, not a web server\r\n");
pub(crate) const TOO_SLOW: SmtpReply =
    SmtpReply::fixed("421 4.4.2 The message came too slowly\r\n");
pub(crate) const TOO_LONG_A_SESSION: SmtpReply =
    SmtpReply::fixed("421 4.4.2 No message came for too long\r\n");
pub(crate) const TRY_AGAIN: SmtpReply =
    SmtpReply::fixed("451 4.3.0 Not stored, try again later\r\n");
pub(crate) const SPOOL_FULL: SmtpReply =
    SmtpReply::fixed("452 4.3.1 No space left, try again later\r\n");
pub(crate) const TOO_MANY_RECIPIENTS: SmtpReply =
    SmtpReply::fixed("452 4.5.3 Too many recipients\r\n");

pub(crate) const UNKNOWN: SmtpReply = SmtpReply::fixed("500 5.5.2 Unknown command\r\n");
pub(crate) const LINE_TOO_LONG: SmtpReply = SmtpReply::fixed("500 5.5.2 Line too long\r\n");
pub(crate) const RESPONSE_TOO_LONG: SmtpReply = SmtpReply::fixed("500 5.5.6 Line too long\r\n");
pub(crate) const BAD_ARGUMENTS: SmtpReply =
    SmtpReply::fixed("501 5.5.4 Arguments not understood\r\n");
pub(crate) const BAD_RESPONSE: SmtpReply =
    SmtpReply::fixed("501 5.5.2 Response not understood\r\n");
pub(crate) const CANCELLED: SmtpReply = SmtpReply::fixed("501 5.7.0 Login cancelled\r\n");
pub(crate) const UNWANTED_RESPONSE: SmtpReply =
    SmtpReply::fixed("501 5.7.0 This mechanism begins with a challenge\r\n");
pub(crate) const NOT_OFFERED: SmtpReply = SmtpReply::fixed("502 5.5.1 Not offered here\r\n");
pub(crate) const BAD_SEQUENCE: SmtpReply = SmtpReply::fixed("503 5.5.1 Not now\r\n");
pub(crate) const NO_MAIL: SmtpReply = SmtpReply::fixed("503 5.5.1 MAIL first\r\n");
pub(crate) const NO_RECIPIENT: SmtpReply = SmtpReply::fixed("503 5.5.1 RCPT first\r\n");
pub(crate) const ALREADY_LOGGED_IN: SmtpReply = SmtpReply::fixed("503 5.5.1 Logged in already\r\n");
pub(crate) const ALREADY_TLS: SmtpReply = SmtpReply::fixed("503 5.5.1 Encrypted already\r\n");
pub(crate) const UNKNOWN_MECHANISM: SmtpReply =
    SmtpReply::fixed("504 5.5.4 Log in with LOGIN, PLAIN or CRAM-MD5\r\n")
        .because(RefusalCause::LoginMechanism);
pub(crate) const LOGIN_FIRST: SmtpReply =
    SmtpReply::fixed("530 5.7.0 Log in first\r\n").because(RefusalCause::LoginMissing);
pub(crate) const LOGIN_REFUSED: SmtpReply =
    SmtpReply::fixed("535 5.7.8 Wrong user or password\r\n");
/// RFC 4954, section 6: a temporary failure.
pub(crate) const LOGIN_LATER: SmtpReply =
    SmtpReply::fixed("454 4.7.0 Too many wrong logins, try again later\r\n");
pub(crate) const NOT_ALLOWED: SmtpReply =
    SmtpReply::fixed("550 5.7.1 Not allowed to send from here\r\n");
pub(crate) const TOO_BIG: SmtpReply =
    SmtpReply::fixed("552 5.3.4 Message too big\r\n").because(RefusalCause::TooBig);

/// The greeting. A single line: sketches for small boards read one line only.
pub(crate) fn greeting(profile: &Profile) -> SmtpReply {
    SmtpReply::made(format!("220 {} Tipoff ready\r\n", profile.host_name))
}

/// The answer to HELO. A single line, for the same reason.
pub(crate) fn helo(profile: &Profile) -> SmtpReply {
    SmtpReply::made(format!("250 {}\r\n", profile.host_name))
}

/// The answer to EHLO. Short: there are cameras that read it into a small buffer.
pub(crate) fn ehlo(profile: &Profile, tls: bool) -> SmtpReply {
    let mut text = format!("250-{}\r\n", profile.host_name);
    if profile.starttls && !tls {
        text.push_str("250-STARTTLS\r\n");
    }
    if profile.auth {
        // The first form is that of clients older than RFC 2554.
        text.push_str("250-AUTH=LOGIN PLAIN\r\n250-AUTH LOGIN PLAIN CRAM-MD5\r\n");
    }
    text.push_str("250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n");
    text.push_str("250-ENHANCEDSTATUSCODES\r\n");
    // Writing to a String cannot fail.
    let _ = write!(text, "250 SIZE {}\r\n", profile.message_bytes_max);
    SmtpReply::made(text)
}

/// The challenge of CRAM-MD5, in base64.
pub(crate) fn challenge(encoded: &str) -> SmtpReply {
    SmtpReply::made(format!("334 {encoded}\r\n"))
}

/// The reply to a message that is durable. `reference` is the caller's name for it.
pub(crate) fn stored(reference: &str) -> SmtpReply {
    SmtpReply::made(format!("250 2.0.0 Stored as {reference}\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_text() {
        assert_eq!(USER_NAME.code(), 334);
        assert_eq!(stored("17").code(), 250);
        assert_eq!(&*stored("17"), b"250 2.0.0 Stored as 17\r\n");
    }

    #[test]
    fn ehlo_lists_what_the_profile_offers_and_only_the_last_line_has_a_space() {
        let all = Profile::default();
        let bare = Profile { auth: false, starttls: false, ..Profile::default() };
        for (profile, tls, auth, starttls) in
            [(&all, false, true, true), (&all, true, true, false), (&bare, false, false, false)]
        {
            let reply = ehlo(profile, tls);
            let text = String::from_utf8(reply.to_vec()).unwrap();
            assert_eq!(text.contains("AUTH LOGIN PLAIN CRAM-MD5"), auth);
            assert_eq!(text.contains("AUTH=LOGIN PLAIN"), auth);
            assert_eq!(text.contains("STARTTLS"), starttls);
            let mut lines: Vec<&str> = text.split_terminator("\r\n").collect();
            assert_eq!(lines.pop(), Some("250 SIZE 50000000"));
            assert!(lines.iter().all(|line| line.starts_with("250-")));
        }
    }
}
