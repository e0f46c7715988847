//! Names in the encodings that devices write: where a letter ends, and which letter it is.
//!
//! RFC 2640 asks for UTF-8. Older devices write the encoding of their country: GBK, Big5, Shift-JIS, EUC-KR or Latin-1.
//! There the second byte of a letter may be `\`, and is never `/`. No device names its encoding, so the one is chosen
//! in which the bytes are the most usual letters.

use std::borrow::Cow;

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS};

/// Splits a path at its slashes and backslashes. The byte of `\` (0x5C) may also be the second byte of a letter and is
/// no backslash then: Shift-JIS 表 is 95 5C, Big5 功 is A5 5C, GBK 淺 is 9C 5C.
pub(crate) fn names(path: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        if part.is_ascii() || std::str::from_utf8(part).is_ok() {
            names.extend(part.split(|byte| *byte == b'\\'));
            continue;
        }
        let mut begin = 0;
        for (at, letter) in letters(part) {
            if letter == b"\\" {
                names.push(part.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
        }
        names.push(part.get(begin..).unwrap_or_default());
    }
    names
}

/// The beginning of a name, of at most `bytes_max` bytes. Ends between letters.
pub(crate) fn beginning(name: &[u8], bytes_max: usize) -> &[u8] {
    let mut end = bytes_max.min(name.len());
    match std::str::from_utf8(name) {
        Ok(text) => {
            while !text.is_char_boundary(end) {
                end -= 1;
            }
        }
        Err(_) => {
            let ends = letters(name).map(|(at, letter)| at + letter.len());
            end = ends.take_while(|at| *at <= bytes_max).last().unwrap_or(0);
        }
    }
    name.get(..end).unwrap_or_default()
}

/// The letters of a text with one or two bytes a letter, each with its offset.
fn letters(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let length = match rest {
            [] => return None,
            [0x81..=0xFE, 0x40..=0x7E | 0x80..=0xFE, ..] => 2,
            _ => 1,
        };
        let begin = at;
        at += length;
        Some((begin, rest.get(..length).unwrap_or(rest)))
    })
}

/// A name or path as text. Parts in UTF-8 are read as that, the others in the one encoding that fits all of them best;
/// Latin-1 fits any bytes.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(text) {
        return text.into();
    }
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'/').collect();
    let foreign: Vec<u8> = parts
        .iter()
        .filter(|part| std::str::from_utf8(part).is_err())
        .flat_map(|part| part.iter().copied().chain([b'/']))
        .collect();
    let scripts =
        SCRIPTS.iter().filter_map(|script| script.fit(&foreign).map(|fit| (fit, Some(script))));
    // Of encodings that fit equally, the first.
    let best = scripts
        .chain([(latin_fit(&foreign), None)])
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let script = best.and_then(|(_, script)| script);
    let decoded = parts.into_iter().map(|part| match (std::str::from_utf8(part), script) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(script)) => script.encoding.decode_without_bom_handling(part).0.into_owned(),
        (Err(_), None) => part.iter().copied().map(char::from).collect(),
    });
    decoded.collect::<Vec<String>>().join("/").into()
}

/// An encoding with two bytes a letter.
struct Script {
    encoding: &'static Encoding,
    /// Weight of a letter of these two bytes, by its row in the encoding's standard: from 2 (usual) to -1 (no letter).
    usual: fn(u8, u8) -> i32,
    /// Letters that are in the names of cameras, channels and events. Each adds to the weight of a text.
    frequent: &'static str,
}

