//! A set of words as the lists of this folder write them: a star stands for any beginning or end.

use std::collections::HashSet;

use super::phrase::is_ideographic;

/// A set of words, some of them with a star.
#[derive(Default)]
pub(crate) struct WordSet {
    /// Words without a star.
    exact: HashSet<&'static str>,
    /// Words with a star: each is compared with every word.
    starred: Vec<&'static str>,
    /// Words of scripts without spaces, which are searched for inside of a word.
    pub(super) ideographic: Vec<&'static str>,
}

impl WordSet {
    /// The set of a list that is separated by commas.
    pub(super) fn of(words: &'static str) -> Self {
        let mut set = Self::default();
        words.split(',').map(str::trim).filter(|it| !it.is_empty()).for_each(|it| set.add(it));
        set
    }

    pub(super) fn add(&mut self, word: &'static str) {
        if word.chars().any(is_ideographic) {
            self.ideographic.push(word);
        } else if word.contains('*') {
            self.starred.push(word);
        } else {
            self.exact.insert(word);
        }
    }

    /// Whether the set contains a word.
    pub(super) fn has(&self, word: &str) -> bool {
        self.exact.contains(word)
            || self.starred.iter().any(|it| fits(it, word))
            || self.ideographic.iter().any(|it| word.contains(it))
    }
}

/// Whether a word is the written one, or has it as beginning or end where a star is.
pub(super) fn fits(written: &str, word: &str) -> bool {
    if let Some(beginning) = written.strip_suffix('*') {
        word.starts_with(beginning)
    } else if let Some(end) = written.strip_prefix('*') {
        word.len() > end.len() && word.ends_with(end)
    } else {
        written == word
    }
}
