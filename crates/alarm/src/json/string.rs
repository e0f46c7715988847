//! A string of JSON while it streams by: resolves its escapes (RFC 8259, section 7).

use tipoff_model::Value;

use crate::found::{Found, NAME_BYTES_MAX};
use crate::piece::Piece;
use crate::text_value::{TextRules, TextValue};

/// What a character becomes that is none.
const REPLACEMENT: &str = "\u{FFFD}";

/// A string while it streams by.
#[derive(Debug)]
pub(super) struct JsonString {
    /// The quote by which it ends.
    quote: u8,
    content: StringContent,
    escape: Option<Escape>,
    /// The first half of a character beyond 16 bits, and its place.
    high: Option<(u32, u64, u64)>,
}

#[derive(Debug)]
enum StringContent {
    Name(Vec<u8>),
    Value(TextValue),
    Skipped,
}

/// A string that has ended.
pub(super) enum Ended {
    Name(Vec<u8>),
    Value(Value),
    Skipped,
}

/// An escape that is not complete.
#[derive(Debug)]
struct Escape {
    /// Offset of the backslash.
    at: u64,
    /// What came behind it, at most `u` and four digits.
    bytes: Vec<u8>,
}

impl JsonString {
    pub(super) fn name(quote: u8) -> Self {
        Self::new(quote, StringContent::Name(Vec::new()))
    }

    pub(super) fn value(quote: u8, rules: TextRules) -> Self {
        Self::new(quote, StringContent::Value(TextValue::new(rules)))
    }

    pub(super) fn skipped(quote: u8) -> Self {
        Self::new(quote, StringContent::Skipped)
    }

    fn new(quote: u8, content: StringContent) -> Self {
        Self { quote, content, escape: None, high: None }
    }

    /// Memory that it uses, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        let content = match &self.content {
            StringContent::Name(name) => name.capacity(),
            StringContent::Value(value) => value.held_bytes(),
            StringContent::Skipped => 0,
        };
        size_of::<Self>() + content
    }

    /// Takes the next bytes and returns how many, and whether the string has ended.
    pub(super) fn push(&mut self, piece: Piece<'_>, found: &mut Found) -> (usize, bool) {
        if self.escape.is_some() {
            return (self.escape(piece, found), false);
        }
        let end = memchr::memchr2(self.quote, b'\\', piece.text);
        let plain = piece.slice(0, end.unwrap_or(piece.text.len()));
        if !plain.text.is_empty() {
            self.lone_high(found);
            self.content(plain, found);
        }
        let Some(end) = end else {
            return (piece.text.len(), false);
        };
        let has_ended = piece.text.get(end) == Some(&self.quote);
        if has_ended {
            self.lone_high(found);
        } else {
            self.escape = Some(Escape { at: piece.slice(end, end + 1).at, bytes: Vec::new() });
        }
        (end + 1, has_ended)
    }

    /// Takes a byte of an escape and returns how many it took.
    fn escape(&mut self, piece: Piece<'_>, found: &mut Found) -> usize {
        let (Some(escape), Some(&byte)) = (&mut self.escape, piece.text.first()) else {
            return 0;
        };
        let at = escape.at;
        let in_digits = escape.bytes.first() == Some(&b'u');
        if in_digits && !byte.is_ascii_hexdigit() {
            // `C:\users`: no escape at all.
            let mut text = vec![b'\\'];
            text.append(&mut escape.bytes);
            self.escape = None;
            self.lone_high(found);
            self.content(Piece { at, end: piece.at, text: &text }, found);
            return 0;
        }
        escape.bytes.push(byte);
        let end = piece.slice(0, 1).end;
        match escape.bytes.as_slice() {
            [b'u', digits @ ..] if digits.len() < 4 => {}
            [b'u', digits @ ..] => {
                let code = digits.iter().fold(0, |code, &digit| {
                    code << 4 | char::from(digit).to_digit(16).unwrap_or(0)
                });
                self.escape = None;
                self.unit(code, at, end, found);
            }
            _ => {
                self.escape = None;
                self.lone_high(found);
                let literal = [b'\\', byte];
                let text: &[u8] = match byte {
                    b'n' => b"\n",
                    b'r' => b"\r",
                    b't' => b"\t",
                    b'b' => b"\x08",
                    b'f' => b"\x0C",
                    b'"' | b'\'' | b'\\' | b'/' => &[byte],
                    _ => &literal,
                };
                self.content(Piece { at, end, text }, found);
            }
        }
        1
    }

    /// Takes a character, or half of one.
    fn unit(&mut self, code: u32, at: u64, end: u64, found: &mut Found) {
        if let Some((high, high_at, _)) = self.high
            && (0xDC00..0xE000).contains(&code)
        {
            self.high = None;
            let code = 0x10000 + ((high & 0x3FF) << 10 | code & 0x3FF);
            self.character(code, high_at, end, found);
            return;
        }
        self.lone_high(found);
        if (0xD800..0xDC00).contains(&code) {
            self.high = Some((code, at, end));
        } else {
            self.character(code, at, end, found);
        }
    }

    fn character(&mut self, code: u32, at: u64, end: u64, found: &mut Found) {
        let mut utf8 = [0; 4];
        let text = match char::from_u32(code) {
            Some(character) => character.encode_utf8(&mut utf8),
            None => REPLACEMENT,
        };
        self.content(Piece { at, end, text: text.as_bytes() }, found);
    }

    /// Half a character without its other half.
    fn lone_high(&mut self, found: &mut Found) {
        if let Some((_, at, end)) = self.high.take() {
            self.content(Piece { at, end, text: REPLACEMENT.as_bytes() }, found);
        }
    }

    fn content(&mut self, piece: Piece<'_>, found: &mut Found) {
        match &mut self.content {
            StringContent::Name(name) => {
                let room = (NAME_BYTES_MAX + 4).saturating_sub(name.len());
                name.extend(piece.text.iter().take(room));
            }
            StringContent::Value(value) => value.push(piece, found),
            StringContent::Skipped => {}
        }
    }

    pub(super) fn finish(self, torn: bool, found: &mut Found) -> Ended {
        match self.content {
            StringContent::Name(name) => Ended::Name(name),
            StringContent::Value(value) => Ended::Value(value.finish(torn, found)),
            StringContent::Skipped => Ended::Skipped,
        }
    }
}