/// The encodings of older devices. GB 2312, JIS X 0208, Big5 and KS X 1001 have their usual letters in these rows.
static SCRIPTS: [Script; 4] = [
    Script {
        encoding: GB18030,
        usual: |lead, trail| match (lead, trail) {
            (0xB0..=0xD7, 0xA1..) => 2,
            (0xA1..=0xA9 | 0xD8..=0xF7, 0xA1..) => 1,
            _ => -1,
        },
        frequent: "的前后左右门移动侦测报警录像图片视频摄机通道一二三四五六七八九十上下大小中东南西北院客厅\
                   卧室车库号楼人形检入侵区域抓拍事件时间日月年文目试",
    },
    Script {
        encoding: SHIFT_JIS,
        usual: |lead, trail| match (lead, trail) {
            (0x82, 0x9F..=0xF1) | (0x83, 0x40..=0x96) | (0x88..=0x97, _) => 2,
            (0x81 | 0x82 | 0x98..=0x9F | 0xE0..=0xEA, _) => 1,
            // Half-width katakana are letters of one byte.
            (0xA1..=0xDF, _) => 0,
            _ => -1,
        },
        frequent: "カメラ動体検知録画映像玄関表裏庭駐車場警報ドアモーション",
    },
    Script {
        encoding: BIG5,
        usual: |lead, _| match lead {
            0xA4..=0xC6 => 2,
            0xA1..=0xA3 | 0xC9..=0xF9 => 1,
            _ => -1,
        },
        frequent: "的前後左右門移動偵測報警錄影圖片視攝機頻道一二三四五六七八九十上下大小中東南西北院客廳\
                   臥室車庫號樓人形檢入侵區域抓拍事件時間日月年文目試",
    },
    Script {
        encoding: EUC_KR,
        usual: |lead, trail| match (lead, trail) {
            (0xB0..=0xC8, 0xA1..) => 2,
            (0xA1..=0xAC, 0xA1..) => 1,
            _ => -1,
        },
        frequent: "카메라움직임감지녹화영상채널현관문앞뒤마당거실방주차장창고일이삼사오육칠팔구십동서남북층벤트\
                   사진파테스경보침입람량시간년월",
    },
];

impl Script {
    /// How well the text fits: the sum of its letters' weights. `None` if the bytes are not possible in this encoding.
    fn fit(&self, text: &[u8]) -> Option<i32> {
        let decoded = self.encoding.decode_without_bom_handling_and_without_replacement(text)?;
        let frequent = decoded.chars().filter(|letter| !letter.is_ascii());
        let frequent = frequent.filter(|letter| self.frequent.contains(*letter)).count();
        let usual: i32 = letters(text)
            .filter_map(|(_, letter)| match letter {
                [lead, trail] => Some((self.usual)(*lead, *trail)),
                _ => None,
            })
            .sum();
        Some(usual.saturating_add(i32::try_from(frequent).unwrap_or(i32::MAX)))
    }
}

