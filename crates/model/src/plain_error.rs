//! Errors of the operating system, for people: its words, without numbers and names of functions.

use std::fmt::Display;

/// The number that the standard library appends to the words of an error: ` (os error 111)`.
const NUMBER: &str = " (os error ";
/// The words that it puts before the reason why a name was not found.
const LOOKUP: &str = "failed to lookup address information: ";

/// The text of an error without the system's number: "Connection refused" for "Connection refused (os error 111)".
#[must_use]
pub fn plain_error(error: impl Display) -> String {
    let text = error.to_string().replace(LOOKUP, "");
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once(NUMBER) {
        plain.push_str(before);
        let after = behind.trim_start_matches(|it: char| it.is_ascii_digit());
        match after.strip_prefix(')') {
            Some(after) if after.len() + 1 < behind.len() => rest = after,
            // Not as the library writes it: it stays.
            _ => {
                plain.push_str(NUMBER);
                rest = behind;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_words_of_the_system_alone() {
        for (text, plain) in [
            ("Connection refused (os error 111)", "Connection refused"),
            ("a: No such file (os error 2): b (os error 13)", "a: No such file: b"),
            (
                "failed to lookup address information: Name or service not known",
                "Name or service not known",
            ),
            ("(os error )", "(os error )"),
            ("x (os error )", "x (os error )"),
            ("x (os error 5", "x (os error 5"),
            ("x (os error five) (os error 5)", "x (os error five)"),
            ("", ""),
        ] {
            assert_eq!(plain_error(text), plain);
        }
    }
}
