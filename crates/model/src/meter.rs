//! Measures a file while it streams by: its byte range, its decoded size, its decoded beginning, and whether it
//! contains its own end mark. It keeps the beginning and the last bytes, never the file.

use crate::Encoding;
use crate::file_type::{FileType, HEAD_BYTES, by_content};
use crate::transfer::{Counter, Decoder, decoded};

/// Encoded bytes that are kept of a file's end: enough for every end mark and a line end behind it.
const TAIL_BYTES: usize = 128;

/// Encoded bytes that are decoded at a time for the beginning, so that hardly more is decoded than is kept.
const STEP_BYTES: usize = 256;

/// A file while it streams by.
#[derive(Clone, Debug)]
pub struct Meter {
    /// How the file is encoded in the blob.
    pub encoding: Encoding,
    /// Offset of its first encoded byte in the blob.
    pub start: u64,
    /// Offset behind its last encoded byte so far.
    pub end: u64,
    /// Counts decoded bytes.
    counter: Counter,
    /// `None` when `head` is complete.
    decoder: Option<Decoder>,
    /// The decoded beginning.
    head: Vec<u8>,
    /// How many decoded bytes `head` should have.
    head_bytes: usize,
    /// The last encoded bytes, at most [`TAIL_BYTES`].
    tail: Vec<u8>,
}

impl Meter {
    /// A file at offset `start`. At least its first `head_bytes` decoded bytes are kept, and never fewer than
    /// [`HEAD_BYTES`], by which its file type is known.
    pub fn new(encoding: Encoding, start: u64, head_bytes: usize) -> Self {
        Self {
            encoding,
            start,
            end: start,
            counter: Counter::new(encoding),
            decoder: Some(Decoder::new(encoding)),
            head: Vec::new(),
            head_bytes: head_bytes.max(HEAD_BYTES),
            tail: Vec::new(),
        }
    }

    /// Takes the next encoded bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        self.counter.push(bytes);
        let mut pieces = bytes.chunks(STEP_BYTES);
        while let Some(decoder) = &mut self.decoder
            && let Some(piece) = pieces.next()
        {
            decoder.push(piece, &mut self.head);
            if self.head.len() >= self.head_bytes {
                self.decoder = None;
            }
        }
        keep_last(&mut self.tail, bytes, TAIL_BYTES);
    }

    /// Bytes of memory that it holds.
    pub fn held_bytes(&self) -> usize {
        self.head.capacity() + self.tail.capacity()
    }

    /// Decoded size so far, in bytes.
    pub fn size(&self) -> u64 {
        self.counter.size()
    }

    /// The decoded beginning: the whole file if it is not longer than was wanted.
    pub fn into_head(mut self) -> Vec<u8> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish(&mut self.head);
        }
        self.head.truncate(self.head_bytes);
        self.head
    }

    /// The type by its first bytes; `None` if they do not tell it.
    pub fn file_type(&self) -> Option<&'static FileType> {
        let mut head = self.head.clone();
        if let Some(decoder) = &self.decoder {
            decoder.clone().finish(&mut head);
        }
        by_content(&head)
    }

    /// Whether the file contains its own end, although its connection broke. Only for file types with an end mark,
    /// such as JPEG's `FF D9`.
    pub fn is_complete(&self) -> bool {
        let Some(file_type) = self.file_type() else {
            return false;
        };
        self.decoded_tails().iter().any(|tail| file_type.has_end(tail) == Some(true))
    }

    /// The decoded last bytes, in each way that is possible. Base64 can be decoded from every fourth letter only:
    /// three of the four offsets are excluded by the decoded size.
    fn decoded_tails(&self) -> Vec<Vec<u8>> {
        match self.encoding {
            Encoding::Identity | Encoding::QuotedPrintable => {
                vec![decoded(self.encoding, &self.tail)]
            }
            // Never asked for: the end of such a file is known by its last line or its address.
            Encoding::Uuencode
            | Encoding::Base64InBase64
            | Encoding::Base64InQuotedPrintable
            | Encoding::Base64Escaped => Vec::new(),
            Encoding::Base64 => {
                let letters: Vec<u8> =
                    self.tail.iter().copied().filter(u8::is_ascii_graphic).collect();
                (0..4)
                    .filter_map(|skipped| Some(decoded(self.encoding, letters.get(skipped..)?)))
                    .filter(|tail| (self.size().wrapping_sub(tail.len() as u64)).is_multiple_of(3))
                    .collect()
            }
        }
    }
}

/// Appends `bytes` to `kept`, and drops its first bytes over `bytes_max`.
pub fn keep_last(kept: &mut Vec<u8>, bytes: &[u8], bytes_max: usize) {
    let newest = bytes.len().saturating_sub(bytes_max);
    kept.extend_from_slice(bytes.get(newest..).unwrap_or_default());
    let too_many = kept.len().saturating_sub(bytes_max);
    kept.drain(..too_many);
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_last_bytes_of_any_pieces_are_kept(
            pieces in proptest::collection::vec(proptest::collection::vec(0..=255_u8, 0..9), 0..9),
            bytes_max in 0..12_usize,
        ) {
            let mut kept = Vec::new();
            pieces.iter().for_each(|piece| keep_last(&mut kept, piece, bytes_max));
            let all = pieces.concat();
            proptest::prop_assert_eq!(&kept, &all[all.len().saturating_sub(bytes_max)..]);
        }
    }

    #[test]
    fn a_file_is_complete_if_it_has_its_end() {
        let long = "A".repeat(4 * TAIL_BYTES);
        for (encoding, bytes, complete) in [
            (Encoding::Base64, "/9j/4AAA/9k=".to_owned(), true),
            (Encoding::Base64, "/9j/4AAA/9k".to_owned(), true),
            (Encoding::Base64, "/9j/4AAA\r\n/9kA\r\n".to_owned(), true),
            (Encoding::Base64, format!("/9j/{long}/9k="), true),
            (Encoding::Base64, format!("/9j/{long}A//Z"), true),
            (Encoding::Base64, format!("/9j/{long}AP/Z"), true),
            // The end mark would be there, were the letters grouped otherwise.
            (Encoding::Base64, "/9j/4AAAA/9k".to_owned(), false),
            (Encoding::Base64, format!("/9j/{long}A/9k"), false),
            (Encoding::Base64, "/9j/4AAA".to_owned(), false),
            (Encoding::QuotedPrintable, "=FF=D8=FFx=FF=D9=\r\n".to_owned(), true),
            (Encoding::QuotedPrintable, "=FF=D8=FFx=FF".to_owned(), false),
            (Encoding::Identity, "%PDF-1.4 %%EOF\r\n".to_owned(), true),
            (Encoding::Identity, "DHAV".to_owned(), false),
        ] {
            let mut meter = Meter::new(encoding, 0, HEAD_BYTES);
            for piece in bytes.as_bytes().chunks(7) {
                meter.push(piece);
            }
            assert_eq!(meter.is_complete(), complete, "{bytes}");
        }
    }
}
