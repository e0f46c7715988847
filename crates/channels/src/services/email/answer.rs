//! What a mail server's replies mean. The meaning depends on the step of the session at which a reply arrives.

use lettre::transport::smtp::Error;
use tipoff_model::Verdict;

use super::server::Server;
use crate::http::{self, no_answer, repair, retry, retry_message};
use crate::tls::{tls_error, without_tls};

/// The step of an SMTP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmtpStep {
    /// The greeting and EHLO.
    Greeting,
    /// TLS from the start, or STARTTLS.
    Tls,
    /// AUTH.
    Login,
    /// MAIL FROM, and RSET before it.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA and the mail itself.
    Content,
}

/// Why a mail is refused.
pub(super) enum MailRefusal {
    /// For a reason that does not depend on the mail's content.
    Verdict(Verdict),
    /// Because of its content. Holds the reason in plain words.
    Content(String),
}

impl Server {
    /// The server's reply with its code, or the failure of the connection.
    pub(super) fn said(&self, error: &Error) -> String {
        let told = self.secrets.excerpt(&http::innermost(error));
        match error.status() {
            Some(code) => format!("{} answered {code} {told}", self.host),
            None if error.is_response() => format!("{} speaks no SMTP ({told})", self.host),
            None => format!("the connection to {} failed: {told}", self.host),
        }
    }

    /// The verdict for a failure that does not depend on the mail. 4yz is transient, 5yz is permanent (RFC 5321,
    /// section 4.2.1). What a permanent failure means depends on the step.
    pub(super) fn fault(&self, step: SmtpStep, error: &Error) -> Verdict {
        let said = self.said(error);
        if let Some(fault) = tls_error(error) {
            return no_answer(match fault {
                rustls::Error::InvalidCertificate(_) => format!(
                    "the certificate of {} is not to be trusted ({fault}): set `server` to the \
                     name in it, or `trust` to the certificate itself",
                    self.host
                ),
                _ if without_tls(error).is_some() => format!(
                    "no TLS with {} at this port: check `server`, with smtp:// in place of smtps://",
                    self.host
                ),
                _ => format!("no TLS with {} ({fault}): check `server` and `tls`", self.host),
            });
        }
        match step {
            _ if error.status().is_none() => no_answer(said),
            _ if !error.is_permanent() => retry(None, said),
            SmtpStep::Greeting | SmtpStep::Tls => repair(format!("{said}: check `server`")),
            SmtpStep::Login => repair(format!("{said}: set `user` and `password`")),
            SmtpStep::Sender if wants_login(error) => {
                repair(format!("{said}: {}", self.login_hint()))
            }
            SmtpStep::Sender => repair(format!("{said}: set `from` to what it lets you send as")),
            SmtpStep::Recipient if wants_login(error) => {
                repair(format!("{said}: {}, and check `to`", self.login_hint()))
            }
            SmtpStep::Recipient | SmtpStep::Content => Verdict::Refused { error: said },
        }
    }

    /// What the owner has to do if the server wants a login.
    fn login_hint(&self) -> &'static str {
        match self.login {
            None => "set `user` and `password`",
            Some(_) => "check `user` and `from`",
        }
    }

    /// The refusal of a mail. A mail that is too large is refused when its size is announced or at its end (RFC
    /// 1870, section 6).
    pub(super) fn refusal(&self, step: SmtpStep, error: &Error) -> MailRefusal {
        let too_large = is_of(error, 552, &["5.3.4", "5.2.3"]);
        match step {
            SmtpStep::Sender | SmtpStep::Content if too_large => {
                MailRefusal::Content("too big for this mail server".to_owned())
            }
            SmtpStep::Content if error.is_permanent() => {
                MailRefusal::Content(format!("not taken: {}", self.said(error)))
            }
            // A spam filter may defer this mail alone.
            SmtpStep::Content => MailRefusal::Verdict(retry_message(self.said(error))),
            _ => MailRefusal::Verdict(self.fault(step, error)),
        }
    }
}

/// Whether a permanent reply has this code, or one of these enhanced codes (RFC 3463).
fn is_of(error: &Error, code: u16, enhanced: &[&str]) -> bool {
    let status = error.status().map(u16::from);
    let said = http::innermost(error);
    let is_enhanced = |code: &&str| said.split_whitespace().next() == Some(code);
    error.is_permanent() && (status == Some(code) || enhanced.iter().any(is_enhanced))
}

/// Whether the server wants a login: 530 (RFC 4954, section 6), or a refusal by its policy (RFC 3463, section 3.8).
fn wants_login(error: &Error) -> bool {
    let said = http::innermost(error);
    is_of(error, 530, &[]) || (error.is_permanent() && said.starts_with("5.7."))
}
