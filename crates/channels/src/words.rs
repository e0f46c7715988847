//! Text for people and for services: sizes, lengths, cuts, escapes, encodings. Knows no service. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Ends a text that was cut.
const ELLIPSIS: char = '…';
/// Shows what follows from left to right, whatever it is (Unicode UAX 9, section 2.2).
const LEFT_TO_RIGHT_OVERRIDE: char = '\u{202d}';
/// Shows what follows from right to left, whatever it is.
const RIGHT_TO_LEFT_OVERRIDE: char = '\u{202e}';
/// How much of a service's or program's own words an error text quotes, in UTF-16 units.
pub(crate) const EXCERPT_UTF16_MAX: usize = 200;

/// `text` in base64 (RFC 4648, section 4).
pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Bytes as hexadecimal digits in lower case (RFC 4648, section 8).
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Length in UTF-16 units, which most services count.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// `text` if it fits into `max` UTF-16 units, else its beginning with an ellipsis. Never a part of a character.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if utf16_len(text) <= max {
        return text.to_owned();
    }
    let Some(room) = max.checked_sub(ELLIPSIS.len_utf16()) else {
        return String::new();
    };
    let mut used = 0;
    let mut kept: String = text
        .chars()
        .take_while(|character| {
            used += character.len_utf16();
            used <= room
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    kept
}

/// At most `max` characters of `text` on one line, for an error message.
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, max)
}

/// Title and text with `between` in between, or the one that is not empty.
pub(crate) fn below(title: &str, between: &str, text: &str) -> String {
    let between = if title.is_empty() || text.is_empty() { "" } else { between };
    format!("{title}{between}{text}")
}

/// `text` with a backslash before every character of `markup`.
pub(crate) fn backslashed(text: &str, markup: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if markup.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The last `bytes_max` bytes of a file name at most, never a part of a character. The end is kept because it is the
/// extension.
pub(crate) fn end_of_name(name: &str, bytes_max: usize) -> &str {
    let mut from = name.len().saturating_sub(bytes_max);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    name.get(from..).unwrap_or_default()
}

/// `text` without control characters, which services refuse or drop, and without those that show all that follows in another
/// order: `exe.jpg` for `gpj.exe`. Line breaks and tabs stay.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter(|character| !matches!(*character, LEFT_TO_RIGHT_OVERRIDE | RIGHT_TO_LEFT_OVERRIDE))
        .map(|character| match character {
            '\n' | '\t' => character,
            '\r' => '\n',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect()
}

/// A size in bytes, KB or MB, in units of 1024 and rounded up.
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = KB * 1024;
    match bytes {
        0..KB => format!("{bytes} bytes"),
        KB..MB => format!("{} KB", bytes.div_ceil(KB)),
        _ => format!("{} MB", bytes.div_ceil(MB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_counted_as_utf16() {
        for (text, max, expected) in [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("ab cd", 4, "ab…"),
            ("😀😀", 4, "😀😀"),
            ("😀😀😀", 4, "😀…"),
            ("😀", 1, "…"),
            ("😀", 0, ""),
            ("äöü", 3, "äöü"),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?} to {max}");
        }
    }

    #[test]
    fn a_title_alone_and_a_text_alone_have_nothing_between() {
        for (title, text, expected) in
            [("a", "b", "a, b"), ("a", "", "a"), ("", "b", "b"), ("", "", "")]
        {
            assert_eq!(below(title, ", ", text), expected);
        }
    }

    #[test]
    fn markup_characters_get_a_backslash() {
        assert_eq!(backslashed("a_b*ü\\", "*_\\"), "a\\_b\\*ü\\\\");
    }

    #[test]
    fn the_end_of_a_name_begins_at_a_character() {
        for (name, max, expected) in
            [("a.jpg", 9, "a.jpg"), ("ab.jpg", 5, "b.jpg"), ("ü.jpg", 5, ".jpg"), ("", 3, "")]
        {
            assert_eq!(end_of_name(name, max), expected, "{name}");
        }
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KB"),
            (50 << 20, "50 MB"),
            ((50 << 20) + 1, "51 MB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(clean("a\0b\r\nc\rd\te\u{7f}"), "a b\nc\nd\te ");
        assert_eq!(clean("\u{202e}gpj.exe \u{202d}x"), "gpj.exe x");
        assert_eq!(clean("\u{2067}שלום\u{2069}"), "\u{2067}שלום\u{2069}", "Hebrew needs its marks");
    }
}
