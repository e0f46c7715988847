//! Common words for events, in eleven languages: what a subject or a field says has happened.
//!
//! Words are compared whole, so "Carport" is no car. Of a subject the names are left out
//! ([`phrase`]); what is left is weighed, because a camera may be called "Dog house" or "Visitor
//! parking":
//!
//! 1. Phrases that say it by themselves ("line crossing", "disk error"), and nouns beside a word such
//!    as "detected" or "alarm" ("person detected") are sure. What stands in a segment before the first
//!    sure one is a name (`Car park: motion detected`).
//! 2. Nouns in a segment without unknown words ("Person", "A car and a person") count besides.
//! 3. Without those, nouns beside unknown words count ("Motion Garden", "Front door person").
//!
//! Of several events a fault comes first, then persons, vehicles, animals and so on. A test is a whole
//! phrase, and none beside a fault. An end needs what has ended ("motion end", "alarm stopped").

mod alarms;
mod ended;
mod hits;
mod phrase;
mod small_words;
mod states;
mod vocabulary;
mod word_set;

use tipoff_model::Event;

use hits::{Hit, Weight};
use phrase::Segment;
use small_words::{DETECTED, FILLERS};

/// Bytes of a phrase that are certainly read. The reader stops after so many characters, which may be more bytes.
pub(crate) const READ_MAX: usize = phrase::CHARS_MAX;

/// The kind of an entry of the vocabulary: how certain its words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordKind {
    /// They are the event by themselves.
    Sure,
    /// The same, and they count also behind a name at the end of a segment: "Backup on nas1 failed".
    Predicate,
    /// They are the event beside words such as "detected", or alone.
    Noun,
    /// Nouns that are often part of a camera's name.
    Prone,
}

/// The order in which events of one phrase count, the most important first.
const ORDER: &[Event] = &[
    Event::Fire,
    Event::Fault,
    Event::Person,
    Event::Vehicle,
    Event::Animal,
    Event::Doorbell,
    Event::Line,
    Event::Zone,
    Event::Tamper,
    Event::Sound,
    Event::Input,
    Event::Motion,
];

/// The event of a subject, without the names in it; `None` if it has none. Never [`Event::Periodic`], which is not
/// alerted: for an unknown vendor one word must not suppress an alert ("Scheduled backup failed").
pub(crate) fn subject(text: &str) -> Option<Event> {
    let segments = segments(text, true);
    let (tags, rest): (Vec<Segment>, Vec<Segment>) = segments.into_iter().partition(|it| it.tag);
    judge(&rest).or_else(|| {
        // "[Motion] Garden", "[ERROR] backup": tags are read only where nothing else is said.
        let by_tag = judge(&tags)?;
        matches!(by_tag, Event::Motion | Event::Person | Event::Fault | Event::Test)
            .then_some(by_tag)
    })
}

/// The event of a known vendor's field, which contains no names. So a single noun is enough, and [`Event::Periodic`]
/// counts.
pub(crate) fn field(value: &str) -> Option<Event> {
    let segments = segments(value, false);
    let is_test = || segments.iter().all(small_words::is_test);
    let periodic = || {
        let mut hits = segments.iter().flat_map(hits::of);
        hits.any(|hit| hit.event == Event::Periodic).then_some(Event::Periodic)
    };
    let by_noun = || most_important(segments.iter().flat_map(hits::of).collect());
    let by_test = || (!segments.is_empty() && is_test()).then_some(Event::Test);
    judge(&segments).or_else(by_noun).or_else(by_test).or_else(periodic)
}

/// Whether a phrase says no more than the title of this event: "Motion Detected" for a motion, but not "HDD Full" for
/// a fault.
pub(crate) fn is_plain(phrase: &str, event: Event) -> bool {
    let segments = phrase::segments(phrase, false);
    segments.iter().all(|segment| {
        let plain = vocabulary::plain(event);
        segment.words.iter().all(|word| {
            FILLERS.has(&word.text) || DETECTED.has(&word.text) || plain.has(&word.text)
        })
    })
}

/// The words of a text as they are compared: in lower case, without accents and punctuation.
pub(crate) fn words(text: &str) -> Vec<String> {
    let segments = phrase::segments(text, false);
    let words = segments.into_iter().flat_map(|segment| segment.words);
    words.map(|word| word.text).filter(|it| it != phrase::GAP && it != phrase::COMMA).collect()
}

/// Whether a word says nothing of the event, or only that there is one.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.has(word) || DETECTED.has(word)
}

/// Whether a word says no more than the title of this event.
pub(crate) fn is_plain_word(word: &str, event: Event) -> bool {
    vocabulary::plain(event).has(word)
}

/// The segments of a text, with compounds in two words.
fn segments(text: &str, names: bool) -> Vec<Segment> {
    phrase::segments(text, names).into_iter().map(hits::with_parts).collect()
}

/// The event of segments by the rules above: an end, then a test without a fault, then the most important event.
fn judge(segments: &[Segment]) -> Option<Event> {
    let hits: Vec<(usize, Hit)> = segments
        .iter()
        .enumerate()
        .flat_map(|(index, segment)| hits::of(segment).into_iter().map(move |hit| (index, hit)))
        .filter(|(_, hit)| hit.event != Event::Periodic)
        .collect();
    if ended::has_ended(segments, &hits) {
        return Some(Event::End);
    }
    let counted = counted(&hits);
    let has_fault = counted.iter().any(|hit| hit.event == Event::Fault);
    let is_test = counted.iter().any(|hit| hit.event == Event::Test)
        || (counted.is_empty() && segments.iter().any(small_words::is_test));
    if is_test && !has_fault {
        return Some(Event::Test);
    }
    most_important(counted)
}

/// The hits that count, by the rules above.
fn counted(hits: &[(usize, Hit)]) -> Vec<Hit> {
    let of = |weight: Weight| hits.iter().filter(move |(_, hit)| hit.weight == weight);
    let alarms = |(_, hit): &&(usize, Hit)| hit.event != Event::Other;
    let first_sure = of(Weight::Sure).filter(alarms).map(|(index, _)| *index).min();
    if let Some(first) = first_sure {
        let besides = of(Weight::Alone).filter(|(index, _)| *index >= first);
        return of(Weight::Sure).chain(besides).map(|(_, hit)| hit.clone()).collect();
    }
    for weight in [Weight::Alone, Weight::Weak, Weight::Named] {
        if of(weight).any(|hit| alarms(&hit)) {
            return of(weight).map(|(_, hit)| hit.clone()).collect();
        }
    }
    Vec::new()
}

/// The first event of [`ORDER`] among the hits.
fn most_important(hits: Vec<Hit>) -> Option<Event> {
    ORDER.iter().copied().find(|event| hits.iter().any(|hit| hit.event == *event))
}

#[cfg(test)]
mod tests;
