//! Finds the events in a segment, and weighs how certain each is: by the words beside it, and by whether it may be
//! part of a camera's name. [`super::counted`] decides which of them count.

use tipoff_model::Event;

use super::WordKind;
use super::phrase::{Segment, Word, is_ideographic};
use super::small_words::{DETECTED, is_between, is_negated, is_number, is_preposition};
use super::vocabulary::{Phrase, VOCABULARY};
use super::word_set::fits;

/// How certain an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// A phrase of its own, or a noun beside "detected" and similar words.
    Sure,
    /// A noun in a segment without unknown words.
    Alone,
    /// A noun beside unknown words, which may be a name.
    Weak,
    /// Certain, but inside of what looks like a name: "In the garage motion was detected".
    Named,
}

/// An event in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) event: Event,
    pub(super) weight: Weight,
    /// Index of its first word.
    pub(super) start: usize,
    /// Index behind its last word.
    pub(super) end: usize,
    /// Whether its words are often part of a camera's name.
    pub(super) prone: bool,
}

/// A phrase of the vocabulary in a segment, before it is weighed.
struct PhraseMatch {
    event: Event,
    kind: WordKind,
    /// Index of its first word.
    start: usize,
    /// Index behind its last word.
    end: usize,
}

/// The events in a segment.
pub(super) fn of(segment: &Segment) -> Vec<Hit> {
    let words = segment.words.as_slice();
    let mut found: Vec<PhraseMatch> = Vec::new();
    for start in 0..words.len() {
        found.extend(longest_at(words, start));
    }
    // Of phrases that overlap the longest counts: an "audio exception" is a sound and no fault.
    found.sort_by_key(|it| (std::cmp::Reverse(it.end - it.start), it.start));
    let mut kept: Vec<PhraseMatch> = Vec::new();
    for it in found {
        if kept.iter().all(|other| it.end <= other.start || other.end <= it.start) {
            kept.push(it);
        }
    }
    let hits = kept.iter().filter(|it| !is_negated(words, it.start, it.end));
    let mut hits: Vec<Hit> = hits.filter_map(|it| weigh(words, it)).collect();
    for (at, word) in words.iter().enumerate() {
        hits.extend(ideographic(word, at));
    }
    hits
}

/// The longest phrase that begins at a word.
fn longest_at(words: &[Word], start: usize) -> Option<PhraseMatch> {
    let word = words.get(start)?;
    let rest = words.get(start..)?;
    let is_here = |phrase: &&Phrase| {
        phrase.words.len() <= rest.len()
            && phrase.words.iter().zip(rest).all(|(written, word)| fits(written, &word.text))
    };
    let all = VOCABULARY.beginning_with(&word.text).filter(is_here);
    let longest = all.max_by_key(|phrase| phrase.words.len())?;
    let Phrase { event, kind, ref words } = *longest;
    Some(PhraseMatch { event, kind, start, end: start + words.len() })
}

/// The weight of a phrase by the words around it; `None` if it is part of a name or says nothing.
fn weigh(words: &[Word], it: &PhraseMatch) -> Option<Hit> {
    let named = words.get(it.start).is_some_and(|word| word.named);
    let is_noun = matches!(it.kind, WordKind::Noun | WordKind::Prone);
    let prone = it.kind == WordKind::Prone;
    // "UPS on battery", but not "Motion on Battery room".
    let begins_name = words.get(it.start).is_some_and(|word| is_preposition(&word.text));
    if prone && begins_name && words.get(it.end).is_some_and(|next| !is_known(&next.text)) {
        return None;
    }
    let weight = if named {
        let is_predicate = it.kind == WordKind::Predicate && it.end == words.len();
        let is_said = is_noun && !prone && is_detected(words, it.end);
        // A name alone does not end in a predicate.
        let behind_name = it.start.checked_sub(1).and_then(|at| words.get(at));
        match (is_predicate && behind_name.is_some_and(|word| word.named), is_said) {
            (true, _) => Weight::Sure,
            (_, true) => Weight::Named,
            _ => return None,
        }
    } else if !is_noun || is_said(words, it) {
        Weight::Sure
    } else if words.iter().filter(|word| !word.named).all(|word| is_known(&word.text)) {
        Weight::Alone
    } else if is_weak(words, it) {
        Weight::Weak
    } else {
        return None;
    };
    Some(Hit { event: it.event, weight, start: it.start, end: it.end, prone })
}

/// Whether a noun stands beside "detected", "alarm" or a similar word.
fn is_said(words: &[Word], it: &PhraseMatch) -> bool {
    let behind = is_detected(words, it.end);
    let before = || {
        let before = words.get(..it.start).unwrap_or_default().iter().rev();
        let mut rest = before.skip_while(|word| is_between(&word.text) || is_noun(&word.text));
        rest.next().is_some_and(|word| DETECTED.has(&word.text)) && is_last(words, it.end)
    };
    behind || before()
}

/// Whether "detected" follows, perhaps behind small words and other nouns.
fn is_detected(words: &[Word], from: usize) -> bool {
    let mut rest = words.get(from..).unwrap_or_default().iter();
    rest.find(|word| !is_between(&word.text) && !is_noun(&word.text))
        .is_some_and(|word| DETECTED.has(&word.text))
}

