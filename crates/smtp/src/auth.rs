//! The exchanges behind AUTH (RFC 4954): LOGIN, PLAIN (RFC 4616) and CRAM-MD5 (RFC 2195).
//! Never judges a password: it only finds out what the client says.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::reply::{self, Reply};
use crate::text;

/// With or without padding, whatever the last bits are: as cameras encode.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a client logs in with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// LOGIN or PLAIN.
    Plain {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// CRAM-MD5.
    CramMd5 {
        /// The user's name.
        user: String,
        /// What the server sent.
        challenge: String,
        /// The keyed digest of it, 32 hexadecimal digits.
        digest: String,
    },
}

impl Credentials {
    /// The user's name.
    pub fn user(&self) -> &str {
        match self {
            Self::Plain { user, .. } | Self::CramMd5 { user, .. } => user,
        }
    }
}

/// Secrets are never printed.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Plain { .. } => "Plain",
            Self::CramMd5 { .. } => "CramMd5",
        };
        f.debug_struct(name).field("user", &self.user()).finish_non_exhaustive()
    }
}

/// What the next line of the client will be.
#[derive(PartialEq, Eq)]
pub(crate) enum Exchange {
    LoginUser,
    LoginPassword { user: String },
    Plain,
    CramMd5,
}

/// What comes of a line.
pub(crate) enum Progress {
    /// The client is asked for more.
    Prompt(Reply, Exchange),
    /// It has said everything.
    Complete(Credentials),
    /// It cannot be understood, or does not want to go on.
    Failed(Reply),
}

use Progress::{Complete, Failed, Prompt};

/// The AUTH command itself.
pub(crate) fn begin(mechanism: &[u8], initial: Option<&[u8]>, challenge: &str) -> Progress {
    // A single `=` stands for an initial response that is empty (RFC 4954, section 4).
    let initial = initial.map(|initial| if initial == b"=" { b"" } else { initial });
    if mechanism.eq_ignore_ascii_case(b"LOGIN") {
        match initial {
            // .NET programs send the user at once and give up when asked for it again.
            Some(user) if !user.is_empty() => Exchange::LoginUser.respond(user, challenge),
            _ => Prompt(reply::USER_NAME, Exchange::LoginUser),
        }
    } else if mechanism.eq_ignore_ascii_case(b"PLAIN") {
        match initial {
            Some(response) => Exchange::Plain.respond(response, challenge),
            None => Prompt(reply::GO_ON, Exchange::Plain),
        }
    } else if mechanism.eq_ignore_ascii_case(b"CRAM-MD5") {
        match initial {
            Some(_) => Failed(reply::UNWANTED_RESPONSE),
            None => Prompt(reply::challenge(&BASE64.encode(challenge)), Exchange::CramMd5),
        }
    } else if mechanism.is_empty() {
        Failed(reply::BAD_ARGUMENTS)
    } else {
        Failed(reply::UNKNOWN_MECHANISM)
    }
}

impl Exchange {
    /// The client's answer to a prompt.
    pub(crate) fn respond(self, line: &[u8], challenge: &str) -> Progress {
        let line = line.trim_ascii();
        if line == b"*" {
            return Failed(reply::CANCELLED);
        }
        let Ok(response) = BASE64.decode(line) else {
            return Failed(reply::BAD_RESPONSE);
        };
        match self {
            Self::LoginUser => {
                Prompt(reply::PASSWORD, Self::LoginPassword { user: text::read(&response) })
            }
            Self::LoginPassword { user } => {
                Complete(Credentials::Plain { user, password: text::read(&response) })
            }
            Self::Plain => plain(&response).map_or(Failed(reply::BAD_RESPONSE), Complete),
            Self::CramMd5 => {
                cram_md5(&response, challenge).map_or(Failed(reply::BAD_RESPONSE), Complete)
            }
        }
    }
}

/// `authorization NUL user NUL password`; whom the user wants to act for does not matter here.
fn plain(response: &[u8]) -> Option<Credentials> {
    let mut parts = response.splitn(3, |&byte| byte == 0).skip(1);
    let user = text::read(parts.next()?);
    Some(Credentials::Plain { user, password: text::read(parts.next()?) })
}

/// `user SP digest`; the user may have spaces in it.
fn cram_md5(response: &[u8], challenge: &str) -> Option<Credentials> {
    let response = text::read(response);
    let (user, digest) = response.rsplit_once(' ')?;
    let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| Credentials::CramMd5 {
        user: user.to_owned(),
        challenge: challenge.to_owned(),
        digest: digest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let user = "cam1".to_owned();
        let plain = Credentials::Plain { user: user.clone(), password: "hunter2".to_owned() };
        let challenge = "<1@host>".to_owned();
        let digest = "b913a602c7eda7a495b4e6e7334d3890".to_owned();
        let cram = Credentials::CramMd5 { user, challenge, digest };
        for (credentials, secret) in [(plain, "hunter2"), (cram, "b913")] {
            let printed = format!("{credentials:?}");
            assert!(printed.contains("cam1") && !printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn responses_that_make_no_sense_fail() {
        for (exchange, response) in [
            (Exchange::Plain, ""),
            (Exchange::Plain, "Y2FtMQ=="),
            (Exchange::Plain, "not base64!"),
            (Exchange::LoginUser, "%%%"),
            (Exchange::CramMd5, "Y2FtMSBzZWNyZXQ="),
            (Exchange::CramMd5, "Y2FtMQ=="),
        ] {
            assert!(matches!(
                exchange.respond(response.as_bytes(), "<1@host>"),
                Failed(reply) if reply == reply::BAD_RESPONSE
            ));
        }
    }
}
