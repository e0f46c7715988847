//! Follows the structure of a mail through its stream: header, nested parts, their ends. It decides what is a
//! part and what is outside of parts, and leaves the reading of a part to [`crate::leaf`]. It holds back no more
//! than a line that may be a boundary.

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

/// Depth of multiparts and mails inside each other. A deeper one becomes a file.
pub(crate) const DEPTH_MAX: usize = 10;

/// Number of boundaries in a mail. What follows is skipped, and the raw mail is sent along. The limit bounds
/// time: a boundary costs as much as many bytes of content.
const PARTS_MAX: usize = 2_000;

/// Bytes of all headers of a mail. What follows is skipped, and the raw mail is sent along.
const HEADERS_BYTES_MAX: usize = 256 * 1024;

/// Reads a mail while it streams by: every split of the stream gives the same content.
#[derive(Debug)]
pub struct Parser {
    /// Offset in the stream of the next byte that is neither read nor held.
    at: u64,
    state: ParserState,
    /// Multiparts and mails that are open, the innermost last.
    open: Vec<Open>,
    /// Bytes that may be a boundary, at most [`crate::delimiter::HELD_BYTES_MAX`].
    held: Vec<u8>,
    /// Number of `multipart/alternative`s so far.
    groups: usize,
    /// Number of boundaries so far.
    parts: usize,
    /// Bytes of all headers so far.
    header_bytes: usize,
    /// Whether one of the two is over its limit: then the rest is skipped.
    skips: bool,
    /// Message-ID of the outermost mail.
    message_id: Option<Vec<u8>>,
    found: Collector,
}

/// A mail that ended, or whose connection broke.
#[derive(Debug)]
pub struct Parsed {
    /// Subject, text and media.
    pub content: Content,
    /// The Message-ID of its header, unchanged (RFC 5322, section 3.6.4).
    pub message_id: Option<Vec<u8>>,
    /// Whether its outermost multipart was closed (RFC 2046, section 5.1.1): then no part is missing.
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

    /// Ends the mail and returns its content.
    pub fn finish(self) -> Content {
        self.finish_parsed().content
    }

    /// Ends the mail and returns its content with its Message-ID.
    pub fn finish_parsed(mut self) -> Parsed {
        // What was held may contain a header that has to be ended as well.
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

    /// Ends a mail whose connection broke and returns what had arrived. The file in progress is whole if it
    /// contains its own end mark.
    pub fn torn(self) -> Content {
        self.torn_parsed().content
    }

    /// As [`Self::torn`], with the Message-ID.
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

    /// Whether all announced parts have arrived: only the mail and its multipart are open, and the stream is
    /// behind the last part.
    fn is_closed(&self) -> bool {
        let is_behind = matches!(
            &self.state,
            ParserState::Body(Body { content: BodyContent::Epilogue(_), .. })
        );
        is_behind && self.open.len() == 2 && !self.skips
    }

    /// Reads bytes of a header and returns their number. A header over the limit is ended there.
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

    /// Ends the header in progress, because the mail ends in it.
    fn end_header(&mut self) {
        if let ParserState::Header(header) = &mut self.state {
            let body = header.finish();
            self.begin_body(&body, true);
        }
    }

    /// As [`Self::end_header`] for a broken connection: half a field name is then not the beginning of a body.
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

    /// Ends a header and begins its body. `again` are bytes that the header took and that belong to the body;
    /// `is_last` says that no more bytes follow them.
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
        // Lines with colons that are no fields of a mail are text whose blank line is missing.
        if !fields.unknown.is_empty() && (!fields.known || is_last && again.is_empty()) {
            let text =
                charset::decode(&fields.unknown, charset::of_header(fields.charset.as_deref()));
            self.found.add_text(Text { group: None, is_html: false, text });
        }
        // These are used up, and the part may take a long time.
        (fields.subject, fields.message_id, fields.unknown) = (None, None, Vec::new());
        self.enter(fields);
        self.push(again);
    }

    /// Begins the content that a header announces: a mail, a multipart, or a part without parts. An encoded mail
    /// is a file: its parts have no byte range in the stream.
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

    /// A part without parts, at the current offset.
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

    /// Content before or behind the parts.
    fn outside(&self, charset: Option<String>) -> Leaf {
        let fields = Fields { charset, ..Fields::default() };
        Leaf::new(fields, PartRole::Text, self.group(), self.at, self.found.outside_bytes_left())
            .into_outside()
    }

    /// Number of the innermost `multipart/alternative`.
    fn group(&self) -> Option<usize> {
        match self.open.last() {
            Some(Open::Multipart { group, .. }) => *group,
            _ => None,
        }
    }

    /// Handles a delimiter at the beginning of the held bytes; the rest of them is read again.
    fn held_delimiter(&mut self, delimiter: Delimiter) {
        let held = take(&mut self.held);
        let (_, again) = held.split_at(delimiter.bytes.min(held.len()));
        self.delimiter(delimiter);
        self.push(again);
    }

    /// Ends the part in progress and all multiparts inside the one that the delimiter belongs to, then begins
    /// the next part or the epilogue.
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

    /// Skips the rest of the mail; the raw mail is sent along.
    fn skip(&mut self) {
        self.found.unclear = true;
        self.skips = true;
        let rest = self.outside(None);
        self.state =
            ParserState::Body(Body { content: BodyContent::Epilogue(rest), at_line_start: true });
    }

    /// Whether the stream is before the first part of a multipart.
    fn is_in_preamble(&self) -> bool {
        matches!(&self.state, ParserState::Body(Body { content: BodyContent::Preamble(_), .. }))
    }

    /// Remembers a boundary of the multipart at `place`, which is opened if nothing declared it.
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

    /// Ends the body in progress. `begins_parts` says that a part follows, so that a preamble was really one.
    fn end_body(&mut self, begins_parts: bool, torn: bool) {
        let nothing =
            Body { content: BodyContent::Epilogue(self.outside(None)), at_line_start: true };
        let ParserState::Body(body) =
            std::mem::replace(&mut self.state, ParserState::Body(nothing))
        else {
            return;
        };
        match body.content {
            // The mail has parts but its header declares none: this was its preamble.
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
                // The header announced parts, and the body contains none.
                self.found.unclear = true;
                leaf.finish(torn, &mut self.found);
            }
            BodyContent::Epilogue(leaf) => {
                leaf.finish_outside(Outside::Epilogue, torn, &mut self.found);
            }
        }
    }
}
