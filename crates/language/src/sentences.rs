//! Translations of sentences whose English stands where it is used: what a service or a device is, and how it is set up.
//!
//! They are files of gettext, in which the English sentence is the key: `texts/LANGUAGE/*.po`. So a sentence that changes
//! has no translation any more, which tests find, and the same sentence is translated once. A sentence with values, such as
//! `{user}`, is found by its words (`messages.rs`).

use std::sync::OnceLock;

use tipoff_model::Language;

use super::LANGUAGES;
use super::messages::Translations;

/// The files with these names of each language but English, in the order of [`Language::ALL`].
macro_rules! files {
    ($language:literal: $($name:literal),+) => {
        &[$(include_str!(concat!("../texts/", $language, "/", $name, ".po"))),+]
    };
    ($($name:literal),+) => {
        [
            files!("de": $($name),+),
            &[],
            files!("es": $($name),+),
            files!("fr": $($name),+),
            files!("nl": $($name),+),
            files!("zh": $($name),+),
        ]
    };
}

/// The files of each language. It is parsed when it is used for the first time.
pub(super) static FILES: [&[&str]; LANGUAGES] = files!("guide", "hint", "camera", "setting");

/// The files of a language; none for English.
pub(super) fn files(language: Language) -> &'static [&'static str] {
    let at = Language::ALL.iter().position(|it| *it == language);
    at.and_then(|at| FILES.get(at)).copied().unwrap_or_default()
}

/// The sentences of a language; `None` for English.
pub(super) fn of(language: Language) -> Option<&'static Translations> {
    static PARSED: [OnceLock<Translations>; LANGUAGES] = [const { OnceLock::new() }; LANGUAGES];
    let at = Language::ALL.iter().position(|it| *it == language)?;
    let (cell, files) = (PARSED.get(at)?, files(language));
    (!files.is_empty())
        .then(|| cell.get_or_init(|| Translations::new(files.iter().flat_map(|it| pairs(it)))))
}

/// The sentences of a file with their translations. Its head, which has no sentence, is not one of them.
pub(super) fn pairs(file: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut is_translation = false;
    for line in file.lines() {
        let quoted = if let Some(rest) = line.strip_prefix("msgid ") {
            pairs.push(Default::default());
            is_translation = false;
            rest
        } else if let Some(rest) = line.strip_prefix("msgstr ") {
            is_translation = true;
            rest
        } else {
            line
        };
        let words = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let (Some(words), Some((english, translation))) = (words, pairs.last_mut()) {
            let text = if is_translation { translation } else { english };
            unescape(words, text);
        }
    }
    pairs.retain(|(english, _)| !english.is_empty());
    pairs
}

/// Adds words from between quotes.
fn unescape(words: &str, text: &mut String) {
    let mut letters = words.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
}
