//! The two codecs of raw streams, and how their parameter sets begin.

/// The codec of a raw video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264, in Annex B form.
    H264,
    /// H.265, in Annex B form.
    H265,
}

/// The codec whose parameter set begins with these two bytes.
pub(crate) fn codec_of(unit: u8, next: u8) -> Option<Codec> {
    /// `profile_idc`, H.264 A.2: a byte that is none of them is chance, not a parameter set.
    const H264_PROFILES: [u8; 8] = [44, 66, 77, 88, 100, 110, 122, 244];
    // H.264 7.3.1: a zero bit, two bits of importance (not 0 for a parameter set), type 7.
    if unit & 0x9f == 7 && unit & 0x60 != 0 && H264_PROFILES.contains(&next) {
        return Some(Codec::H264);
    }
    // H.265 7.3.1.2: a zero bit, six bits of type (32 and 33), layer 0, first temporal layer.
    matches!((unit, next), (0x40 | 0x42, 1)).then_some(Codec::H265)
}
