//! A body or a part while it streams by: its first bytes decide who reads it.

use encoding_rs::{CoderResult, Decoder};
use tipoff_model::file_type::HEAD_BYTES;
use tipoff_model::meter::Meter;
use tipoff_model::{DocumentForm, Encoding, Value};

use crate::form::Form;
use crate::found::Found;
use crate::json::{Json, nested};
use crate::lines::Lines;
use crate::opening::{ContentKind, OPENING_BYTES};
use crate::part_head::PartHead;
use crate::piece::Piece;
use crate::splitter::{SplitEvent, Splitter};
use crate::text_value::{TextRules, TextValue};
use crate::xml::Xml;

/// Depth of multiparts inside each other. A deeper one is text.
const DEPTH_MAX: u8 = 3;

/// Number of parts of a multipart. What follows is skipped.
const PARTS_MAX: usize = 64;

/// A body or a part while it streams by.
#[derive(Debug)]
pub(crate) struct Part {
    head: PartHead,
    /// Number of multiparts that it is inside of.
    depth: u8,
    /// Whether it is decoded UTF-16, whose bytes have no place in the body.
    is_decoded: bool,
    content: PartContent,
}

#[derive(Debug)]
enum PartContent {
    /// The first bytes and the offset of the first of them: too few to decide.
    Opening {
        at: u64,
        bytes: Vec<u8>,
    },
    Json(Box<Json>),
    Xml(Box<Xml>),
    Form(Box<Form>),
    Base64(Box<TextValue>),
    Lines(Box<Lines>),
    File(Box<Meter>),
    Wide(Box<Wide>),
    Parts(Box<Multipart>),
}

/// UTF-16 that is decoded while it streams by.
struct Wide {
    decoder: Decoder,
    part: Part,
}

impl std::fmt::Debug for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wide").field("part", &self.part).finish_non_exhaustive()
    }
}

impl Part {
    pub(crate) fn new(head: PartHead, depth: u8) -> Self {
        let content = PartContent::Opening { at: 0, bytes: Vec::new() };
        Self { head, depth, is_decoded: false, content }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let content = match &self.content {
            PartContent::Opening { bytes, .. } => bytes.capacity(),
            PartContent::Json(json) => json.held_bytes(),
            PartContent::Xml(xml) => xml.held_bytes(),
            PartContent::Form(form) => form.held_bytes(),
            PartContent::Base64(text) => text.held_bytes(),
            PartContent::Lines(lines) => lines.held_bytes(),
            PartContent::File(meter) => size_of::<Meter>() + meter.held_bytes(),
            PartContent::Wide(wide) => size_of::<Wide>() + wide.part.held_bytes(),
            PartContent::Parts(parts) => parts.held_bytes(),
        };
        size_of::<Self>() + content
    }

    /// Takes the next bytes, which begin at this offset in the body.
    pub(crate) fn push(&mut self, mut at: u64, mut bytes: &[u8], found: &mut Found) {
        if let PartContent::Opening { at: start, bytes: opening } = &mut self.content {
            if opening.is_empty() {
                let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                bytes = bytes.get(blanks..).unwrap_or_default();
                at += blanks as u64;
                *start = at;
            }
            let room = OPENING_BYTES.saturating_sub(opening.len()).min(bytes.len());
            let (first, rest) = bytes.split_at(room);
            opening.extend_from_slice(first);
            if opening.len() < OPENING_BYTES {
                return;
            }
            self.open(found);
            (at, bytes) = (at + room as u64, rest);
        }
        if !bytes.is_empty() {
            self.content(at, bytes, found);
        }
    }

    fn content(&mut self, at: u64, bytes: &[u8], found: &mut Found) {
        match &mut self.content {
            PartContent::Opening { .. } => {}
            PartContent::Json(json) => json.push(Piece::plain(at, bytes), found),
            PartContent::Xml(xml) => xml.push(Piece::plain(at, bytes), found),
            PartContent::Form(form) => form.push(Piece::plain(at, bytes), found),
            PartContent::Base64(text) => text.push(Piece::plain(at, bytes), found),
            PartContent::Lines(lines) => lines.push(bytes),
            PartContent::File(meter) => meter.push(bytes),
            PartContent::Wide(wide) => wide.push(bytes, false, found),
            PartContent::Parts(parts) => parts.push(at, bytes, found),
        }
    }

