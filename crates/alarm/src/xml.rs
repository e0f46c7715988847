//! Reads XML while it streams by, leniently: without namespaces and declarations, with bare `&`, several roots, text behind
//! the end, elements that are never closed. Nothing is ever expanded: a document type and its entities are passed over.

mod tag;

use std::mem::take;

use tipoff_model::{DocumentForm, Value};

use crate::charset;
use crate::found::Found;
use crate::piece::Piece;
use crate::text_value::{TextRules, TextValue};
use crate::tree::{Items, Tree};
use tag::Tag;

/// Bytes of a tag. What follows in it is skipped.
const TAG_BYTES_MAX: usize = 4 * 1024;

/// Bytes of an entity's name. As many as the decoder of escaped base64 reads.
const ENTITY_BYTES_MAX: usize = 8;

/// XML while it streams by.
#[derive(Debug)]
pub(crate) struct Xml {
    rules: TextRules,
    /// Name of the part that it is in.
    name: String,
    tree: Tree,
    state: XmlState,
    /// Whether an element has ended that no other is around.
    has_root: bool,
    /// The text since the last tag; `None` without any, or outside of elements.
    text: Option<Box<TextValue>>,
}

#[derive(Debug)]
enum XmlState {
    Text,
    /// Behind `&`, at this offset.
    Entity {
        at: u64,
        bytes: Vec<u8>,
    },
    /// Behind `<`; the quote that is open.
    Tag {
        bytes: Vec<u8>,
        quote: Option<u8>,
    },
    /// In a document type; number of brackets that are open.
    Doctype {
        depth: u32,
    },
    /// In a comment; number of dashes before.
    Comment {
        dashes: u8,
    },
    /// In `<![CDATA[`; number of brackets before, and the offset of the first.
    Data {
        brackets: u8,
        at: u64,
    },
}

impl Xml {
    pub(crate) fn new(rules: TextRules, name: &str) -> Self {
        let (tree, state, text) = (Tree::default(), XmlState::Text, None);
        Self { rules, name: name.to_owned(), tree, state, has_root: false, text }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let state = match &self.state {
            XmlState::Tag { bytes, .. } | XmlState::Entity { bytes, .. } => bytes.capacity(),
            _ => 0,
        };
        let text = self.text.as_ref().map_or(0, |text| text.held_bytes());
        size_of::<Self>() + state + text
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut piece: Piece<'_>, found: &mut Found) {
        while !piece.text.is_empty() {
            let taken = match &self.state {
                XmlState::Text => self.in_text(piece, found),
                XmlState::Entity { .. } => self.in_entity(piece, found),
                XmlState::Tag { .. } => self.in_tag(piece, found),
                XmlState::Data { .. } => self.in_data(piece, found),
                XmlState::Doctype { .. } | XmlState::Comment { .. } => self.in_skipped(piece),
            };
            piece = piece.from(taken);
        }
    }

    fn in_text(&mut self, piece: Piece<'_>, found: &mut Found) -> usize {
        let end = memchr::memchr2(b'<', b'&', piece.text);
        self.text(piece.slice(0, end.unwrap_or(piece.text.len())), found);
        let Some(end) = end else {
            return piece.text.len();
        };
        let at = piece.slice(end, end + 1).at;
        self.state = match piece.text.get(end) {
            Some(b'&') => XmlState::Entity { at, bytes: Vec::new() },
            _ => XmlState::Tag { bytes: Vec::new(), quote: None },
        };
        end + 1
    }

    fn in_entity(&mut self, piece: Piece<'_>, found: &mut Found) -> usize {
        let (XmlState::Entity { at, bytes }, Some(&byte)) = (&mut self.state, piece.text.first())
        else {
            return 0;
        };
        if bytes.len() < ENTITY_BYTES_MAX && (byte.is_ascii_alphanumeric() || byte == b'#') {
            bytes.push(byte);
            return 1;
        }
        let (at, bytes) = (*at, take(bytes));
        self.state = XmlState::Text;
        if byte == b';'
            && let Some(character) = tag::entity(&bytes)
        {
            let mut utf8 = [0; 4];
            let text = character.encode_utf8(&mut utf8).as_bytes();
            self.text(Piece { at, end: piece.slice(0, 1).end, text }, found);
            return 1;
        }
        self.literal_entity(at, piece.at, &bytes, found);
        0
    }

    /// A bare `&`, or an entity that is not known.
    fn literal_entity(&mut self, at: u64, end: u64, bytes: &[u8], found: &mut Found) {
        let text = [b"&", bytes].concat();
        self.text(Piece { at, end, text: &text }, found);
    }

