//! What an uploaded file is, and whether all of it is there: seen while it streams by. Keeps its
//! beginning and its end only.

use tipoff_model::sort::{HEAD_BYTES, Sort, by_content};

/// Bytes kept of a file's end: cameras write notes of their own behind a picture.
const TAIL_BYTES: usize = 1024;
/// The two bytes that end a JPEG.
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// A file while it streams by.
#[derive(Debug, Default)]
pub(super) struct Look {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    boxes: Boxes,
}

impl Look {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.boxes.push(bytes);
        let newest = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
        self.tail.extend_from_slice(newest);
        let too_many = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..too_many);
    }

    /// What the first bytes tell.
    pub(super) fn sort(&self) -> Option<&'static Sort> {
        by_content(&self.head)
    }

    /// Whether the file has its end; none: its sort does not tell.
    pub(super) fn is_complete(&self) -> Option<bool> {
        let sort = self.sort()?;
        match sort.content_type {
            "image/jpeg" => Some(self.tail.windows(2).any(|pair| pair == JPEG_END)),
            "video/mp4" | "video/quicktime" | "video/3gpp" => Some(self.boxes.are_complete()),
            "video/x-msvideo" => self.riff_bytes().map(|bytes| bytes <= self.size),
            _ => sort.has_end(&self.tail),
        }
    }

    /// How long the file says it is. Recorders that were cut off leave zero there.
    fn riff_bytes(&self) -> Option<u64> {
        let length = self.head.get(4..8)?;
        let bytes = u32::from_le_bytes(length.try_into().ok()?);
        (bytes != 0).then(|| u64::from(bytes) + 8)
    }
}

/// The outermost boxes of an MP4 (ISO 14496-12, section 4.2).
#[derive(Debug, Default)]
struct Boxes {
    header: Vec<u8>,
    /// How much of the present box is still to come.
    rest: u64,
    /// The present box goes on to the end of the file.
    is_last: bool,
    has_index: bool,
    is_odd: bool,
}

impl Boxes {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_last && !self.is_odd {
            if self.rest > 0 {
                let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
                self.rest -= skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let Some((first, behind)) = bytes.split_first() else { return };
            self.header.push(*first);
            bytes = behind;
            self.read_header();
        }
    }

    fn read_header(&mut self) {
        let Some((length, kind)) = self.header.split_first_chunk::<4>() else { return };
        let Some((kind, large)) = kind.split_first_chunk::<4>() else { return };
        let (length, header_bytes) = match (u32::from_be_bytes(*length), large.first_chunk::<8>()) {
            (1, None) => return,
            (1, Some(large)) => (u64::from_be_bytes(*large), 16),
            (length, _) => (u64::from(length), 8),
        };
        self.has_index |= kind == b"moov";
        self.is_last = length == 0;
        self.is_odd = !self.is_last && length < header_bytes;
        self.rest = length.saturating_sub(header_bytes);
        self.header.clear();
    }

    /// Without its index no video plays.
    fn are_complete(&self) -> bool {
        self.has_index && self.rest == 0 && (self.header.is_empty() || self.is_odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &[u8]) -> Look {
        let mut look = Look::default();
        for piece in bytes.chunks(3) {
            look.push(piece);
        }
        look
    }

    fn box_of(kind: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + bytes.len()).unwrap().to_be_bytes();
        [length.as_slice(), kind, bytes].concat()
    }

    #[test]
    fn a_picture_is_complete_with_its_end_and_notes_behind_it() {
        let picture = b"\xFF\xD8\xFF\xE0 picture \xFF\xD9".to_vec();
        assert_eq!(look(&picture).is_complete(), Some(true));
        assert_eq!(look(&[picture.as_slice(), b"SN=123"].concat()).is_complete(), Some(true));
        assert_eq!(look(&picture[..picture.len() - 1]).is_complete(), Some(false));
        assert_eq!(look(b"DHAV").is_complete(), None);
        assert_eq!(look(b"text").is_complete(), None);
    }

    #[test]
    fn an_mp4_is_complete_with_its_index_and_all_of_its_boxes() {
        let (kind, index) = (box_of(b"ftyp", b"isom0000"), box_of(b"moov", b"index"));
        let frames = box_of(b"mdat", &[7; 100]);
        let whole = [kind.clone(), frames.clone(), index.clone()].concat();
        assert_eq!(look(&whole).is_complete(), Some(true));
        for end in 12..whole.len() {
            assert_eq!(look(&whole[..end]).is_complete(), Some(false), "{end}");
        }
        let large = [b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x12".as_slice(), b"xx"].concat();
        let whole = [kind.clone(), index.clone(), large].concat();
        assert_eq!(look(&whole).is_complete(), Some(true));
        assert_eq!(look(&whole[..whole.len() - 1]).is_complete(), Some(false));
        let to_the_end = [kind, index, b"\0\0\0\0mdatxyz".to_vec()].concat();
        assert_eq!(look(&to_the_end).is_complete(), Some(true));
    }

    #[test]
    fn an_avi_says_how_long_it_is() {
        let avi = b"RIFF\x08\0\0\0AVI LIST".to_vec();
        assert_eq!(look(&avi).is_complete(), Some(true));
        assert_eq!(look(&avi[..15]).is_complete(), Some(false));
        assert_eq!(look(b"RIFF\0\0\0\0AVI LIST").is_complete(), None);
    }
}
