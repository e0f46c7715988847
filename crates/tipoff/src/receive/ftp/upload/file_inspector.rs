//! Inspects an uploaded file while it streams by: what it is, and whether it is complete. Keeps only its beginning and
//! its end.

mod boxes;
mod chunks;
mod jpeg;
mod length;

use tipoff_model::file_type::{FileType, HEAD_BYTES, by_content};

use boxes::Boxes;
use chunks::Chunks;
use jpeg::Jpeg;

/// Bytes kept of a file's end: cameras write notes of their own behind a picture.
const TAIL_BYTES: usize = 1024;
/// The two bytes that end a JPEG.
const JPEG_END: &[u8] = b"\xFF\xD9";
/// The chunk that ends a PNG.
const PNG_END: &[u8] = b"IEND\xAE\x42\x60\x82";

/// Inspects one file.
#[derive(Debug, Default)]
pub(super) struct FileInspector {
    /// The first bytes, by which the type is recognised.
    head: Vec<u8>,
    /// The end of the file, without the bytes that fill it up.
    tail: Vec<u8>,
    /// The last of the bytes after the tail that fill the file up: cameras write whole blocks of a disk.
    fill: Vec<u8>,
    size: u64,
    /// The structure as an MP4, as an AVI or Hichip recording, and as a JPEG. All three see every byte; the type
    /// decides at the end which one counts.
    boxes: Boxes,
    chunks: Chunks,
    jpeg: Jpeg,
}

impl FileInspector {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.boxes.push(bytes);
        self.chunks.push(bytes);
        self.jpeg.push(bytes);
        self.see_end(bytes);
    }

    /// Keeps the end of the file, with zeros and line ends behind it apart.
    fn see_end(&mut self, bytes: &[u8]) {
        let fill = bytes.iter().rev().take_while(|byte| matches!(byte, 0 | b'\r' | b'\n')).count();
        let (content, fill) = bytes.split_at(bytes.len() - fill);
        if !content.is_empty() {
            self.tail.append(&mut self.fill);
            keep_last(&mut self.tail, content);
        }
        keep_last(&mut self.fill, fill);
    }

    /// Size of the file in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The type of the file by its first bytes.
    pub(super) fn file_type(&self) -> Option<&'static FileType> {
        by_content(&self.head)
    }

    /// Whether it may be an MPEG transport stream (ISO 13818-1, section 2.4.3.2). One byte is not enough to classify
    /// the file as one.
    pub(super) fn may_be_a_stream(&self) -> bool {
        self.head.first() == Some(&0x47)
    }

    /// Whether the file has its end; `None` if files of its type do not show it.
    pub(super) fn is_complete(&self) -> Option<bool> {
        let file_type = self.file_type()?;
        match file_type.content_type {
            // Some are written in ways that no standard knows, but end as they must.
            "image/jpeg" => Some(self.jpeg.has_ended() || self.tail_has(JPEG_END)),
            "image/png" => Some(self.tail_has(PNG_END)),
            "video/mp4" | "video/quicktime" | "video/3gpp" => Some(self.boxes.are_complete()),
            "audio/mp4" | "image/x-canon-cr3" => Some(self.boxes.are_complete()),
            "image/heic" | "image/avif" => self.boxes.have_data(),
            "video/x-msvideo" | "video/x-hichip" if self.chunks.have_index() => Some(true),
            "video/x-msvideo" | "image/webp" | "audio/wav" | "image/bmp" | "video/x-matroska"
            | "video/webm" => length::stated(&self.head, file_type).map(|bytes| bytes <= self.size),
            _ => file_type.has_end(&self.tail),
        }
    }

    /// Whether the content allows that more of it comes.
    pub(super) fn may_go_on(&self) -> bool {
        self.is_complete() != Some(true) || self.boxes.are_fragments()
    }

    fn tail_has(&self, mark: &[u8]) -> bool {
        self.tail.windows(mark.len()).any(|window| window == mark)
    }
}

/// Passes over bytes that are of no interest, as long as `rest` counts some; counts them off. The bytes behind them.
fn skip<'b>(rest: &mut u64, bytes: &'b [u8]) -> &'b [u8] {
    let skipped = usize::try_from(*rest).unwrap_or(usize::MAX).min(bytes.len());
    *rest -= skipped as u64;
    bytes.get(skipped..).unwrap_or_default()
}

