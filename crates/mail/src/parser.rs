//! Follows the structure of a mail through its stream: header, parts in parts, their ends. Holds
//! back no more than a line that may be a boundary.

mod body;
mod held;

use std::mem::take;

use tipoff_model::Content;

use crate::charset;
use crate::collect::{Collector, Outside};
use crate::delimiter::{BOUNDARY_BYTES_MAX, Boundary, Decision, Delimiter};
use crate::fields::{self, Fields};
use crate::header::{Header, HeaderStep};
use crate::leaf::Leaf;
use crate::role::{PartPlace, PartRole};
use crate::same_words::Text;
use crate::state::{Body, BodyContent, Open, ParserState};

/// Multiparts and mails inside each other; what is deeper goes along as a file.
pub(crate) const DEPTH_MAX: usize = 10;

/// Boundaries of a mail; what follows more is passed over, and the raw mail goes along. Each costs as much as
/// many bytes of content.
const PARTS_MAX: usize = 2_000;

/// Bytes of all headers of a mail, with the same consequence.
const HEADERS_BYTES_MAX: usize = 256 * 1024;

/// Understands a mail while it streams by: every split of the stream gives the same content.
#[derive(Debug)]
pub struct Parser {
    /// Where the next byte that is not held stands in the stream.
    at: u64,
    state: ParserState,
    /// Multiparts and mails that are open, the innermost last.
    open: Vec<Open>,
    /// Bytes that may be a boundary.
    held: Vec<u8>,
    groups: usize,
    /// Boundaries and bytes of headers so far.
    parts: usize,
    header_bytes: usize,
    /// There was too much of either: the rest is passed over.
    skips: bool,
    message_id: Option<Vec<u8>>,
    found: Collector,
}

/// A mail that ended, or whose connection broke.
#[derive(Debug)]
pub struct Parsed {
    /// All that it holds.
    pub content: Content,
    /// The Message-ID of its header as it stands there (RFC 5322, section 3.6.4).
    pub message_id: Option<Vec<u8>>,
    /// Whether its outermost multipart was closed (RFC 2046, section 5.1.1): then nothing of it is missing.
    pub is_closed: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser at the start of a mail.
    pub fn new() -> Self {
        Self {
            at: 0,
            state: ParserState::Header(Header::default()),
            open: vec![Open::Mail],
            held: Vec::new(),
            groups: 0,
            parts: 0,
            header_bytes: 0,
            skips: false,
            message_id: None,
            found: Collector::default(),
        }
    }

