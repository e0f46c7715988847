//! The digest by which a mail is recognised that a device sends again. Knows no mail's structure.

use tipoff_spool::Print;

/// Line ends at a mail's end that do not count: one whose connection broke may lack them.
const END_BYTES: usize = 4;

/// Takes a mail's bytes while they stream by.
#[derive(Debug)]
pub(super) struct MailHasher {
    hasher: blake3::Hasher,
    /// The newest bytes, which may be the line ends at the end.
    newest: Vec<u8>,
}

impl MailHasher {
    /// Of a mail to these recipients: a device that has two sends each the same bytes.
    pub(super) fn new(recipients: &[String]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for recipient in recipients {
            hasher.update(recipient.as_bytes()).update(b"\0");
        }
        Self { hasher, newest: Vec::with_capacity(2 * END_BYTES) }
    }

    /// The next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if let Some(before) = bytes.len().checked_sub(END_BYTES) {
            let (older, newest) = bytes.split_at(before);
            self.hasher.update(&self.newest).update(older);
            self.newest.clear();
            self.newest.extend_from_slice(newest);
        } else {
            self.newest.extend_from_slice(bytes);
            let older = self.newest.len().saturating_sub(END_BYTES);
            self.hasher.update(self.newest.get(..older).unwrap_or_default());
            self.newest.drain(..older);
        }
    }

    /// The digest of all bytes without the line ends at their end.
    pub(super) fn finish(mut self) -> Print {
        self.hasher.update(self.newest.trim_ascii_end());
        self.hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(pieces: &[&[u8]]) -> Print {
        let mut hasher = MailHasher::new(&["me@example.com".to_owned()]);
        pieces.iter().for_each(|piece| hasher.push(piece));
        hasher.finish()
    }

    #[test]
    fn line_ends_at_the_end_and_nothing_else_do_not_count() {
        let whole = digest(&[b"Subject: x\r\n\r\n--end--\r\n"]);
        assert_eq!(digest(&[b"Subject: x\r\n\r\n--end--"]), whole);
        assert_eq!(digest(&[b"Subject: x\r\n\r\n--end--\r"]), whole);
        assert_ne!(digest(&[b"Subject: x\r\n\r\n--end-"]), whole);
        assert_ne!(digest(&[b"Subject: x\n\n--end--"]), whole);
        let mut other = MailHasher::new(&["you@example.com".to_owned()]);
        other.push(b"Subject: x\r\n\r\n--end--\r\n");
        assert_ne!(other.finish(), whole);
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(bytes: Vec<u8>, at: prop::sample::Index, size in 1..9_usize) {
            let (one, two) = bytes.split_at(at.index(bytes.len() + 1));
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(digest(&[one, two]), digest(&[&bytes]));
            prop_assert_eq!(digest(&pieces), digest(&[&bytes]));
        }
    }
}
