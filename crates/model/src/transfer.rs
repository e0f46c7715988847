//! Transfer encodings (RFC 2045, section 6), decoded piece by piece and leniently: no input is an error, because cameras
//! write much that the RFC does not allow.

mod base64;
mod escaped;
mod nested;
mod quoted_printable;
#[cfg(test)]
mod tests;
mod uuencode;

use crate::Encoding;
use base64::{Base64, Base64Count};
use escaped::Escaped;
use nested::Nested;
pub use nested::may_be_data;
use quoted_printable::QuotedPrintable;
use uuencode::Uuencode;

/// Bytes that are decoded at once to count, for encodings whose size is known only by decoding.
const COUNT_BYTES: usize = 4096;

/// Decodes bytes in pieces. Every split of the input gives the same output.
#[derive(Clone, Debug)]
pub struct Decoder(DecoderKind);

#[derive(Clone, Debug)]
enum DecoderKind {
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
    Uuencode(Uuencode),
    Nested(Nested),
    Escaped(Escaped),
}

impl Decoder {
    /// A decoder at the start of a range.
    pub fn new(encoding: Encoding) -> Self {
        Self(match encoding {
            Encoding::Identity => DecoderKind::Identity,
            Encoding::Base64 => DecoderKind::Base64(Base64::default()),
            Encoding::QuotedPrintable => DecoderKind::QuotedPrintable(QuotedPrintable::default()),
            Encoding::Uuencode => DecoderKind::Uuencode(Uuencode::default()),
            Encoding::Base64InBase64 => DecoderKind::Nested(Nested::in_base64()),
            Encoding::Base64InQuotedPrintable => DecoderKind::Nested(Nested::in_quoted_printable()),
            Encoding::Base64Escaped => DecoderKind::Escaped(Escaped::default()),
        })
    }

    /// Decodes `input`, appending to `output`; keeps back at most a line's worth of bytes.
    pub fn push(&mut self, input: &[u8], output: &mut Vec<u8>) {
        match &mut self.0 {
            DecoderKind::Identity => output.extend_from_slice(input),
            DecoderKind::Base64(base64) => base64.push(input, output),
            DecoderKind::QuotedPrintable(quoted) => quoted.push(input, output),
            DecoderKind::Uuencode(uuencode) => uuencode.push(input, output),
            DecoderKind::Nested(nested) => nested.push(input, output),
            DecoderKind::Escaped(escaped) => escaped.push(input, output),
        }
    }

    /// Ends the input: appends what was kept back.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        match &mut self.0 {
            DecoderKind::Identity => {}
            DecoderKind::Base64(base64) => base64.finish(output),
            DecoderKind::QuotedPrintable(quoted) => quoted.finish(output),
            DecoderKind::Uuencode(uuencode) => uuencode.finish(output),
            DecoderKind::Nested(nested) => nested.finish(output),
            DecoderKind::Escaped(escaped) => escaped.finish(output),
        }
    }
}

/// Decodes bytes that are in memory as a whole: an encoded word, the beginning or the end of a file.
pub fn decoded(encoding: Encoding, encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = Decoder::new(encoding);
    decoder.push(encoded, &mut bytes);
    decoder.finish(&mut bytes);
    bytes
}

/// Tells how many bytes a [`Decoder`] gives for the same input, without keeping them; cheap for
/// base64, in which pictures come.
#[derive(Clone, Debug)]
pub struct Counter(Count);

#[derive(Clone, Debug)]
enum Count {
    Identity(u64),
    Base64(Base64Count),
    Decoded { decoder: Decoder, scratch: Vec<u8>, size: u64 },
}

impl Counter {
    /// A counter at the start of a range.
    pub fn new(encoding: Encoding) -> Self {
        Self(match encoding {
            Encoding::Identity => Count::Identity(0),
            Encoding::Base64 => Count::Base64(Base64Count::default()),
            Encoding::QuotedPrintable
            | Encoding::Uuencode
            | Encoding::Base64InBase64
            | Encoding::Base64InQuotedPrintable
            | Encoding::Base64Escaped => {
                Count::Decoded { decoder: Decoder::new(encoding), scratch: Vec::new(), size: 0 }
            }
        })
    }

    /// Counts `input`.
    pub fn push(&mut self, input: &[u8]) {
        match &mut self.0 {
            Count::Identity(size) => *size += len(input),
            Count::Base64(count) => count.push(input),
            Count::Decoded { decoder, scratch, size } => {
                for piece in input.chunks(COUNT_BYTES) {
                    scratch.clear();
                    decoder.push(piece, scratch);
                    *size += len(scratch);
                }
            }
        }
    }

    /// The decoded size, were this the end of the input.
    pub fn size(&self) -> u64 {
        match &self.0 {
            Count::Identity(size) => *size,
            Count::Base64(count) => count.size(),
            Count::Decoded { decoder, size, .. } => {
                let mut kept_back = Vec::new();
                decoder.clone().finish(&mut kept_back);
                size + len(&kept_back)
            }
        }
    }
}

/// A length as sizes are counted: no slice is longer than `u64` tells.
fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
