//! UTF-16, UTF-32 and UTF-7: charsets that do not extend ASCII. A declaration counts only if the bytes agree: some
//! firmware declares UTF-16 and sends ASCII. Without a declaration the zero bytes beside Latin letters decide.

use encoding_rs::{UTF_16BE, UTF_16LE};
use tipoff_model::Encoding as Transfer;

use tipoff_model::transfer::decoded;

/// Fewest characters by which a charset is recognised without a byte order mark.
const UNITS_MIN: usize = 4;

/// Number of bytes by which the charset is recognised.
const HEAD_BYTES: usize = 512;

/// A charset of two or four bytes to a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wide {
    /// Two bytes, or four outside of the basic plane (RFC 2781).
    Utf16 {
        /// Whether the high byte comes first.
        big: bool,
    },
    /// Four bytes.
    Utf32 {
        /// Whether the high byte comes first.
        big: bool,
    },
}

impl Wide {
    /// The charset of `bytes`; `None` if they are in another one, whatever was declared.
    pub(crate) fn of(bytes: &[u8], declared: Option<&str>) -> Option<Self> {
        match bytes {
            [0xFF, 0xFE, 0, 0, ..] => return Some(Self::Utf32 { big: false }),
            [0, 0, 0xFE, 0xFF, ..] => return Some(Self::Utf32 { big: true }),
            [0xFF, 0xFE, ..] => return Some(Self::Utf16 { big: false }),
            [0xFE, 0xFF, ..] => return Some(Self::Utf16 { big: true }),
            _ => {}
        }
        let declared = declared.and_then(Self::of_label);
        let by_zeros = Self::by_zeros(bytes.get(..HEAD_BYTES).unwrap_or(bytes));
        match (declared, by_zeros) {
            (_, Some(found)) => Some(found),
            (Some(declared), None) if bytes.contains(&0) => Some(declared),
            // Characters of other scripts contain no zero byte, and are hardly ever valid UTF-8.
            (Some(declared @ Self::Utf16 { .. }), None) if str::from_utf8(bytes).is_err() => {
                declared.is_plausible(bytes).then_some(declared)
            }
            _ => None,
        }
    }

    /// The charset of a label. Without a byte order it is little-endian, as Windows writes it.
    fn of_label(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase().replace('_', "-");
        let big = label.ends_with("be");
        match label.trim_end_matches("le").trim_end_matches("be") {
            "utf-16" | "utf16" | "ucs-2" | "unicode" | "csunicode" | "iso-10646-ucs-2" => {
                Some(Self::Utf16 { big })
            }
            "utf-32" | "utf32" | "ucs-4" | "csucs4" | "iso-10646-ucs-4" => {
                Some(Self::Utf32 { big })
            }
            _ => None,
        }
    }

    /// The charset by the zero bytes beside Latin letters, digits and line ends.
    fn by_zeros(head: &[u8]) -> Option<Self> {
        let (quads, _) = head.as_chunks::<4>();
        let all_quads =
            |fits: fn(&[u8; 4]) -> bool| quads.len() >= UNITS_MIN / 2 && quads.iter().all(fits);
        if all_quads(|quad| matches!(quad, [1..=255, _, 0, 0])) {
            return Some(Self::Utf32 { big: false });
        }
        if all_quads(|quad| matches!(quad, [0, 0, _, 1..=255])) {
            return Some(Self::Utf32 { big: true });
        }
        let (pairs, _) = head.as_chunks::<2>();
        let count = |fits: fn(&&[u8; 2]) -> bool| pairs.iter().filter(fits).count();
        let (low, high) =
            (count(|it| matches!(it, [1..=255, 0])), count(|it| matches!(it, [0, 1..=255])));
        let is_it = |count: usize| count >= UNITS_MIN && count * 2 > pairs.len();
        match (is_it(low) && high == 0, is_it(high) && low == 0) {
            (true, _) => Some(Self::Utf16 { big: false }),
            (_, true) => Some(Self::Utf16 { big: true }),
            _ => None,
        }
    }

    /// Whether bytes without a zero may be in this charset. In Latin-1 text nearly all bytes are ASCII.
    fn is_plausible(self, bytes: &[u8]) -> bool {
        let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
        bytes.len().is_multiple_of(2)
            && ascii <= bytes.len() / 4 * 3
            && !has_gb2312_shape(bytes)
            && !self.decode(bytes).contains(char::REPLACEMENT_CHARACTER)
    }

    /// Decodes text without its byte order mark. Invalid characters become U+FFFD.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf16 { big } => {
                let encoding = if big { UTF_16BE } else { UTF_16LE };
                encoding.decode_with_bom_removal(bytes).0.into_owned()
            }
            Self::Utf32 { big } => {
                let (quads, _) = bytes.as_chunks::<4>();
                let code = |quad: &[u8; 4]| {
                    if big { u32::from_be_bytes(*quad) } else { u32::from_le_bytes(*quad) }
                };
                let text = quads
                    .iter()
                    .map(|quad| char::from_u32(code(quad)).unwrap_or(char::REPLACEMENT_CHARACTER));
                text.filter(|&c| c != '\u{FEFF}').collect()
            }
        }
    }
}

