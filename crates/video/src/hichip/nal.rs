//! Recognises the NAL units of a stream: enough of H.264 section 7.3.1 and H.265 section 7.3.1.2 to know where a
//! picture begins. Nothing behind their first bytes is read.

use memchr::memmem;

use crate::codec::{Codec, codec_of};

/// What a NAL unit is to the unpacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A set that a decoder can begin at: H.264's sequence, H.265's video and sequence.
    ParameterSet,
    /// The first slice of a picture.
    Picture {
        /// Needs no earlier picture.
        is_key: bool,
    },
    /// A further slice of the same picture.
    Slice,
    /// A unit before a picture: a delimiter, another set, a message.
    Before,
    /// Anything else: it belongs to the picture before it.
    Behind,
}

/// The codec whose parameter set comes first in these bytes.
pub(super) fn codec(bytes: &[u8]) -> Option<Codec> {
    units(bytes).find_map(|unit| match *unit {
        [first, next, ..] => codec_of(first, next),
        _ => None,
    })
}

/// The NAL units in a frame.
pub(super) fn read(codec: Codec, bytes: &[u8]) -> impl Iterator<Item = Unit> {
    units(bytes).map(move |unit| match codec {
        Codec::H264 => h264(unit),
        Codec::H265 => h265(unit),
    })
}

/// The bytes behind each start code.
fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    memmem::find_iter(bytes, &[0, 0, 1]).filter_map(|at| bytes.get(at + 3..))
}

fn h264(unit: &[u8]) -> Unit {
    let kind = unit.first().map_or(0, |first| first & 0x1F);
    // `first_mb_in_slice` is 0: one bit that is set (section 9.1).
    let is_first = unit.get(1).is_none_or(|next| next & 0x80 != 0);
    match kind {
        1..=5 if is_first => Unit::Picture { is_key: kind == 5 },
        1..=5 => Unit::Slice,
        7 => Unit::ParameterSet,
        6 | 8 | 9 | 14..=18 => Unit::Before,
        _ => Unit::Behind,
    }
}

fn h265(unit: &[u8]) -> Unit {
    let kind = unit.first().map_or(63, |first| first >> 1 & 0x3F);
    // `first_slice_segment_in_pic_flag`.
    let is_first = unit.get(2).is_none_or(|next| next & 0x80 != 0);
    match kind {
        0..=31 if is_first => Unit::Picture { is_key: (16..=21).contains(&kind) },
        0..=31 => Unit::Slice,
        32 | 33 => Unit::ParameterSet,
        34 | 35 | 39 | 41..=44 | 48..=55 => Unit::Before,
        _ => Unit::Behind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_a_picture_starts() {
        let h264 = |unit: &[u8]| read(Codec::H264, &[&[0, 0, 0, 1], unit].concat()).next();
        assert_eq!(h264(&[0x67, 77]), Some(Unit::ParameterSet));
        assert_eq!(h264(&[0x47, 77]), Some(Unit::ParameterSet));
        assert_eq!(h264(&[0x68, 0xEE]), Some(Unit::Before));
        assert_eq!(h264(&[0x65, 0x88]), Some(Unit::Picture { is_key: true }));
        assert_eq!(h264(&[0x61, 0x9A]), Some(Unit::Picture { is_key: false }));
        assert_eq!(h264(&[0x61, 0x1A]), Some(Unit::Slice));
        assert_eq!(h264(&[0x0C, 0xFF]), Some(Unit::Behind));
        let h265 = |unit: &[u8]| read(Codec::H265, &[&[0, 0, 1], unit].concat()).next();
        assert_eq!(h265(&[0x40, 1, 12]), Some(Unit::ParameterSet));
        assert_eq!(h265(&[0x44, 1, 0xC0]), Some(Unit::Before));
        assert_eq!(h265(&[0x26, 1, 0xAC]), Some(Unit::Picture { is_key: true }));
        assert_eq!(h265(&[0x02, 1, 0xD0]), Some(Unit::Picture { is_key: false }));
        assert_eq!(h265(&[0x02, 1, 0x50]), Some(Unit::Slice));
        assert_eq!(h265(&[0x50, 1, 0x50]), Some(Unit::Behind));
    }

    #[test]
    fn bears_units_without_content() {
        for codec in [Codec::H264, Codec::H265] {
            assert_eq!(read(codec, b"\0\0\x01").count(), 1);
            assert_eq!(read(codec, b"\0\0").count(), 0);
        }
    }

    #[test]
    fn the_first_parameter_set_names_the_codec() {
        assert_eq!(codec(b"\0\0\0\x01\x67\x4D\0\x1F"), Some(Codec::H264));
        assert_eq!(codec(b"\0\0\0\x01\x09\xF0\0\0\x01\x67\x42"), Some(Codec::H264));
        assert_eq!(codec(b"\0\0\0\x01\x40\x01\x0C"), Some(Codec::H265));
        assert_eq!(codec(b"\0\0\0\x01\x41\x9A\x02"), None);
    }
}
