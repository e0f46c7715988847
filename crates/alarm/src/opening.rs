//! What a body or a part is, by its first bytes. Its declaration counts only where they say nothing.

use tipoff_model::Encoding;
use tipoff_model::file_type::by_content;
use tipoff_model::transfer::decoded;

use crate::part_head::PartHead;
use crate::splitter::first_boundary;

/// Bytes by which it is decided.
pub(crate) const OPENING_BYTES: usize = 512;

/// What a body or a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentKind {
    Json,
    Xml,
    Form,
    Multipart,
    /// Base64, or the address `data:…` of a file.
    Base64,
    /// UTF-16, read again when it is decoded.
    Wide(&'static encoding_rs::Encoding),
    /// Pairs, or text for people.
    Lines,
    File(Encoding),
}

impl ContentKind {
    /// Decides by the opening, which does not begin with blanks or a mark of its charset.
    pub(crate) fn of(opening: &[u8], head: &PartHead) -> Self {
        if let Some(charset) = wide(opening) {
            return Self::Wide(charset);
        }
        if by_content(opening).is_some() {
            return Self::File(Encoding::Identity);
        }
        let encoding = head.encoding;
        if encoding != Encoding::Identity && by_content(&decoded(encoding, opening)).is_some() {
            return Self::File(encoding);
        }
        match opening {
            [b'<', b'?' | b'!' | b'/' | b'_' | b'A'..=b'Z' | b'a'..=b'z', ..] => return Self::Xml,
            [b'{', ..] => return Self::Json,
            [b'[', rest @ ..] if begins_json(rest.trim_ascii_start()) => return Self::Json,
            [b'"', b'{' | b'[', ..] => return Self::Json,
            _ => {}
        }
        if head.is_multipart() || first_boundary(opening).is_some() {
            return Self::Multipart;
        }
        if is_base64_file(opening) {
            return Self::Base64;
        }
        if !is_text(opening) {
            return Self::File(encoding);
        }
        if is_form(opening, head) { Self::Form } else { Self::Lines }
    }
}

/// Whether a value of JSON begins: `[Front yard] Motion` is text.
fn begins_json(text: &[u8]) -> bool {
    let is_word =
        |word: &[u8]| text.starts_with(word) || text.len() < word.len() && word.starts_with(text);
    match text.first() {
        None | Some(b'{' | b'[' | b'"' | b']') => true,
        Some(b'-' | b'0'..=b'9') => {
            let digits = text
                .iter()
                .skip_while(|it| matches!(it, b'0'..=b'9' | b'-' | b'.' | b'e' | b'E' | b'+'));
            matches!(digits.copied().find(|byte| !byte.is_ascii_whitespace()), None | Some(b','))
        }
        Some(_) => [b"true".as_slice(), b"false", b"null"].iter().any(|word| is_word(word)),
    }
}

/// UTF-16 by its mark, or by what begins each document.
fn wide(opening: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match opening {
        [0xFF, 0xFE, ..] | [b'<' | b'{' | b'[', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0xFE, 0xFF, ..] | [0, b'<' | b'{' | b'[', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    }
}

fn is_base64_file(opening: &[u8]) -> bool {
    let (text, is_data) = match opening.strip_prefix(b"data:") {
        Some(behind) => match memchr::memmem::find(behind, b"base64,") {
            Some(at) => (behind.get(at + b"base64,".len()..).unwrap_or_default(), true),
            None => return false,
        },
        None => (opening, false),
    };
    let is_letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    let is_file = || by_content(&decoded(Encoding::Base64, text)).is_some();
    is_data || text.len() >= 16 && text.iter().all(is_letters) && is_file()
}

/// Whether it has no control characters that text never has.
fn is_text(opening: &[u8]) -> bool {
    let is_control = |byte: &&u8| byte.is_ascii_control() && !b"\t\n\x0B\x0C\r\x1B".contains(byte);
    !opening.iter().any(|byte| is_control(&byte))
}

/// Whether it is a urlencoded form: declared, or `a=b&c=d` without blanks. Text of devices that declare a form for anything
/// is none.
fn is_form(opening: &[u8], head: &PartHead) -> bool {
    let line = opening.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let name = line.iter().take_while(|&&byte| !matches!(byte, b'=' | b'&' | b';' | b' ')).count();
    if line.get(name) != Some(&b'=') || name == 0 {
        return false;
    }
    let ampersand = memchr::memchr(b'&', line);
    let semicolon = memchr::memchr(b';', line);
    let is_divided = ampersand.is_some_and(|at| semicolon.is_none_or(|it| at < it));
    let is_pairs =
        semicolon.is_some() && !is_divided || line.len() < opening.trim_ascii_end().len();
    match head.content_type.as_str() {
        "application/x-www-form-urlencoded" => !is_pairs,
        _ => is_divided && !line.contains(&b' ') && !is_pairs,
    }
}
