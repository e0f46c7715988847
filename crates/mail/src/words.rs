//! Encoded words in header fields (RFC 2047), and the raw 8-bit bytes that cameras write instead: Hikvision sends
//! raw GBK in its subjects. The result is one line for people.

use tipoff_model::Encoding;
use tipoff_model::label::one_line;
use tipoff_model::transfer::decoded;

use crate::charset;

/// Bytes of one charset in a row. Encoded words are joined before they are decoded, because firmware cuts them
/// inside of a character.
struct Run {
    charset: Option<String>,
    bytes: Vec<u8>,
}

/// The value of a field as text on one line. `raw_charset` is a hint for raw 8-bit bytes.
pub(crate) fn decode(value: &[u8], raw_charset: Option<&str>) -> String {
    let mut runs: Vec<Run> = Vec::new();
    let mut rest = value;
    let mut behind_word = false;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        let (raw, from_word) = rest.split_at(at);
        let Some((word, behind)) = encoded_word(from_word) else {
            let (mark, behind) = rest.split_at(at + 2);
            push(&mut runs, None, mark);
            (rest, behind_word) = (behind, false);
            continue;
        };
        // White space between two encoded words is not part of the text (section 6.2).
        if !(behind_word && raw.iter().all(u8::is_ascii_whitespace)) {
            push(&mut runs, None, raw);
        }
        push(&mut runs, Some(word.charset), &word.bytes);
        (rest, behind_word) = (behind, true);
    }
    push(&mut runs, None, rest);
    let text: String = runs
        .iter()
        .map(|run| charset::decode(&run.bytes, run.charset.as_deref().or(raw_charset)))
        .collect();
    one_line(&text)
}

/// Adds bytes to the last run if it has the same charset.
fn push(runs: &mut Vec<Run>, charset: Option<String>, bytes: &[u8]) {
    match runs.last_mut() {
        Some(run) if run.charset == charset => run.bytes.extend_from_slice(bytes),
        _ => runs.push(Run { charset, bytes: bytes.to_vec() }),
    }
}

/// An encoded word, decoded to bytes of its charset.
struct Word {
    charset: String,
    bytes: Vec<u8>,
}

/// Reads `=?charset?B|Q?text?=` and returns it with the bytes behind it. Spaces in the text are accepted, and so is
/// RFC 2231's `*language`.
fn encoded_word(input: &[u8]) -> Option<(Word, &[u8])> {
    let (charset, rest) = split_once(input.strip_prefix(b"=?")?, b"?")?;
    let (encoding, rest) = split_once(rest, b"?")?;
    let (text, rest) = split_once(rest, b"?=")?;
    let name = charset.split(|&byte| byte == b'*').next()?;
    let charset = str::from_utf8(name).ok()?.to_ascii_lowercase();
    let bytes = match encoding {
        b"B" | b"b" => decoded(Encoding::Base64, text),
        b"Q" | b"q" => {
            let spaced: Vec<u8> =
                text.iter().map(|&byte| if byte == b'_' { b' ' } else { byte }).collect();
            // Quoted-printable drops white space at the end of a line, but here it is text.
            let mut bytes = decoded(Encoding::QuotedPrintable, &spaced);
            let spaces = spaced.iter().rev().take_while(|&&byte| byte == b' ').count();
            bytes.resize(bytes.len() + spaces, b' ');
            bytes
        }
        _ => return None,
    };
    Some((Word { charset, bytes }, rest))
}

/// The bytes before and behind a mark.
fn split_once<'a>(input: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(input, mark)?;
    Some((input.get(..at)?, input.get(at + mark.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_and_raw_bytes_become_one_line() {
        for (value, expected) in [
            (b"Motion".as_slice(), "Motion"),
            (b"=?UTF-8?B?QmV3ZWd1bmcgZsO8cg==?= Cam", "Bewegung für Cam"),
            (b"=?utf-8?Q?f=C3=BCr_T=C3=BCr_?=1", "für Tür 1"),
            (b"=?utf-8?Q?f=C3?= =?utf-8?Q?=BCr?=", "für"),
            (b"=?utf-8?Q?f=C3?=\n =?UTF-8?Q?=BCr?=", "für"),
            (b"a =?utf-8?q?b?= c", "a b c"),
            (b"=?GB2312?B?0sa2r9XssuI=?=", "移动侦测"),
            (b"=?utf-8*en?q?motion seen?=", "motion seen"),
            (b"=?gb2312?B?0sa2r9XssuI", "=?gb2312?B?0sa2r9XssuI"),
            (b"=?x?y?z?=", "=?x?y?z?="),
            (b"\xd2\xc6\xb6\xaf=?utf-8?q?!?=", "移动!"),
            (b" two\r\n\tlines\0 ", "two lines"),
            (b"=?", "=?"),
        ] {
            assert_eq!(decode(value, None), expected);
        }
    }
}
