//! Bytes from outside as text: as a value, and as a line to be shown. Never fails.

use crate::command::Command;
use crate::letters;

/// A transcript's line is cut to about this length.
const HEARD_CHARS_MAX: usize = 512;
/// What stands for a secret.
const MASK: &str = "***";

/// UTF-8, else Latin-1, which loses nothing: an old camera's password stays comparable.
pub(crate) fn read(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A command line with its secrets masked. Before the login what is no command may be a password
/// that was sent at the wrong moment.
pub(crate) fn heard(line: &[u8], command: &Command<'_>, logged_in: bool) -> String {
    match command {
        Command::Pass(_) => format!("PASS {MASK}"),
        Command::Acct => format!("ACCT {MASK}"),
        Command::Unknown | Command::Binary if !logged_in => MASK.to_owned(),
        // Such as `SITE PSWD`, or `PASS:` with the password behind it.
        Command::Unknown | Command::Binary | Command::Http | Command::Site(_)
            if mentions_a_secret(line) =>
        {
            MASK.to_owned()
        }
        // A letter has four bytes at most.
        _ => letters::decode(letters::beginning(line, 4 * HEARD_CHARS_MAX))
            .chars()
            .take(HEARD_CHARS_MAX)
            .map(|character| if character.is_control() { '.' } else { character })
            .collect(),
    }
}

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
            let heard = heard(said.as_bytes(), &command::parse(said.as_bytes()), logged_in);
            assert_eq!(heard, shown, "{said}");
        }
    }
}
