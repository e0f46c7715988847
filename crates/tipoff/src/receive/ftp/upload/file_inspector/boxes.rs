//! The outermost boxes of an MP4 (ISO 14496-12, section 4.2), while it streams by.

use super::skip;

/// Boxes without which a video does not play.
const NEEDED: [&[u8; 4]; 3] = [b"moov", b"mdat", b"moof"];
/// Other boxes that occur in files. Unknown ones after a whole video are not boxes: recorders fill files up to a round
/// size, or append notes.
const KNOWN: [&[u8; 4]; 15] = [
    b"ftyp", b"free", b"skip", b"wide", b"uuid", b"udta", b"meta", b"mfra", b"sidx", b"ssix",
    b"styp", b"pdin", b"prft", b"emsg", b"pnot",
];

/// The boxes so far.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    header: Vec<u8>,
    /// Bytes of the present box that are still to come.
    rest: u64,
    /// Whether the present box must be whole.
    is_needed: bool,
    /// Whether the present box has the frames, or the data of a picture.
    is_data: bool,
    /// The present box extends to the end of the file.
    is_last: bool,
    has_index: bool,
    has_frames: bool,
    /// Whether it consists of fragments, and more may follow (section 8.8.4).
    has_fragments: bool,
    /// The bytes that follow are not boxes.
    is_odd: bool,
}

impl Boxes {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_last && !self.is_odd {
            if self.rest > 0 {
                bytes = skip(&mut self.rest, bytes);
                continue;
            }
            let Some((first, behind)) = bytes.split_first() else { return };
            self.header.push(*first);
            bytes = behind;
            self.read_header();
        }
    }

    /// Reads the header of the next box once it is complete: 8 bytes, or 16 with a large size.
    fn read_header(&mut self) {
        let Some((length, kind)) = self.header.split_first_chunk::<4>() else { return };
        let Some((kind, large)) = kind.split_first_chunk::<4>() else { return };
        let is_known = KNOWN.contains(&kind);
        self.is_needed = NEEDED.contains(&kind) || !(is_known || self.has_both());
        if !self.is_needed && !is_known {
            self.is_odd = true;
            return;
        }
        let (length, header_bytes) = match (u32::from_be_bytes(*length), large.first_chunk::<8>()) {
            (1, None) => return,
            (1, Some(large)) => (u64::from_be_bytes(*large), 16),
            // Only frames extend to the end: another box with length 0 is empty.
            (0, _) if is_known => (8, 8),
            (length, _) => (u64::from(length), 8),
        };
        self.has_index |= kind == b"moov";
        self.has_fragments |= kind == b"moof";
        self.is_data = kind == b"mdat";
        self.has_frames |= kind == b"mdat" || kind == b"moof";
        self.is_last = length == 0;
        self.is_odd = !self.is_last && length < header_bytes;
        self.rest = length.saturating_sub(header_bytes);
        self.header.clear();
    }

    /// Whether index and frames are there: what follows need not be a box.
    fn has_both(&self) -> bool {
        self.has_index && self.has_frames
    }

    /// Whether more fragments may follow.
    pub(super) fn are_fragments(&self) -> bool {
        self.has_fragments
    }

    /// Whether all data of a picture are there; `None` if no box has data (yet).
    pub(super) fn have_data(&self) -> Option<bool> {
        self.has_frames.then_some(self.rest == 0 || !self.is_data)
    }

    /// Whether everything is there that the video needs to play.
    pub(super) fn are_complete(&self) -> bool {
        let is_between_boxes = self.header.is_empty() || self.is_odd || self.has_both();
        self.has_index && (self.rest == 0 || !self.is_needed) && is_between_boxes
    }
}
