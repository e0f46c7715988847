//! Dialogues as text files: the lines of a client, and what the server must reply and do.
//! Knows no protocol and no socket: whoever plays one drives the server and records what it does.
//!
//! `crates/smtp/tests/dialogs/README.md` describes the format.

pub mod suite;

use std::collections::VecDeque;
use std::fmt::Write as _;

/// A dialogue, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialog {
    /// `key=value` of its `profile:` lines; a value is empty where there is none.
    pub settings: Vec<(String, String)>,
    /// Its other lines.
    pub lines: Vec<Line>,
}

/// A line of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `C: …` or `C> …`: bytes of the client, line end included.
    Client(Vec<u8>),
    /// `S: …`: a line of the server, without its line end.
    Server(String),
    /// `= …`: something that the server does.
    Deed(String),
    /// `! …`: something that is done to the server.
    Action(String),
}

impl Dialog {
    /// Reads a dialogue; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut dialog = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            dialog.line(line).map_err(|error| format!("line {number}: {error}"))?;
        }
        Ok(dialog)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        self.lines.push(match mark {
            "C:" => Line::Client([rest.as_bytes(), b"\r\n"].concat()),
            "C>" => Line::Client(unescape(rest)?),
            "S:" => Line::Server(rest.to_owned()),
            "=" => Line::Deed(rest.to_owned()),
            "!" => Line::Action(rest.to_owned()),
            "profile:" => {
                self.settings.extend(rest.split_ascii_whitespace().map(|setting| {
                    let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
                    (key.to_owned(), value.to_owned())
                }));
                return Ok(());
            }
            _ => return Err(format!("{mark:?} begins no line")),
        });
        Ok(())
    }

    /// The lines of the client up to each action for which `parts` is true, with that action. The last
    /// part has none.
    pub fn parts(&self, parts: impl Fn(&str) -> bool) -> Vec<Part> {
        let mut found = vec![Part::default()];
        for line in &self.lines {
            let Some(part) = found.last_mut() else { break };
            match line {
                Line::Client(bytes) => part.client.push(bytes.clone()),
                Line::Action(action) if parts(action) => {
                    part.action = Some(action.clone());
                    found.push(Part::default());
                }
                Line::Action(_) | Line::Server(_) | Line::Deed(_) => {}
            }
        }
        found
    }

    /// The values of the actions that begin with `kind`: the answers that the server will ask for.
    pub fn answers(&self, kind: &str) -> VecDeque<String> {
        let of_kind = |line: &Line| match line {
            Line::Action(action) => action.strip_prefix(kind)?.strip_prefix(' ').map(str::to_owned),
            _ => None,
        };
        self.lines.iter().filter_map(of_kind).collect()
    }

    /// Compares what happened with what is written. Deeds of a kind (the first word) that the
    /// dialogue does not mention at all may happen unmentioned.
    pub fn compare(&self, happened: &[Line]) -> Result<(), String> {
        let expected: Vec<&Line> = self.lines.iter().filter(|line| is_of_server(line)).collect();
        let happened: Vec<&Line> = happened
            .iter()
            .filter(|line| is_of_server(line) && (kind(line).is_none() || self.mentions(line)))
            .collect();
        let same =
            expected.iter().zip(&happened).take_while(|(one, other)| fits(one, other)).count();
        if same == expected.len() && same == happened.len() {
            return Ok(());
        }
        let told =
            |lines: &[&Line]| lines.get(same).map_or("nothing".to_owned(), |line| told(line));
        Err(format!("expected {}, but it was {}", told(&expected), told(&happened)))
    }

    /// Compares when it happened: what is written between two lines of the client must have happened
    /// by the second. `happened` contains the client's lines as well.
    pub fn compare_order(&self, happened: &[Line]) -> Result<(), String> {
        let mut replies = 0;
        let replies_before: Vec<usize> = happened
            .iter()
            .filter_map(|line| {
                replies += usize::from(matches!(line, Line::Server(_)));
                matches!(line, Line::Client(_)).then_some(replies)
            })
            .collect();
        let mut expected = 0;
        let mut clients = replies_before.into_iter();
        for line in &self.lines {
            match line {
                Line::Server(_) => expected += 1,
                Line::Client(_) if clients.next().is_some_and(|replies| replies < expected) => {
                    return Err(format!("a reply before {} came late", told(line)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn mentions(&self, deed: &Line) -> bool {
        self.lines.iter().any(|line| kind(line) == kind(deed))
    }
}

/// A stretch of a dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The lines of the client.
    pub client: Vec<Vec<u8>>,
    /// What is done then.
    pub action: Option<String>,
}

fn is_of_server(line: &Line) -> bool {
    matches!(line, Line::Server(_) | Line::Deed(_))
}

fn kind(line: &Line) -> Option<&str> {
    match line {
        Line::Deed(deed) => deed.split(' ').next(),
        _ => None,
    }
}

/// Literally, or up to a final `…`.
fn fits(expected: &Line, happened: &Line) -> bool {
    match (expected, happened) {
        (Line::Server(expected), Line::Server(happened))
        | (Line::Deed(expected), Line::Deed(happened)) => match expected.strip_suffix('…') {
            Some(beginning) => happened.starts_with(beginning),
            None => expected == happened,
        },
        _ => false,
    }
}

/// A line as it is written in a dialogue.
pub fn told(line: &Line) -> String {
    match line {
        Line::Client(bytes) => format!("C> {}", escape(bytes)),
        Line::Server(reply) => format!("S: {reply}"),
        Line::Deed(deed) => format!("= {deed}"),
        Line::Action(action) => format!("! {action}"),
    }
}

/// Bytes on one line: what is not printable ASCII as `\r`, `\n`, `\\` or `\xNN`.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text
}

/// The bytes that [`escape`] wrote; a character that is not ASCII is its UTF-8.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut pieces = text.split('\\');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    while let Some(piece) = pieces.next() {
        let (byte, rest) = match piece.chars().next() {
            Some('r') => (b'\r', piece.get(1..)),
            Some('n') => (b'\n', piece.get(1..)),
            Some('x') => {
                let byte = piece.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                (byte.ok_or(format!("\\{piece} is no byte"))?, piece.get(3..))
            }
            None => (b'\\', pieces.next()),
            Some(_) => return Err(format!("\\{piece} is not known")),
        };
        bytes.push(byte);
        bytes.extend_from_slice(rest.unwrap_or_default().as_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "# a comment\nprofile: ehlo=no tls\n\nS: 220 …\nC: EHLO x\nS: 250 Ok\n\
                           ! login refused\nC> QUIT\\n\n= close\n! tls\nC:\n";

    fn server(text: &str) -> Line {
        Line::Server(text.to_owned())
    }

    fn deed(text: &str) -> Line {
        Line::Deed(text.to_owned())
    }

    #[test]
    fn a_dialogue_is_read() {
        let dialog = Dialog::parse(WRITTEN).unwrap();
        let setting = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(dialog.settings, [setting("ehlo", "no"), setting("tls", "")]);
        assert_eq!(dialog.answers("login"), ["refused"]);
        let parts = dialog.parts(|action| action == "tls");
        assert_eq!(parts[0].client, [b"EHLO x\r\n".to_vec(), b"QUIT\n".to_vec()]);
        assert_eq!(parts[0].action.as_deref(), Some("tls"));
        assert_eq!(parts[1].client, [b"\r\n"]);
        assert!(Dialog::parse("S: 220 x\nX: y").unwrap_err().starts_with("line 2"));
    }

    #[test]
    fn what_differs_is_found() {
        let dialog = Dialog::parse(WRITTEN).unwrap();
        let (greeting, ok) = (server("220 host ready"), server("250 Ok"));
        let happened = [greeting.clone(), ok.clone(), deed("end"), deed("close")];
        assert_eq!(dialog.compare(&happened), Ok(()));
        for wrong in [
            &happened[..3],
            &happened[1..],
            &[greeting.clone(), server("250 Okay"), deed("close")],
            &[greeting.clone(), ok.clone(), deed("close"), server("221 Bye")],
            &[greeting.clone(), ok.clone(), deed("close now")],
        ] {
            assert!(dialog.compare(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_comes_late_is_found() {
        let dialog = Dialog::parse(WRITTEN).unwrap();
        let client = |bytes: &[u8]| Line::Client(bytes.to_vec());
        let (greeting, ok) = (server("220 host ready"), server("250 Ok"));
        let in_time = [greeting.clone(), client(b"EHLO x\r\n"), ok.clone(), client(b"QUIT\n")];
        let late = [greeting, client(b"EHLO x\r\n"), client(b"QUIT\n"), ok];
        assert_eq!(dialog.compare_order(&in_time), Ok(()));
        assert!(dialog.compare_order(&late).is_err());
    }

    #[test]
    fn escapes_lead_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&all)), Ok(all));
        assert_eq!(unescape("a\\\\n\\r\\n\\x00ä"), Ok("a\\n\r\n\0ä".as_bytes().to_vec()));
        assert!(unescape("\\q").is_err() && unescape("\\xg0").is_err());
    }
}
