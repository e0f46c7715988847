//! The mails of the last minutes, in memory: a mail that comes again is looked for among them. They are
//! read from the arrivals at a start, because a crash may be why the device was not told.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rusqlite::Connection;
use tipoff_model::{ArrivalId, BlobName, Timestamp};

use super::at;
use crate::{MailDigest, Result, StoredBlob};

/// Within this time, a mail of the same bytes with a Message-ID is the same mail.
const SAME_WITHIN: Duration = Duration::from_secs(15 * 60);

/// The same for mails without one, of which the first was not acknowledged.
const ALIKE_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Number of mails remembered, the newest.
const MAILS_MAX: usize = 32_768;

/// Mails by their digests.
#[derive(Default)]
pub(super) struct KnownMails {
    mails: HashMap<MailDigest, Known>,
    /// The digests in the order of their arrivals.
    order: VecDeque<(ArrivalId, MailDigest)>,
}

struct Known {
    arrival: ArrivalId,
    blob: StoredBlob,
    at: Timestamp,
}

impl KnownMails {
    /// Reads those of the arrivals that are recent at `now`.
    pub(super) fn read(connection: &Connection, now: Timestamp) -> Result<Self> {
        let mut select = connection.prepare(
            "SELECT id, received_at, blob, bytes, mail_digest FROM arrival ORDER BY id DESC LIMIT ?1",
        )?;
        let mut rows = select.query([i64::try_from(MAILS_MAX).unwrap_or(i64::MAX)])?;
        let mut recent = Vec::new();
        while let Some(row) = rows.next()? {
            let received_at = at(row, 1)?;
            if received_at < now.before(SAME_WITHIN) {
                break;
            }
            let blob = StoredBlob { name: BlobName(row.get(2)?), size: super::number(row, 3)? };
            let digest: Option<Vec<u8>> = row.get(4)?;
            if let Some(digest) = digest.as_deref().and_then(from_bytes) {
                recent.push((digest, ArrivalId(row.get(0)?), blob, received_at));
            }
        }
        let mut known = Self::default();
        for (digest, arrival, blob, at) in recent.into_iter().rev() {
            known.note(digest, arrival, blob, at);
        }
        Ok(known)
    }

    /// A mail is durable that may come again. The first of the same mails stays.
    pub(super) fn note(
        &mut self,
        digest: MailDigest,
        arrival: ArrivalId,
        blob: StoredBlob,
        at: Timestamp,
    ) {
        self.forget_old(at);
        self.mails.insert(digest, Known { arrival, blob, at });
        self.order.push_back((arrival, digest));
    }

    /// The mail with this digest, if it may be the one that comes now.
    pub(super) fn find(
        &self,
        digest: &MailDigest,
        now: Timestamp,
    ) -> Option<(ArrivalId, StoredBlob)> {
        let known = self.mails.get(digest)?;
        let within = if digest.has_message_id { SAME_WITHIN } else { ALIKE_WITHIN };
        let is_recent = (now.before(within)..=now).contains(&known.at);
        is_recent.then(|| (known.arrival, known.blob.clone()))
    }

    fn forget_old(&mut self, now: Timestamp) {
        let old = now.before(SAME_WITHIN);
        while let Some((arrival, digest)) = self.order.front() {
            let is_newest = self.mails.get(digest).is_some_and(|it| it.arrival == *arrival);
            let is_old = self.mails.get(digest).is_none_or(|it| it.at < old);
            if is_newest && !is_old && self.order.len() < MAILS_MAX {
                return;
            }
            if is_newest {
                self.mails.remove(digest);
            }
            self.order.pop_front();
        }
    }
}

/// What `arrival.mail_digest` holds.
pub(super) fn to_bytes(digest: &MailDigest) -> Vec<u8> {
    let mut bytes = digest.digest.to_vec();
    bytes.push(u8::from(digest.has_message_id));
    bytes
}

fn from_bytes(bytes: &[u8]) -> Option<MailDigest> {
    let (digest, flag) = bytes.split_first_chunk()?;
    Some(MailDigest { digest: *digest, has_message_id: flag == [1] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> MailDigest {
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        MailDigest { digest, has_message_id: true }
    }

    fn note(known: &mut KnownMails, number: usize, second: u64) {
        let blob = StoredBlob { name: BlobName("2026/x.eml".to_owned()), size: 1 };
        let arrival = ArrivalId(i64::try_from(known.order.len()).unwrap() + 1);
        known.note(digest(number), arrival, blob, at_second(second));
    }

    fn at_second(second: u64) -> Timestamp {
        Timestamp(1_700_000_000_000).after(Duration::from_secs(second))
    }

    #[test]
    fn mails_are_known_for_a_quarter_of_an_hour() {
        let mut known = KnownMails::default();
        note(&mut known, 1, 0);
        assert!(known.find(&digest(1), at_second(900)).is_some());
        assert!(known.find(&digest(1), at_second(901)).is_none());
        assert!(known.find(&digest(2), at_second(1)).is_none());
        note(&mut known, 2, 1000);
        assert_eq!((known.mails.len(), known.order.len()), (1, 1), "the old one is forgotten");
    }

    #[test]
    fn so_many_are_known_and_no_more() {
        let mut known = KnownMails::default();
        (0..MAILS_MAX + 10).for_each(|number| note(&mut known, number, 0));
        assert!(known.mails.len() <= MAILS_MAX && known.order.len() <= MAILS_MAX);
        assert!(known.find(&digest(MAILS_MAX + 9), at_second(1)).is_some());
    }
}
