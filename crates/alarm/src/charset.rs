//! Decodes the texts of a document. A declaration is a hint: firmware declares gb2312 and sends UTF-8, or declares nothing
//! and sends GBK.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The charset of a document as declared; `None` without a declaration that says anything: UTF-8 is tried first anyway,
/// and UTF-16 is seen by its bytes.
pub(crate) fn declared(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes()).filter(|encoding| {
        encoding.is_ascii_compatible()
            && ![UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252].contains(encoding)
            || label.trim().eq_ignore_ascii_case("iso-8859-1")
    })
}

/// Decodes `bytes`: as UTF-8 if they are valid, as declared if every byte fits, else as what they are most similar to. It
/// never fails.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    let valid = match str::from_utf8(bytes) {
        Ok(text) => return text.to_owned(),
        Err(error) => error,
    };
    // A text that was cut in its last character, or of which one byte is wrong, is UTF-8 if anything else in it is.
    let (before, _) = bytes.split_at(valid.valid_up_to());
    if valid.error_len().is_none() && (!before.is_ascii() || declared.is_none()) {
        return String::from_utf8_lossy(before).into_owned();
    }
    let fits = |encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes)
    };
    declared
        .and_then(fits)
        .or_else(|| if has_gb2312_shape(bytes) { fits(GB18030) } else { None })
        .or_else(|| fits(guess(bytes)))
        .unwrap_or_else(|| String::from_utf8_lossy(bytes))
        .into_owned()
}

/// Whether all bytes beyond ASCII are pairs as GB2312 has them, at least two of them: as many say little to a guess.
fn has_gb2312_shape(mut bytes: &[u8]) -> bool {
    let mut pairs = 0;
    while let Some((&first, rest)) = bytes.split_first() {
        bytes = match (first, rest) {
            (0..0x80, _) => rest,
            (0xB0..=0xF7, [0xA1..=0xFE, rest @ ..]) => {
                pairs += 1;
                rest
            }
            _ => return false,
        };
    }
    pairs >= 2
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// The first bytes of a text that are not more than `bytes_max`, without half a character at its end.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_more_than_a_declaration() {
        let gbk = declared("gb2312");
        for (bytes, charset, expected) in [
            ("Hof".as_bytes(), None, "Hof"),
            ("前门".as_bytes(), gbk, "前门"),
            (b"\xC7\xB0\xC3\xC5", gbk, "前门"),
            (b"\xC7\xB0\xC3\xC5 1", None, "前门 1"),
            (b"\xC7\xB0\xC3\xC5\xB5\xC4\xC9\xE3\xCF\xF1\xBB\xFA", None, "前门的摄像机"),
            (b"Entr\xE9e", declared("iso-8859-1"), "Entrée"),
            (b"Entr\xE9e", declared("utf-8"), "Entrée"),
            ("Gart\u{e9}".as_bytes().split_last().unwrap().1, None, "Gart"),
        ] {
            assert_eq!(decode(bytes, charset), expected, "{bytes:?}");
        }
    }
}
