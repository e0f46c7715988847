//! The table of what parsers hold: decides whose are given up. Knows no socket and no disk.

use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex};

use tipoff_mail::Parser;
use tipoff_model::AddressShare;

/// All parsers together hold no more bytes than this: what a hundred mails of the worst kind hold.
pub(super) const PARSERS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Where they hold more, this part of it is given up.
const GIVEN_UP_PART: usize = 4;

/// Where the parser of a mail is.
pub(super) type Slot = Arc<Mutex<Option<Box<Parser>>>>;

/// Whose share a mail counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::receive) struct Owner {
    pub(in crate::receive) address: AddressShare,
    /// Somebody configured, added or named the device.
    pub(in crate::receive) is_known: bool,
}

/// What the parsers of mails under way hold.
#[derive(Default)]
pub(super) struct Held {
    mails: HashMap<u64, Mail>,
    /// Numbers the mails.
    number: u64,
    pub(super) bytes: usize,
    /// Where nothing more could be given up: when to look again.
    look_again_at: usize,
}

struct Mail {
    owner: Owner,
    bytes: usize,
    slot: Slot,
    /// It is being stored, so it ends soon.
    is_ending: bool,
}

/// The mails of one address.
#[derive(Default)]
struct Party {
    bytes: usize,
    /// Those that can be given up, the largest first.
    mails: BinaryHeap<(usize, u64)>,
}

impl Held {
    /// The number of a mail that is counted from now on.
    pub(super) fn add(&mut self, owner: Owner, bytes: usize, slot: &Slot) -> u64 {
        self.number = self.number.wrapping_add(1);
        let mail = Mail { owner, bytes, slot: Arc::clone(slot), is_ending: false };
        self.mails.insert(self.number, mail);
        self.bytes += bytes;
        self.number
    }

    /// A mail holds so many bytes now.
    pub(super) fn count(&mut self, number: u64, bytes: usize) {
        if let Some(mail) = self.mails.get_mut(&number) {
            self.bytes = (self.bytes + bytes).saturating_sub(mail.bytes);
            mail.bytes = bytes;
        }
    }

    /// A mail is not to be given up any more.
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

    /// The parsers to be given up, which count no more, if all hold too much.
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

    /// Takes the largest mail of the address that holds most, again and again.
    fn take_from(&mut self, is_known: bool, given_up: &mut Vec<(AddressShare, Slot)>) {
        let target = PARSERS_BYTES_MAX - PARSERS_BYTES_MAX / GIVEN_UP_PART;
        let mut parties: HashMap<AddressShare, Party> = HashMap::new();
        for (number, mail) in self.mails.iter().filter(|(_, it)| it.owner.is_known == is_known) {
            let party = parties.entry(mail.owner.address).or_default();
            party.bytes += mail.bytes;
            if !mail.is_ending {
                party.mails.push((mail.bytes, *number));
            }
        }
        let mut parties: Vec<Party> = parties.into_values().collect();
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
