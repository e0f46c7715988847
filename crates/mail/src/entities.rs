//! Resolves character references in HTML, by number and by name. It accepts what browsers accept: a missing
//! semicolon, and the numbers 128 to 159 of Windows-1252 (HTML, section 13.2.5.80).

use crate::charset;
use crate::entity_names::NAMES;

/// Longest reference in bytes, without `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 10;

/// Ends of the names of letters. Such a name needs no semicolon even inside of a word: `T&uumlr`. Any other name
/// there is a parameter of an address: `&copyright=1`.
const MARKS: &[&str] =
    &["uml", "acute", "grave", "circ", "tilde", "cedil", "ring", "slash", "szlig"];

/// Names of signs that need no semicolon if no letter follows.
const SIGNS: &[&str] = &[
    "amp", "lt", "gt", "quot", "nbsp", "copy", "reg", "deg", "micro", "middot", "para", "sect",
    "plusmn", "times", "frac12", "frac14", "frac34", "sup1", "sup2", "sup3", "laquo", "raquo",
    "pound", "yen", "cent", "shy", "not", "iexcl", "iquest", "ordf", "ordm", "divide",
];

/// The character of a reference, and the text behind it; `None` if `text` begins with no reference.
fn reference(text: &str) -> Option<(char, &str)> {
    match text.strip_prefix('#') {
        Some(number) => by_number(number),
        None => by_name(text),
    }
}

/// A reference by number, decimal or hexadecimal, whose semicolon may be missing.
fn by_number(text: &str) -> Option<(char, &str)> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(end.min(REFERENCE_BYTES_MAX))?;
    let code = u32::from_str_radix(number, radix).ok()?;
    let character = match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9F) => charset::decode(&[byte], Some("windows-1252")).chars().next()?,
        _ => char::from_u32(code)?,
    };
    Some((character, rest.strip_prefix(';').unwrap_or(rest)))
}

/// A reference by name. Without a semicolon the longest name counts.
fn by_name(text: &str) -> Option<(char, &str)> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
    let end = text.bytes().take(REFERENCE_BYTES_MAX).take_while(is_letter).count();
    let (name, rest) = text.split_at_checked(end)?;
    if let (Some(character), Some(rest)) = (named(name), rest.strip_prefix(';')) {
        return Some((character, rest));
    }
    (2..=end).rev().find_map(|end| {
        let (name, rest) = text.split_at_checked(end)?;
        let next = rest.chars().next().unwrap_or(' ');
        let is_lone = !next.is_ascii_alphabetic() && next != '=';
        let is_sign = SIGNS.contains(&name) && is_lone;
        let has_mark =
            MARKS.iter().any(|mark| name.ends_with(mark) && name.len() > 4 || *mark == name);
        let is_letter = (has_mark || name.len() == 4 && name.ends_with("uml")) && next != '=';
        if is_sign || is_letter { named(name).map(|character| (character, rest)) } else { None }
    })
}

/// The character of a name, which is compared with case: `&Auml;` is another letter than `&auml;`.
fn named(name: &str) -> Option<char> {
    let at = NAMES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    NAMES.get(at).map(|&(_, character)| character)
}

/// Whether a character is not visible: of zero width, or a soft hyphen.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}'
    )
}

/// Appends `text` with its references resolved. Spaces of any width become one space, invisible characters are
/// dropped, and an `&` that begins no reference stays.
pub(crate) fn push_resolved(text: &str, output: &mut String) {
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        output.push_str(before);
        match reference(behind) {
            Some((character, after)) => {
                match character {
                    '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' => output.push(' '),
                    it if is_invisible(it) => {}
                    it => output.push(it),
                }
                rest = after;
            }
            None => {
                output.push('&');
                rest = behind;
            }
        }
    }
    output.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
        for (text, expected) in [
            ("a &lt;b&gt; &amp;amp; &#228;&#xE4;&auml;", "a <b> &amp; äää"),
            ("AT&T; R&D &unknown; &;", "AT&T; R&D &unknown; &;"),
            ("a&nbsp;b&#160;c", "a b c"),
            ("&#xD800;&#99999999;", "&#xD800;&#99999999;"),
            ("&", "&"),
            ("&ge; &rarr; &micro; &frac12; &check; &Omega;", "≥ → µ ½ ✓ Ω"),
            ("a&zwnj;b&shy;c&#8203;d&ensp;e&thinsp;f&lrm;", "abcd e f"),
            ("&#146;x&#x92; &#128; &#228 &#xE4,", "’x’ € ä ä,"),
            ("T&uumlr &Ouml &lt5 &gt &amp", "Tür Ö <5 > &"),
            ("?a&b=c&copy=1&copyright=2&order=3&lte=4", "?a&b=c&copy=1&copyright=2&order=3&lte=4"),
        ] {
            let mut output = String::new();
            push_resolved(text, &mut output);
            assert_eq!(output, expected);
        }
    }
}