    /// Chooses the reader by the first bytes.
    fn open(&mut self, found: &mut Found) {
        let PartContent::Opening { at, bytes } = &mut self.content else {
            return;
        };
        let (mut at, bytes) = (*at, std::mem::take(bytes));
        let mut opening = bytes.as_slice();
        if let Some(behind) = opening.strip_prefix(b"\xEF\xBB\xBF") {
            let text = behind.trim_ascii_start();
            at += (opening.len() - text.len()) as u64;
            opening = text;
        }
        let kind = match ContentKind::of(opening, &self.head) {
            ContentKind::Multipart if self.depth == DEPTH_MAX || self.is_decoded => {
                ContentKind::Lines
            }
            ContentKind::Wide(_) | ContentKind::File(_) if self.is_decoded => ContentKind::Lines,
            kind => kind,
        };
        let (charset, has_place) = (self.head.charset, !self.is_decoded);
        let rules = TextRules { charset, has_place, is_form: false, nesting: 0, nested };
        self.content = match kind {
            ContentKind::Json => PartContent::Json(Box::new(Json::new(rules, found))),
            ContentKind::Xml => PartContent::Xml(Box::new(Xml::new(rules, &self.head.name))),
            ContentKind::Form => PartContent::Form(Box::new(Form::new(rules))),
            ContentKind::Base64 => PartContent::Base64(Box::new(TextValue::new(rules))),
            ContentKind::Lines => PartContent::Lines(Box::new(Lines::new(rules, at))),
            ContentKind::File(encoding) => {
                PartContent::File(Box::new(Meter::new(encoding, at, HEAD_BYTES)))
            }
            ContentKind::Wide(charset) => {
                let part = Self { is_decoded: true, ..Self::new(self.head.clone(), self.depth) };
                let decoder = charset.new_decoder_with_bom_removal();
                PartContent::Wide(Box::new(Wide { decoder, part }))
            }
            ContentKind::Multipart => {
                let boundary = self.head.boundary.take();
                PartContent::Parts(Box::new(Multipart::new(boundary, self.depth + 1)))
            }
        };
        if !opening.is_empty() {
            self.content(at, opening, found);
        }
    }

    /// Ends it. `torn` says that the connection broke in it, `is_closed` that something behind it shows its end.
    pub(crate) fn finish(mut self, torn: bool, is_closed: bool, found: &mut Found) {
        if let PartContent::Opening { bytes, .. } = &self.content {
            if bytes.is_empty() {
                return;
            }
            self.open(found);
        }
        let (name, content_type) = (self.head.name.as_str(), self.head.content_type.as_str());
        match self.content {
            PartContent::Opening { .. } => {}
            PartContent::Json(json) => {
                for root in json.finish(torn, found) {
                    found.add_document(DocumentForm::Json, name, root);
                }
            }
            PartContent::Xml(xml) => xml.finish(torn, found),
            PartContent::Form(form) => {
                let root = form.finish(torn, found);
                found.add_document(DocumentForm::Form, name, root);
            }
            PartContent::Base64(text) => match text.finish(torn, found) {
                Value::Text(text) if !text.is_empty() => {
                    found.add_document(DocumentForm::Text, name, Value::Text(text));
                }
                _ => {}
            },
            PartContent::Lines(lines) => lines.finish(name, torn, found),
            PartContent::File(meter) => {
                let whole = !torn && is_closed || meter.is_complete() || {
                    // Nothing says where a part without an end mark ends.
                    let encoding = meter.encoding;
                    !torn && encoding == Encoding::Identity && !has_end_mark(&meter)
                };
                let encoding = meter.encoding;
                found.add_measured(*meter, encoding, self.head.label(), content_type, whole);
            }
            PartContent::Wide(mut wide) => {
                wide.push(&[], true, found);
                wide.part.finish(torn, is_closed, found);
            }
            PartContent::Parts(parts) => parts.finish(torn, found),
        }
    }

