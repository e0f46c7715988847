//! Reads `name=value` pairs with escapes, as queries and forms have them (URL Standard, section 5.1), while they stream by.
//! What is no escape stands for itself.

use std::mem::take;

use tipoff_model::Value;

use crate::charset::{cut, decode};
use crate::found::{Found, NAME_BYTES_MAX};
use crate::json::nested;
use crate::piece::Piece;
use crate::text_value::{TextRules, TextValue};

/// A form while it streams by.
#[derive(Debug)]
pub(crate) struct Form {
    rules: TextRules,
    fields: Vec<(String, Value)>,
    name: Vec<u8>,
    /// The value; `None` while the name comes.
    value: Option<TextValue>,
    /// `%`, and the digit behind it.
    escape: Option<(u64, Option<u8>)>,
}

impl Form {
    pub(crate) fn new(rules: TextRules) -> Self {
        let rules = TextRules { is_form: true, ..rules };
        Self { rules, fields: Vec::new(), name: Vec::new(), value: None, escape: None }
    }

    /// The fields of the query of an address.
    pub(crate) fn query(query: &str, found: &mut Found) -> Value {
        let rules =
            TextRules { charset: None, has_place: false, is_form: true, nesting: 0, nested };
        let mut form = Self::new(rules);
        form.push(Piece::plain(0, query.as_bytes()), found);
        form.finish(false, found)
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let value = self.value.as_ref().map_or(0, TextValue::held_bytes);
        size_of::<Self>() + self.name.capacity() + value
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut piece: Piece<'_>, found: &mut Found) {
        while !piece.text.is_empty() {
            if self.escape.is_some() {
                piece = self.escape(piece, found);
                continue;
            }
            let ends = |byte: &u8| matches!(byte, b'%' | b'+' | b'&' | b'=' | b'\r' | b'\n');
            let plain = piece.text.iter().position(ends).unwrap_or(piece.text.len());
            if plain > 0 {
                self.content(piece.slice(0, plain), found);
            }
            piece = piece.from(plain);
            let Some(&byte) = piece.text.first() else {
                break;
            };
            let one = piece.slice(0, 1);
            match byte {
                b'%' => self.escape = Some((one.at, None)),
                b'+' if !self.value.as_ref().is_some_and(TextValue::is_file) => {
                    self.content(Piece { text: b" ", ..one }, found);
                }
                b'=' if self.value.is_none() => self.value = Some(TextValue::new(self.rules)),
                b'&' => self.end_field(false, found),
                _ => self.content(one, found),
            }
            piece = piece.from(1);
        }
    }

    /// Takes a byte of an escape and returns the bytes behind it.
    fn escape<'a>(&mut self, piece: Piece<'a>, found: &mut Found) -> Piece<'a> {
        let (Some((at, first)), Some(&byte)) = (self.escape, piece.text.first()) else {
            return piece;
        };
        let value = |digit: u8| char::from(digit).to_digit(16);
        match (first, value(byte)) {
            (None, Some(_)) => {
                self.escape = Some((at, Some(byte)));
                piece.from(1)
            }
            (Some(first), Some(low)) => {
                self.escape = None;
                let code = (value(first).unwrap_or(0) << 4 | low) as u8;
                let end = piece.slice(0, 1).end;
                self.content(Piece { at, end, text: &[code] }, found);
                piece.from(1)
            }
            (_, None) => {
                self.literal_escape(piece.at, found);
                piece
            }
        }
    }

    /// What began as an escape and is none.
    fn literal_escape(&mut self, end: u64, found: &mut Found) {
        match self.escape.take() {
            Some((at, Some(first))) => self.content(Piece { at, end, text: &[b'%', first] }, found),
            Some((at, None)) => self.content(Piece { at, end, text: b"%" }, found),
            None => {}
        }
    }

    fn content(&mut self, piece: Piece<'_>, found: &mut Found) {
        match &mut self.value {
            Some(value) => value.push(piece, found),
            None => {
                let room = (NAME_BYTES_MAX + 4).saturating_sub(self.name.len());
                self.name.extend(piece.text.iter().take(room));
            }
        }
    }

    fn end_field(&mut self, torn: bool, found: &mut Found) {
        let (name, value) = (take(&mut self.name), self.value.take());
        if name.is_empty() && value.is_none() {
            return;
        }
        let value = value.map_or(Value::Text(String::new()), |value| value.finish(torn, found));
        let name = decode(&name, self.rules.charset);
        let name = cut(name.trim(), NAME_BYTES_MAX);
        let text_bytes = if let Value::Text(text) = &value { text.len() } else { 0 };
        if found.spend(name.len() + text_bytes) {
            self.fields.push((name.to_owned(), value));
        }
    }

    /// Ends it; `torn` says that the connection broke.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Found) -> Value {
        if let Some((at, first)) = self.escape {
            self.literal_escape(at + 1 + u64::from(first.is_some()), found);
        }
        self.end_field(torn, found);
        Value::Fields(self.fields)
    }
}
