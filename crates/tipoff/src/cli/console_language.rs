//! The language of the set-up on the command line, and of what `tipoff run` prints at its start: that of the environment.
//!
//! The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is not empty decides (POSIX, Base Definitions, section 8.2). Other
//! commands print English, since people search for it and programs read it.

use std::fmt;

use tipoff_language::{Argument, Texts};
use tipoff_model::Language;

/// The variables, the first before the others.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The text of this key.
pub(super) fn text(key: &str) -> String {
    texts().text(key)
}

/// The text of this key with words in it.
pub(super) fn with(key: &str, words: &[(&str, &dyn fmt::Display)]) -> String {
    let words: Vec<(&str, String)> =
        words.iter().map(|(name, words)| (*name, words.to_string())).collect();
    let arguments = words.iter().map(|(name, words)| (*name, Argument::Words(words)));
    texts().with(key, &arguments.collect::<Vec<_>>())
}

/// The texts in the language of the environment.
pub(super) fn texts() -> Texts {
    Texts::of(of(|name| std::env::var(name).ok()))
}

/// The language that these variables name. English if it is not one of ours, as `C` and `POSIX` are not.
fn of(variable: impl Fn(&str) -> Option<String>) -> Language {
    let first = VARIABLES.iter().filter_map(|name| variable(name)).find(|it| !it.is_empty());
    first.and_then(|locale| Language::preferred(&locale)).unwrap_or_default()
}

/// The text with blanks behind it up to this number of columns of a terminal.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The number of columns that a text takes on a terminal: Chinese letters and signs take two (Unicode Standard Annex 11).
pub(super) fn width(text: &str) -> usize {
    let is_wide = |letter| matches!(letter, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}');
    text.chars().map(|letter| if is_wide(letter) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        for (all, messages, lang, expected) in [
            ("", "", "de_DE.UTF-8", Language::German),
            ("", "fr_FR", "de_DE.UTF-8", Language::French),
            ("zh_CN.UTF-8", "fr_FR", "de_DE", Language::Chinese),
            ("C", "", "de_DE.UTF-8", Language::English),
            ("", "", "pl_PL.UTF-8", Language::English),
            ("", "", "", Language::English),
        ] {
            let language = of(|name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LC_MESSAGES" => messages,
                    _ => lang,
                };
                Some(value.to_owned())
            });
            assert_eq!(language, expected, "{all} {messages} {lang}");
        }
        assert_eq!(of(|_| None), Language::English);
    }

    #[test]
    fn chinese_letters_take_two_columns() {
        assert_eq!(padded("配置", 6), "配置  ");
        assert_eq!(padded("Größe", 6), "Größe ");
        assert_eq!(padded("too long", 3), "too long");
    }
}
