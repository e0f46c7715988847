//! Recognises a mail that the device sends again byte for byte. Does not know the structure of a mail.
//!
//! Devices repeat a mail whose reply did not reach them. The digest finds the candidate, by size and Message-ID; the
//! files are compared before it counts as the same.

use std::io::{self, Read};

use tipoff_spool::MailDigest;

/// Bytes at the end of a mail in which line ends do not count: a mail whose connection broke may lack them.
const END_BYTES: usize = 4;

/// Bytes compared at a time.
const STEP_BYTES: usize = 64 * 1024;

/// The size of a mail without the line ends at its end, measured while it streams by.
#[derive(Debug, Default)]
pub(super) struct MailSize {
    /// All bytes so far.
    bytes: u64,
    /// The last bytes, at most [`END_BYTES`].
    newest: Vec<u8>,
}

impl MailSize {
    /// The next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let newest = bytes.get(bytes.len().saturating_sub(END_BYTES)..).unwrap_or_default();
        self.newest.extend_from_slice(newest);
        let surplus = self.newest.len().saturating_sub(END_BYTES);
        self.newest.drain(..surplus);
    }

    /// The size in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let line_ends = self.newest.len() - self.newest.trim_ascii_end().len();
        self.bytes - line_ends as u64
    }
}

/// The digest of a mail of a device to these recipients. It includes the recipients, because a device with two of
/// them sends the same bytes to each; and the device, because no other device can send a mail in its place.
pub(super) fn digest(
    device_key: &str,
    recipients: &[String],
    message_id: Option<&[u8]>,
    size: &MailSize,
) -> MailDigest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(device_key.as_bytes()).update(b"\0");
    hasher.update(&size.bytes().to_le_bytes()).update(message_id.unwrap_or_default());
    for recipient in recipients {
        hasher.update(b"\0").update(recipient.as_bytes());
    }
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    MailDigest { digest, has_message_id: message_id.is_some() }
}

/// Whether two files begin with the same `size` bytes.
pub(super) fn begin_equally(one: impl Read, other: impl Read, size: u64) -> io::Result<bool> {
    let (mut one, mut other) = (one.take(size), other.take(size));
    let (mut left, mut right) = (vec![0; STEP_BYTES], vec![0; STEP_BYTES]);
    let mut compared = 0;
    loop {
        let count = one.read(&mut left)?;
        let (left, right) = (left.get(..count), right.get_mut(..count));
        let (Some(left), Some(right)) = (left, right) else { return Ok(false) };
        match other.read_exact(right) {
            Ok(()) if left == right => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => return Ok(false),
        }
        compared += count as u64;
        if count == 0 {
            return Ok(compared == size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(pieces: &[&[u8]]) -> u64 {
        let mut size = MailSize::default();
        pieces.iter().for_each(|piece| size.push(piece));
        size.bytes()
    }

    #[test]
    fn line_ends_at_the_end_do_not_count() {
        for (mail, bytes) in
            [("", 0), ("\r\n", 0), ("a\r\n", 1), ("a\n\nb\r\n\r\n", 4), ("--end--", 7)]
        {
            assert_eq!(size(&[mail.as_bytes()]), bytes, "{mail:?}");
        }
    }

    #[test]
    fn recipients_message_id_and_size_make_a_digest() {
        let me = ["me@example.com".to_owned()];
        let (mut two, mut three) = (MailSize::default(), MailSize::default());
        two.push(b"ab\r\n");
        three.push(b"abc");
        let first = digest("yard", &me, Some(b"<1@x>"), &two);
        assert_eq!(digest("yard", &me, Some(b"<1@x>"), &two), first);
        for other in [
            digest("yard", &me, Some(b"<2@x>"), &two),
            digest("yard", &me, Some(b"<1@x>"), &three),
            digest("yard", &["you@example.com".to_owned()], Some(b"<1@x>"), &two),
            digest("yard", &me, None, &two),
            digest("door", &me, Some(b"<1@x>"), &two),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn files_are_compared_up_to_a_size() {
        let long = vec![7; 3 * STEP_BYTES + 5];
        let (one, other) = (long.as_slice(), [long.as_slice(), b"\r\n"].concat());
        let size = long.len() as u64;
        assert!(begin_equally(one, &*other, size).unwrap());
        assert!(!begin_equally(one, &*other, size + 1).unwrap(), "the first is shorter");
        assert!(!begin_equally(one, &long[..10], size).unwrap());
        let last = [&long[..long.len() - 1], b"x"].concat();
        assert!(!begin_equally(one, &*last, size).unwrap());
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(bytes: Vec<u8>, at: prop::sample::Index, step in 1..9_usize) {
            let (one, two) = bytes.split_at(at.index(bytes.len() + 1));
            let pieces: Vec<&[u8]> = bytes.chunks(step).collect();
            prop_assert_eq!(size(&[one, two]), size(&[&bytes]));
            prop_assert_eq!(size(&pieces), size(&[&bytes]));
        }
    }
}
