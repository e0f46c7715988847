//! Questions to people, on standard input and output. A secret is not shown while it is typed.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{Context as _, bail};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::console_language::{text, texts};

/// Longest answer in bytes: longer than any token or URL.
const ANSWER_BYTES_MAX: usize = 8_192;

/// The bytes that keys send where the terminal does not edit the line itself.
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_U: u8 = 21;
const BACKSPACE: [u8; 2] = [8, 127];

/// An answer, without blanks around it. It may be empty. A blank is put behind the question.
///
/// # Errors
/// The input ended, as by Ctrl-D.
pub(super) fn line(question: &str) -> anyhow::Result<String> {
    prompt(question)?;
    let mut answer = String::new();
    let mut input = io::stdin().lock().take(ANSWER_BYTES_MAX as u64);
    if input.read_line(&mut answer).context("the answer cannot be read")? == 0 {
        println!();
        bail!(text("init-input-ended"));
    }
    Ok(answer.trim().to_owned())
}

/// The same, and a terminal does not show it. Blanks of a terminal are kept: a password may have them.
///
/// # Errors
/// As [`line()`]; also after Ctrl-C.
pub(super) fn secret(question: &str) -> anyhow::Result<String> {
    let Some(hidden) = HiddenInput::begin() else {
        return line(question);
    };
    prompt(&format!("{question} {}", text("init-not-shown")))?;
    let answer = read_keys(io::stdin().lock());
    drop(hidden);
    println!();
    let answer = answer?;
    if !answer.is_empty() {
        let characters = answer.chars().count().try_into().unwrap_or(u64::MAX);
        println!("{}", texts().count("init-characters", characters));
    }
    Ok(answer)
}

fn prompt(question: &str) -> anyhow::Result<()> {
    print!("{question} ");
    Ok(io::stdout().flush()?)
}

/// The terminal shows nothing of what is typed, until this is dropped. Ctrl-C comes as a key then: as a signal it would
/// leave a terminal that shows nothing.
struct HiddenInput(Termios);

impl HiddenInput {
    /// `None` if standard input is no terminal.
    fn begin() -> Option<Self> {
        let input = io::stdin();
        if !input.is_terminal() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        // A read returns as soon as there is one byte.
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&input, OptionalActions::Now, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Reads a line key by key.
fn read_keys(input: impl BufRead) -> anyhow::Result<String> {
    let mut typed = Vec::new();
    for key in input.bytes() {
        match key.context("the answer cannot be read")? {
            b'\n' | b'\r' => return Ok(String::from_utf8_lossy(&typed).into_owned()),
            CTRL_C => bail!(text("init-interrupted")),
            CTRL_D if typed.is_empty() => bail!(text("init-input-ended")),
            CTRL_U => typed.clear(),
            key if BACKSPACE.contains(&key) => remove_last_character(&mut typed),
            key if key >= b' ' && typed.len() < ANSWER_BYTES_MAX => typed.push(key),
            _ => {}
        }
    }
    bail!(text("init-input-ended"))
}

/// A character of UTF-8 may have several bytes: those behind the first are 10xxxxxx.
fn remove_last_character(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_a_secret() {
        let read = |keys: &[u8]| read_keys(keys).map_err(|error| error.to_string());
        assert_eq!(read(b" to ken \n"), Ok(" to ken ".to_owned()));
        assert_eq!(read("aä\u{7f}b\u{8}c\r".as_bytes()), Ok("ac".to_owned()));
        assert_eq!(read(b"wrong\x15right\n"), Ok("right".to_owned()));
        assert_eq!(read(b"\x04"), Err("the input ended".to_owned()));
        assert_eq!(read(b"abc"), Err("the input ended".to_owned()));
        assert_eq!(read(b"abc\x03"), Err("interrupted".to_owned()));
        assert_eq!(read(b"\x7f\x7f\n"), Ok(String::new()));
    }
}
