//! The length that a file states in its first bytes.

use tipoff_model::file_type::FileType;

/// No RIFF file says that it is longer: recorders that cannot go back to the beginning leave such a length there, or
/// zero. (OpenDML AVI 1.02 ends each part at 1 GB.)
const RIFF_BYTES_MAX: u32 = 0x7FFF_0000;
/// By so much the length in an AVI may be too large: that of the file where that of what follows belongs.
const AVI_EXCESS_BYTES: u64 = 8;
/// Where the first element of a Matroska has its length.
const EBML_LENGTH_AT: usize = 4;
/// The element that everything else is in.
const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];

/// Bytes that a file of this file type has at least if it is whole; `None` if it does not say.
pub(super) fn stated(head: &[u8], file_type: &FileType) -> Option<u64> {
    match file_type.content_type {
        "video/x-msvideo" => Some(riff(head)?.saturating_sub(AVI_EXCESS_BYTES)),
        "image/webp" | "audio/wav" => riff(head),
        "image/bmp" => {
            let bytes = u32::from_le_bytes(*head.get(2..)?.first_chunk()?);
            (bytes > 0).then_some(bytes.into())
        }
        "video/x-matroska" | "video/webm" => matroska(head),
        _ => None,
    }
}

/// The byte that fills the last chunk up may be missing.
fn riff(head: &[u8]) -> Option<u64> {
    let bytes = u32::from_le_bytes(*head.get(4..)?.first_chunk()?);
    (1..RIFF_BYTES_MAX).contains(&bytes).then(|| u64::from(bytes & !1) + 8)
}

/// RFC 9559, section 5.1: an EBML header, then one segment.
fn matroska(head: &[u8]) -> Option<u64> {
    let (header, behind) = length(head, EBML_LENGTH_AT)?;
    let segment_at = behind.checked_add(usize::try_from(header).ok()?)?;
    let name = head.get(segment_at..)?.first_chunk()?;
    let (bytes, behind) = length(head, segment_at + SEGMENT.len())?;
    (*name == SEGMENT).then(|| (behind as u64).checked_add(bytes)).flatten()
}

/// The length at this place, and where it ends (RFC 8794, section 4); `None` if it is unknown.
fn length(head: &[u8], at: usize) -> Option<(u64, usize)> {
    let bytes = head.get(at..)?;
    let count = bytes.first()?.leading_zeros() as usize + 1;
    if count > 8 {
        return None;
    }
    let value = bytes.get(..count)?.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let all_ones = (1_u64 << (7 * count)) - 1;
    let value = value & all_ones;
    (value != all_ones).then_some((value, at + count))
}
