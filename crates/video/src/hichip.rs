//! The container of Hichip (HiSilicon hi3510 and later) cameras: KKMoon, H811, CamHi and many names more
//! write it as `.264`, `.265` and `.250`. ffmpeg reads it from version 8.1 on, so it is unpacked here into
//! Matroska, with its own times, and read on as that. Never decodes a picture or a sound.
//!
//! ```text
//! file header   "HXVS" (H.264) or "HXVT" (H.265), width, height, 4 bytes           16 bytes
//! video         "HXVF", length, time in ms, 1 (key frame) or 2; one NAL unit       16 bytes + length
//! sound         "HXAF", length, time in ms, 0; 00 01 50 00 and 160 bytes of A-law  16 bytes + length
//! index         "HXFI", length, duration in ms, a count; 25,000 × (offset, time)   16 + 200,000 bytes
//! ```
//! All numbers are little-endian. Parameter sets and each slice are frames of their own that share a time.
//! Sound has the clock of the pictures, and comes up to a quarter of a second late.

mod clock;
mod demuxer;
mod matroska;
mod nal;
mod sound;
mod survey;
mod unpack;

pub use demuxer::{Demuxer, Frame, FrameKind};
pub use unpack::{Unpacked, unpack};

/// The content type that files of this container are stored with.
pub const CONTENT_TYPE: &str = "video/x-hichip";
/// How far into a file of an unknown vendor a frame is looked for, in bytes: a recording that begins in the
/// middle of a key frame has no other mark before that frame's end.
pub(crate) const SEARCH_BYTES_MAX: usize = 1024 * 1024;

/// True where these first bytes of a file are of this container, or have a frame of it in them.
pub(crate) fn is_in(head: &[u8]) -> bool {
    demuxer::find_mark(head).is_some()
}
