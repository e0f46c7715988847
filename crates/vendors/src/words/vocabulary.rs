//! The vocabulary in the form in which it is searched: phrases by their first word. It is built once, from the lines
//! of [`super::alarms`] and [`super::states`].

use std::collections::HashMap;
use std::sync::LazyLock;

use tipoff_model::Event;

use super::phrase::is_ideographic;
use super::word_set::{WordSet, fits};
use super::{WordKind, alarms, states};

/// A phrase of the vocabulary.
pub(super) struct Phrase {
    pub(super) event: Event,
    pub(super) kind: WordKind,
    /// Its words as they are written, with stars.
    pub(super) words: Vec<&'static str>,
}

/// All phrases.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// Phrases by their first word.
    by_first: HashMap<&'static str, Vec<Phrase>>,
    /// Phrases whose first word has a star: each is compared with every word.
    starred: Vec<Phrase>,
    /// Phrases of scripts without spaces, the longest first.
    pub(super) ideographic: Vec<(&'static str, Event)>,
    /// The single words that are nouns for events.
    pub(super) nouns: WordSet,
}

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::new);

impl Vocabulary {
    /// Reads all lines. A line that has no event or no known kind is left out, which a test forbids.
    fn new() -> Self {
        let mut vocabulary = Self::default();
        for (event, kind, words) in lines().filter_map(entry) {
            for phrase in words.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                if phrase.chars().any(is_ideographic) {
                    vocabulary.ideographic.push((phrase, event));
                    continue;
                }
                let words: Vec<&'static str> = phrase.split(' ').collect();
                let is_noun = matches!(kind, WordKind::Noun | WordKind::Prone);
                if let ([word], true) = (words.as_slice(), is_noun) {
                    vocabulary.nouns.add(word);
                }
                vocabulary.add(Phrase { event, kind, words });
            }
        }
        // The longest first, so that a phrase is preferred to those inside of it.
        vocabulary.ideographic.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        vocabulary
    }

    fn add(&mut self, phrase: Phrase) {
        match phrase.words.first() {
            Some(first) if !first.contains('*') => {
                self.by_first.entry(first).or_default().push(phrase);
            }
            _ => self.starred.push(phrase),
        }
    }

    /// The phrases that may begin with a word.
    pub(super) fn beginning_with<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a Phrase> {
        let by_first = self.by_first.get(word).into_iter().flatten();
        let is_first =
            move |phrase: &&Phrase| phrase.words.first().is_some_and(|first| fits(first, word));
        by_first.chain(self.starred.iter().filter(is_first))
    }
}

/// The lines of the vocabulary.
pub(super) fn lines() -> impl Iterator<Item = &'static str> {
    let lines = alarms::WORDS.lines().chain(states::WORDS.lines());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The parts of a line: an event, a kind and words.
pub(super) fn entry(line: &'static str) -> Option<(Event, WordKind, &'static str)> {
    let (event, rest) = line.split_once(' ')?;
    let (kind, words) = rest.trim_start().split_once(' ')?;
    let kind = match kind {
        "sure" => WordKind::Sure,
        "predicate" => WordKind::Predicate,
        "noun" => WordKind::Noun,
        "prone" => WordKind::Prone,
        _ => return None,
    };
    Some((Event::from_name(event)?, kind, words))
}

/// Words that say no more than the title of an event, without the grammar around them.
const PLAIN: &[(Event, &str)] = &[
    (Event::Motion, "motion, movement, motiondetect, videomotion, vmd, md, moving"),
    (Event::Person, "person, people, human, humans, humandetect, smd, motion, body"),
    (Event::Vehicle, "vehicle, vehicles, smd, motor, motion"),
    (Event::Animal, "animal, animals, pet, pets, motion"),
    (Event::Doorbell, "visitor, visitors, doorbell, rang, ringing, ring, bell"),
    (Event::Line, "line, crossing, cross, crossed, tripwire"),
    (Event::Zone, "intrusion, area, region, field, zone"),
    (Event::Tamper, "tamper, tampering, masking, masked, mask, shelter, occlusion"),
    (Event::Sound, "audio, sound, exception"),
    (Event::Input, "input, external, local, sensor, io"),
    (Event::Periodic, "periodic, periodical, schedule, scheduled, timing, timed"),
    (Event::Test, "test"),
];

/// Words that say no more than the title of an event. Empty for events whose words are always news, such as faults.
pub(super) fn plain(event: Event) -> &'static WordSet {
    static SETS: LazyLock<HashMap<Event, WordSet>> =
        LazyLock::new(|| PLAIN.iter().map(|(event, words)| (*event, WordSet::of(words))).collect());
    static NONE: LazyLock<WordSet> = LazyLock::new(WordSet::default);
    SETS.get(&event).unwrap_or(&NONE)
}
