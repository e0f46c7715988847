//! The content coding of a body undone, within bounds.

use crate::content_decoder::{BOMB_BYTES, ContentDecoder};

/// Decoded bytes of a body. A larger one is refused.
pub const BODY_BYTES_MAX: u64 = 20 * 1024 * 1024;

/// Decoded bytes that any body may have, however few they are before.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// How many times larger a body may become when it is decoded.
const RATIO_MAX: u64 = 100;

/// The body is larger than [`BODY_BYTES_MAX`], or became so many times larger that it is an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is too large: at most {} MB", BODY_BYTES_MAX / 1024 / 1024)]
pub struct BodyTooLarge;

/// Undoes the content coding (RFC 9110, section 8.4) of a body while it streams by.
#[derive(Debug)]
pub struct BodyDecoder {
    decoder: ContentDecoder,
    raw_bytes: u64,
    decoded_bytes: u64,
}

impl BodyDecoder {
    /// A decoder at the begin of a body with this `Content-Encoding`.
    pub fn new(content_encoding: Option<&str>) -> Self {
        let decoder = ContentDecoder::new(content_encoding.unwrap_or_default());
        Self { decoder, raw_bytes: 0, decoded_bytes: 0 }
    }

    /// Takes some of the next bytes and returns how many: at least one, so that the rest is pushed again. Appends the
    /// decoded bytes to `decoded`, at most 130 KB (one encoding) or so at a time.
    ///
    /// # Errors
    ///
    /// If the body is too large. The decoder must not be used again.
    pub fn push(&mut self, raw: &[u8], decoded: &mut Vec<u8>) -> Result<usize, BodyTooLarge> {
        let before = decoded.len();
        let taken = self.decoder.push(raw, decoded);
        let new = decoded.len() - before;
        self.raw_bytes += taken as u64;
        self.decoded_bytes += new as u64;
        let is_bomb = new > BOMB_BYTES
            || self.decoded_bytes > RATIO_FREE_BYTES
                && self.decoded_bytes / RATIO_MAX > self.raw_bytes;
        if self.decoded_bytes > BODY_BYTES_MAX || is_bomb { Err(BodyTooLarge) } else { Ok(taken) }
    }

    /// Appends the last decoded bytes. Returns whether the coding has ended, so that nothing is missing.
    pub fn finish(&mut self, decoded: &mut Vec<u8>) -> bool {
        self.decoder.finish(decoded)
    }

    /// Bytes of memory that it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        self.decoder.held_bytes()
    }

    /// Whether a byte came.
    pub(crate) fn has_begun(&self) -> bool {
        self.raw_bytes > 0
    }
}
