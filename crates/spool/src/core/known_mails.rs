//! The mails of the last minutes, in memory. A device that got no answer sends its mail again, and such a mail is found
//! here by its digest. Each owner has a share, so that a flood of one pushes out nobody else's mails. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tipoff_model::{ArrivalId, Timestamp};

use crate::{MailDigest, StoredBlob};

/// Within this time, a mail of the same bytes with a Message-ID is the same mail.
const SAME_WITHIN: Duration = Duration::from_secs(15 * 60);

/// The same for mails without one, if the first was not acknowledged: without one, two alarms may have the same
/// bytes.
const ALIKE_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Number of mails that are remembered, the newest.
pub(crate) const MAILS_MAX: usize = 32_768;

/// The same of one known device, or of all discovered devices at one address: two mails a second.
const OF_OWNER_MAX: usize = 2_048;

/// Mails by their digests.
#[derive(Default)]
pub(crate) struct KnownMails {
    mails: HashMap<MailDigest, Known>,
    /// The digests of each owner in the order of their arrivals.
    of_owners: HashMap<String, VecDeque<(ArrivalId, MailDigest)>>,
    /// Number of mails of all owners.
    count: usize,
}

/// A stored mail that its device may send again.
#[derive(Debug)]
pub(crate) struct NewMail {
    pub(crate) digest: MailDigest,
    pub(crate) arrival: ArrivalId,
    pub(crate) blob: StoredBlob,
    pub(crate) at: Timestamp,
    /// The known device, or the address of a discovered one.
    pub(crate) owner: String,
}

struct Known {
    arrival: ArrivalId,
    blob: StoredBlob,
    at: Timestamp,
}

/// Whether a mail that was received then may still come again.
pub(crate) fn is_recent(received_at: Timestamp, now: Timestamp) -> bool {
    received_at >= now.before(SAME_WITHIN)
}

impl KnownMails {
    /// Adds a durable mail that may come again.
    pub(crate) fn note(&mut self, mail: NewMail) {
        let NewMail { digest, arrival, blob, at, owner } = mail;
        self.forget_old(at, &owner);
        self.mails.insert(digest, Known { arrival, blob, at });
        self.of_owners.entry(owner).or_default().push_back((arrival, digest));
        self.count += 1;
    }

    /// The mail with this digest, if it may be the one that comes now.
    pub(crate) fn find(
        &self,
        digest: &MailDigest,
        now: Timestamp,
    ) -> Option<(ArrivalId, StoredBlob)> {
        let known = self.mails.get(digest)?;
        let within = if digest.has_message_id { SAME_WITHIN } else { ALIKE_WITHIN };
        let is_recent = (now.before(within)..=now).contains(&known.at);
        is_recent.then(|| (known.arrival, known.blob.clone()))
    }

    /// Makes room for one more mail of an owner: in its own share if that is full, else in the largest share.
    fn forget_old(&mut self, now: Timestamp, owner: &str) {
        self.trim(owner, now, OF_OWNER_MAX);
        if self.count < MAILS_MAX {
            return;
        }
        let owners: Vec<String> = self.of_owners.keys().cloned().collect();
        for owner in owners {
            self.trim(&owner, now, OF_OWNER_MAX);
        }
        while self.count >= MAILS_MAX {
            let most = self.of_owners.iter().max_by_key(|(_, order)| order.len());
            let Some((owner, count)) = most.map(|(owner, order)| (owner.clone(), order.len()))
            else {
                return;
            };
            // Several at once, so that the owners are not counted for each mail.
            self.trim(&owner, now, count - count.div_ceil(8));
        }
    }

    /// Forgets an owner's old mails, and then its oldest until it has fewer than `max`, or none.
    fn trim(&mut self, owner: &str, now: Timestamp, max: usize) {
        let old = now.before(SAME_WITHIN);
        let Some(order) = self.of_owners.get_mut(owner) else {
            return;
        };
        while let Some((arrival, digest)) = order.front() {
            let newest = self.mails.get(digest).filter(|it| it.arrival == *arrival);
            let is_old = newest.is_none_or(|it| it.at < old);
            if !is_old && order.len() < max.max(1) {
                return;
            }
            if newest.is_some() {
                self.mails.remove(digest);
            }
            order.pop_front();
            self.count -= 1;
        }
        self.of_owners.remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipoff_model::BlobName;

    fn digest(number: usize) -> MailDigest {
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        MailDigest { digest, has_message_id: true }
    }

    fn note(known: &mut KnownMails, owner: &str, number: usize, second: u64) {
        let blob = StoredBlob { name: BlobName("2026/x.eml".to_owned()), size: 1 };
        let arrival = ArrivalId(i64::try_from(number).unwrap() + 1);
        let (digest, at) = (digest(number), at_second(second));
        known.note(NewMail { digest, arrival, blob, at, owner: owner.to_owned() });
    }

    fn at_second(second: u64) -> Timestamp {
        Timestamp(1_700_000_000_000).after(Duration::from_secs(second))
    }

    #[test]
    fn a_mail_without_a_message_id_is_known_for_five_minutes() {
        let mut known = KnownMails::default();
        let alike = MailDigest { has_message_id: false, ..digest(1) };
        let blob = StoredBlob { name: BlobName(String::new()), size: 1 };
        let (arrival, owner) = (ArrivalId(1), String::new());
        known.note(NewMail { digest: alike, arrival, blob, at: at_second(0), owner });
        assert!(known.find(&alike, at_second(300)).is_some());
        assert!(known.find(&alike, at_second(301)).is_none());
        assert!(
            is_recent(at_second(0), at_second(900)) && !is_recent(at_second(0), at_second(901))
        );
    }

    #[test]
    fn mails_are_known_for_a_quarter_of_an_hour() {
        let mut known = KnownMails::default();
        note(&mut known, "yard", 1, 0);
        assert!(known.find(&digest(1), at_second(900)).is_some());
        assert!(known.find(&digest(1), at_second(901)).is_none());
        assert!(known.find(&digest(2), at_second(1)).is_none());
        note(&mut known, "yard", 2, 1000);
        assert_eq!((known.mails.len(), known.count), (1, 1), "the old one is forgotten");
    }

    #[test]
    fn so_many_are_known_and_no_more() {
        let mut known = KnownMails::default();
        note(&mut known, "yard", 0, 0);
        for number in 1..OF_OWNER_MAX + 10 {
            note(&mut known, "10.0.0.1", number, 0);
        }
        assert!(known.mails.len() <= OF_OWNER_MAX + 1 && known.count <= OF_OWNER_MAX + 1);
        assert!(known.find(&digest(OF_OWNER_MAX + 9), at_second(1)).is_some());
        // From 200 addresses.
        for number in OF_OWNER_MAX + 10..MAILS_MAX * 2 {
            note(&mut known, &format!("10.0.1.{}", number % 200), number, 0);
        }
        assert!(known.mails.len() <= MAILS_MAX && known.count <= MAILS_MAX);
        assert_eq!(known.count, known.of_owners.values().map(VecDeque::len).sum::<usize>());
        assert!(known.find(&digest(0), at_second(1)).is_some(), "nobody else's push it out");
        assert!(known.find(&digest(MAILS_MAX * 2 - 1), at_second(1)).is_some());
    }
}
