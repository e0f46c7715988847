//! The outermost chunks of an AVI (Microsoft's RIFF) and the frames of a Hichip recording, while they stream by:
//! both end with an index, after which nothing is missing.

use super::skip;

/// Bytes that decide which of both it is.
const KIND_BYTES: usize = 12;
/// Bytes of the head of a chunk of an AVI: its name and its length.
const CHUNK_HEAD_BYTES: usize = 8;
/// Bytes of the head of a frame of Hichip: the same, a time and a kind.
const FRAME_HEAD_BYTES: usize = 16;

/// The format of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RecordingFormat {
    /// The first bytes are to come.
    #[default]
    Unknown,
    Avi,
    Hichip,
    /// Neither, or damaged.
    Other,
}

/// The chunks so far.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    kind: RecordingFormat,
    /// The head of the next chunk, as far as it came.
    head: Vec<u8>,
    /// Bytes of the present chunk that are still to come.
    rest: u64,
    /// Whether the present chunk is the index.
    is_index: bool,
    has_index: bool,
}

impl Chunks {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.has_index && self.kind != RecordingFormat::Other {
            if self.rest > 0 {
                bytes = skip(&mut self.rest, bytes);
            } else {
                let Some((first, behind)) = bytes.split_first() else { return };
                self.head.push(*first);
                bytes = behind;
                self.read_head();
            }
            self.has_index = self.is_index && self.rest == 0;
        }
    }

    fn read_head(&mut self) {
        match self.kind {
            RecordingFormat::Unknown if self.head.len() >= KIND_BYTES => self.read_kind(),
            RecordingFormat::Avi if self.head.len() >= CHUNK_HEAD_BYTES => self.read_chunk(),
            RecordingFormat::Hichip if self.head.len() >= FRAME_HEAD_BYTES => self.read_chunk(),
            _ => {}
        }
    }

    fn read_kind(&mut self) {
        self.kind = match self.head.as_slice() {
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
                self.head.clear();
                RecordingFormat::Avi
            }
            [b'H', b'X', b'V', b'S' | b'T', ..] => {
                self.head.clear();
                self.rest = (FRAME_HEAD_BYTES - KIND_BYTES) as u64;
                RecordingFormat::Hichip
            }
            [b'H', b'X', b'V' | b'A', b'F', ..] => RecordingFormat::Hichip,
            _ => RecordingFormat::Other,
        };
    }

    /// Reads the head of a chunk of an AVI, or of a frame of Hichip. An AVI fills each chunk up to an even length.
    fn read_chunk(&mut self) {
        let Some((name, length)) = self.head.split_first_chunk::<4>() else { return };
        let Some(length) = length.first_chunk::<4>() else { return };
        let length = u64::from(u32::from_le_bytes(*length));
        let is_avi = self.kind == RecordingFormat::Avi;
        self.is_index = name == if is_avi { b"idx1" } else { b"HXFI" };
        self.rest = if is_avi { length.next_multiple_of(2) } else { length };
        if !is_avi && !matches!(name, b"HXVF" | b"HXAF" | b"HXFI") {
            self.kind = RecordingFormat::Other;
        }
        self.head.clear();
    }

    /// Whether the index is there, with all of its bytes.
    pub(super) fn have_index(&self) -> bool {
        self.has_index
    }
}
