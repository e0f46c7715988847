//! What a parser holds in memory.

use super::Parser;
use crate::state::{Body, BodyContent, Open, ParserState};

impl Parser {
    /// Bytes of memory that it holds of the mail so far, besides its own size: about, and without a walk through all
    /// of it.
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
