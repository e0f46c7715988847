//! The exchanges behind AUTH (RFC 4954): LOGIN, PLAIN (RFC 4616) and CRAM-MD5 (RFC 2195).
//! Never checks a password: it only reads what the client sends.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::reply::{self, SmtpReply};
use crate::text;

/// Base64 with or without padding, and with any trailing bits: as cameras encode.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The login that a client sends.
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
        /// The challenge that the server sent.
        challenge: String,
        /// The keyed digest of the challenge, 32 hexadecimal digits.
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

/// What the client's next line contains.
#[derive(PartialEq, Eq)]
pub(crate) enum Exchange {
    LoginUser,
    LoginPassword { user: String },
    Plain,
    CramMd5,
}

/// The result of a line.
pub(crate) enum AuthProgress {
    /// The client is asked for more.
    Prompt(SmtpReply, Exchange),
    /// The login is complete.
    Complete(Credentials),
    /// The line cannot be read, or the client cancelled.
    Failed(SmtpReply),
}

use AuthProgress::{Complete, Failed, Prompt};

/// How strictly the client's answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthReading {
    /// By the RFCs, for a login that must be proven.
    Strict,
    /// Any login is accepted. An answer that cannot be decoded is used as it is: firmware that forgets base64, or a
    /// field of PLAIN, gives up at a 501, and its alert is lost.
    Lenient,
}

