//! Bytes from outside as text: as a value, and as a line to be shown. Never fails.

use crate::command::Command;

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
        Command::Unknown if !logged_in => MASK.to_owned(),
        _ => read(line)
            .chars()
            .take(HEARD_CHARS_MAX)
            .map(|character| if character.is_control() { '.' } else { character })
            .collect(),
    }
}
