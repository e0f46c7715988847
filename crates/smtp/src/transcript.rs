//! Lines of a client as its transcript shows them: printable, cut, and with secrets masked.

use crate::command::Command;

/// A transcript's line is cut to about this length.
const LINE_BYTES_MAX: usize = 512;
/// Shown instead of a secret.
const MASK: &str = "***";

/// A line of the AUTH exchange that is not a command.
pub(crate) fn auth_response(line: &[u8]) -> String {
    let is_cancel = line.trim_ascii() == b"*";
    if is_cancel { "*" } else { MASK }.to_owned()
}

/// A line above the length limit. It may contain a password, so nothing of it is shown.
pub(crate) fn too_long() -> String {
    "(a line that is too long)".to_owned()
}

/// A command line with its secrets masked. An unknown command may be the password of a client that did not
/// notice the refusal of its AUTH: `auth_tried` is whether the client has sent AUTH.
pub(crate) fn command_line(line: &[u8], command: &Command<'_>, auth_tried: bool) -> String {
    match command {
        Command::Auth { mechanism, initial } => {
            let mut words = vec!["AUTH".to_owned()];
            if !mechanism.is_empty() {
                let name = is_mechanism(mechanism).then(|| shown(mechanism));
                words.push(name.unwrap_or_else(|| MASK.to_owned()));
            }
            words.extend(initial.map(|_| MASK.to_owned()));
            words.join(" ")
        }
        Command::Unknown if auth_tried || mentions_a_secret(line) => MASK.to_owned(),
        // The URL of a web client may contain a password.
        Command::Http => {
            let verb = line.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
            format!("{} {MASK}", shown(verb))
        }
        _ => shown(line),
    }
}

/// Mechanisms by name. Any other word behind AUTH may be a secret in the wrong place.
const MECHANISMS: [&str; 12] = [
    "ANONYMOUS",
    "CRAM-MD5",
    "DIGEST-MD5",
    "EXTERNAL",
    "GSSAPI",
    "LOGIN",
    "NTLM",
    "OAUTHBEARER",
    "PLAIN",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "XOAUTH2",
];

fn is_mechanism(name: &[u8]) -> bool {
    MECHANISMS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether the line contains a word such as `XAUTH`, or the PASS of a client that expects POP3 or FTP.
fn mentions_a_secret(line: &[u8]) -> bool {
    line.windows(4)
        .any(|word| word.eq_ignore_ascii_case(b"auth") || word.eq_ignore_ascii_case(b"pass"))
}

/// Escapes control characters, which could move a terminal's cursor or forge a line of a log.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if text.len() >= LINE_BYTES_MAX {
                return text;
            }
            match character.is_control() {
                true => text.extend(character.escape_default()),
                false => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            text.extend(byte.escape_ascii().map(char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command;

    fn line(line: &[u8], auth_tried: bool) -> String {
        command_line(line, &command::parse(line), auth_tried)
    }

    #[test]
    fn secrets_are_masked_wherever_they_may_stand() {
        for (said, auth_tried, shown) in [
            (&b"AUTH PLAIN AGEAYg=="[..], false, "AUTH PLAIN ***"),
            (b"auth login Y2FtMQ==", false, "AUTH login ***"),
            (b"AUTH LOGIN", false, "AUTH LOGIN"),
            (b"AUTH", false, "AUTH"),
            (b"AUTH c2VjcmV0", false, "AUTH ***"),
            (b"AUTH NTLM c2VjcmV0 x", false, "AUTH NTLM ***"),
            (b"c2VjcmV0", true, "***"),
            (b"c2VjcmV0", false, "c2VjcmV0"),
            (b"XAUTHENTICATE c2VjcmV0", false, "***"),
            (b"AUTH SECRET7", false, "AUTH ***"),
            (b"PASS secret", false, "***"),
            (b"password: secret", false, "***"),
            (b"GET /?user=a&pwd=secret HTTP/1.1", false, "GET ***"),
            (b"MAIL FROM:<auth@x>", true, "MAIL FROM:<auth@x>"),
        ] {
            assert_eq!(line(said, auth_tried), shown);
        }
        assert_eq!(auth_response(b"c2VjcmV0"), "***");
        assert_eq!(auth_response(b"*"), "*");
    }

    #[test]
    fn control_characters_are_escaped_and_lines_cut() {
        assert_eq!(line(b"NOOP \x1b[2J\r\x00\x7f", false), r"NOOP \u{1b}[2J\r\u{0}\u{7f}");
        assert_eq!(line(b"NOOP \xd2\xc6 \xc3\xa4", false), r"NOOP \xd2\xc6 ä");
        let long = [b"NOOP ".as_slice(), &[b'x'; 600]].concat();
        assert_eq!(line(&long, false).len(), LINE_BYTES_MAX);
        assert_eq!(line(&long[..LINE_BYTES_MAX], false).len(), LINE_BYTES_MAX);
    }
}