/// The AUTH command itself.
pub(crate) fn begin(
    mechanism: &[u8],
    initial: Option<&[u8]>,
    challenge: &str,
    reading: AuthReading,
) -> AuthProgress {
    // A single `=` stands for an initial response that is empty (RFC 4954, section 4).
    let initial = initial.map(|initial| if initial == b"=" { b"" } else { initial });
    let initial = initial.map(|initial| match reading {
        AuthReading::Strict => initial.split(u8::is_ascii_whitespace).next().unwrap_or_default(),
        AuthReading::Lenient => initial,
    });
    if mechanism.eq_ignore_ascii_case(b"LOGIN") {
        match initial {
            // .NET programs send the user at once and give up when asked for it again.
            Some(user) if !user.is_empty() => begin_login(user, challenge, reading),
            _ => Prompt(reply::USER_NAME, Exchange::LoginUser),
        }
    } else if mechanism.eq_ignore_ascii_case(b"PLAIN") {
        match initial {
            Some(response) => Exchange::Plain.respond(response, challenge, reading),
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

/// Some clients send user and password, each encoded, in the command itself.
fn begin_login(initial: &[u8], challenge: &str, reading: AuthReading) -> AuthProgress {
    let halves = initial.iter().position(u8::is_ascii_whitespace).map(|at| initial.split_at(at));
    let both = halves.and_then(|(user, password)| {
        Some((BASE64.decode(user).ok()?, BASE64.decode(password.trim_ascii()).ok()?))
    });
    match both {
        Some((user, password)) if is_text(&user) && is_text(&password) => {
            let (user, password) = (text::read(&user), text::read(&password));
            Complete(Credentials::Plain { user, password })
        }
        _ => Exchange::LoginUser.respond(initial, challenge, reading),
    }
}

impl Exchange {
    /// The client's answer to a prompt.
    pub(crate) fn respond(
        self,
        line: &[u8],
        challenge: &str,
        reading: AuthReading,
    ) -> AuthProgress {
        let line = line.trim_ascii();
        if line == b"*" {
            return Failed(reply::CANCELLED);
        }
        let decoded = match reading {
            AuthReading::Strict => BASE64.decode(line).ok(),
            AuthReading::Lenient => decode_leniently(line),
        };
        let credentials = match (self, decoded, reading) {
            (_, None, AuthReading::Strict) => None,
            (Self::LoginUser, decoded, _) => {
                let user = text::read(decoded.as_deref().unwrap_or_else(|| unquoted(line)));
                return Prompt(reply::PASSWORD, Self::LoginPassword { user });
            }
            (Self::LoginPassword { user }, decoded, _) => {
                let password = text::read(decoded.as_deref().unwrap_or_else(|| unquoted(line)));
                Some(Credentials::Plain { user, password })
            }
            (Self::Plain, Some(response), AuthReading::Strict) => plain(&response),
            (Self::Plain, decoded, AuthReading::Lenient) => Some(plain_leniently(decoded, line)),
            (Self::CramMd5, Some(response), AuthReading::Strict) => cram_md5(&response, challenge),
            (Self::CramMd5, decoded, AuthReading::Lenient) => {
                let response = decoded.as_deref().unwrap_or(line);
                Some(cram_md5(response, challenge).unwrap_or_else(|| secret_only(response)))
            }
        };
        credentials.map_or(Failed(reply::BAD_RESPONSE), Complete)
    }
}

/// Decodes base64 as firmware writes it: with the alphabet for URLs, in quotes, or with blanks inside. `None` if the
/// answer is no base64, or does not decode to text: then it was never encoded.
fn decode_leniently(line: &[u8]) -> Option<Vec<u8>> {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'');
    let bytes = line.iter().copied().filter(|&byte| !byte.is_ascii_whitespace() && !is_quote(byte));
    let standard: Vec<u8> = bytes
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    let decoded = BASE64.decode(&standard).ok()?;
    (standard.ends_with(b"=") || is_text(&decoded)).then_some(decoded)
}

/// The answer without quotes around it.
fn unquoted(line: &[u8]) -> &[u8] {
    match line {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => line,
    }
}

/// Whether these may be the bytes of a name or password: UTF-8, or Latin-1 with many ASCII letters.
fn is_text(bytes: &[u8]) -> bool {
    let parts = bytes.utf8_chunks();
    let is_utf_8 = parts.clone().all(|part| part.invalid().is_empty());
    let is_shown = |byte: &u8| *byte == 0 || (0x20..0x7F).contains(byte) || *byte >= 0xA0;
    let ascii = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    match is_utf_8 {
        true => {
            parts.flat_map(|part| part.valid().chars()).all(|it| it == '\0' || !it.is_control())
        }
        false => bytes.iter().all(is_shown) && ascii * 2 >= bytes.len(),
    }
}

/// `authorization NUL user NUL password`; whom the user wants to act for does not matter here.
fn plain(response: &[u8]) -> Option<Credentials> {
    let mut parts = response.splitn(3, |&byte| byte == 0).skip(1);
    let user = text::read(parts.next()?);
    Some(Credentials::Plain { user, password: text::read(parts.next()?) })
}

/// Reads also `user NUL password`, the user alone, and an empty answer. An answer that cannot be decoded and has no
/// NUL may be a secret, so it is not used as the user's name.
fn plain_leniently(decoded: Option<Vec<u8>>, line: &[u8]) -> Credentials {
    let Some(response) = decoded.or_else(|| line.contains(&0).then(|| line.to_vec())) else {
        return secret_only(line);
    };
    let parts: Vec<String> = response.splitn(3, |&byte| byte == 0).map(text::read).collect();
    let (user, password) = match parts.as_slice() {
        [acts_for, user, password] if user.is_empty() => (acts_for, password.as_str()),
        [_, user, password] => (user, password.as_str()),
        [first, user] if first.is_empty() => (user, ""),
        [user, password] => (user, password.as_str()),
        [user, ..] => (user, ""),
        [] => return secret_only(line),
    };
    Credentials::Plain { user: user.clone(), password: password.to_owned() }
}

/// A login without a user.
fn secret_only(secret: &[u8]) -> Credentials {
    Credentials::Plain { user: String::new(), password: text::read(secret) }
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
    fn responses_that_make_no_sense_fail_where_a_login_must_be_proven() {
        for (exchange, response) in [
            (Exchange::Plain, ""),
            (Exchange::Plain, "Y2FtMQ=="),
            (Exchange::Plain, "not base64!"),
            (Exchange::LoginUser, "%%%"),
            (Exchange::CramMd5, "Y2FtMSBzZWNyZXQ="),
            (Exchange::CramMd5, "Y2FtMQ=="),
        ] {
            assert!(matches!(
                exchange.respond(response.as_bytes(), "<1@host>", AuthReading::Strict),
                Failed(reply) if reply == reply::BAD_RESPONSE
            ));
        }
    }

    #[test]
    fn a_digest_has_32_hexadecimal_digits() {
        for (digest, is_one) in [
            ("b913a602c7eda7a495b4e6e7334d3890", true),
            ("b913a602c7eda7a495b4e6e7334d389", false),
            ("b913a602c7eda7a495b4e6e7334d389g", false),
        ] {
            let found = cram_md5(format!("cam1 {digest}").as_bytes(), "<1@host>");
            assert_eq!(found.is_some(), is_one, "{digest}");
        }
    }

    #[test]
    fn a_name_has_no_control_characters() {
        for (bytes, expected) in [
            (b"cam\0one".as_slice(), true),
            (b"cam\x01", false),
            (b"T\xFCr\0", true),
            (b"T\xFCr\x01", false),
            (b"T\xFC\xFCr", true),
            (b"T\xFC\xFC", false),
        ] {
            assert_eq!(is_text(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_text_when_decoded_was_never_encoded() {
        for initial in ["user pass", "Y2FtMQ== pass", "user c2VjcmV0"] {
            let progress =
                begin(b"LOGIN", Some(initial.as_bytes()), "<1@host>", AuthReading::Lenient);
            let is_asked = matches!(&progress, Prompt(reply, _) if *reply == reply::PASSWORD);
            assert!(is_asked, "{initial}: the password is still to come");
        }
    }

    /// What a lenient reading makes of the answers to the prompts of a mechanism.
    fn leniently(mechanism: &str, answers: &[&str]) -> (String, String) {
        let mut progress = begin(mechanism.as_bytes(), None, "<1@host>", AuthReading::Lenient);
        for answer in answers {
            let Prompt(_, exchange) = progress else { panic!("{mechanism}: not asked") };
            progress = exchange.respond(answer.as_bytes(), "<1@host>", AuthReading::Lenient);
        }
        match progress {
            Complete(Credentials::Plain { user, password }) => (user, password),
            Complete(Credentials::CramMd5 { user, digest, .. }) => (user, digest),
            _ => panic!("{mechanism} {answers:?}: not complete"),
        }
    }

    #[test]
    fn where_any_login_is_good_enough_every_answer_is_understood() {
        for (answers, user, password) in [
            (["Y2FtMQ==", "c2VjcmV0"], "cam1", "secret"),
            (["cam1", "secret"], "cam1", "secret"),
            (["front door", "two words"], "front door", "two words"),
            (["\"Y2FtMQ==\"", "'c2VjcmV0'"], "cam1", "secret"),
            (["Y2Ft MQ==", "c2Vj cmV0"], "cam1", "secret"),
            (["w7_Dv8O_", "c2VjcmV0"], "ÿÿÿ", "secret"),
            (["VPxy", "cPR0"], "T\u{fc}r", "p\u{f4}t"),
            (["cam@example.com", "p@ss!"], "cam@example.com", "p@ss!"),
            (["\"front\"", "'geheim'"], "front", "geheim"),
            (["", ""], "", ""),
        ] {
            assert_eq!(leniently("LOGIN", &answers), (user.to_owned(), password.to_owned()));
        }
        for (answer, user, password) in [
            ("AGNhbTEAc2VjcmV0", "cam1", "secret"),
            ("Y2FtMQBzZWNyZXQ=", "cam1", "secret"),
            ("Y2FtMQ==", "cam1", ""),
            ("AGNhbTE=", "cam1", ""),
            ("Y2FtMQAAc2VjcmV0", "cam1", "secret"),
            ("", "", ""),
            ("cam1\0secret", "cam1", "secret"),
            ("cam1 secret", "", "cam1 secret"),
        ] {
            assert_eq!(leniently("PLAIN", &[answer]), (user.to_owned(), password.to_owned()));
        }
        let digest = "b913a602c7eda7a495b4e6e7334d3890";
        let answer = BASE64.encode(format!("cam 1 {digest}"));
        assert_eq!(leniently("CRAM-MD5", &[&answer]), ("cam 1".to_owned(), digest.to_owned()));
        assert_eq!(leniently("CRAM-MD5", &["c2VjcmV0"]), (String::new(), "secret".to_owned()));
    }

    #[test]
    fn user_and_password_may_stand_in_the_command() {
        for (initial, user) in [("Y2FtMQ== c2VjcmV0", "cam1"), ("Y2FtMQ c2VjcmV0", "cam1")] {
            let progress =
                begin(b"LOGIN", Some(initial.as_bytes()), "<1@host>", AuthReading::Lenient);
            let Complete(Credentials::Plain { user: found, password }) = progress else {
                panic!("{initial}")
            };
            assert_eq!((found.as_str(), password.as_str()), (user, "secret"));
        }
    }
}
