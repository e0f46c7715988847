//! Translations of messages that the program wrote in English, with values in them: the hint of a session, which is stored,
//! or the fault of a camera.
//!
//! A message is one sentence or several of the `.po` files. There `{user}` stands for a value, and `{-why}` in a translation for
//! a value that is such a sentence itself. Pure, and bounded by the length of the message.

use std::collections::HashMap;

/// Sentences of a message.
const SENTENCES_MAX: usize = 12;
/// Values inside of values.
const DEPTH_MAX: usize = 2;

/// English sentences with their translations.
pub(super) struct Translations {
    /// All, as they stand in the program.
    pub(super) sentences: HashMap<String, String>,
    /// Those with values, the longest first.
    patterns: Vec<Pattern>,
}

impl Translations {
    pub(super) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        let (mut sentences, mut patterns) = (HashMap::new(), Vec::new());
        for (english, translation) in pairs {
            patterns.extend(Pattern::new(&english, &translation));
            sentences.insert(english, translation);
        }
        patterns.sort_by_key(|it: &Pattern| std::cmp::Reverse(it.words()));
        Self { sentences, patterns }
    }
}

/// A part of a sentence with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Words(String),
    Value {
        name: String,
        /// Whether the value has a translation of its own.
        is_message: bool,
    },
}

/// A sentence with values, and its translation.
struct Pattern {
    english: Vec<Part>,
    translation: Vec<Part>,
}

impl Pattern {
    /// `None` if the sentence has no value, or two side by side: then nothing shows where one ends.
    fn new(english: &str, translation: &str) -> Option<Self> {
        let (english, translation) = (parts(english), parts(translation));
        let is_value = |part: &Part| matches!(part, Part::Value { .. });
        let has_value = english.iter().any(is_value);
        let is_clear = !english.windows(2).any(|it| it.iter().all(is_value));
        (has_value && is_clear).then_some(Self { english, translation })
    }

    /// Bytes of its own words: the more, the more surely a message is this one.
    fn words(&self) -> usize {
        let bytes = self.english.iter().map(|part| match part {
            Part::Words(words) => words.len(),
            Part::Value { .. } => 0,
        });
        bytes.sum()
    }

    /// The values in a message; `None` if it is another one. A value is as short as it can be.
    fn values<'a>(&'a self, message: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let (mut rest, mut values, mut open) = (message, Vec::new(), None);
        let mut parts = self.english.iter().peekable();
        while let Some(part) = parts.next() {
            match (part, open.take()) {
                (Part::Value { name, .. }, _) => open = Some(name.as_str()),
                (Part::Words(words), None) => rest = rest.strip_prefix(words.as_str())?,
                (Part::Words(words), Some(name)) => {
                    let found = match parts.peek() {
                        Some(_) => rest.split_once(words.as_str()),
                        None => rest.strip_suffix(words.as_str()).map(|value| (value, "")),
                    };
                    let (value, left) = found?;
                    values.push((name, value));
                    rest = left;
                }
            }
        }
        match open {
            Some(name) => values.push((name, rest)),
            None if !rest.is_empty() => return None,
            None => {}
        }
        Some(values)
    }

    fn translate(&self, own: &Translations, message: &str, depth: usize) -> Option<String> {
        let values = self.values(message)?;
        let mut text = String::new();
        for part in &self.translation {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Value { name, is_message } => {
                    let (_, value) = values.iter().find(|(known, _)| known == name)?;
                    let translated = is_message.then(|| sentence(own, value, depth + 1)).flatten();
                    text.push_str(translated.as_deref().unwrap_or(value));
                }
            }
        }
        Some(text)
    }
}

/// The parts of a sentence. Braces around anything but a name are words.
pub(super) fn parts(sentence: &str) -> Vec<Part> {
    let (mut parts, mut words) = (Vec::new(), String::new());
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        words.push_str(before);
        let value = behind.split_once('}').and_then(|(inside, rest)| {
            let name = inside.strip_prefix('-').unwrap_or(inside);
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            let is_value = !name.is_empty() && name.bytes().all(is_name);
            is_value.then(|| (name.to_owned(), inside.starts_with('-'), rest))
        });
        match value {
            Some((name, is_message, behind)) => {
                if !words.is_empty() {
                    parts.push(Part::Words(std::mem::take(&mut words)));
                }
                parts.push(Part::Value { name, is_message });
                rest = behind;
            }
            None => {
                words.push('{');
                rest = behind;
            }
        }
    }
    words.push_str(rest);
    if !words.is_empty() {
        parts.push(Part::Words(words));
    }
    parts
}

/// The translation of a message; `None` if a sentence of it has none.
pub(super) fn translate(own: &Translations, message: &str) -> Option<String> {
    // A value may hold the end of a sentence itself.
    one_by_one(own, message).or_else(|| sentence(own, message, 0))
}

fn one_by_one(own: &Translations, message: &str) -> Option<String> {
    let (mut text, mut rest) = (String::new(), message);
    for _ in 0..SENTENCES_MAX {
        let (translated, left) = first(own, rest)?;
        // Chinese has no space between sentences.
        if !text.is_empty() && !text.ends_with('。') {
            text.push(' ');
        }
        text.push_str(&translated);
        rest = left;
        if rest.is_empty() {
            return Some(text);
        }
    }
    None
}

/// The translation of the shortest beginning that has one, and what is behind it.
fn first<'a>(own: &Translations, message: &'a str) -> Option<(String, &'a str)> {
    let ends = message.match_indices(". ").take(SENTENCES_MAX).map(|(at, _)| at + 1);
    ends.chain([message.len()]).find_map(|end| {
        let (first, rest) = message.split_at_checked(end)?;
        Some((sentence(own, first, 0)?, rest.trim_start()))
    })
}

fn sentence(own: &Translations, english: &str, depth: usize) -> Option<String> {
    if let Some(translation) = own.sentences.get(english) {
        return Some(translation.clone());
    }
    let mut patterns = own.patterns.iter().filter(|_| depth <= DEPTH_MAX);
    patterns.find_map(|pattern| pattern.translate(own, english, depth))
}
