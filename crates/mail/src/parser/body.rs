//! Bytes between a header and a boundary: separates boundaries from content and gives the content to its part.
//! Most bytes pass in one run; only a line that may be a boundary is held back and compared.

use std::mem::take;

use super::Parser;
use crate::delimiter::{Decision, Filter, HELD_BYTES_MAX, decide, hold_from, settled_bytes};
use crate::state::{Body, BodyContent, Open, ParserState};

impl Parser {
    /// Reads bytes of a body and returns their number.
    pub(super) fn body(&mut self, bytes: &[u8]) -> usize {
        if !self.held.is_empty() {
            return self.body_behind_held(bytes);
        }
        let ParserState::Body(body) = &self.state else {
            return 0;
        };
        let filter = self.filter();
        // No delimiter begins before `settled`.
        let (mut settled, mut at_line_start) = (0, body.at_line_start);
        loop {
            let rest = bytes.get(settled..).unwrap_or_default();
            let from = settled + hold_from(rest, at_line_start, &filter);
            let (before, line) = bytes.split_at_checked(from).unwrap_or((bytes, &[]));
            let line = line.get(..HELD_BYTES_MAX).unwrap_or(line);
            if line.is_empty() {
                self.content(before);
                return bytes.len();
            }
            match self.decide(line, &filter, false) {
                Decision::No => settled = from + settled_bytes(line),
                Decision::More => {
                    if from > 0 {
                        self.content(before);
                    }
                    self.held.extend_from_slice(line);
                    return from + line.len();
                }
                Decision::Yes(delimiter) => {
                    if from > 0 {
                        self.content(before);
                    }
                    let taken = from + delimiter.bytes.min(line.len());
                    self.delimiter(delimiter);
                    return taken;
                }
            }
            at_line_start = false;
        }
    }

    /// Reads bytes that follow the held ones and returns how many of them are used up.
    fn body_behind_held(&mut self, bytes: &[u8]) -> usize {
        let mut line = take(&mut self.held);
        let held = line.len();
        let room = HELD_BYTES_MAX.saturating_sub(held).min(bytes.len());
        line.extend_from_slice(bytes.get(..room).unwrap_or_default());
        let decision = self.decide(&line, &self.filter(), false);
        let done = match &decision {
            Decision::More => {
                self.held = line;
                return room;
            }
            Decision::No => settled_bytes(&line).min(line.len()),
            Decision::Yes(delimiter) => delimiter.bytes.min(line.len()),
        };
        let (done_bytes, rest) = line.split_at_checked(done).unwrap_or((&line, &[]));
        match decision {
            Decision::Yes(delimiter) => self.delimiter(delimiter),
            _ => self.content(done_bytes),
        }
        // Held bytes that are not done are read again; new bytes that are not done stay with the caller.
        match held.checked_sub(done) {
            Some(again) => {
                self.push(rest.get(..again).unwrap_or_default());
                0
            }
            None => done - held,
        }
    }

    /// Whether the held bytes are a delimiter; `at_end` says that no more follow.
    pub(super) fn decide_held(&self, at_end: bool) -> Decision {
        self.decide(&self.held, &self.filter(), at_end)
    }

    fn decide(&self, line: &[u8], filter: &Filter, at_end: bool) -> Decision {
        decide(line, self.boundaries(), filter, at_end)
    }

    /// The quick test for the boundaries that are open now.
    fn filter(&self) -> Filter {
        Filter::new(self.boundaries(), self.sniffs())
    }

    /// The boundaries of open multiparts with the index of each in `open`, the innermost first: a boundary of an
    /// outer multipart ends the inner ones too (RFC 2046, section 5.1.2).
    fn boundaries(&self) -> impl Iterator<Item = (usize, &[u8])> + Clone {
        let innermost_first = self.open.iter().enumerate().rev();
        innermost_first.flat_map(|(place, open)| {
            open.boundaries().iter().map(move |boundary| (place, boundary.as_slice()))
        })
    }

    /// Whether an undeclared boundary is looked for: where announced parts are missing (firmware declares another
    /// boundary than it writes), or where the mail has no MIME header.
    fn sniffs(&self) -> bool {
        match &self.state {
            ParserState::Body(Body { content: BodyContent::Preamble(_), .. }) => true,
            ParserState::Body(Body { content: BodyContent::Part(leaf), .. }) => {
                leaf.is_undeclared() && matches!(self.open.last(), Some(Open::Mail))
            }
            _ => false,
        }
    }

    /// Takes the first line of the held bytes as content, because it is no boundary; the rest is read again.
    pub(super) fn settle(&mut self) {
        let held = take(&mut self.held);
        let (content, rest) = held.split_at(settled_bytes(&held).min(held.len()));
        self.content(content);
        self.push(rest);
    }

    /// Gives content to the part that the stream is in.
    fn content(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        let ParserState::Body(body) = &mut self.state else {
            return;
        };
        body.at_line_start = false;
        match &mut body.content {
            BodyContent::Part(leaf) | BodyContent::Preamble(leaf) | BodyContent::Epilogue(leaf) => {
                leaf.push(bytes)
            }
        }
    }
}
