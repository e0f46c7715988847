//! A message from DATA or BDAT to its end: who may begin one, and what its end leads to.
//!
//! `content.rs` finds the end in the bytes; the caller stores the message and answers whether it is durable.

use std::mem;

use super::Session;
use super::state::{Addresses, MessageStage, SessionState};
use crate::content::{Allowance, Chunk, Dots, Framing, LineEnds};
use crate::reply;
use crate::step::{Step, Transaction};

impl Session {
    /// DATA (RFC 5321, section 4.1.1.4). `bare_lf` is whether the command ended with LF alone.
    pub(super) fn data(&mut self, addresses: Addresses, bare_lf: bool) -> SessionState {
        if addresses.recipients.is_empty() {
            return self.refuse(reply::NO_RECIPIENT, MessageStage::Addressed(addresses));
        }
        let allowance = self.begin(addresses);
        self.due.push_back(Step::Reply(reply::SEND_MESSAGE));
        let line_ends = match bare_lf {
            true => LineEnds::Lf,
            false if self.profile.lf_ends_message => LineEnds::LfBeforePause,
            false => LineEnds::Crlf,
        };
        SessionState::Content(Framing::Dots(Dots::new(line_ends)), allowance)
    }

    /// The first BDAT of a message (RFC 3030, section 2). The bytes of a refused chunk follow all the same.
    pub(super) fn bdat(&mut self, addresses: Addresses, chunk: Chunk) -> SessionState {
        if addresses.recipients.is_empty() {
            let stage = MessageStage::Addressed(addresses);
            return SessionState::RefusedChunk(chunk, reply::NO_RECIPIENT, stage);
        }
        SessionState::Content(Framing::Chunk(chunk), self.begin(addresses))
    }

    /// Passes the envelope to the caller, and returns the size limit of the message.
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

    /// Ends the content: after the dot of DATA, or after the last byte of a chunk.
    pub(super) fn content_ended(&mut self) {
        self.state = match mem::replace(&mut self.state, SessionState::Closed) {
            SessionState::Content(_, allowance) if allowance.is_exceeded() => {
                self.refuse(reply::TOO_BIG, MessageStage::Idle)
            }
            SessionState::Content(Framing::Chunk(Chunk { last: false, .. }), allowance) => {
                self.reply(reply::CHUNK_OK, MessageStage::Chunked(allowance))
            }
            SessionState::Content(..) => {
                self.due.push_back(Step::End);
                SessionState::StoreAsked
            }
            SessionState::RefusedChunk(_, refusal, stage) => self.refuse(refusal, stage),
            state => state,
        };
        self.end_if_shutting_down();
    }
}
