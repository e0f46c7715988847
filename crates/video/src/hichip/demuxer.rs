//! Finds the frames in the bytes of a file. It accepts what a broken transfer leaves: a file that begins or ends
//! anywhere, missing bytes inside of a frame, and garbage between two frames. It holds at most two frames.

use memchr::memmem;

use crate::codec::Codec;

/// The longest frame, in bytes: a key frame of 4K has less than half of it.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Length of every header, in bytes.
const HEADER_BYTES: usize = 16;
/// Bytes behind the header of a frame that show that it is one.
const PROOF_BYTES: usize = 4;
/// The longest side in a file header that is believed, in pixels.
const SIDE_PX_MAX: u32 = 16_384;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A NAL unit, behind a start code.
    Video,
    /// Sound.
    Sound,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds.
    pub kind: FrameKind,
    /// The camera's clock, in milliseconds. It wraps, and may jump.
    pub time_ms: u32,
    /// What it holds, without its header.
    pub bytes: &'a [u8],
}

/// Finds the frames in bytes that are pushed in any pieces.
#[derive(Debug, Default)]
pub struct Demuxer {
    buffer: Vec<u8>,
    /// How much of the buffer is done with.
    at: usize,
    ended: bool,
    /// The last bytes were garbage: from here on a header must be proven.
    lost: bool,
    codec: Option<Codec>,
    size: Option<(u32, u32)>,
}

/// The header at a place.
enum Header {
    /// The header of the file, with width and height if they can be believed.
    File(Codec, Option<(u32, u32)>),
    Frame {
        kind: FrameKind,
        length: usize,
        time_ms: u32,
    },
    Index,
    None,
}

impl Demuxer {
    /// Takes the next bytes of the file. Call [`Demuxer::next_frame`] until it has none before pushing more.
    pub fn push(&mut self, bytes: &[u8]) {
        // Moved only where at least half of it is free: each byte is moved once on average.
        if self.at * 2 >= self.buffer.len() {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The file has no more bytes: a frame that was cut off is given as far as it came.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The codec that the file header names; `None` before it, and if the file has none.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// Width and height in pixels, as the file header has them.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// Bytes that are held, for the test of the bound.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.buffer.len()
    }

    /// The next frame; `None` if more bytes are needed, or at the end of the file.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        loop {
            let unread = self.buffer.get(self.at..).unwrap_or_default();
            if unread.len() < HEADER_BYTES && !self.ended {
                return None;
            }
            let header = match self.lost && !is_proven(unread) {
                true => Header::None,
                false => header(unread),
            };
            self.lost = matches!(header, Header::None);
            match header {
                Header::File(codec, size) => {
                    (self.codec, self.size) = (Some(codec), size.or(self.size));
                    self.at += HEADER_BYTES;
                }
                // Its table is passed over like garbage: its length is not trusted.
                Header::Index => self.at += HEADER_BYTES,
                Header::None => {
                    let passed = garbage(unread, self.ended);
                    if passed == 0 {
                        return None;
                    }
                    self.at += passed;
                }
                Header::Frame { kind, length, time_ms } => {
                    let length = payload(unread, length, self.ended)?;
                    let start = self.at + HEADER_BYTES;
                    self.at = start + length;
                    let bytes = self.buffer.get(start..start + length).unwrap_or_default();
                    return Some(Frame { kind, time_ms, bytes });
                }
            }
        }
    }
}

/// Length of a frame's content. If neither a header nor the end of the file follows it, bytes of it may be missing,
/// and the next frame may begin inside of the length that it claims. `None` if more bytes are needed to know.
fn payload(unread: &[u8], length: usize, ended: bool) -> Option<usize> {
    let claimed = HEADER_BYTES + length;
    let behind = unread.get(claimed..).unwrap_or_default();
    if !ended && (unread.len() < claimed || behind.len() < PROOF_BYTES) {
        return None;
    }
    let content = unread.get(HEADER_BYTES..unread.len().min(claimed)).unwrap_or_default();
    if unread.len() >= claimed && (behind.len() < PROOF_BYTES || tag(behind).is_some()) {
        return Some(length);
    }
    if !ended && behind.len() < HEADER_BYTES + PROOF_BYTES {
        return None;
    }
    let inside = find_mark(unread.get(HEADER_BYTES..).unwrap_or_default());
    Some(inside.map_or(content.len(), |inside| inside.min(content.len())))
}

/// How many bytes at the beginning cannot belong to a header.
fn garbage(unread: &[u8], ended: bool) -> usize {
    let rest = unread.get(1..).unwrap_or_default();
    match (find_mark(rest), ended) {
        (Some(found), _) => found + 1,
        (None, true) => unread.len(),
        (None, false) => unread.len().saturating_sub(HEADER_BYTES + PROOF_BYTES - 1),
    }
}

/// Offset of the first header that the bytes behind it confirm. Inside of a NAL unit none is confirmed, because the
/// three bytes of a start code never occur there (H.264 section 7.4.1, H.265 section 7.4.2).
pub(super) fn find_mark(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b"HX").find(|&at| is_proven(bytes.get(at..).unwrap_or_default()))
}

fn is_proven(bytes: &[u8]) -> bool {
    let content = bytes.get(HEADER_BYTES..).unwrap_or_default();
    match header(bytes) {
        Header::File(_, size) => size.is_some(),
        Header::Frame { kind: FrameKind::Video, .. } => {
            matches!(content, [0, 0, 1, ..] | [0, 0, 0, 1, ..])
        }
        Header::Frame { kind: FrameKind::Sound, .. } => matches!(content, [0, 1, _, 0, ..]),
        Header::Index | Header::None => false,
    }
}

fn tag(bytes: &[u8]) -> Option<&[u8]> {
    let tag = bytes.get(..4)?;
    matches!(tag, b"HXVS" | b"HXVT" | b"HXVF" | b"HXAF" | b"HXFI").then_some(tag)
}

fn header(bytes: &[u8]) -> Header {
    let (Some(tag), Some(first), Some(second)) = (tag(bytes), number(bytes, 4), number(bytes, 8))
    else {
        return Header::None;
    };
    if bytes.len() < HEADER_BYTES {
        return Header::None;
    }
    let kind = match tag {
        b"HXVS" => return Header::File(Codec::H264, sides(first, second)),
        b"HXVT" => return Header::File(Codec::H265, sides(first, second)),
        b"HXVF" => FrameKind::Video,
        b"HXAF" => FrameKind::Sound,
        _ => return Header::Index,
    };
    match usize::try_from(first) {
        Ok(length) if length <= FRAME_BYTES_MAX => Header::Frame { kind, length, time_ms: second },
        _ => Header::None,
    }
}

fn sides(width_px: u32, height_px: u32) -> Option<(u32, u32)> {
    let is_side = |side: u32| (1..=SIDE_PX_MAX).contains(&side);
    (is_side(width_px) && is_side(height_px)).then_some((width_px, height_px))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
