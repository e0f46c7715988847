//! Reads one text of a document while it streams by: a string of JSON, a field of a form, the text of an XML element. It is
//! a text for people, a file in base64, or JSON that was written into a string.

use std::fmt::Debug;

use encoding_rs::Encoding as Charset;
use tipoff_model::Encoding;
use tipoff_model::Value;
use tipoff_model::file_type::{HEAD_BYTES, by_content};
use tipoff_model::meter::Meter;
use tipoff_model::transfer::decoded;

use crate::charset::{cut, decode};
use crate::found::{Found, TEXT_BYTES_MAX};
use crate::piece::{Held, Piece};

/// Bytes by which it is decided what a text is.
const OPENING_BYTES: usize = 512;

/// Bytes before the comma of a `data:` address (RFC 2397). A longer one is text.
const DATA_HEADER_BYTES_MAX: usize = 128;

/// Depth of JSON in strings of JSON. What is deeper is text.
const NESTING_MAX: u8 = 3;

/// How the pictures begin that devices send: JPEG, PNG, GIF, WebP. Other files are known by more bytes.
const BASE64_BEGINNINGS: [&[u8]; 4] = [b"/9j/", b"iVBOR", b"R0lGOD", b"UklGR"];

/// What a text may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextRules {
    /// The declared charset.
    pub(crate) charset: Option<&'static Charset>,
    /// Whether it has a place in the body, so that a file may be in it.
    pub(crate) has_place: bool,
    /// Whether `+` is a blank in it, so that base64 is known only by its beginning.
    pub(crate) is_form: bool,
    /// Number of texts that it is inside of.
    pub(crate) nesting: u8,
    /// Makes the reader of JSON inside of it.
    pub(crate) nested: fn(Self, &Found) -> Box<dyn Nested>,
}

/// The reader of a document inside of a text.
pub(crate) trait Nested: Debug + Send {
    /// Takes the next bytes.
    fn push(&mut self, piece: Piece<'_>, found: &mut Found);

    /// Ends it; `None` if the text is rather for people.
    fn finish_nested(self: Box<Self>, torn: bool, found: &mut Found) -> Option<Value>;

    /// Memory that it uses, in bytes.
    fn held_bytes(&self) -> usize;
}

/// A text while it streams by.
#[derive(Debug)]
pub(crate) struct TextValue {
    rules: TextRules,
    /// The text, at most [`TEXT_BYTES_MAX`] bytes of it.
    held: Held,
    kind: TextKind,
}

#[derive(Debug)]
enum TextKind {
    /// Too few bytes to decide.
    Opening,
    Text,
    File(Box<Base64File>),
    Nested(Box<dyn Nested>),
}

impl TextValue {
    pub(crate) fn new(rules: TextRules) -> Self {
        Self { rules, held: Held::default(), kind: TextKind::Opening }
    }

    /// Whether it is known to be a file: then `+` is a letter also in a form.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind, TextKind::File(_))
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let kind = match &self.kind {
            TextKind::Opening | TextKind::Text => 0,
            TextKind::File(file) => {
                size_of::<Base64File>() + file.meter.as_ref().map_or(0, Meter::held_bytes)
            }
            TextKind::Nested(nested) => nested.held_bytes(),
        };
        self.held.held_bytes() + kind
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut piece: Piece<'_>, found: &mut Found) {
        if self.held.text.is_empty() {
            let blanks = piece.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            piece = piece.from(blanks);
        }
        while !piece.text.is_empty() && matches!(self.kind, TextKind::Opening) {
            let room = OPENING_BYTES.saturating_sub(self.held.text.len()).max(1);
            let taken = room.min(piece.text.len());
            self.held.push(piece.slice(0, taken), TEXT_BYTES_MAX);
            piece = piece.from(taken);
            self.decide(false, found);
        }
        if !piece.text.is_empty() {
            self.more(piece, found);
        }
    }

    /// Takes bytes behind the opening.
    fn more(&mut self, piece: Piece<'_>, found: &mut Found) {
        let before = self.held.text.len();
        self.held.push(piece, TEXT_BYTES_MAX);
        match &mut self.kind {
            TextKind::File(file) => {
                // A short one was only a word that looked like the beginning of a file.
                let broken_at = file.push(piece);
                if broken_at.is_some_and(|at| before + at < TEXT_BYTES_MAX) {
                    self.kind = TextKind::Text;
                }
            }
            TextKind::Nested(nested) => nested.push(piece, found),
            TextKind::Opening | TextKind::Text => {}
        }
    }

    /// Decides by the opening; `last` says that no more bytes come.
    fn decide(&mut self, last: bool, found: &mut Found) {
        match self.opening(last) {
            Opening::More => return,
            Opening::Text => self.kind = TextKind::Text,
            Opening::File { from, content_type } => self.open_file(from, content_type),
            Opening::Json => {
                let rules = TextRules { nesting: self.rules.nesting + 1, ..self.rules };
                let mut nested = (rules.nested)(rules, found);
                self.held.pieces(0).for_each(|piece| nested.push(piece, found));
                self.kind = TextKind::Nested(nested);
            }
        }
        self.held.forget_places();
    }