/// Adds bytes, and keeps the last of all.
fn keep_last(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default());
    let too_many = kept.len().saturating_sub(TAIL_BYTES);
    kept.drain(..too_many);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(bytes: &[u8]) -> FileInspector {
        let mut inspector = FileInspector::default();
        for piece in bytes.chunks(3) {
            inspector.push(piece);
        }
        inspector
    }

    fn box_of(kind: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + bytes.len()).unwrap().to_be_bytes();
        [length.as_slice(), kind, bytes].concat()
    }

    #[test]
    fn a_picture_is_complete_with_its_end_and_notes_behind_it() {
        let picture = b"\xFF\xD8\xFF\xE0 picture \xFF\xD9".to_vec();
        assert_eq!(inspect(&picture).is_complete(), Some(true));
        assert_eq!(inspect(&[picture.as_slice(), b"SN=123"].concat()).is_complete(), Some(true));
        assert_eq!(inspect(&picture[..picture.len() - 1]).is_complete(), Some(false));
        for behind in [vec![0; 5_000], vec![0xFF; 5_000], vec![b'x'; 70_000], b"\r\n".repeat(2_000)]
        {
            // Start, a segment with a small picture in it, a scan with a restart and a stuffed byte, the end.
            let whole = b"\xFF\xD8\xFF\xE1\0\x08\xFF\xD8\xFF\xD9--\xFF\xDA\0\x03.abc\xFF\0\xFF\xD0de\xFF\xD9";
            assert_eq!(inspect(&[whole.as_slice(), &behind].concat()).is_complete(), Some(true));
            let (torn, _) = whole.split_at(whole.len() - 2);
            let torn = [torn, &b"picture".repeat(1_000)].concat();
            assert_eq!(inspect(&torn).is_complete(), Some(false));
        }
        for (whole, fill) in [
            (b"\x89PNG\r\n\x1a\n...IEND\xAE\x42\x60\x82".as_slice(), 4_096),
            (b"GIF89a...\0;", 4_096),
        ] {
            let filled = [whole, &vec![0; fill]].concat();
            assert_eq!(inspect(&filled).is_complete(), Some(true));
            assert_eq!(inspect(&filled[..whole.len() - 1]).is_complete(), Some(false));
        }
        let noted = [b"\x89PNG\r\n\x1a\n...IEND\xAE\x42\x60\x82".as_slice(), b"SN=123456"].concat();
        assert_eq!(inspect(&noted).is_complete(), Some(true));
        assert_eq!(inspect(b"DHAV").is_complete(), None);
        assert_eq!(inspect(b"text").is_complete(), None);
    }

    #[test]
    fn an_mp4_is_complete_with_its_index_and_all_of_its_boxes() {
        let (kind, index) = (box_of(b"ftyp", b"isom0000"), box_of(b"moov", b"index"));
        let frames = box_of(b"mdat", &[7; 100]);
        let whole = [kind.clone(), frames.clone(), index.clone()].concat();
        assert_eq!(inspect(&whole).is_complete(), Some(true));
        for end in 12..whole.len() {
            assert_eq!(inspect(&whole[..end]).is_complete(), Some(false), "{end}");
        }
        let large = [b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x12".as_slice(), b"xx"].concat();
        let whole = [kind.clone(), index.clone(), large].concat();
        assert_eq!(inspect(&whole).is_complete(), Some(true));
        assert_eq!(inspect(&whole[..whole.len() - 1]).is_complete(), Some(false));
        let to_the_end = [kind.clone(), index.clone(), b"\0\0\0\0mdatxyz".to_vec()].concat();
        assert_eq!(inspect(&to_the_end).is_complete(), Some(true));
        let whole = [kind.clone(), frames.clone(), index.clone()].concat();
        let padding = vec![0; 4_096];
        for behind in [
            b"\0".as_slice(),
            b"\r\n",
            b"SN=12345678",
            b"\0\0\x10\0free",
            b"\0\0\0\0free",
            &padding,
        ] {
            assert_eq!(
                inspect(&[whole.as_slice(), behind].concat()).is_complete(),
                Some(true),
                "{behind:?}"
            );
        }
        // Another part of it that is torn is missed.
        let torn = [whole.as_slice(), b"\0\0\x10\0moof"].concat();
        assert_eq!(inspect(&torn).is_complete(), Some(false));
        let empty = [kind, b"\0\0\0\0free".to_vec(), frames, index].concat();
        assert_eq!(inspect(&empty).is_complete(), Some(true));
    }

    #[test]
    fn an_avi_says_how_long_it_is() {
        let avi = b"RIFF\x08\0\0\0AVI LIST".to_vec();
        assert_eq!(inspect(&avi).is_complete(), Some(true));
        // Writers forget the head of the file.
        assert_eq!(inspect(&avi[..15]).is_complete(), Some(true));
        let long = b"RIFF\x10\0\0\0AVI LIST".to_vec();
        assert_eq!(inspect(&long).is_complete(), Some(true));
        assert_eq!(inspect(&long[..15]).is_complete(), Some(false));
        assert_eq!(inspect(b"RIFF\0\0\0\0AVI LIST").is_complete(), None);
        assert_eq!(inspect(b"RIFF\xFF\xFF\xFF\xFFAVI LIST").is_complete(), None);
        assert_eq!(inspect(b"RIFF\xFF\xFF\xFF\x7FAVI LIST").is_complete(), None);
    }

    #[test]
    fn an_index_ends_a_recording() {
        let avi = b"RIFF\xFF\xFF\0\0AVI LIST\x03\0\0\0abc\0idx1\x04\0\0\0abcd";
        let hichip = [
            b"HXVS....____....HXVF\x03\0\0\0....\x01\0\0\0abc".as_slice(),
            b"HXAF\x01\0\0\0....\0\0\0\0aHXFI\x04\0\0\0........1234",
        ]
        .concat();
        for (whole, torn) in [(avi.as_slice(), Some(false)), (&hichip, None)] {
            assert_eq!(inspect(whole).is_complete(), Some(true));
            assert_eq!(inspect(&[whole, &[0; 5_000]].concat()).is_complete(), Some(true));
            for end in 13..whole.len() {
                assert_eq!(inspect(&whole[..end]).is_complete(), torn, "{end}");
            }
        }
        assert_eq!(inspect(&hichip[16..]).is_complete(), Some(true), "begun in the middle");
    }

    #[test]
    fn what_says_how_long_it_is_has_its_end_there() {
        for whole in [
            b"RIFF\x0c\0\0\0WEBPVP8 ----".as_slice(),
            b"RIFF\x0c\0\0\0WAVEfmt ----",
            b"BM\x14\0\0\0\0\0\0\0----------",
            b"\x1A\x45\xDF\xA3\x81-\x18\x53\x80\x67\x84----",
            b"\x1A\x45\xDF\xA3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\0\0\0\0\0\0\x04----",
            b"\0\0\0\x10ftypheic0000\0\0\0\x0cmdat1234",
        ] {
            assert_eq!(inspect(whole).is_complete(), Some(true), "{whole:?}");
            assert_eq!(inspect(&[whole, b"note"].concat()).is_complete(), Some(true), "{whole:?}");
            assert_eq!(inspect(&whole[..whole.len() - 2]).is_complete(), Some(false), "{whole:?}");
        }
        for unknown in [
            b"RIFF\xFF\xFF\xFF\xFFWAVEfmt ".as_slice(),
            b"BM\0\0\0\0\0\0\0\0----",
            b"\x1A\x45\xDF\xA3\x81-\x18\x53\x80\x67\xFF----",
            b"\x1A\x45\xDF\xA3\x81-\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF----",
            b"\x1A\x45\xDF\xA3\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFE",
            b"\x1A\x45\xDF\xA3\0",
        ] {
            assert_eq!(inspect(unknown).is_complete(), None, "{unknown:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn however_it_is_cut_it_is_judged_the_same(
            kind in proptest::sample::select(vec![
                b"\xFF\xD8\xFF\xE1\0\x04ab\xFF\xDA\0\x03.".as_slice(), b"\0\0\0\x10ftypisom0000", b"\x89PNG\r\n\x1a\n",
                b"RIFF\x30\0\0\0AVI ", b"HXVS............", b"RIFF\x30\0\0\0WEBP", b"GIF89a", b"",
            ]),
            parts in proptest::collection::vec(proptest::sample::select(vec![
                b"\xFF\xD9".as_slice(), b"\xFF", b"\0\0\0\x0cmoovidx!", b"\0\0\0\x0cmdat1234", b"\0\0\0\0", b"free", b";",
                b"IEND\xAE\x42\x60\x82", b"\0", b"\r\n", b"abc",
                b"idx1\x02\0\0\0ab", b"HXVF\x01\0\0\0--------a", b"HXFI\x01\0\0\0--------a",
            ]), 0..20),
            pieces in 1_usize..40,
        ) {
            let bytes = [kind, &parts.concat()].concat();
            let mut whole = FileInspector::default();
            whole.push(&bytes);
            let mut cut = FileInspector::default();
            bytes.chunks(pieces).for_each(|piece| cut.push(piece));
            proptest::prop_assert_eq!(whole.is_complete(), cut.is_complete());
            proptest::prop_assert_eq!(whole.tail, cut.tail);
        }
    }
}
