//! The memory that parsers take: decides which parsers are given up. Knows no socket and no disk.

use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex};

use tipoff_mail::Parser;
use tipoff_model::AddressShare;

/// Bytes that all parsers take together at most: those of a hundred mails of the worst kind.
pub(super) const PARSERS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Where they take more, this part of it is given up.
const GIVEN_UP_PART: usize = 4;

/// Where the parser of a mail is.
pub(super) type Slot = Arc<Mutex<Option<Box<Parser>>>>;

/// Whose share a mail counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::receive) struct ParserOwner {
    /// The address that the mail comes from; for IPv6, its network.
    pub(in crate::receive) address: AddressShare,
    /// Somebody configured, added or named the device.
    pub(in crate::receive) is_known: bool,
}

/// The counted parsers of the mails under way.
#[derive(Default)]
pub(super) struct ParserMemory {
    mails: HashMap<u64, CountedMail>,
    /// Numbers the mails.
    number: u64,
    /// Bytes of all counted parsers.
    pub(super) bytes: usize,
    /// Where nothing more could be given up: from how many bytes on to try again.
    look_again_at: usize,
}

/// A mail under way whose parser counts.
struct CountedMail {
    owner: ParserOwner,
    /// Bytes of its parser, when it was measured last.
    bytes: usize,
    slot: Slot,
    /// The mail is being stored, so it ends soon.
    is_ending: bool,
}

/// The mails of one address.
#[derive(Default)]
struct MailParty {
    bytes: usize,
    /// Those that can be given up, the largest first.
    mails: BinaryHeap<(usize, u64)>,
}

impl ParserMemory {
    /// The number of a mail that is counted from now on.
    pub(super) fn add(&mut self, owner: ParserOwner, bytes: usize, slot: &Slot) -> u64 {
        self.number = self.number.wrapping_add(1);
        let mail = CountedMail { owner, bytes, slot: Arc::clone(slot), is_ending: false };
        self.mails.insert(self.number, mail);
        self.bytes += bytes;
        self.number
    }

    /// The parser of a mail takes so many bytes now.
    pub(super) fn count(&mut self, number: u64, bytes: usize) {
        if let Some(mail) = self.mails.get_mut(&number) {
            self.bytes = (self.bytes + bytes).saturating_sub(mail.bytes);
            mail.bytes = bytes;
        }
    }

    /// The parser of a mail must not be given up any more.
    pub(super) fn end(&mut self, number: u64) {
        if let Some(mail) = self.mails.get_mut(&number) {
            mail.is_ending = true;
        }
    }

    /// A mail counts no more.
    pub(super) fn remove(&mut self, number: u64) -> Option<(AddressShare, Slot)> {
        let mail = self.mails.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(mail.bytes);
        self.look_again_at = self.look_again_at.min(self.bytes + PARSERS_BYTES_MAX / GIVEN_UP_PART);
        Some((mail.owner.address, mail.slot))
    }

    /// The parsers to give up if all take too much. They count no more.
    pub(super) fn make_room(&mut self) -> Vec<(AddressShare, Slot)> {
        let mut given_up = Vec::new();
        if self.bytes <= PARSERS_BYTES_MAX.max(self.look_again_at) {
            return given_up;
        }
        for is_known in [false, true] {
            self.take_from(is_known, &mut given_up);
        }
        self.look_again_at = self.bytes + PARSERS_BYTES_MAX / GIVEN_UP_PART;
        given_up
    }

    /// Takes the largest mail of the address that takes most, until enough is given up.
    fn take_from(&mut self, is_known: bool, given_up: &mut Vec<(AddressShare, Slot)>) {
        let target = PARSERS_BYTES_MAX - PARSERS_BYTES_MAX / GIVEN_UP_PART;
        let mut parties: HashMap<AddressShare, MailParty> = HashMap::new();
        for (number, mail) in self.mails.iter().filter(|(_, it)| it.owner.is_known == is_known) {
            let party = parties.entry(mail.owner.address).or_default();
            party.bytes += mail.bytes;
            if !mail.is_ending {
                party.mails.push((mail.bytes, *number));
            }
        }
        let mut parties: Vec<MailParty> = parties.into_values().collect();
        let mut greediest: BinaryHeap<(usize, usize)> =
            parties.iter().enumerate().map(|(place, party)| (party.bytes, place)).collect();
        while self.bytes > target
            && let Some((bytes, place)) = greediest.pop()
        {
            let Some((of_mail, number)) = parties.get_mut(place).and_then(|it| it.mails.pop())
            else {
                continue;
            };
            given_up.extend(self.remove(number));
            greediest.push((bytes.saturating_sub(of_mail), place));
        }
    }
}