    /// Whether what came is a whole content, as far as can be seen. More may still follow.
    pub(crate) fn is_complete(&mut self, found: &mut Found) -> bool {
        if matches!(&self.content, PartContent::Opening { bytes, .. } if !bytes.is_empty()) {
            self.open(found);
        }
        match &self.content {
            PartContent::Opening { .. } | PartContent::Parts(_) | PartContent::Wide(_) => false,
            PartContent::Json(json) => json.is_complete(),
            PartContent::Xml(xml) => xml.is_complete(),
            PartContent::Form(_) | PartContent::Base64(_) => true,
            PartContent::Lines(lines) => lines.is_complete(),
            PartContent::File(meter) => meter.is_complete(),
        }
    }

    /// Whether it is a file, as far as is known.
    pub(crate) fn is_file(&self) -> bool {
        match &self.content {
            PartContent::File(_) => true,
            PartContent::Opening { .. } => self.head.content_type.starts_with("image/"),
            _ => false,
        }
    }
}

/// Whether files of its type end with a mark.
fn has_end_mark(meter: &Meter) -> bool {
    meter.file_type().is_some_and(|file_type| file_type.has_end(&[]).is_some())
}

impl Wide {
    fn push(&mut self, mut bytes: &[u8], last: bool, found: &mut Found) {
        let mut text = [0; 1024];
        loop {
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut text, last);
            bytes = bytes.get(read..).unwrap_or_default();
            self.part.push(0, text.get(..written).unwrap_or_default(), found);
            if result == CoderResult::InputEmpty {
                break;
            }
        }
    }
}

/// A multipart while it streams by.
#[derive(Debug)]
struct Multipart {
    splitter: Splitter,
    /// The part that is open.
    part: Option<Part>,
    /// Number of multiparts that its parts are inside of.
    depth: u8,
    parts: usize,
}

impl Multipart {
    fn new(boundary: Option<Vec<u8>>, depth: u8) -> Self {
        Self { splitter: Splitter::new(boundary, false), part: None, depth, parts: 0 }
    }

    /// Memory that it uses, in bytes.
    fn held_bytes(&self) -> usize {
        let part = self.part.as_ref().map_or(0, Part::held_bytes);
        size_of::<Self>() + self.splitter.held_bytes() + part
    }

    /// Takes the next bytes, which begin at this offset in the body.
    fn push(&mut self, at: u64, bytes: &[u8], found: &mut Found) {
        let Self { splitter, part, depth, parts } = self;
        if *parts < PARTS_MAX || part.is_some() {
            splitter.push(at, bytes, &mut |event| take_event(event, part, parts, *depth, found));
        }
    }

    /// Ends it; `torn` says that the connection broke.
    fn finish(mut self, torn: bool, found: &mut Found) {
        let Self { splitter, part, depth, parts } = &mut self;
        splitter.finish(torn, &mut |event| take_event(event, part, parts, *depth, found));
        if let Some(part) = self.part {
            part.finish(torn, false, found);
        }
        if self.depth == 1 {
            found.finish_form();
        }
    }
}

fn take_event(
    event: SplitEvent<'_>,
    part: &mut Option<Part>,
    parts: &mut usize,
    depth: u8,
    found: &mut Found,
) {
    match event {
        SplitEvent::Begins { head, .. } => {
            if *parts < PARTS_MAX {
                *parts += 1;
                *part = Some(Part::new(head, depth));
            }
        }
        SplitEvent::Bytes { at, bytes } => {
            if let Some(part) = part {
                part.push(at, bytes, found);
            }
        }
        SplitEvent::Ends => {
            if let Some(part) = part.take() {
                part.finish(false, true, found);
            }
        }
    }
}
