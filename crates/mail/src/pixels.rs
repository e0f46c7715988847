//! Reads width and height of a PNG, GIF, BMP or JPEG from its first bytes, without decoding it. [`crate::decoration`]
//! uses them.

/// Number of first bytes that contain the size of most pictures. In a JPEG it follows the tables and the notes of
/// the camera (Exif).
pub(crate) const PIXELS_HEAD_BYTES: usize = 4096;

/// Number of segments that are skipped before the frame of a JPEG.
const SEGMENTS_MAX: usize = 64;

/// Width and height in pixels; `None` if `head` does not contain them.
pub(crate) fn pixels(head: &[u8]) -> Option<(u32, u32)> {
    match head {
        [0x89, b'P', b'N', b'G', _, _, _, _, _, _, _, _, b'I', b'H', b'D', b'R', rest @ ..] => {
            let (width, rest) = rest.split_first_chunk()?;
            let (height, _) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', w0, w1, h0, h1, ..] => {
            Some((u16::from_le_bytes([*w0, *w1]).into(), u16::from_le_bytes([*h0, *h1]).into()))
        }
        [b'B', b'M', ..] => {
            let (width, rest) = head.get(18..)?.split_first_chunk()?;
            let (height, _) = rest.split_first_chunk()?;
            let height = i32::from_le_bytes(*height).unsigned_abs();
            Some((u32::from_le_bytes(*width), height))
        }
        [0xFF, 0xD8, rest @ ..] => frame(rest),
        _ => None,
    }
}

/// Width and height of a JPEG: the frame header contains the height, then the width (ITU-T T.81, B.2.2).
fn frame(mut rest: &[u8]) -> Option<(u32, u32)> {
    for _ in 0..SEGMENTS_MAX {
        let (&[0xFF, marker], behind) = rest.split_first_chunk()? else {
            return None;
        };
        if marker == 0xFF {
            rest = rest.get(1..)?;
            continue;
        }
        let (length, _) = behind.split_first_chunk()?;
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let (&[h0, h1, w0, w1], _) = behind.get(3..)?.split_first_chunk()?;
            return Some((
                u16::from_be_bytes([w0, w1]).into(),
                u16::from_be_bytes([h0, h1]).into(),
            ));
        }
        rest = behind.get(usize::from(u16::from_be_bytes(*length)).max(2)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_read_from_the_head() {
        for (head, expected) in [
            (
                b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR\0\0\x01\x40\0\0\0\xF0\x08".as_slice(),
                Some((320, 240)),
            ),
            (b"GIF89a\x01\0\x02\0", Some((1, 2))),
            (
                b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\x01\0\0\x10\xFF\xFF\xFF",
                Some((320, 240)),
            ),
            (b"\xFF\xD8\xFF\xE0\0\x04JF\xFF\xFF\xC0\0\x0B\x08\0\xF0\x01\x40\x01", Some((320, 240))),
            (b"\xFF\xD8\xFF\xC4\0\x03x\xFF\xC2\0\x0B\x08\0\xF0\x01\x40", Some((320, 240))),
            (b"\xFF\xD8\xFF\xE0\xFF\xFFJF", None),
            (b"\xFF\xD8\xFF\xE0\0\0", None),
            (b"\xFF\xD8x", None),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR\0\0", None),
            (b"GIF8", None),
            (b"", None),
        ] {
            assert_eq!(pixels(head), expected, "{head:?}");
        }
    }
}
