//! Bytes of the client as text: as a value, and as a line of the transcript. Never fails.

use crate::command::Command;
use crate::letters;

/// Limit of a line of the transcript in characters. A longer one is cut.
const LINE_CHARS_MAX: usize = 512;
/// Shown instead of a secret.
const MASK: &str = "***";

/// Reads UTF-8, else Latin-1. Latin-1 loses no byte, so the password of an old camera can still be compared.
pub(crate) fn read(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A command line for the transcript, with its secrets masked. Before the login an unknown command may be a password
/// that was sent at the wrong moment.
pub(crate) fn transcript_line(line: &[u8], command: &Command<'_>, logged_in: bool) -> String {
    match command {
        Command::Pass(_) => format!("PASS {MASK}"),
        Command::Acct => format!("ACCT {MASK}"),
        Command::Unknown | Command::Binary if !logged_in => MASK.to_owned(),
        // Examples: `SITE PSWD`, or `PASS:` with the password behind it.
        Command::Unknown | Command::Binary | Command::Http | Command::Site(_)
            if mentions_a_secret(line) =>
        {
            MASK.to_owned()
        }
        // A letter has four bytes at most.
        _ => letters::decode(letters::beginning(line, 4 * LINE_CHARS_MAX))
            .chars()
            .take(LINE_CHARS_MAX)
            .map(|character| if character.is_control() { '.' } else { character })
            .collect(),
    }
}

/// Whether the line contains a word that is used with passwords.
fn mentions_a_secret(line: &[u8]) -> bool {
    let words: [&[u8]; 3] = [b"pass", b"pswd", b"auth"];
    words.iter().any(|word| line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command;

    #[test]
    fn secrets_are_masked_wherever_they_may_stand() {
        for (said, logged_in, shown) in [
            ("PASS secret", false, "PASS ***"),
            ("pass secret", true, "PASS ***"),
            ("ACCT secret", true, "ACCT ***"),
            ("secret", false, "***"),
            ("PASS:secret", true, "***"),
            ("SITE PSWD old new", true, "***"),
            ("SITE CHMOD 777 x", true, "SITE CHMOD 777 x"),
            ("XYZZY", true, "XYZZY"),
            ("STOR passage.jpg", true, "STOR passage.jpg"),
            ("USER yard\x1b[2J", false, "USER yard.[2J"),
        ] {
            let line =
                transcript_line(said.as_bytes(), &command::parse(said.as_bytes()), logged_in);
            assert_eq!(line, shown, "{said}");
        }
    }
}
