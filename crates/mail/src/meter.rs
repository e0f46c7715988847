//! Measures the bytes of a file while they stream by: where it stands, how large it is when
//! decoded, how it begins, whether it has its end. Keeps its beginning only.

use tipoff_model::Encoding;
use tipoff_model::file_type::{HEAD_BYTES, by_content};
use tipoff_model::transfer::{Counter, Decoder};

/// Encoded bytes kept of a file's end.
const TAIL_BYTES: usize = 128;

/// Encoded bytes that are decoded at once for the beginning, so that no more is decoded than is
/// kept.
const STEP_BYTES: usize = 256;

/// A file while it streams by.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pub(crate) encoding: Encoding,
    pub(crate) start: u64,
    pub(crate) end: u64,
    counter: Counter,
    /// Until as much is decoded as is wanted.
    decoder: Option<Decoder>,
    head: Vec<u8>,
    head_bytes: usize,
    tail: Vec<u8>,
}

impl Meter {
    /// A file that starts at `start`, of which the first `head_bytes` are wanted decoded.
    pub(crate) fn new(encoding: Encoding, start: u64, head_bytes: usize) -> Self {
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

    pub(crate) fn push(&mut self, bytes: &[u8]) {
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
        self.keep_tail(bytes);
    }

    /// Bytes of memory that it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        self.head.capacity() + self.tail.capacity()
    }

    /// The decoded size so far.
    pub(crate) fn size(&self) -> u64 {
        self.counter.size()
    }

    /// The beginning, decoded: all of it, if it is no longer than was wanted.
    pub(crate) fn into_head(mut self) -> Vec<u8> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish(&mut self.head);
        }
        self.head.truncate(self.head_bytes);
        self.head
    }

    /// Whether the file has its end, though nobody said that it was all: where its file type has an
    /// end mark.
    pub(crate) fn is_complete(&self) -> bool {
        let mut head = self.head.clone();
        if let Some(decoder) = &self.decoder {
            decoder.clone().finish(&mut head);
        }
        let Some(file_type) = by_content(&head) else {
            return false;
        };
        self.decoded_tails().iter().any(|tail| file_type.has_end(tail) == Some(true))
    }

    /// Base64 can be read from every fourth letter only: which one it is, the size tells.
    fn decoded_tails(&self) -> Vec<Vec<u8>> {
        match self.encoding {
            Encoding::Identity | Encoding::QuotedPrintable => vec![self.decoded(&self.tail)],
            // Its lines tell where they end, or the address does: nobody asks.
            Encoding::Uuencode | Encoding::Base64InBase64 | Encoding::Base64InQuotedPrintable => {
                Vec::new()
            }
            Encoding::Base64 => {
                let letters: Vec<u8> =
                    self.tail.iter().copied().filter(u8::is_ascii_graphic).collect();
                (0..4)
                    .filter_map(|skipped| Some(self.decoded(letters.get(skipped..)?)))
                    .filter(|tail| (self.size().wrapping_sub(tail.len() as u64)).is_multiple_of(3))
                    .collect()
            }
        }
    }

    fn decoded(&self, encoded: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut decoder = Decoder::new(self.encoding);
        decoder.push(encoded, &mut bytes);
        decoder.finish(&mut bytes);
        bytes
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let newest = bytes.len().saturating_sub(TAIL_BYTES);
        self.tail.extend_from_slice(bytes.get(newest..).unwrap_or_default());
        let too_many = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..too_many);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
