//! The memory of a parser. The receiver adds it up over all mails in progress. Over its limit it drops the largest
//! parsers and reads those mails again from the disk when they have ended.

use super::Parser;
use crate::state::{Body, BodyContent, Open, ParserState};

impl Parser {
    /// Memory in bytes that it holds of the mail so far, besides its own size. The number is approximate: an exact
    /// one would cost a walk through all texts at each call.
    pub fn held_bytes(&self) -> usize {
        let state = match &self.state {
            ParserState::Header(header) => header.held_bytes(),
            ParserState::Body(Body { content, .. }) => match content {
                BodyContent::Part(leaf)
                | BodyContent::Preamble(leaf)
                | BodyContent::Epilogue(leaf) => leaf.held_bytes(),
            },
        };
        let boundaries = self.open.iter().flat_map(Open::boundaries).map(Vec::capacity);
        let message_id = self.message_id.as_ref().map_or(0, Vec::capacity);
        let held = self.held.capacity() + message_id + boundaries.sum::<usize>();
        state + held + self.found.held_bytes()
    }
}