    fn in_tag(&mut self, piece: Piece<'_>, found: &mut Found) -> usize {
        let (XmlState::Tag { bytes, quote }, Some(&byte)) = (&mut self.state, piece.text.first())
        else {
            return 0;
        };
        match (*quote, byte) {
            (None, b'>') => {
                let tag = take(bytes);
                self.state = XmlState::Text;
                self.tag(&tag, found);
                return 1;
            }
            (Some(open), byte) if open == byte => *quote = None,
            // A quote that is never closed would hide the rest.
            (Some(_), b'<') => *quote = None,
            (None, b'"' | b'\'') if memchr::memchr(b'=', bytes).is_some() => *quote = Some(byte),
            _ => {}
        }
        if bytes.len() < TAG_BYTES_MAX {
            bytes.push(byte);
        }
        match bytes.as_slice() {
            b"!--" => self.state = XmlState::Comment { dashes: 0 },
            b"![CDATA[" => self.state = XmlState::Data { brackets: 0, at: 0 },
            b"!DOCTYPE" | b"!doctype" => self.state = XmlState::Doctype { depth: 0 },
            // `a < b` is text.
            [first]
                if !(first.is_ascii_alphabetic()
                    || matches!(first, b'_' | b'/' | b'?' | b'!' | 0x80..)) =>
            {
                let end = piece.slice(0, 1).end;
                let text = [b'<', *first];
                self.state = XmlState::Text;
                self.text(Piece { at: end.saturating_sub(2), end, text: &text }, found);
            }
            _ => {}
        }
        1
    }

    fn in_skipped(&mut self, piece: Piece<'_>) -> usize {
        for (taken, &byte) in piece.text.iter().enumerate() {
            let has_ended = match (&mut self.state, byte) {
                (XmlState::Comment { dashes }, b'-') => {
                    *dashes = dashes.saturating_add(1);
                    false
                }
                (XmlState::Comment { dashes }, b'>') if *dashes >= 2 => true,
                (XmlState::Comment { dashes }, _) => {
                    *dashes = 0;
                    false
                }
                (XmlState::Doctype { depth }, b'[') => {
                    *depth = depth.saturating_add(1);
                    false
                }
                (XmlState::Doctype { depth }, b']') => {
                    *depth = depth.saturating_sub(1);
                    false
                }
                (XmlState::Doctype { depth: 0 }, b'>') => true,
                _ => false,
            };
            if has_ended {
                self.state = XmlState::Text;
                return taken + 1;
            }
        }
        piece.text.len()
    }

    fn in_data(&mut self, piece: Piece<'_>, found: &mut Found) -> usize {
        let XmlState::Data { brackets, at } = &mut self.state else {
            return 0;
        };
        if *brackets == 0 {
            let end = memchr::memchr(b']', piece.text).unwrap_or(piece.text.len());
            if end > 0 {
                self.text(piece.slice(0, end), found);
                return end;
            }
        }
        let one = piece.slice(0, 1);
        match (*brackets, piece.text.first()) {
            (2, Some(b'>')) => self.state = XmlState::Text,
            (0, Some(b']')) => (*brackets, *at) = (1, one.at),
            (1, Some(b']')) => *brackets = 2,
            (held, Some(b']')) => {
                let first = Piece { at: *at, end: *at + 1, text: b"]" };
                *at += 1;
                debug_assert!(held == 2, "at most two brackets are held");
                self.text(first, found);
            }
            (held, _) => {
                let text: &[u8] = if held == 2 { b"]]" } else { b"]" };
                let before = Piece { at: *at, end: one.at, text };
                *brackets = 0;
                self.text(before, found);
                return 0;
            }
        }
        1
    }

    fn text(&mut self, piece: Piece<'_>, found: &mut Found) {
        if piece.text.is_empty() || self.tree.depth() == 0 || self.tree.leaves_out() {
            return;
        }
        if self.text.is_none() && piece.text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let rules = self.rules;
        self.text.get_or_insert_with(|| Box::new(TextValue::new(rules))).push(piece, found);
    }

    /// Ends the text before a tag.
    fn end_text(&mut self, torn: bool, found: &mut Found) {
        if let Some(text) = self.text.take() {
            let value = text.finish(torn, found);
            if value != Value::Text(String::new()) {
                self.tree.add("", value, found);
            }
        }
    }

    fn tag(&mut self, bytes: &[u8], found: &mut Found) {
        match tag::parse(bytes, self.rules.charset) {
            Tag::Declaration { charset } => {
                self.rules.charset = charset.as_deref().and_then(charset::declared);
            }
            Tag::Begin { name, attributes, is_empty } => {
                self.end_text(false, found);
                self.tree.open(&name, Items::Fields(Vec::new()), found);
                for (name, value) in attributes {
                    self.tree.add(&name, Value::Text(value), found);
                }
                if is_empty {
                    self.close(found);
                }
            }
            Tag::End { name } => {
                self.end_text(false, found);
                let levels = match self.tree.leaves_out() {
                    true => 1,
                    false => self.tree.up_to(&name).unwrap_or(0),
                };
                (0..levels).for_each(|_| self.close(found));
            }
            Tag::Other => {}
        }
    }

    fn close(&mut self, found: &mut Found) {
        if let Some((name, root)) = self.tree.close_element() {
            self.has_root = true;
            let root = Value::Fields(vec![(name, root)]);
            found.add_document(DocumentForm::Xml, &self.name, root);
        }
    }

    /// Whether nothing is open and something was read.
    pub(crate) fn is_complete(&self) -> bool {
        self.has_root && self.tree.depth() == 0 && matches!(self.state, XmlState::Text)
    }

    /// Ends it, and closes what is open; `torn` says that the connection broke.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Found) {
        if let XmlState::Entity { at, bytes } = &mut self.state {
            let (at, bytes) = (*at, take(bytes));
            self.literal_entity(at, at + 1 + bytes.len() as u64, &bytes, found);
        }
        self.end_text(torn, found);
        while self.tree.depth() > 0 {
            self.close(found);
        }
    }
}
