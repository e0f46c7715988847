//! Finds the end of a JPEG (ITU T.81, annex B) while it streams by: also if kilobytes of padding or of a vendor's notes
//! follow. The thumbnail inside many pictures is skipped.

use memchr::memchr;

/// The part of a picture that comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum NextPart {
    /// The first byte of a marker.
    #[default]
    Marker,
    /// The second byte of a marker.
    Code,
    /// The first byte of the length of a segment; whether picture data follow it.
    Length { is_scan: bool },
    /// The second byte of the length, after this first one.
    LengthEnd { is_scan: bool, high: u8 },
    /// So many more bytes of a segment.
    Segment { is_scan: bool, rest: usize },
    /// Picture data.
    Scan,
    /// The byte behind 0xFF in picture data.
    ScanCode,
    /// The picture has ended.
    Ended,
    /// It is no JPEG, or a damaged one.
    Lost,
}

/// The picture so far.
#[derive(Debug, Default)]
pub(super) struct Jpeg(NextPart);

impl Jpeg {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !matches!(self.0, NextPart::Ended | NextPart::Lost) && !bytes.is_empty() {
            if let NextPart::Segment { is_scan, rest } = self.0 {
                let skipped = rest.min(bytes.len());
                self.0 = segment(is_scan, rest - skipped);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            if self.0 == NextPart::Scan {
                let skipped = memchr(0xFF, bytes).unwrap_or(bytes.len());
                bytes = bytes.get(skipped..).unwrap_or_default();
            }
            let Some((byte, behind)) = bytes.split_first() else { return };
            self.0 = self.0.after(*byte);
            bytes = behind;
        }
    }

    /// Whether the end of the picture was seen.
    pub(super) fn has_ended(&self) -> bool {
        self.0 == NextPart::Ended
    }
}

impl NextPart {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Marker, 0xFF) => Self::Code,
            (Self::Marker, _) => Self::Lost,
            (Self::Scan, _) => Self::ScanCode,
            (Self::ScanCode, 0x00 | 0xD0..=0xD7) => Self::Scan,
            // Fill bytes.
            (Self::Code | Self::ScanCode, 0xFF) => self,
            (Self::Code | Self::ScanCode, 0xD9) => Self::Ended,
            (Self::Code, 0x01 | 0xD0..=0xD8) => Self::Marker,
            (Self::Code | Self::ScanCode, code) => Self::Length { is_scan: code == 0xDA },
            (Self::Length { is_scan }, high) => Self::LengthEnd { is_scan, high },
            (Self::LengthEnd { is_scan, high }, low) => {
                match usize::from(u16::from_be_bytes([high, low])).checked_sub(2) {
                    Some(rest) => segment(is_scan, rest),
                    None => Self::Lost,
                }
            }
            (Self::Segment { .. } | Self::Ended | Self::Lost, _) => self,
        }
    }
}

/// What comes next if `rest` bytes of a segment are left.
fn segment(is_scan: bool, rest: usize) -> NextPart {
    match rest {
        0 if is_scan => NextPart::Scan,
        0 => NextPart::Marker,
        rest => NextPart::Segment { is_scan, rest },
    }
}