    fn opening(&self, last: bool) -> Opening {
        let text = self.held.text.as_slice();
        let may_wait = !last && text.len() < OPENING_BYTES;
        if !self.held.is_placed() {
            return Opening::Text;
        }
        if matches!(text, [b'{' | b'[', ..]) && self.rules.nesting < NESTING_MAX {
            return Opening::Json;
        }
        if !self.rules.has_place {
            return if last { Opening::Text } else { Opening::More };
        }
        if let Some(behind) = text.strip_prefix(b"data:") {
            return match memchr::memchr(b',', behind) {
                Some(comma) => data_address(behind, comma).unwrap_or(Opening::Text),
                None if may_wait && text.len() < DATA_HEADER_BYTES_MAX => Opening::More,
                None => Opening::Text,
            };
        }
        if BASE64_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
            return Opening::File { from: 0, content_type: String::new() };
        }
        if may_wait {
            return Opening::More;
        }
        let is_long = text.len() >= OPENING_BYTES && !self.rules.is_form;
        match is_long && is_base64(text) && by_content(&decoded(Encoding::Base64, text)).is_some() {
            true => Opening::File { from: 0, content_type: String::new() },
            false => Opening::Text,
        }
    }

    fn open_file(&mut self, from: usize, content_type: String) {
        let mut file = Box::new(Base64File::new(content_type));
        let is_sound = self.held.pieces(from).all(|piece| file.push(piece).is_none());
        self.kind = if is_sound { TextKind::File(file) } else { TextKind::Text };
    }

    /// Ends the text; `torn` says that the connection broke in it.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Found) -> Value {
        if matches!(self.kind, TextKind::Opening) {
            self.decide(true, found);
        }
        match self.kind {
            TextKind::File(file) if !file.is_rather_text(&self.held.text) => {
                match file.finish(torn, found) {
                    Some(index) => return Value::File(index),
                    None if self.held.text.len() < OPENING_BYTES => {}
                    // Base64 says nothing to people.
                    None => return Value::Text(String::new()),
                }
            }
            TextKind::Nested(nested) => {
                if let Some(value) = nested.finish_nested(torn, found) {
                    return value;
                }
            }
            TextKind::Opening | TextKind::Text | TextKind::File(_) => {}
        }
        let text = decode(&self.held.text, self.rules.charset);
        Value::Text(cut(text.trim(), TEXT_BYTES_MAX).to_owned())
    }
}

/// What an opening says.
enum Opening {
    More,
    Text,
    Json,
    File { from: usize, content_type: String },
}

/// The file in the address `data:image/jpeg;base64,…`; `None` if it is not in base64.
fn data_address(behind: &[u8], comma: usize) -> Option<Opening> {
    let header = str::from_utf8(behind.get(..comma)?).ok()?;
    let content_type = header.to_ascii_lowercase();
    let content_type = content_type.trim_end().strip_suffix("base64")?;
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
    Some(Opening::File { from: b"data:".len() + comma + 1, content_type })
}

/// Whether all bytes are of base64 or between its lines.
fn is_base64(text: &[u8]) -> bool {
    // Without an early end, because the compiler makes vectors of it.
    text.iter().fold(true, |is, &byte| {
        is & ((byte | 0x20).is_ascii_lowercase()
            | byte.is_ascii_digit()
            | matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' ' | b'\t'))
    })
}

/// A file in base64.
#[derive(Debug)]
struct Base64File {
    content_type: String,
    /// `None` before the first byte.
    meter: Option<Meter>,
    /// Whether an escape other than `\/` is in it.
    is_escaped: bool,
    /// Whether padding was in it.
    is_padded: bool,
    /// Whether something that is no base64 followed: the file ends before it.
    has_ended: bool,
}

impl Base64File {
    fn new(content_type: String) -> Self {
        Self { content_type, meter: None, is_escaped: false, is_padded: false, has_ended: false }
    }

    /// Takes the next bytes; returns the place of the first that is no base64.
    fn push(&mut self, mut piece: Piece<'_>) -> Option<usize> {
        if self.has_ended {
            return None;
        }
        let mut broken_at = None;
        if !is_base64(piece.text) {
            let sound = piece.text.iter().position(|byte| !is_base64(std::slice::from_ref(byte)));
            piece = piece.slice(0, sound.unwrap_or_default());
            (self.has_ended, broken_at) = (true, sound);
            if piece.text.is_empty() {
                return broken_at;
            }
        }
        let meter =
            self.meter.get_or_insert_with(|| Meter::new(Encoding::Base64, piece.at, HEAD_BYTES));
        let is_slash = piece.text == b"/" && piece.spans(2) && !self.is_padded;
        self.is_escaped |= !piece.is_plain() && !is_slash || piece.at != meter.end;
        self.is_padded |= memchr::memchr(b'=', piece.text).is_some();
        meter.push(piece.text);
        meter.end = piece.end;
        broken_at
    }

    /// Whether it only begins like a file: words with blanks between them, or bytes of no type. A declared type is
    /// believed.
    fn is_rather_text(&self, text: &[u8]) -> bool {
        let is_short = text.len() < OPENING_BYTES;
        let has_words = || {
            let text = text.trim_ascii().windows(2);
            text.into_iter().any(|it| matches!(it, [b'!'..=b'~', b' ']))
        };
        let is_known = || self.meter.as_ref().is_some_and(|meter| meter.file_type().is_some());
        self.content_type.is_empty() && is_short && (has_words() || !is_known())
    }

    fn finish(self, torn: bool, found: &mut Found) -> Option<usize> {
        let meter = self.meter?;
        let whole = !torn && !self.has_ended || meter.is_complete();
        let encoding = if self.is_escaped { Encoding::Base64Escaped } else { Encoding::Base64 };
        found.add_measured(meter, encoding, "", &self.content_type, whole)
    }
}