    /// Takes the next bytes of the mail.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.skips {
                self.at += rest.len() as u64;
                return;
            }
            let taken = match &mut self.state {
                ParserState::Header(_) => self.header(rest),
                ParserState::Body(_) => self.body(rest),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// The mail ended: all that it holds.
    pub fn finish(self) -> Content {
        self.finish_parsed().content
    }

    /// As [`Self::finish`], with what is known of the mail besides.
    pub fn finish_parsed(mut self) -> Parsed {
        loop {
            self.end_header();
            match self.decide_held(true) {
                Decision::Yes(delimiter) => self.held_delimiter(delimiter),
                _ if self.held.is_empty() => break,
                _ => self.settle(),
            }
        }
        self.end(false)
    }

    /// The connection broke: what came until then. A file that was under way is whole if it has
    /// its end nevertheless.
    pub fn torn(self) -> Content {
        self.torn_parsed().content
    }

    /// As [`Self::torn`], with what is known of the mail besides.
    pub fn torn_parsed(mut self) -> Parsed {
        loop {
            self.tear_header();
            match (self.decide_held(true), self.decide_held(false)) {
                (Decision::Yes(delimiter), _) => self.held_delimiter(delimiter),
                (_, Decision::No) if !self.held.is_empty() => self.settle(),
                // The beginning of a boundary, or the line end before one, is no content.
                _ => break,
            }
        }
        self.end(true)
    }

    fn end(mut self, torn: bool) -> Parsed {
        let is_closed = self.is_closed();
        self.end_body(false, torn);
        let message_id = self.message_id.take();
        Parsed { content: self.found.into_content(), message_id, is_closed }
    }

    /// Whether all parts that were announced have come: the mail itself and its multipart are open, and
    /// what came last is behind the parts.
    fn is_closed(&self) -> bool {
        let is_behind = matches!(
            &self.state,
            ParserState::Body(Body { content: BodyContent::Epilogue(_), .. })
        );
        is_behind && self.open.len() == 2 && !self.skips
    }

    /// Takes bytes of a header; how many.
    fn header(&mut self, bytes: &[u8]) -> usize {
        let ParserState::Header(header) = &mut self.state else {
            return 0;
        };
        let room = (HEADERS_BYTES_MAX + 1).saturating_sub(self.header_bytes);
        let (taken, step) = header.push(bytes.get(..room).unwrap_or(bytes));
        self.at += taken as u64;
        self.header_bytes += taken;
        match step {
            HeaderStep::Ended(body) => self.begin_body(&body, false),
            HeaderStep::More if self.header_bytes > HEADERS_BYTES_MAX => {
                self.end_header();
                self.skip();
            }
            HeaderStep::More => {}
        }
        taken
    }

    /// No more bytes come: a header under way is all there is of it.
    fn end_header(&mut self) {
        if let ParserState::Header(header) = &mut self.state {
            let body = header.finish();
            self.begin_body(&body, true);
        }
    }

    /// As [`Self::end_header`], but half a field's name is not the beginning of a body.
    fn tear_header(&mut self) {
        if let ParserState::Header(header) = &mut self.state {
            let is_text = header.is_empty() || header.holds_text();
            let body = header.finish();
            if is_text {
                self.begin_body(&body, true);
            } else {
                self.at -= body.len() as u64;
                self.begin_body(&[], true);
            }
        }
    }

    /// The header ended, before `again`: bytes that it has taken, and that are body.
    fn begin_body(&mut self, again: &[u8], is_last: bool) {
        let ParserState::Header(header) = &mut self.state else {
            return;
        };
        let (block, cut) = take(header).into_block();
        let mut fields = fields::parse(&block);
        drop(block);
        self.found.unclear |= cut || fields.strange_encoding;
        self.at -= again.len() as u64;
        if matches!(self.open.last(), Some(Open::Mail)) {
            self.found.add_subject(fields.subject.as_deref().unwrap_or_default());
            if self.open.len() == 1 {
                self.message_id = fields.message_id.take();
            }
        }
        // Lines with colons, and no mail's header: text without a blank line before it.
        if !fields.unknown.is_empty() && (!fields.known || is_last && again.is_empty()) {
            let text =
                charset::decode(&fields.unknown, charset::of_header(fields.charset.as_deref()));
            self.found.add_text(Text { group: None, is_html: false, text });
        }
        // Nothing asks for these again, and the part may be long.
        (fields.subject, fields.message_id, fields.unknown) = (None, None, Vec::new());
        self.enter(fields);
        self.push(again);
    }

    fn enter(&mut self, fields: Fields) {
        let content_type = fields.content_type.as_deref().unwrap_or_default();
        let is_multipart = content_type.starts_with("multipart/");
        let is_mail = matches!(content_type, "message/rfc822" | "message/global")
            && fields.encoding.is_none();
        let is_too_deep = self.open.len() > DEPTH_MAX;
        self.found.unclear |= (is_multipart || is_mail) && is_too_deep;
        self.state = if is_mail && !is_too_deep {
            self.open.push(Open::Mail);
            ParserState::Header(Header::default())
        } else if is_multipart && !is_too_deep {
            let boundary = fields
                .boundary
                .filter(|boundary| (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()));
            let group = (content_type == "multipart/alternative").then(|| {
                self.groups += 1;
                self.groups
            });
            self.open.push(Open::Multipart {
                boundaries: boundary.into_iter().collect(),
                group: group.or_else(|| self.group()),
                is_related: content_type == "multipart/related",
            });
            let preamble = self.outside(fields.charset);
            ParserState::Body(Body {
                content: BodyContent::Preamble(preamble),
                at_line_start: true,
            })
        } else {
            let part = self.leaf(fields);
            ParserState::Body(Body { content: BodyContent::Part(part), at_line_start: true })
        };
    }

    fn leaf(&self, fields: Fields) -> Leaf {
        let group = self.group();
        let place = match self.open.last() {
            Some(Open::Mail) => PartPlace::Alone,
            _ if group.is_some() => PartPlace::Alternatives,
            _ => PartPlace::Parts,
        };
        let role = PartRole::of(&fields, place);
        let is_related = matches!(self.open.last(), Some(Open::Multipart { is_related: true, .. }));
        Leaf::new(fields, role, group, self.at, self.found.text_bytes_left()).related(is_related)
    }

    /// What stands before or behind the parts.
    fn outside(&self, charset: Option<String>) -> Leaf {
        let fields = Fields { charset, ..Fields::default() };
        Leaf::new(fields, PartRole::Text, self.group(), self.at, self.found.outside_bytes_left())
            .into_outside()
    }

    /// The innermost alternatives.
    fn group(&self) -> Option<usize> {
        match self.open.last() {
            Some(Open::Multipart { group, .. }) => *group,
            _ => None,
        }
    }

    /// What is held begins with a delimiter: the rest is looked at again.
    fn held_delimiter(&mut self, delimiter: Delimiter) {
        let held = take(&mut self.held);
        let (_, again) = held.split_at(delimiter.bytes.min(held.len()));
        self.delimiter(delimiter);
        self.push(again);
    }

    fn delimiter(&mut self, delimiter: Delimiter) {
        let place = match &delimiter.of {
            Boundary::Open(place) => *place,
            Boundary::Undeclared(_) => self.open.len() - usize::from(self.is_in_preamble()),
        };
        let begins_parts = !delimiter.closes && place + 1 >= self.open.len();
        self.end_body(begins_parts, false);
        self.open.truncate(place + 1);
        self.found_boundary(place, delimiter.of);
        self.at += delimiter.bytes as u64;
        self.state = if delimiter.closes {
            let epilogue = self.outside(None);
            ParserState::Body(Body {
                content: BodyContent::Epilogue(epilogue),
                at_line_start: true,
            })
        } else {
            ParserState::Header(Header::default())
        };
        self.parts += 1;
        if self.parts > PARTS_MAX {
            self.skip();
        }
    }

    /// Nothing that follows is looked at: the raw mail goes along.
    fn skip(&mut self) {
        self.found.unclear = true;
        self.skips = true;
        let rest = self.outside(None);
        self.state =
            ParserState::Body(Body { content: BodyContent::Epilogue(rest), at_line_start: true });
    }

    fn is_in_preamble(&self) -> bool {
        matches!(&self.state, ParserState::Body(Body { content: BodyContent::Preamble(_), .. }))
    }

    /// A part of the multipart at `place` begins, or its parts end.
    fn found_boundary(&mut self, place: usize, of: Boundary) {
        if place == self.open.len() {
            self.open.push(Open::Multipart {
                boundaries: Vec::new(),
                group: None,
                is_related: false,
            });
        }
        if let Boundary::Undeclared(boundary) = of
            && let Some(Open::Multipart { boundaries, .. }) = self.open.get_mut(place)
        {
            boundaries.push(boundary);
        }
    }

    /// What streamed by ended. `begins_parts`: a preamble was one.
    fn end_body(&mut self, begins_parts: bool, torn: bool) {
        let nothing =
            Body { content: BodyContent::Epilogue(self.outside(None)), at_line_start: true };
        let ParserState::Body(body) =
            std::mem::replace(&mut self.state, ParserState::Body(nothing))
        else {
            return;
        };
        match body.content {
            // Of a mail that has parts and does not say so.
            BodyContent::Part(leaf)
                if begins_parts && matches!(self.open.last(), Some(Open::Mail)) =>
            {
                leaf.into_outside().finish(torn, &mut self.found);
            }
            BodyContent::Part(leaf) => leaf.finish(torn, &mut self.found),
            BodyContent::Preamble(leaf) if begins_parts => {
                leaf.finish_outside(Outside::Preamble, torn, &mut self.found);
            }
            BodyContent::Preamble(leaf) => {
                // Parts were announced and none was found.
                self.found.unclear = true;
                leaf.finish(torn, &mut self.found);
            }
            BodyContent::Epilogue(leaf) => {
                leaf.finish_outside(Outside::Epilogue, torn, &mut self.found);
            }
        }
    }
}
