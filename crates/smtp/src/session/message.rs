//! A message: how it begins behind DATA or BDAT, and what its end leads to.

use std::mem;

use super::Session;
use super::state::{Addresses, Stage, State};
use crate::content::{Allowance, Chunk, Dots, Framing, LineEnds};
use crate::reply;
use crate::step::{Step, Transaction};

impl Session {
    pub(super) fn data(&mut self, addresses: Addresses, bare_lf: bool) -> State {
        if addresses.recipients.is_empty() {
            return self.refuse(reply::NO_RECIPIENT, Stage::Addressed(addresses));
        }
        let allowance = self.begin(addresses);
        self.due.push_back(Step::Reply(reply::SEND_MESSAGE));
        let line_ends = match bare_lf {
            true => LineEnds::Lf,
            false if self.profile.lf_ends_message => LineEnds::LfBeforePause,
            false => LineEnds::Crlf,
        };
        State::Content(Framing::Dots(Dots::new(line_ends)), allowance)
    }

    pub(super) fn bdat(&mut self, addresses: Addresses, chunk: Chunk) -> State {
        if addresses.recipients.is_empty() {
            let stage = Stage::Addressed(addresses);
            return State::RefusedChunk(chunk, reply::NO_RECIPIENT, stage);
        }
        State::Content(Framing::Chunk(chunk), self.begin(addresses))
    }

    fn begin(&mut self, addresses: Addresses) -> Allowance {
        self.idle_commands = 0;
        self.due.push_back(Step::Begin(Transaction {
            greeting: self.client.greeting.clone(),
            login: self.client.login.clone(),
            sender: addresses.sender,
            recipients: addresses.recipients,
            tls: self.client.tls,
        }));
        Allowance::new(self.profile.message_bytes_max)
    }

    /// The dot of DATA has come, or all of a chunk.
    pub(super) fn content_ended(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::Content(_, allowance) if allowance.is_exceeded() => {
                self.refuse(reply::TOO_BIG, Stage::Idle)
            }
            State::Content(Framing::Chunk(Chunk { last: false, .. }), allowance) => {
                self.reply(reply::CHUNK_OK, Stage::Chunked(allowance))
            }
            State::Content(..) => {
                self.due.push_back(Step::End);
                State::StoreAsked
            }
            State::RefusedChunk(_, refusal, stage) => self.refuse(refusal, stage),
            state => state,
        };
        self.end_if_shutting_down();
    }
}
