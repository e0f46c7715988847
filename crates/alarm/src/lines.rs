//! Texts that are no JSON, XML or form: pairs of names and values, or words for people.

use tipoff_model::{DocumentForm, Value};

use crate::charset::{cut, decode};
use crate::found::{Found, NAME_BYTES_MAX, TEXT_BYTES_MAX};
use crate::json::Json;
use crate::piece::Piece;
use crate::text_value::{Nested, TextRules};

/// Bytes of such a text that are kept. What follows is left out.
pub(crate) const LINES_BYTES_MAX: usize = 32 * 1024;

/// A text while it streams by.
#[derive(Debug)]
pub(crate) struct Lines {
    rules: TextRules,
    /// Offset of its first byte.
    start: u64,
    text: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(rules: TextRules, start: u64) -> Self {
        Self { rules, start, text: Vec::new() }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.text.capacity()
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = LINES_BYTES_MAX.saturating_sub(self.text.len());
        self.text.extend(bytes.iter().take(room));
    }

    /// Whether the braces in it are closed.
    pub(crate) fn is_complete(&self) -> bool {
        let count = |brace: u8| memchr::memchr_iter(brace, &self.text).count();
        count(b'{') <= count(b'}')
    }

    /// Ends it. A short text with a name is a field of a form.
    pub(crate) fn finish(self, name: &str, torn: bool, found: &mut Found) {
        if self.text.trim_ascii().is_empty() {
            return;
        }
        if is_pairs(&self.text, !name.is_empty()) {
            self.pairs(name, torn, found);
            return;
        }
        let text = decode(&self.text, self.rules.charset);
        let text = cut(text.trim(), TEXT_BYTES_MAX).to_owned();
        if !name.is_empty() {
            found.add_field(name, text);
        } else if found.spend(text.len()) {
            found.add_document(DocumentForm::Text, "", Value::Text(text));
        }
    }

    /// Adds pairs. Where the first name comes again, another document begins.
    fn pairs(&self, part: &str, torn: bool, found: &mut Found) {
        let mut fields: Vec<(String, Value)> = Vec::new();
        let mut rest = self.text.as_slice();
        while !rest.is_empty() {
            let blanks = rest.iter().take_while(|&&byte| is_between(byte)).count();
            rest = rest.get(blanks..).unwrap_or_default();
            let end = rest.iter().position(|&byte| byte == b'=' || is_end(byte));
            let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let name = decode(name, self.rules.charset);
            let name = cut(name.trim(), NAME_BYTES_MAX);
            let Some((b'=', value)) = behind.split_first() else {
                rest = behind;
                self.field(&mut fields, name, Value::Text(String::new()), found);
                continue;
            };
            if fields.first().is_some_and(|(first, _)| first == name) {
                found.add_document(
                    DocumentForm::Pairs,
                    part,
                    Value::Fields(std::mem::take(&mut fields)),
                );
            }
            let (value, behind) = self.value(value, torn, found);
            rest = behind;
            self.field(&mut fields, name, value, found);
        }
        if !fields.is_empty() {
            found.add_document(DocumentForm::Pairs, part, Value::Fields(fields));
        }
    }

    fn field(
        &self,
        fields: &mut Vec<(String, Value)>,
        name: &str,
        value: Value,
        found: &mut Found,
    ) {
        let text_bytes = if let Value::Text(text) = &value { text.len() } else { 0 };
        if !name.is_empty() && found.spend(name.len() + text_bytes) {
            fields.push((name.to_owned(), value));
        }
    }

    /// The value at the beginning, and what is behind it: JSON over several lines, or a text up to the end of the pair.
    fn value<'a>(&self, from: &'a [u8], torn: bool, found: &mut Found) -> (Value, &'a [u8]) {
        if let [b'{' | b'[', ..] = from.trim_ascii_start() {
            let at = self.start + (self.text.len() - from.len()) as u64;
            let rules = TextRules { nesting: self.rules.nesting + 1, ..self.rules };
            let mut json = Json::new(rules, found);
            let mut read = 0;
            while !json.is_complete()
                && !json.is_no_json()
                && let Some(byte) = from.get(read..read + 1)
            {
                json.push(Piece::plain(at + read as u64, byte), found);
                read += 1;
            }
            // Where the text was cut in the middle, what was read counts.
            let is_cut = torn || self.text.len() == LINES_BYTES_MAX || read == from.len();
            if let Some(value) = Box::new(json).finish_nested(is_cut, found) {
                return (value, from.get(read..).unwrap_or_default());
            }
        }
        let end = from.iter().position(|&byte| is_end(byte)).unwrap_or(from.len());
        let (value, behind) = from.split_at(end);
        let text = decode(value, self.rules.charset);
        (Value::Text(cut(text.trim(), TEXT_BYTES_MAX).to_owned()), behind)
    }
}

/// Whether a text consists of pairs: its first line begins with a name and `=`. As the value of a named field it has to have
/// more of them.
fn is_pairs(text: &[u8], is_field: bool) -> bool {
    let text = text.trim_ascii_start();
    let name = text.iter().take_while(|&&byte| is_of_name(byte)).count();
    let is_pair = (1..=NAME_BYTES_MAX).contains(&name) && text.get(name) == Some(&b'=');
    let count = memchr::memchr_iter(b'=', text).take(2).count();
    is_pair && (!is_field || count > 1 && text.iter().any(|&byte| is_end(byte)))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b';' | b'\r' | b'\n')
}

fn is_between(byte: u8) -> bool {
    is_end(byte) || matches!(byte, b' ' | b'\t')
}
