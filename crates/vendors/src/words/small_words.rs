//! The small words around those for events: "detected", fillers, numbers, negations, prepositions. The words are in
//! [`super::states`]; here are the questions about them.

use std::sync::LazyLock;

use super::phrase::{self, Segment, Word};
use super::states;
use super::word_set::WordSet;

pub(super) static DETECTED: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(states::DETECTED));
pub(super) static FILLERS: LazyLock<WordSet> = LazyLock::new(|| {
    let mut set = WordSet::of(states::FILLERS);
    set.add(phrase::COMMA);
    set.add(phrase::GAP);
    set
});
static NEGATIONS: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(states::NEGATIONS));
static TEST: LazyLock<WordSet> = LazyLock::new(|| {
    WordSet::of(
        "test, tests, testing, prueba, prova, teste, essai, тест, proba, テスト, 测试, 測試",
    )
});
/// Words that a number may belong to: "RAID 0 failed" does not mean "0 failed".
static NUMBERED: LazyLock<WordSet> = LazyLock::new(|| {
    WordSet::of(
        "raid, camera, cam, channel, ch, disk, drive, port, slot, bay, cpu, unit, ups, hdd, kamera, kanal",
    )
});

/// Whether a word may stand between a noun and "detected".
pub(super) fn is_between(word: &str) -> bool {
    FILLERS.has(word) || is_number(word)
}

/// Whether a word is a number, or a small word with one: `2`, `camera1`, `a1`.
pub(super) fn is_number(word: &str) -> bool {
    let letters = word.trim_matches(|it: char| it.is_ascii_digit());
    letters.len() < word.len() && (letters.len() <= 1 || FILLERS.has(letters))
}

/// Whether a word such as "in" or "at" stands before a name.
pub(super) fn is_preposition(word: &str) -> bool {
    phrase::PREPOSITIONS.contains(&word)
}

/// Whether a segment says only that it is a test: "Test", "test alarm 2".
pub(super) fn is_test(segment: &Segment) -> bool {
    let mut unnamed = segment.words.iter().filter(|word| !word.named).map(|it| it.text.as_str());
    let has_test = unnamed.clone().any(|word| TEST.has(word));
    has_test
        && unnamed.all(|word| {
            TEST.has(word) || is_between(word) || DETECTED.has(word) || is_preposition(word)
        })
}

/// Whether the words from `start` to `end` are turned into their opposite, by a word before them or a zero behind.
pub(super) fn is_negated(words: &[Word], start: usize, end: usize) -> bool {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    if text(end) == "0" {
        return true;
    }
    let Some(before) = start.checked_sub(1) else {
        return false;
    };
    match text(before) {
        "0" => !before.checked_sub(1).is_some_and(|at| NUMBERED.has(text(at))),
        word => NEGATIONS.has(word),
    }
}
