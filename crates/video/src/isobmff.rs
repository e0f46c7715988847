//! Reads the outermost boxes of an MP4 (ISO/IEC 14496-12, 4.2): whether its index comes before its pictures, and
//! whether it has one. The content of boxes is not read.

use std::io::{self, Read, Seek, SeekFrom};

/// The boxes that a file may begin with (ISO/IEC 14496-12, 4.3; the QuickTime file format).
const FIRST_BOXES: [&[u8; 4]; 8] =
    [b"ftyp", b"styp", b"mdat", b"free", b"skip", b"wide", b"moov", b"uuid"];

/// Number of boxes that are read: a camera's MP4 has fewer than ten.
const BOXES_MAX: usize = 64;

/// True where `moov` comes before `mdat`, so that a player can begin before it has the whole file.
/// An MP4 in fragments (`moof`) is not meant: chats show no duration for it.
pub(crate) fn has_index_first<R: Read + Seek>(file: &mut R) -> io::Result<bool> {
    let mut indexed = false;
    let mut at = 0_u64;
    for _ in 0..BOXES_MAX {
        file.seek(SeekFrom::Start(at))?;
        let Some((size, kind, _)) = header(file)? else {
            return Ok(false);
        };
        match &kind {
            b"moov" => indexed = true,
            b"mdat" => return Ok(indexed),
            b"moof" => return Ok(false),
            _ => {}
        }
        // Size 0 is "to the end of the file"; a size below its own header is nonsense.
        let Some(next) = at.checked_add(size).filter(|_| size >= 8) else {
            return Ok(false);
        };
        at = next;
    }
    Ok(false)
}

/// True where no box of a file is an index (`moov`), nor a fragment with one of its own (`moof`): the
/// camera did not end the recording, or the transfer broke off, and no program can play it.
pub fn lacks_index<R: Read>(file: &mut R) -> io::Result<bool> {
    for place in 0..BOXES_MAX {
        let Some((size, kind, header_bytes)) = header(file)? else {
            return Ok(place > 0);
        };
        // Garbage has no boxes, and a video no other box at its beginning.
        if place == 0 && !FIRST_BOXES.contains(&&kind) {
            return Ok(false);
        }
        if matches!(&kind, b"moov" | b"moof") {
            return Ok(false);
        }
        // Size 0 is "to the end of the file".
        let Some(content) = size.checked_sub(header_bytes) else {
            return Ok(true);
        };
        if io::copy(&mut file.take(content), &mut io::sink())? < content {
            return Ok(true);
        }
    }
    // More boxes than are looked at.
    Ok(false)
}

/// The size of a box, its kind, and how long its header is.
fn header<R: Read>(file: &mut R) -> io::Result<Option<(u64, [u8; 4], u64)>> {
    let (mut size, mut kind, mut large) = ([0; 4], [0; 4], [0; 8]);
    if !fill(file, &mut size)? || !fill(file, &mut kind)? {
        return Ok(None);
    }
    match u32::from_be_bytes(size) {
        // Size 1: a 64-bit size follows the type.
        1 if fill(file, &mut large)? => Ok(Some((u64::from_be_bytes(large), kind, 16))),
        1 => Ok(None),
        size => Ok(Some((u64::from(size), kind, 8))),
    }
}

/// `read_exact`, but the end of the file is an answer, not an error.
fn fill<R: Read>(file: &mut R, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], content: usize) -> Vec<u8> {
        let size = u32::try_from(content + 8).unwrap().to_be_bytes();
        [&size, &kind[..], &vec![0; content]].concat()
    }

    fn first(boxes: &[Vec<u8>]) -> bool {
        has_index_first(&mut Cursor::new(boxes.concat())).unwrap()
    }

    #[test]
    fn tells_where_the_index_stands() {
        let (moov, mdat, ftyp) = (boxed(b"moov", 9), boxed(b"mdat", 5), boxed(b"ftyp", 8));
        assert!(first(&[ftyp.clone(), moov.clone(), mdat.clone()]));
        assert!(!first(&[ftyp.clone(), mdat.clone(), moov.clone()]));
        assert!(!first(&[ftyp.clone(), moov.clone(), boxed(b"moof", 4), mdat.clone()]));
        assert!(!first(&[ftyp, moov.clone()]));
        let large = [&[0, 0, 0, 1], &b"free"[..], &20_u64.to_be_bytes(), &[0; 4]].concat();
        assert!(first(&[large, moov.clone(), mdat.clone()]));
        // To the end of the file: nothing can follow, but an `mdat` may be it.
        let open = [&[0; 4], &b"mdat"[..], &[1; 30]].concat();
        assert!(first(&[moov, open]));
        assert!(!first(&[vec![0, 0, 0, 7, b'f', b'r', b'e', b'e'], mdat]));
    }

    #[test]
    fn tells_where_there_is_no_index() {
        let lacks = |boxes: &[Vec<u8>]| lacks_index(&mut Cursor::new(boxes.concat())).unwrap();
        let (moov, mdat, ftyp) = (boxed(b"moov", 9), boxed(b"mdat", 5), boxed(b"ftyp", 8));
        assert!(lacks(&[ftyp.clone(), mdat.clone()]));
        assert!(!lacks(&[ftyp.clone(), mdat.clone(), moov]));
        assert!(!lacks(&[ftyp.clone(), boxed(b"moof", 4), mdat.clone()]));
        let large = [&[0, 0, 0, 1], &b"mdat"[..], &20_u64.to_be_bytes(), &[0; 4]].concat();
        assert!(!lacks(&[ftyp.clone(), large, boxed(b"moov", 1)]));
        // Cut inside of its pictures, to the end of the file, and not an MP4 at all.
        assert!(lacks(&[ftyp.clone(), mdat[..10].to_vec()]));
        assert!(lacks(&[ftyp, [&[0; 4], &b"mdat"[..], &[1; 30]].concat()]));
        assert!(!lacks(&[b"no boxes at all".to_vec()]) && !lacks(&[]), "that is no MP4");
    }

    #[test]
    fn looks_at_so_many_boxes_and_no_more() {
        let with = |free: usize| {
            let mut boxes = vec![boxed(b"free", 0); free];
            boxes.extend([boxed(b"moov", 0), boxed(b"mdat", 0)]);
            first(&boxes)
        };
        assert!(with(BOXES_MAX - 2));
        assert!(!with(BOXES_MAX - 1));
    }

    proptest! {
        #[test]
        fn ends_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            has_index_first(&mut Cursor::new(&bytes)).unwrap();
            lacks_index(&mut Cursor::new(bytes)).unwrap();
        }
    }
}
