//! What a terminal would obey is written out instead: whatever a device says stays text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether colours stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    /// All that a terminal obeys is written out.
    None,
    /// Colours and weights stay (`ESC [ 1 ; 31 m`, ECMA-48, 8.3.117): for text that is coloured by us.
    Kept,
}

/// Writes out control characters and those that change the direction of text, as JSON does: `\u001b`.
/// Line ends and tabs stay. So JSON stays JSON of the same meaning: it has such characters in strings only.
pub(crate) fn escape(text: &str, colors: Colors) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(at) = rest.find(is_obeyed) {
        let (plain, tail) = rest.split_at(at);
        escaped.push_str(plain);
        let mut characters = tail.chars();
        let Some(character) = characters.next() else { break };
        rest = match (colors, color(tail)) {
            (Colors::Kept, Some(color)) => {
                escaped.push_str(color);
                tail.get(color.len()..).unwrap_or_default()
            }
            _ => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
                characters.as_str()
            }
        };
    }
    escaped.push_str(rest);
    Cow::Owned(escaped)
}

/// The sequence at the beginning that sets a colour or a weight which can be read: not black, concealed
/// or inverse, because a field of a line may hold what a device says.
fn color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let (parameters, rest) = parameters.split_at_checked(end)?;
    let is_readable = |parameter: &str| {
        matches!(parameter.parse(), Ok(0..=4 | 22..=24 | 31..=37 | 39 | 91..=97))
            || parameter.is_empty()
    };
    let is_color = rest.starts_with('m') && parameters.split(';').all(is_readable);
    is_color.then(|| text.get(..end + 3))?
}

fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Marks, embeddings, overrides and isolates of direction (Unicode, UAX #9), and two line ends.
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // C0, DEL and C1.
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        for (text, escaped) in [
            ("Motion in the yard\n", "Motion in the yard\n"),
            ("Grüße 😀\tשלום", "Grüße 😀\tשלום"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("a\u{1b}[31mred", "a\\u001b[31mred"),
            ("\u{9b}2J", "\\u009b2J"),
            ("exe.\u{202e}gpj", "exe.\\u202egpj"),
            ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u2066\\u2069\\u200e\\u200f\\u061c"),
            ("over\rwritten\u{8}\u{7f}\0", "over\\u000dwritten\\u0008\\u007f\\u0000"),
            ("one\u{2028}line", "one\\u2028line"),
        ] {
            assert_eq!(escape(text, Colors::None), escaped);
        }
    }

    #[test]
    fn only_colours_are_colours() {
        for (text, escaped) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[m", "\u{1b}[m"),
            ("\u{1b}[2J", "\\u001b[2J"),
            ("\u{1b}[8m", "\\u001b[8m"),
            ("\u{1b}[1;30m", "\\u001b[1;30m"),
            ("\u{1b}[38;5;0m", "\\u001b[38;5;0m"),
            ("\u{1b}[31", "\\u001b[31"),
            ("\u{1b}[3\u{202e}1m", "\\u001b[3\\u202e1m"),
            ("\u{1b}", "\\u001b"),
        ] {
            assert_eq!(escape(text, Colors::Kept), escaped);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_left(text in "(\\PC|[\u{0}-\u{9f}]|\u{202e}|\u{1b}\\[3?1?m){0,40}") {
            prop_assert!(!escape(&text, Colors::None).contains(is_obeyed));
            // Whatever text was escaped, JSON is what it was.
            let json = serde_json::to_string(&text).unwrap();
            let back: String = serde_json::from_str(&escape(&json, Colors::None)).unwrap();
            prop_assert_eq!(&back, &text);
            let kept = escape(&text, Colors::Kept).into_owned();
            for (at, _) in kept.match_indices('\u{1b}') {
                prop_assert!(color(&kept[at..]).is_some());
            }
        }
    }
}
