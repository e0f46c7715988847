//! Names that devices gave themselves: cut, printable, and never taken for one that people gave.

use std::net::IpAddr;

/// A label that a device gave itself is cut to this many characters.
const CHARS_MAX: usize = 60;

/// How names begin that Tipoff gives: see docs/spool.md, "Devices".
const OURS: [&str; 3] = ["unknown at ", "unknown devices", "devices at "];

/// What can be shown of a label: without what is invisible, or turns the letters beside it around.
pub(super) fn printable(label: &str) -> String {
    let shown = label.chars().filter(|it| !it.is_control() && !is_format(*it)).take(CHARS_MAX);
    shown.collect::<String>().trim().to_owned()
}

/// Whether a label looks like a name that Tipoff makes: one with an address or a recorder behind it, an
/// address, or that of unknown devices.
pub(super) fn is_ours(label: &str) -> bool {
    let label = label.to_lowercase();
    label.contains('(')
        || label.parse::<IpAddr>().is_ok()
        || label == "unknown"
        || OURS.iter().any(|ours| label.starts_with(ours))
}

/// Whether two names look the same to somebody in a hurry: letters and digits count, their case does not.
pub(super) fn are_alike(one: &str, other: &str) -> bool {
    let letters = |name: &str| -> String {
        let name = name.to_lowercase();
        name.chars().filter(|it| it.is_alphanumeric()).collect()
    };
    let (one_letters, other_letters) = (letters(one), letters(other));
    if one_letters.is_empty() { one.trim() == other.trim() } else { one_letters == other_letters }
}

/// Whether a name has what is not seen in it, or turns the letters beside it around.
pub(crate) fn is_deceptive(name: &str) -> bool {
    name.chars().any(|it| it.is_control() || is_format(it))
}

/// A text that others chose, with a mark for each character that is not seen or turns others around.
pub(crate) fn marked(text: &str) -> String {
    let mark =
        |it: char| if it.is_control() || is_format(it) { char::REPLACEMENT_CHARACTER } else { it };
    text.chars().map(mark).collect()
}

/// Characters of Unicode's category Cf that hide or reorder text.
fn is_format(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_hide_nothing() {
        for (label, shown) in [
            ("cam1", "cam1"),
            (" front\u{200b} yard\r\n", "front yard"),
            ("\u{202e}draY", "draY"),
            ("\u{feff}", ""),
        ] {
            assert_eq!(printable(label), shown);
        }
        assert_eq!(printable(&"x".repeat(100)).len(), CHARS_MAX);
    }

    #[test]
    fn a_name_that_looks_like_ours_is_known() {
        for (label, ours) in [
            ("cam1", false),
            ("unknown", true),
            ("unknowns", false),
            ("Unknown at 192.168.1.9", true),
            ("cam1 (192.168.1.20)", true),
            ("192.168.1.20", true),
            ("fd00::1", true),
        ] {
            assert_eq!(is_ours(label), ours, "{label}");
        }
        for (one, other, alike) in [
            ("Front yard", "front-yard", true),
            ("Front yard", "FRONTYARD", true),
            ("Front yard", "Front yard 2", false),
            ("!", "?", false),
        ] {
            assert_eq!(are_alike(one, other), alike, "{one} {other}");
        }
    }
}
