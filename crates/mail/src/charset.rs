//! Decodes text of any charset to UTF-8. A declaration is only a hint: Hikvision declares gb2312 and some of its
//! firmware sends UTF-8; others declare nothing and send GBK. It never fails: windows-1252, the last resort,
//! decodes any byte. Charsets that do not extend ASCII are in [`crate::wide`].

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, GB18030, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
    X_USER_DEFINED,
};

use crate::wide::{self, Wide, has_gb2312_shape};

/// Decodes `bytes`, in this order: as UTF-8 if they are valid, as declared if every byte fits, as GB18030 if they
/// have its shape, as what they are most similar to.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    if let Some(wide) = Wide::of(bytes, declared) {
        return wide.decode(bytes);
    }
    if wide::is_utf7(declared)
        && let Some(text) = wide::decode_utf7(bytes)
    {
        return text;
    }
    let declared = declared.and_then(known);
    // ISO-2022-JP consists of ASCII bytes, so it has to come before the test for UTF-8.
    if declared == Some(ISO_2022_JP) && bytes.contains(&ESCAPE) {
        return ISO_2022_JP.decode(bytes).0.into_owned();
    }
    if let (text, false) = UTF_8.decode_with_bom_removal(bytes)
        && !is_rather_gb2312(bytes, &text)
    {
        return text.into_owned();
    }
    if let Some(text) = cut_utf8(bytes) {
        return text.to_owned();
    }
    // Firmware declares us-ascii by default; the table of labels has it as windows-1252.
    let thought_of = declared.filter(|encoding| !NEVER_THOUGHT_OF.contains(encoding));
    thought_of
        .and_then(|encoding| strict(encoding, bytes))
        .or_else(|| has_gb2312_shape(bytes).then(|| strict(GB18030, bytes)).flatten())
        .or_else(|| strict(thought_of.unwrap_or_else(|| guess(bytes)), bytes))
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// Declarations that are ignored: firmware declares them by default, or the bytes have already disproved them.
const NEVER_THOUGHT_OF: [&Encoding; 5] = [UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252, ISO_2022_JP];

/// Every text in ISO-2022-JP contains this byte (RFC 1468).
const ESCAPE: u8 = 0x1B;

/// The encoding of a label (WHATWG Encoding); `None` if the label is unknown or decodes no text.
fn known(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes())
        .filter(|encoding| ![REPLACEMENT, X_USER_DEFINED].contains(encoding))
}

/// The charset for raw bytes of a header: the body's, if it extends ASCII. A header is ASCII with bytes beyond it,
/// even if the body's charset is not (RFC 5322, section 2.2).
pub(crate) fn of_header(declared: Option<&str>) -> Option<&str> {
    let extends_ascii = |label: &&str| known(label).is_some_and(Encoding::is_ascii_compatible);
    declared.filter(extends_ascii)
}

/// Whether the text is UTF-16 or UTF-32, by its bytes and its declaration, so that zero bytes are part of it.
pub(crate) fn is_wide(bytes: &[u8], declared: Option<&str>) -> bool {
    Wide::of(bytes, declared).is_some()
}

/// UTF-8 that was cut inside of its last character, without that character. ASCII before a single high byte is
/// not counted as UTF-8: it may be `café` in Latin-1.
fn cut_utf8(bytes: &[u8]) -> Option<&str> {
    let error = str::from_utf8(bytes).err().filter(|error| error.error_len().is_none())?;
    let valid = str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?;
    (!valid.is_ascii()).then_some(valid)
}

/// Decodes only if every byte is valid. A last character that was cut is left out.
fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let (_, but_last) = bytes.split_last()?;
    [bytes, but_last].into_iter().find_map(|bytes| {
        let (text, broken) = encoding.decode_without_bom_handling(bytes);
        (!broken).then(|| text.into_owned())
    })
}

/// Whether text that is valid UTF-8 is rather GB2312: two Chinese characters may look like UTF-8 of scripts that
/// cameras hardly write, `ǰԺ` for `前院`. Latin, Greek and Cyrillic letters are not doubted.
fn is_rather_gb2312(bytes: &[u8], text: &str) -> bool {
    let is_odd = |c| matches!(c, '\u{180}'..='\u{36F}' | '\u{500}'..='\u{7FF}');
    !text.is_ascii()
        && text.chars().any(is_odd)
        && !text.chars().any(|c| c > '\u{7FF}')
        && has_gb2312_shape(bytes)
        && strict(GB18030, bytes).is_some()
}

/// The most likely encoding by the frequency of letters.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_by_charsets_that_extend_ascii() {
        for (declared, is_used) in [
            (Some("gb2312"), true),
            (Some(" UTF-8 "), true),
            (Some("utf-16"), false),
            (Some("iso-2022-jp"), false),
            (Some("no such charset"), false),
            (None, false),
        ] {
            assert_eq!(of_header(declared), declared.filter(|_| is_used), "{declared:?}");
        }
    }

    #[test]
    fn what_the_bytes_are_counts_more_than_what_was_declared() {
        let gbk = b"\xd2\xc6\xb6\xaf\xd5\xec\xb2\xe2: on Camera1";
        for (bytes, declared, expected) in [
            (gbk.as_slice(), Some("gb2312"), "移动侦测: on Camera1"),
            (gbk, None, "移动侦测: on Camera1"),
            (gbk, Some("us-ascii"), "移动侦测: on Camera1"),
            (gbk, Some("utf-8"), "移动侦测: on Camera1"),
            ("移动".as_bytes(), Some("gb2312"), "移动"),
            (b"CHANNEL: \xc7\xb0\xd4\xba", Some("gb2312"), "CHANNEL: 前院"),
            (b"\xc7\xb0\xd4\xba", None, "前院"),
            ("Tür Движение".as_bytes(), Some("gb2312"), "Tür Движение"),
            ("Wejście główne".as_bytes(), None, "Wejście główne"),
            (b"Bewegung f\xfcr T\xfcr", None, "Bewegung für Tür"),
            (b"Bewegung f\xfcr T\xfcr", Some("utf-8"), "Bewegung für Tür"),
            (b"f\xfcr", Some("iso-8859-1"), "für"),
            (b"\xb2\xbe\xb0\xca", Some("big5"), "移動"),
            (b"\xe4\xe2\xe8\xe6\xe5\xed\xe8\xe5", Some("windows-1251"), "движение"),
            (b"\x1b$BF0$-\x1b(B", Some("iso-2022-jp"), "動き"),
            (b"plain", Some("no such charset"), "plain"),
            (b"\xef\xbb\xbfmark", None, "mark"),
            ("zażó".as_bytes().split_last().unwrap().1, None, "zaż"),
            (b"caf\xe9", None, "café"),
            (b"\xd2\xc6\xb6", Some("gb2312"), "移"),
            (b"h\0i\0", Some("utf-16le"), "hi"),
            (b"Motion at gate", Some("utf-16"), "Motion at gate"),
            (b"T\xfcr", Some("utf-16"), "Tür"),
            ("Tür".as_bytes(), Some("utf-16le"), "Tür"),
            ("動き".as_bytes(), Some("iso-2022-jp"), "動き"),
            (b"T\xfcr", Some("x-user-defined"), "Tür"),
            (gbk, Some("hz-gb-2312"), "移动侦测: on Camera1"),
            (b"T+APw-r", Some("utf-7"), "Tür"),
        ] {
            assert_eq!(decode(bytes, declared), expected, "{declared:?}");
        }
    }
}
