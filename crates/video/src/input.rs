//! Decides which of ffmpeg's demuxers reads a source, and from which byte. The content type decides, not ffmpeg's
//! own guess, which would follow a playlist or a script to other files.

use crate::codec::{Codec, codec_of};

/// Bytes of a raw stream in which the first parameter set is searched for: the vendors' own headers before raw H.264
/// and H.265 are shorter.
pub(crate) const HEADER_BYTES_MAX: usize = 4 * 1024;

/// The demuxers that may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputFormat {
    Asf,
    Avi,
    Dhav,
    Flv,
    H264,
    Hevc,
    Matroska,
    Mov,
    Mpeg,
    MpegTs,
}

impl InputFormat {
    /// The name ffmpeg gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            InputFormat::Asf => "asf",
            InputFormat::Avi => "avi",
            InputFormat::Dhav => "dhav",
            InputFormat::Flv => "flv",
            InputFormat::H264 => "h264",
            InputFormat::Hevc => "hevc",
            InputFormat::Matroska => "matroska",
            InputFormat::Mov => "mov",
            InputFormat::Mpeg => "mpeg",
            InputFormat::MpegTs => "mpegts",
        }
    }
}

/// How a source is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) format: InputFormat,
    /// Length in bytes of the vendor's header, which is not part of the stream.
    pub(crate) skip_bytes: usize,
}

impl Input {
    /// An MP4, such as this crate makes.
    pub(crate) const MP4: Input = Input { format: InputFormat::Mov, skip_bytes: 0 };
    /// A Matroska file, such as this crate makes of Hichip's container.
    pub(crate) const MATROSKA: Input = Input { format: InputFormat::Matroska, skip_bytes: 0 };
}

/// How a source of this content type that begins with `head` is opened; `None` if it is no video.
pub(crate) fn of(content_type: &str, head: &[u8]) -> Option<Input> {
    let format = match content_type {
        "video/mp4" | "video/quicktime" | "video/3gpp" => InputFormat::Mov,
        "video/x-msvideo" => InputFormat::Avi,
        "video/x-matroska" | "video/webm" => InputFormat::Matroska,
        "video/x-dav" => InputFormat::Dhav,
        // Hikvision's 40 bytes stay: the demuxer knows them, and reads their sound codec by them.
        "video/x-hikvision" | "video/mpeg" => InputFormat::Mpeg,
        "video/mp2t" => InputFormat::MpegTs,
        "video/x-flv" => InputFormat::Flv,
        "video/x-ms-wmv" => InputFormat::Asf,
        "video/h264" => return Some(raw(InputFormat::H264, head)),
        "video/h265" => return Some(raw(InputFormat::Hevc, head)),
        "application/octet-stream" => return parameter_set(head),
        _ => return None,
    };
    Some(Input { format, skip_bytes: 0 })
}

/// A raw stream whose codec is known. Bytes before its first parameter set are skipped.
fn raw(format: InputFormat, head: &[u8]) -> Input {
    parameter_set(head)
        .filter(|found| found.format == format)
        .unwrap_or(Input { format, skip_bytes: 0 })
}

/// The first Annex B start code that opens a parameter set, which a decoder can begin at.
fn parameter_set(head: &[u8]) -> Option<Input> {
    let head = head.get(..HEADER_BYTES_MAX).unwrap_or(head);
    head.windows(5).enumerate().find_map(|(at, window)| {
        let [0, 0, 1, unit, next] = *window else {
            return None;
        };
        let format = match codec_of(unit, next)? {
            Codec::H264 => InputFormat::H264,
            Codec::H265 => InputFormat::Hevc,
        };
        // A start code may have a fourth byte, another zero before it.
        let long = at > 0 && head.get(at - 1) == Some(&0);
        Some(Input { format, skip_bytes: at - usize::from(long) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPS: [u8; 8] = [0, 0, 0, 1, 0x67, 66, 0, 30];
    const VPS: [u8; 8] = [0, 0, 0, 1, 0x40, 1, 12, 1];

    fn found(format: InputFormat, skip_bytes: usize) -> Option<Input> {
        Some(Input { format, skip_bytes })
    }

    #[test]
    fn reads_each_type_with_its_own_demuxer() {
        let table = [
            ("video/mp4", "mov"),
            ("video/quicktime", "mov"),
            ("video/3gpp", "mov"),
            ("video/x-msvideo", "avi"),
            ("video/x-matroska", "matroska"),
            ("video/webm", "matroska"),
            ("video/x-dav", "dhav"),
            ("video/x-hikvision", "mpeg"),
            ("video/mpeg", "mpeg"),
            ("video/mp2t", "mpegts"),
            ("video/x-flv", "flv"),
            ("video/x-ms-wmv", "asf"),
            ("video/h264", "h264"),
            ("video/h265", "hevc"),
        ];
        for (content_type, format) in table {
            let input = of(content_type, &SPS[4..]).unwrap();
            assert_eq!((input.format.name(), input.skip_bytes), (format, 0));
        }
        for content_type in ["image/jpeg", "application/x-mpegurl", "text/plain", ""] {
            assert_eq!(of(content_type, &SPS), None);
        }
    }

    #[test]
    fn skips_a_header_before_a_raw_stream() {
        let unknown = "application/octet-stream";
        let behind = |header: usize, set: &[u8]| [&vec![0x5a; header], set].concat();
        assert_eq!(of(unknown, &behind(0, &SPS)), found(InputFormat::H264, 0));
        assert_eq!(of(unknown, &behind(64, &SPS)), found(InputFormat::H264, 64));
        assert_eq!(of(unknown, &behind(64, &SPS[1..])), found(InputFormat::H264, 64));
        assert_eq!(of(unknown, &behind(9, &VPS)), found(InputFormat::Hevc, 9));
        assert_eq!(of("video/h264", &behind(9, &SPS)), found(InputFormat::H264, 9));
        // A stream that says H.264 is not read as H.265 because of what is found in it.
        assert_eq!(of("video/h264", &behind(9, &VPS)), found(InputFormat::H264, 0));
        assert_eq!(of(unknown, b"neither"), None);
        assert_eq!(of(unknown, &[0, 0, 1, 0x67, 3]), None);
    }

    #[test]
    fn looks_no_further_than_the_limit() {
        let behind = |header: usize| [&vec![0x5a; header], &SPS[1..6]].concat();
        let last = HEADER_BYTES_MAX - 5;
        let unknown = "application/octet-stream";
        assert_eq!(of(unknown, &behind(last)), found(InputFormat::H264, last));
        assert_eq!(of(unknown, &behind(last + 1)), None);
    }

    proptest! {
        #[test]
        fn skips_only_what_is_there(head in proptest::collection::vec(0u8..3, 0..200)) {
            if let Some(input) = of("application/octet-stream", &head) {
                prop_assert!(input.skip_bytes < head.len());
            }
        }
    }
}
