//! Reads JSON while it streams by (RFC 8259), leniently: several values behind one another, a comma too many, bare words and
//! a broken end are read as far as they can be. Strings become texts, files or, if they are JSON themselves, values.

mod string;

use std::mem::take;

use tipoff_model::Value;

use crate::charset::decode;
use crate::found::Found;
use crate::piece::Piece;
use crate::text_value::{Nested, TextRules};
use crate::tree::{Items, Node, Tree};
use string::JsonString;

/// Bytes of a word without quotes. A longer one is cut.
const WORD_BYTES_MAX: usize = 256;

/// JSON while it streams by.
#[derive(Debug)]
pub(crate) struct Json {
    rules: TextRules,
    tree: Tree,
    roots: Vec<Value>,
    /// The name of the value that comes.
    name: Option<String>,
    /// Whether the colon behind the name has come.
    is_behind_colon: bool,
    token: Token,
    /// Whether all of it was JSON so far.
    is_sound: bool,
    /// Number of media before it.
    media_before: usize,
}

#[derive(Debug)]
enum Token {
    None,
    Word(Vec<u8>),
    String(Box<JsonString>),
}

impl Json {
    pub(crate) fn new(rules: TextRules, found: &Found) -> Self {
        Self {
            rules,
            tree: Tree::default(),
            roots: Vec::new(),
            name: None,
            is_behind_colon: false,
            token: Token::None,
            is_sound: true,
            media_before: found.media.len(),
        }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let token = match &self.token {
            Token::None => 0,
            Token::Word(word) => word.capacity(),
            Token::String(string) => string.held_bytes(),
        };
        size_of::<Self>() + token
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut piece: Piece<'_>, found: &mut Found) {
        while let Some((&byte, _)) = piece.text.split_first() {
            let taken = match &mut self.token {
                Token::String(string) => {
                    let (taken, has_ended) = string.push(piece, found);
                    if has_ended {
                        self.end_token(false, found);
                    }
                    taken
                }
                Token::Word(word) if !ends_word(byte) => {
                    if word.len() < WORD_BYTES_MAX {
                        word.push(byte);
                    }
                    1
                }
                Token::Word(_) => {
                    self.end_token(false, found);
                    0
                }
                Token::None => {
                    self.between(byte, found);
                    1
                }
            };
            piece = piece.from(taken);
        }
    }

    /// Takes a byte between tokens.
    fn between(&mut self, byte: u8, found: &mut Found) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' => self.open(Items::Fields(Vec::new()), found),
            b'[' => self.open(Items::List(Vec::new()), found),
            b'}' | b']' => self.close(byte == b'}'),
            b':' => self.is_behind_colon = self.name.is_some(),
            b',' => {
                self.is_sound &= self.name.is_none() && self.tree.depth() > 0;
                (self.name, self.is_behind_colon) = (None, false);
            }
            b'"' | b'\'' => {
                self.is_sound &= byte == b'"' && (self.name.is_none() || self.is_behind_colon);
                let string = match (self.tree.leaves_out(), self.is_before_name()) {
                    (true, _) => JsonString::skipped(byte),
                    (false, true) => JsonString::name(byte),
                    (false, false) => JsonString::value(byte, self.rules),
                };
                self.token = Token::String(Box::new(string));
            }
            byte => self.token = Token::Word(vec![byte]),
        }
    }

    /// Whether a name comes, not a value.
    fn is_before_name(&self) -> bool {
        let in_fields = matches!(self.tree.innermost(), Some(Node { items: Items::Fields(_), .. }));
        in_fields && !self.is_behind_colon
    }

    fn open(&mut self, items: Items, found: &mut Found) {
        self.is_sound &= !self.is_before_name();
        let name = self.name.take().unwrap_or_default();
        self.is_behind_colon = false;
        self.tree.open(&name, items, found);
    }

    fn close(&mut self, is_of_fields: bool) {
        let is_right = self
            .tree
            .innermost()
            .is_none_or(|node| matches!(node.items, Items::Fields(_)) == is_of_fields);
        self.is_sound &= is_right && self.tree.depth() > 0 && self.name.is_none();
        (self.name, self.is_behind_colon) = (None, false);
        self.roots.extend(self.tree.close().map(|(_, root)| root));
    }

    /// Ends a string or a word.
    fn end_token(&mut self, torn: bool, found: &mut Found) {
        match std::mem::replace(&mut self.token, Token::None) {
            Token::None => {}
            Token::String(string) => match string.finish(torn, found) {
                string::Ended::Name(name) => {
                    (self.name, self.is_behind_colon) =
                        (Some(decode(&name, self.rules.charset)), false);
                }
                string::Ended::Value(value) => self.value(value, found),
                string::Ended::Skipped => {}
            },
            Token::Word(word) => self.word(&word, found),
        }
    }

    fn word(&mut self, word: &[u8], found: &mut Found) {
        let text = decode(word, self.rules.charset);
        if self.is_before_name() {
            self.is_sound = false;
            (self.name, self.is_behind_colon) = (Some(text), false);
            return;
        }
        let is_number = text.parse::<f64>().is_ok();
        self.is_sound &= is_number || matches!(text.as_str(), "true" | "false" | "null");
        // Words beside the document say nothing.
        if self.tree.depth() > 0 {
            let text = if text == "null" { String::new() } else { text };
            self.value(Value::Text(text), found);
        }
    }

    fn value(&mut self, value: Value, found: &mut Found) {
        let name = self.name.take().unwrap_or_default();
        self.is_behind_colon = false;
        if self.tree.depth() == 0 {
            let text_bytes = if let Value::Text(text) = &value { text.len() } else { 0 };
            if found.spend(text_bytes) {
                self.roots.push(value);
            }
        } else {
            self.tree.add(&name, value, found);
        }
    }

    /// Whether nothing is open and something was read.
    pub(crate) fn is_complete(&self) -> bool {
        self.tree.depth() == 0 && matches!(self.token, Token::None) && !self.roots.is_empty()
    }

    /// Whether something was read that is no JSON, and nothing that is.
    pub(crate) fn is_no_json(&self) -> bool {
        !self.is_sound && self.roots.is_empty()
    }

    /// Ends it, and closes what is open; `torn` says that the connection broke.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Found) -> Vec<Value> {
        self.end(torn, found);
        self.roots
    }

    fn end(&mut self, torn: bool, found: &mut Found) {
        self.is_sound &= !matches!(self.token, Token::String(_)) && self.tree.depth() == 0;
        self.end_token(torn, found);
        while self.tree.depth() > 0 {
            self.roots.extend(self.tree.close().map(|(_, root)| root));
        }
    }
}

/// The reader of JSON in a text.
pub(crate) fn nested(rules: TextRules, found: &Found) -> Box<dyn Nested> {
    Box::new(Json::new(rules, found))
}

impl Nested for Json {
    fn push(&mut self, piece: Piece<'_>, found: &mut Found) {
        Self::push(self, piece, found);
    }

    fn finish_nested(mut self: Box<Self>, torn: bool, found: &mut Found) -> Option<Value> {
        self.end(torn, found);
        let has_files = found.media.len() > self.media_before;
        if !self.is_sound && !torn && !has_files {
            return None;
        }
        let mut roots = take(&mut self.roots);
        match roots.len() {
            0 => None,
            1 => roots.pop(),
            _ => Some(Value::List(roots)),
        }
    }

    fn held_bytes(&self) -> usize {
        Self::held_bytes(self)
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
}
