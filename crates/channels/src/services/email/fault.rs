//! What a mail server's replies mean. The meaning depends on the step of the session at which a reply arrives.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;
use tipoff_model::{Scope, Verdict};

use super::server::Server;
use crate::http::{self, no_answer, repair};
use crate::words;

/// Length limit of a server's words in an error, in UTF-16 units.
const EXCERPT_UTF16_MAX: usize = 200;

/// The step of an SMTP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Greeting,
    Tls,
    Login,
    Sender,
    Recipient,
    Content,
}

/// Why a mail is refused.
pub(super) enum Refusal {
    /// For a reason that does not depend on the mail's content.
    Verdict(Verdict),
    /// Because of its content. Holds the reason in plain words.
    Content(String),
}

impl Server {
    /// The server's reply with its code, or the failure of the connection.
    pub(super) fn said(&self, error: &Error) -> String {
        let told = words::excerpt(&http::innermost(error), EXCERPT_UTF16_MAX);
        let told = self.secrets.hide(&told);
        match error.status() {
            Some(code) => format!("{} answered {code} {told}", self.host),
            None if error.is_response() => format!("{} speaks no SMTP ({told})", self.host),
            None => format!("the connection to {} failed: {told}", self.host),
        }
    }

    /// RFC 5321, section 4.2: 4yz is transient, 5yz is permanent. What a permanent failure means depends on the step.
    pub(super) fn fault(&self, step: Step, error: &Error) -> Verdict {
        let said = self.said(error);
        if let Some(fault) = tls_fault(error) {
            return no_answer(match fault {
                rustls::Error::InvalidCertificate(_) => format!(
                    "the certificate of {} is not to be trusted ({fault}): set `server` to the \
                     name in it, or `trust` to the certificate itself",
                    self.host
                ),
                _ => format!("no TLS with {} ({fault}): check `server` and `tls`", self.host),
            });
        }
        match step {
            _ if error.status().is_none() => no_answer(said),
            _ if !error.is_permanent() => later(Scope::Channel, said),
            Step::Greeting | Step::Tls => repair(format!("{said}: check `server`")),
            Step::Login => repair(format!("{said}: set `user` and `password`")),
            Step::Sender if wants_login(error) => repair(format!("{said}: {}", self.login_hint())),
            Step::Sender => repair(format!("{said}: set `from` to what it lets you send as")),
            Step::Recipient if wants_login(error) => {
                repair(format!("{said}: {}, and check `to`", self.login_hint()))
            }
            Step::Recipient | Step::Content => Verdict::Refused { error: said },
        }
    }

    fn login_hint(&self) -> &'static str {
        match self.login {
            None => "set `user` and `password`",
            Some(_) => "check `user` and `from`",
        }
    }

    /// A mail that is too large is refused at its announcement or at its end (RFC 1870, section 6).
    pub(super) fn refusal(&self, step: Step, error: &Error) -> Refusal {
        let too_large = is_of(error, 552, &["5.3.4", "5.2.3"]);
        match step {
            Step::Sender | Step::Content if too_large => {
                Refusal::Content("too big for this mail server".to_owned())
            }
            Step::Content if error.is_permanent() => {
                Refusal::Content(format!("not taken: {}", self.said(error)))
            }
            // A filter may reject this mail alone.
            Step::Content => Refusal::Verdict(later(Scope::Message, self.said(error))),
            _ => Refusal::Verdict(self.fault(step, error)),
        }
    }
}

/// Whether this is the code of a reply, or one of these its enhanced code (RFC 3463).
fn is_of(error: &Error, code: u16, enhanced: &[&str]) -> bool {
    let status = error.status().map(u16::from);
    let said = http::innermost(error);
    let is_enhanced = |code: &&str| said.split_whitespace().next() == Some(code);
    error.is_permanent() && (status == Some(code) || enhanced.iter().any(is_enhanced))
}

/// 530 (RFC 4954, section 6) and what a server's policy forbids (RFC 3463, section 3.8).
fn wants_login(error: &Error) -> bool {
    let said = http::innermost(error);
    is_of(error, 530, &[]) || (error.is_permanent() && said.starts_with("5.7."))
}

/// The TLS error in a chain of errors.
fn tls_fault(error: &Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(found) = found.or_else(|| error.downcast_ref()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Retries a message or the whole channel.
pub(super) fn later(scope: Scope, error: String) -> Verdict {
    Verdict::Retry { scope, after: None, error }
}
