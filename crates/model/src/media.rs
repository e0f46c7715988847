//! Pictures, videos and files inside an arrival.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// How a service shows a file. Found by content if the first bytes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A still picture (JPEG, PNG, WebP, TIFF …).
    Picture,
    /// A moving GIF.
    Animation,
    /// A video in any container.
    Video,
    /// Everything else.
    File,
}

/// How the bytes are encoded in the stored blob (RFC 2045, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Not encoded: an upload, or a part in 7bit, 8bit or binary.
    Identity,
    /// RFC 2045, section 6.8, read leniently.
    Base64,
    /// RFC 2045, section 6.7, read leniently.
    QuotedPrintable,
    /// The uuencode of old mailers. The range has the data lines only.
    Uuencode,
    /// Base64 in an address of a page (RFC 2397) that is itself base64. The range begins shortly
    /// before the comma in front of the data.
    #[serde(rename = "base64-in-base64")]
    Base64InBase64,
    /// The same of a page in quoted-printable.
    #[serde(rename = "base64-in-quoted-printable")]
    Base64InQuotedPrintable,
    /// Base64 in JSON, a form or XML that escapes some of its letters: `\/`, `\n`, `\u003d`, `%2B`, `&#13;`.
    Base64Escaped,
}

/// A picture, video or other file: a byte range of the arrival's blob, decoded when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The name that the device gave it, made safe to show and to send on: a label, never a path.
    pub name: String,
    /// The content type: by content if that is known, else as declared.
    pub content_type: String,
    /// The kind: by content if that is known, else by the declared type.
    pub kind: MediaKind,
    /// Its byte range in the blob, still encoded.
    pub range: Range<u64>,
    /// How it is encoded there.
    pub encoding: Encoding,
    /// Size in bytes when decoded: exactly the number of bytes that [`crate::transfer::Decoder`] returns.
    pub size: u64,
    /// Whether it is complete. False if the transfer broke before its end: a JPEG without its end marker, a part that was
    /// still open when the connection broke.
    pub whole: bool,
    /// Whether an earlier, torn arrival of the same device had the same bytes and was alerted. It is stored and shown, not
    /// sent again.
    #[serde(default)]
    pub repeat: bool,
    /// Whether it is a picture that only decorates the page of a mail (a logo, a spacer). It is stored and listed as a
    /// file, not sent.
    #[serde(default)]
    pub decoration: bool,
}

impl Media {
    /// Whether it is a picture, an animation or a video, complete or not.
    pub fn is_shot(&self) -> bool {
        self.kind != MediaKind::File
    }

    /// Whether it may be a page of a scan: a file of another kind, or a TIFF.
    pub fn is_document(&self) -> bool {
        !self.is_shot() || self.content_type == "image/tiff"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_a_file_shows_something() {
        for (kind, shows) in [
            (MediaKind::Picture, true),
            (MediaKind::Animation, true),
            (MediaKind::Video, true),
            (MediaKind::File, false),
        ] {
            assert_eq!(crate::testing::media(kind).is_shot(), shows, "{kind:?}");
        }
    }

    #[test]
    fn a_file_and_a_tiff_may_be_a_page_of_a_scan() {
        let tiff = Media {
            content_type: "image/tiff".to_owned(),
            ..crate::testing::media(MediaKind::Picture)
        };
        assert!(tiff.is_document() && crate::testing::media(MediaKind::File).is_document());
        assert!(!crate::testing::media(MediaKind::Picture).is_document());
    }
}
