//! The parsers of the mails under way, and which are given up where they take too much memory together.
//!
//! Strangers give up theirs before known devices; among strangers the address whose mails take most gives up its
//! largest. No mail is refused for it: its bytes still go to the disk, and when it has ended it is read again from
//! there, a few such mails at a time.

mod memory;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use tipoff_mail::Parser;
use tipoff_model::AddressShare;

pub(super) use self::memory::ParserOwner;
use self::memory::{ParserMemory, Slot};
use crate::net::processor_turns::{Rank, TurnShare, Turns};
use crate::runtime::blocking::blocking;
use crate::runtime::lock::lock;
use crate::runtime::per_minute::PerMinute;

/// A parser with no more bytes than this is not counted: those of cameras' mails take a few KB.
const SMALL_BYTES: usize = 8 * 1024;
/// The memory of a parser is counted anew when it has changed by so many bytes.
const STEP_BYTES: usize = 8 * 1024;
/// It is measured whenever so many bytes have come: a byte of a mail may take a dozen of memory.
const MEASURED_BYTES: usize = 1024;
/// Mails that are read again at a time.
const READ_AGAIN_MAX: usize = 4;
/// Bytes that one read takes of a mail that is read again.
const READ_BYTES: usize = 256 * 1024;
/// Bytes of it that are parsed in a turn.
const CHUNK_BYTES: usize = 64 * 1024;

/// The parsers of all mails under way. Clones share them.
#[derive(Clone)]
pub(super) struct ParserPool(Arc<ParserPoolShared>);

/// The state behind [`ParserPool`].
struct ParserPoolShared {
    /// Which parsers count, and what they take.
    memory: Mutex<ParserMemory>,
    /// Turns of the mails that are read again.
    again: Turns,
    /// The addresses whose parsers were given up.
    notes: PerMinute<AddressShare>,
}

impl Default for ParserPool {
    fn default() -> Self {
        let again = Turns::new(READ_AGAIN_MAX);
        Self(Arc::new(ParserPoolShared {
            memory: Mutex::default(),
            again,
            notes: PerMinute::default(),
        }))
    }
}

impl ParserPool {
    /// A parser for a mail of `owner`.
    pub(super) fn begin(&self, owner: ParserOwner) -> MailParser {
        MailParser {
            parsers: self.clone(),
            owner,
            slot: Arc::new(Mutex::new(Some(Box::default()))),
            number: None,
            counted: 0,
            unmeasured: 0,
        }
    }

    fn memory(&self) -> MutexGuard<'_, ParserMemory> {
        lock(&self.0.memory)
    }

    /// Frees parsers; must be called without the lock of the table.
    fn give_up(&self, slots: Vec<(AddressShare, Slot)>) {
        let mut mails: HashMap<AddressShare, usize> = HashMap::new();
        for (address, slot) in slots {
            lock(&slot).take();
            *mails.entry(address).or_default() += 1;
        }
        for (address, mails) in mails {
            if self.0.notes.due(address).is_some() {
                tracing::warn!(
                    peer = %address,
                    mails,
                    "Mails under way take too much memory: the largest of this address are read from the disk when \
                     they have ended.",
                );
            }
        }
    }

    /// Waits until a mail of `owner` may be read again.
    pub(super) async fn turn_to_read_again(&self, owner: ParserOwner) -> TurnShare {
        let mut share = self.0.again.of(owner.address.address());
        if owner.is_known {
            share.set_rank(Rank::Known);
        }
        share.take().await;
        share
    }
}

/// Parses a mail from its file, in turns of `share` at the processor.
pub(super) async fn read_again(path: PathBuf, share: &mut TurnShare) -> io::Result<Box<Parser>> {
    let mut file = blocking(move || std::fs::File::open(path)).await?;
    let mut parser = Box::<Parser>::default();
    loop {
        let piece;
        (file, piece) = blocking(move || {
            let mut piece = Vec::with_capacity(READ_BYTES);
            io::Read::read_to_end(&mut io::Read::take(&mut file, READ_BYTES as u64), &mut piece)?;
            Ok((file, piece))
        })
        .await?;
        if piece.is_empty() {
            return Ok(parser);
        }
        for chunk in piece.chunks(CHUNK_BYTES) {
            share.take().await;
            parser.push(chunk);
        }
        share.pause();
    }
}

/// The parser of one mail. Its memory counts until this is dropped.
pub(super) struct MailParser {
    parsers: ParserPool,
    owner: ParserOwner,
    /// Empty once the parser was given up.
    slot: Slot,
    /// Its number in the table, once it is counted.
    number: Option<u64>,
    /// Bytes of memory that count.
    counted: usize,
    /// Bytes of the mail since the parser was measured.
    unmeasured: usize,
}

impl MailParser {
    /// Whose share the mail counts to.
    pub(super) fn owner(&self) -> ParserOwner {
        self.owner
    }

    /// Takes the next bytes of the mail.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut slot = lock(&self.slot);
        let Some(parser) = slot.as_mut() else { return };
        parser.push(bytes);
        self.unmeasured += bytes.len();
        if self.unmeasured < MEASURED_BYTES {
            return;
        }
        let bytes = parser.held_bytes();
        drop(slot);
        self.unmeasured = 0;
        self.count(bytes);
    }

    /// Counts the memory of this parser anew. If all take too much, the largest are given up; this one may be among
    /// them.
    fn count(&mut self, bytes: usize) {
        let is_small = self.number.is_none() && bytes <= SMALL_BYTES;
        if is_small || bytes.abs_diff(self.counted) < STEP_BYTES {
            return;
        }
        self.counted = bytes;
        let mut memory = self.parsers.memory();
        match self.number {
            Some(number) => memory.count(number, bytes),
            None => self.number = Some(memory.add(self.owner, bytes, &self.slot)),
        }
        let given_up = memory.make_room();
        drop(memory);
        self.parsers.give_up(given_up);
    }

    /// The mail has ended; `None` if its parser was given up.
    pub(super) fn end(&mut self) -> Option<Box<Parser>> {
        if let Some(number) = self.number {
            self.parsers.memory().end(number);
        }
        lock(&self.slot).take()
    }
}

impl Drop for MailParser {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.parsers.memory().remove(number);
        }
    }
}

#[cfg(test)]
mod tests;
