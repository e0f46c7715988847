//! Bytes become text, whatever was declared: cameras declare gb2312 and send UTF-8, or declare
//! nothing and send GBK. Never fails: the last resort reads any byte.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, GB18030, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
    X_USER_DEFINED,
};

use crate::wide::{self, Wide, has_gb2312_shape};

/// Decodes `bytes`: as UTF-8 if they are that, else as declared if they fit, else as GB18030 if
/// they have its shape, else as what they look like most.
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
    // It looks like ASCII, and is not.
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
    // us-ascii is declared by firmware that never thought of it; to the table it is windows-1252.
    let thought_of = declared.filter(|encoding| !NEVER_THOUGHT_OF.contains(encoding));
    thought_of
        .and_then(|encoding| strict(encoding, bytes))
        .or_else(|| has_gb2312_shape(bytes).then(|| strict(GB18030, bytes)).flatten())
        .or_else(|| strict(thought_of.unwrap_or_else(|| guess(bytes)), bytes))
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// Declared by firmware that never thought of it, or already found to be wrong.
const NEVER_THOUGHT_OF: [&Encoding; 5] = [UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252, ISO_2022_JP];

/// Without this byte there is no ISO-2022-JP (RFC 1468).
const ESCAPE: u8 = 0x1B;

/// The encoding of a label; `None` if text can not be read by it.
fn known(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes())
        .filter(|encoding| ![REPLACEMENT, X_USER_DEFINED].contains(encoding))
}

/// The charset by which raw bytes of a header may be read: the body's, if it extends ASCII. A
/// header is ASCII, or bytes beyond it, whatever the body is in (RFC 5322, section 2.2).
pub(crate) fn of_header(declared: Option<&str>) -> Option<&str> {
    let extends_ascii = |label: &&str| known(label).is_some_and(Encoding::is_ascii_compatible);
    declared.filter(extends_ascii)
}

/// Whether text may hold zero bytes: it is in UTF-16 or UTF-32, as declared or by its bytes.
pub(crate) fn is_wide(bytes: &[u8], declared: Option<&str>) -> bool {
    Wide::of(bytes, declared).is_some()
}

/// UTF-8 that was cut in the midst of its last character, and not just a Latin-1 letter.
fn cut_utf8(bytes: &[u8]) -> Option<&str> {
    let error = str::from_utf8(bytes).err().filter(|error| error.error_len().is_none())?;
    let valid = str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?;
    (!valid.is_ascii()).then_some(valid)
}

/// Only if every byte makes sense, but for the last, where a character may be cut.
fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let (_, but_last) = bytes.split_last()?;
    [bytes, but_last].into_iter().find_map(|bytes| {
        let (text, broken) = encoding.decode_without_bom_handling(bytes);
        (!broken).then(|| text.into_owned())
    })
}

/// Two Chinese characters may happen to be UTF-8, of scripts that hardly a camera writes: `ǰԺ`
/// for `前院`. Letters of Latin, Greek and Cyrillic are what they are.
fn is_rather_gb2312(bytes: &[u8], text: &str) -> bool {
    let is_odd = |c| matches!(c, '\u{180}'..='\u{36F}' | '\u{500}'..='\u{7FF}');
    text.chars().any(is_odd)
        && !text.chars().any(|c| c > '\u{7FF}')
        && has_gb2312_shape(bytes)
        && strict(GB18030, bytes).is_some()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

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