/// How well the text fits Latin-1. There a letter beyond ASCII mostly has letters of ASCII on both sides; two such
/// letters in a row speak against it, and 0x80 to 0x9F are control characters.
fn latin_fit(text: &[u8]) -> i32 {
    let neighbour = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(b'/');
    let high = text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    high.map(|(at, byte)| {
        let (before, behind) = (neighbour(at.checked_sub(1)), neighbour(at.checked_add(1)));
        match byte {
            0x80..=0x9F => -2,
            0xC0..=0xFF if before.is_ascii() && behind.is_ascii() => {
                if before.is_ascii_alphabetic() || behind.is_ascii_alphabetic() { 3 } else { 1 }
            }
            _ => -1,
        }
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_byte_of_a_letter_is_no_backslash() {
        let of = |encoding: &'static Encoding, text| encoding.encode(text).0.into_owned();
        for (encoding, text, parts) in [
            (SHIFT_JIS, "表\\ソ\\十.jpg", &["表", "ソ", "十.jpg"][..]),
            (SHIFT_JIS, "予定表/能.jpg", &["予定表", "能.jpg"]),
            (BIG5, "許功蓋\\餐廳.jpg", &["許功蓋", "餐廳.jpg"]),
            (GB18030, "淺\\俓\\x.jpg", &["淺", "俓", "x.jpg"]),
            (EUC_KR, "카메라\\현관.jpg", &["카메라", "현관.jpg"]),
        ] {
            let bytes = of(encoding, text);
            let expected: Vec<Vec<u8>> = parts.iter().map(|part| of(encoding, part)).collect();
            assert_eq!(names(&bytes), expected, "{text}");
        }
        // In UTF-8 every backslash is one, also beside a name that is not UTF-8.
        assert_eq!(names("表\\a".as_bytes()), ["表".as_bytes(), b"a"]);
        assert_eq!(
            names(b"\xE8\xA1\xA8\\a/\x95\\b"),
            [b"\xE8\xA1\xA8".as_slice(), b"a", b"\x95\\b"]
        );
        assert_eq!(names(b"\\a\\\\b"), [b"".as_slice(), b"a", b"", b"b"]);
    }

    #[test]
    fn a_text_has_as_many_letters_as_are_in_it() {
        let of = |text: &'static [u8]| letters(text).collect::<Vec<_>>();
        assert_eq!(of(b""), []);
        assert_eq!(of(b"a\x95\x5Cb"), [(0, b"a".as_slice()), (1, b"\x95\x5C"), (3, b"b")]);
        assert_eq!(of(b"\x95"), [(0, b"\x95".as_slice())]);
    }

    #[test]
    fn a_letter_weighs_as_its_row_of_the_standard_is_usual() {
        let [gb, japanese, big5, korean] = &SCRIPTS;
        for (script, lead, trail, expected) in [
            (gb, 0xB0, 0xA1, 2),
            (gb, 0xD7, 0xFE, 2),
            (gb, 0xA9, 0xA1, 1),
            (gb, 0xD8, 0xA1, 1),
            (gb, 0xB0, 0xA0, -1),
            (gb, 0xAA, 0xA1, -1),
            (japanese, 0x82, 0x9F, 2),
            (japanese, 0x83, 0x40, 2),
            (japanese, 0x97, 0xFC, 2),
            (japanese, 0x82, 0x9E, 1),
            (japanese, 0xE0, 0x40, 1),
            (japanese, 0xB1, 0xB2, 0),
            (japanese, 0x83, 0x97, -1),
            (big5, 0xA4, 0x40, 2),
            (big5, 0xC9, 0x40, 1),
            (big5, 0xA3, 0x40, 1),
            (big5, 0x81, 0x40, -1),
            (korean, 0xB0, 0xA1, 2),
            (korean, 0xA1, 0xA1, 1),
            (korean, 0xC9, 0xA1, -1),
        ] {
            let found = (script.usual)(lead, trail);
            assert_eq!(found, expected, "{}: {lead:02X} {trail:02X}", script.encoding.name());
        }
        // Of scripts that fit equally the first.
        assert_eq!(decode(b"\xB0\xA1"), "啊");
    }

    #[test]
    fn letters_of_latin_1_stand_alone_among_those_of_ascii() {
        for (text, expected) in [
            (b"abc".as_slice(), 0),
            (b"T\xFCr", 3),
            (b"\xFCr", 3),
            (b"T\xFC", 3),
            (b"\xFC", 1),
            (b"1\xFC2", 1),
            (b"a\x85b", -2),
            (b"a\xA0b", -1),
            (b"a\xFC\xFC", -2),
            (b"\xFC\xFCb", -2),
        ] {
            assert_eq!(latin_fit(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names_say_what_their_device_wrote() {
        for (encoding, text) in [
            (GB18030, "/移动侦测/通道1.jpg"),
            (GB18030, "/摄像机/前门_移动.jpg"),
            (GB18030, "/人形检测.jpg"),
            (SHIFT_JIS, "/カメラ/表玄関.jpg"),
            (SHIFT_JIS, "/動体検知_01.jpg"),
            (SHIFT_JIS, "/表.jpg"),
            (BIG5, "/攝影機/移動偵測.jpg"),
            (BIG5, "/許功蓋.jpg"),
            (BIG5, "/前門.jpg"),
            (EUC_KR, "/카메라/움직임 감지.jpg"),
            (EUC_KR, "/현관.jpg"),
            (encoding_rs::WINDOWS_1252, "/Türkamera/Château.jpg"),
            (encoding_rs::WINDOWS_1252, "/Ärger.jpg"),
            (encoding_rs::WINDOWS_1252, "/café/x.jpg"),
        ] {
            let (bytes, _, lost) = encoding.encode(text);
            assert!(!lost, "{text}");
            assert_eq!(decode(&bytes), text, "{}", encoding.name());
        }
        assert_eq!(decode("/Tür/移动/表.jpg".as_bytes()), "/Tür/移动/表.jpg");
        let mixed = ["/Tür/".as_bytes(), b"\x95\x5C.jpg"].concat();
        assert_eq!(decode(&mixed), "/Tür/表.jpg");
        assert_eq!(decode(b"T\xFCr\xFF"), "Tür\u{FF}");
    }

    #[test]
    fn a_name_is_cut_between_letters() {
        assert_eq!(beginning(b"abc", 2), b"ab");
        assert_eq!(beginning(b"abc", 5), b"abc");
        assert_eq!(beginning("aü".as_bytes(), 2), b"a");
        assert_eq!(beginning(b"a\x95\x5C", 2), b"a");
        assert_eq!(beginning(b"a\x95\x5C", 3), b"a\x95\x5C");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_text_and_every_name_is_part_of_them(text in proptest::prelude::any::<Vec<u8>>(), max in 0_usize..40) {
            proptest::prop_assert_eq!(decode(&text).is_empty(), text.is_empty());
            let joined = names(&text).join(b"/".as_slice());
            proptest::prop_assert_eq!(joined.len(), text.len());
            proptest::prop_assert!(beginning(&text, max).len() <= max);
        }
    }
}