/// Whether bytes have the shape of GB2312 (EUC-CN): two bytes a character, both from 0xA1 on, so that every run of
/// them has an even length. In Latin-1 text such bytes are mostly single: `für`.
pub(crate) fn has_gb2312_shape(bytes: &[u8]) -> bool {
    bytes.split(u8::is_ascii).all(|run| run.len() % 2 == 0 && !run.iter().any(|&byte| byte < 0xA1))
}

/// Whether UTF-7 was declared.
pub(crate) fn is_utf7(declared: Option<&str>) -> bool {
    declared.is_some_and(|label| {
        ["utf-7", "utf7", "unicode-1-1-utf-7"]
            .iter()
            .any(|name| label.trim().eq_ignore_ascii_case(name))
    })
}

/// Decodes UTF-7 (RFC 2152): `+`, base64 of UTF-16, `-`. `None` if the bytes are not ASCII.
pub(crate) fn decode_utf7(bytes: &[u8]) -> Option<String> {
    let mut rest = str::from_utf8(bytes).ok().filter(|text| text.is_ascii())?;
    let mut text = String::with_capacity(rest.len());
    while let Some((before, behind)) = rest.split_once('+') {
        text.push_str(before);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '/' || c == '+';
        let end = behind.find(|c| !is_letter(c)).unwrap_or(behind.len());
        let (letters, after) = behind.split_at_checked(end)?;
        if letters.is_empty() {
            text.push('+');
        } else {
            let mut units = decoded(Transfer::Base64, letters.as_bytes());
            units.truncate(units.len() / 2 * 2);
            text.push_str(&UTF_16BE.decode_without_bom_handling(&units).0);
        }
        rest = after.strip_prefix('-').unwrap_or(after);
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LE: Wide = Wide::Utf16 { big: false };
    const BE: Wide = Wide::Utf16 { big: true };

    #[test]
    fn wide_text_is_recognised_by_its_bytes() {
        for (bytes, declared, expected) in [
            (b"M\0o\0t\0i\0o\0n\0".as_slice(), Some("utf-16"), Some((LE, "Motion"))),
            (b"\0M\0o\0t\0i\0o\0n", Some("utf-16"), Some((BE, "Motion"))),
            (b"M\0o\0t\0i\0o\0n\0", None, Some((LE, "Motion"))),
            (b"\xFF\xFEh\0i\0", None, Some((LE, "hi"))),
            (b"\xFE\xFF\0h\0i", Some("us-ascii"), Some((BE, "hi"))),
            (b"h\0i\0", Some("unicode"), Some((LE, "hi"))),
            (b"\xD5R\x4BQ", Some("utf-16be"), Some((BE, "\u{D552}\u{4B51}"))),
            (b"h\0\0\0i\0\0\0", Some("utf-32"), Some((Wide::Utf32 { big: false }, "hi"))),
            (b"\0\0\0h\0\0\0i", None, Some((Wide::Utf32 { big: true }, "hi"))),
            (b"\xFF\xFE\0\0h\0\0\0", Some("utf-16"), Some((Wide::Utf32 { big: false }, "h"))),
            (b"h\0\0\0", Some("utf-32"), Some((Wide::Utf32 { big: false }, "h"))),
            (b"\0\0\0h", Some("ucs_4be"), Some((Wide::Utf32 { big: true }, "h"))),
            (
                b"M\0o\0t\0i\0o\0n\0\x4B\x52\x4C\x52\x4D\x52\x4E\x52",
                None,
                Some((LE, "Motion\u{524B}\u{524C}\u{524D}\u{524E}")),
            ),
            (b"Motion at gate", Some("utf-16"), None),
            (b"Motion at gate!", Some("utf-32"), None),
            ("Tür".as_bytes(), Some("utf-16"), None),
            (b"\xd2\xc6\xb6\xaf\r\n", Some("utf-16"), None),
            (b"T\xFCr auf", Some("utf-16"), None),
            (b"PK\x03\x04\x14\0\0\0\x08\0", None, None),
            (b"", Some("utf-16"), None),
        ] {
            let found = Wide::of(bytes, declared).map(|wide| (wide, wide.decode(bytes)));
            let expected = expected.map(|(wide, text)| (wide, text.to_owned()));
            assert_eq!(found, expected, "{bytes:?} {declared:?}");
        }
    }

    #[test]
    fn gb2312_has_pairs_of_high_bytes() {
        for (bytes, expected) in [
            (b"\xA1\xA1 a \xF7\xFE".as_slice(), true),
            (b"\xA0\xA1", false),
            (b"\x81\x82", false),
            (b"a\xA1b", false),
            (b"\xA1\xA1\xA1", false),
        ] {
            assert_eq!(has_gb2312_shape(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn utf7_is_decoded() {
        for (text, expected) in [
            ("T+APw-r", "Tür"),
            ("1 +- 1", "1 + 1"),
            ("+ZeVnLIqe-!", "日本語!"),
            ("+", "+"),
            ("plain", "plain"),
        ] {
            assert_eq!(decode_utf7(text.as_bytes()).as_deref(), Some(expected));
        }
        assert_eq!(decode_utf7("Tür".as_bytes()), None);
        assert!(is_utf7(Some(" UTF-7 ")) && !is_utf7(Some("utf-8")));
    }
}