/// Whether no unknown word follows, up to the next name.
fn is_last(words: &[Word], from: usize) -> bool {
    let rest = words.get(from..).unwrap_or_default().iter();
    rest.take_while(|word| !word.named).all(|word| is_known(&word.text))
}

/// Whether a noun beside unknown words is still an event: "Motion Garden", "Person Garden", but not "Dog house" and
/// "Visitor parking".
fn is_weak(words: &[Word], it: &PhraseMatch) -> bool {
    let is_name_too = it.kind == WordKind::Prone || it.event == Event::Doorbell;
    is_last(words, it.end) || (!is_name_too && (it.start == 0 || it.event == Event::Motion))
}

/// Whether a word belongs to the vocabulary or to the small words.
fn is_known(word: &str) -> bool {
    is_between(word)
        || DETECTED.has(word)
        || is_noun(word)
        || is_number(word)
        || is_preposition(word)
}

/// Whether a word is a noun for an event.
fn is_noun(word: &str) -> bool {
    VOCABULARY.nouns.has(word)
}

/// Ends of compounds: "Bewegungserkennung", "motiondetected".
#[rustfmt::skip]
const ENDS: &[&str] = &[
    "detected", "detection", "detect", "alarm", "alert", "event", "erkennung", "erkannt",
    "detektion", "meldung", "melder", "warnung", "ereignis", "detectie", "melding",
];
/// Letters that German and Dutch insert between the parts of a compound.
const GLUE: &[&str] = &["", "s", "n", "en", "e"];

/// The segment with each compound of a noun for an event and an end as two words.
pub(super) fn with_parts(segment: Segment) -> Segment {
    let words = segment.words.into_iter();
    let words = words.flat_map(|word| parts(&word).unwrap_or_else(|| vec![word])).collect();
    Segment { words, ..segment }
}

/// The two parts of a compound; `None` for any other word, and for one that is in the vocabulary as a whole.
fn parts(word: &Word) -> Option<Vec<Word>> {
    if VOCABULARY
        .beginning_with(&word.text)
        .any(|phrase| phrase.words.len() == 1 && phrase.kind == WordKind::Sure)
    {
        return None;
    }
    ENDS.iter().find_map(|end| {
        let stem = word.text.strip_suffix(end).filter(|stem| !stem.is_empty())?;
        let nouns = GLUE.iter().filter_map(|glue| stem.strip_suffix(glue));
        let noun = nouns.into_iter().find(|noun| is_noun(noun))?;
        let part = |text: &str| Word { text: text.to_owned(), named: word.named };
        Some(vec![part(noun), part(end)])
    })
}

/// The events in a word of a script without spaces: the longest phrases that do not overlap, without negated ones
/// and without those in names. In Japanese the event follows the place (`玄関で人を検知`).
fn ideographic(word: &Word, at: usize) -> Vec<Hit> {
    let text = word.text.as_str();
    if word.named || !text.chars().any(is_ideographic) {
        return Vec::new();
    }
    let mut taken: Vec<(usize, usize, Event)> = Vec::new();
    for (phrase, event) in &VOCABULARY.ideographic {
        for (start, _) in text.match_indices(phrase) {
            let end = start + phrase.len();
            if taken.iter().all(|(from, to, _)| end <= *from || *to <= start) {
                taken.push((start, end, *event));
            }
        }
    }
    let names = names_within(text);
    let last_place = ["で", "から", "にて"].iter().filter_map(|it| text.rfind(it)).max();
    let is_behind = |start: usize| last_place.is_some_and(|place| start > place);
    let some_behind = taken.iter().any(|(start, _, _)| is_behind(*start));
    let is_name = |start: usize| {
        names.iter().any(|name| name.contains(&start)) || (some_behind && !is_behind(start))
    };
    let counts = taken.into_iter().filter(|(start, end, _)| {
        let before = text.get(..*start).unwrap_or_default();
        let after = text.get(*end..).unwrap_or_default();
        let negated = ["无", "未", "没有", "無"].iter().any(|no| before.ends_with(no))
            || ["なし", "ありません"].iter().any(|no| after.starts_with(no));
        !negated && !is_name(*start)
    });
    let hit =
        |(_, _, event)| Hit { event, weight: Weight::Sure, start: at, end: at + 1, prone: false };
    counts.map(hit).collect()
}

/// The ranges of names in Chinese: between "from" and "的" in `来自门铃的移动侦测` (motion from the doorbell), behind
/// "at" in `在车库检测到人形` (person detected in the garage).
fn names_within(text: &str) -> Vec<std::ops::Range<usize>> {
    let between = |begin: &str, ends: &[&str]| {
        let start = text.find(begin)?;
        let rest = text.get(start + begin.len()..)?;
        let end = ends.iter().filter_map(|end| rest.find(end)).min()?;
        Some(start..start + begin.len() + end)
    };
    let from = between("来自", &["的"]);
    let at = between("在", &["检测", "侦测", "发现", "有", "上"]);
    from.into_iter().chain(at).collect()
}
