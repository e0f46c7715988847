//! Recognises that an alarm has ended: "Motion end" (Dahua), "Motion Detection Stop" (EZIP), "alarm stopped", "End of
//! motion". An end needs what has ended: cameras are named "West end" and "Bus stop".

use std::sync::LazyLock;

use tipoff_model::Event;

use super::hits::{self, Hit, Weight};
use super::phrase::{self, Segment, Word, is_ideographic};
use super::small_words::{DETECTED, FILLERS, is_between, is_preposition};
use super::states;
use super::word_set::{WordSet, fits};

static ENDED: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(states::ENDED));
static ENDED_BEHIND_NAME: LazyLock<WordSet> =
    LazyLock::new(|| WordSet::of(states::ENDED_BEHIND_NAME));
static AUXILIARIES: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(states::AUXILIARIES));
static END_OF: LazyLock<WordSet> = LazyLock::new(|| WordSet::of(states::END_OF));
/// The phrases of [`states::ENDS`] as words.
static ENDS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    states::ENDS.split(',').map(|phrase| phrase.split_whitespace().collect()).collect()
});

/// Whether the segments say that an alarm has ended.
pub(super) fn has_ended(segments: &[Segment], hits: &[(usize, Hit)]) -> bool {
    segments.iter().enumerate().any(|(index, segment)| {
        let hits: Vec<&Hit> =
            hits.iter().filter(|(at, _)| *at == index).map(|(_, hit)| hit).collect();
        says_end(segment, &hits)
    }) || segments.windows(2).any(|pair| match pair {
        // "Motion alarm: cleared".
        [alarm, end] => {
            has_alarm(alarm)
                && end.words.iter().all(|word| ends_alone(&word.text))
                && end.words.iter().any(|word| ENDED_BEHIND_NAME.has(&word.text))
        }
        _ => false,
    })
}

/// Whether a word may be in a segment that is nothing but an end.
fn ends_alone(word: &str) -> bool {
    FILLERS.has(word) || ENDED_BEHIND_NAME.has(word)
}

/// Whether a segment contains an alarm that is not part of a name.
fn has_alarm(segment: &Segment) -> bool {
    let is_unnamed = |word: &&Word| !word.named;
    segment.words.iter().filter(is_unnamed).any(|word| is_alarm_word(&word.text))
        || hits::of(segment).iter().any(|hit| hit.weight == Weight::Sure)
}

/// Whether a word is one for alarms, such as "alarm", "detection", "event", and not for their beginning.
fn is_alarm_word(word: &str) -> bool {
    DETECTED.has(word) && !["start", "started", "begin", "began", "present"].contains(&word)
}

/// Whether one segment says an end: by a phrase, or by an end behind or before an alarm.
fn says_end(segment: &Segment, hits: &[&Hit]) -> bool {
    let words = &segment.words;
    let has_phrase = ENDS.iter().any(|phrase| {
        words.windows(phrase.len().max(1)).any(|window| {
            let is_same = |(word, written): (&Word, &&str)| {
                fits(written, &word.text) || is_within(written, &word.text)
            };
            window.first().is_some_and(|word| !word.named) && window.iter().zip(phrase).all(is_same)
        })
    });
    has_phrase
        || hits.iter().any(|hit| hit.weight != Weight::Named && ends_behind(words, hit))
        || words.iter().enumerate().any(|(at, word)| {
            !word.named && is_alarm_word(&word.text) && ends_at(words, at + 1, false)
        })
        || begins_with_end(words, hits)
}

/// Whether a word of a script without spaces contains the written one.
fn is_within(written: &str, word: &str) -> bool {
    written.chars().any(is_ideographic) && word.contains(written)
}

/// Whether an end follows an event. Tests and schedules have no end, and neither have words that are often names.
fn ends_behind(words: &[Word], hit: &Hit) -> bool {
    let is_alarm = !matches!(hit.event, Event::Other | Event::Test | Event::Periodic) && !hit.prone;
    is_alarm && ends_at(words, hit.end, hit.event == Event::Fault)
}

/// Whether an end follows at a word: behind small verbs ("alarm has ended"), or as a verb at the end of the segment
/// behind a name or a number ("Motion on Camera 1 stopped"). `of_fault`: "fault stop" is no end, only a verb is.
fn ends_at(words: &[Word], from: usize, of_fault: bool) -> bool {
    let rest = words.get(from..).unwrap_or_default();
    let is_small = |word: &Word| AUXILIARIES.has(&word.text) || is_alarm_word(&word.text);
    let skipped = rest.iter().take_while(|word| !word.named && is_small(word)).count();
    let at_once = rest.get(skipped).is_some_and(|word| {
        let is_verb = ENDED_BEHIND_NAME.has(&word.text);
        // "Alarm Stop sign": a noun is an end only as the last word.
        let is_last = rest.get(skipped + 1).is_none_or(|next| next.named || is_mark(&next.text));
        !word.named && (is_verb || (!of_fault && is_last && ENDED.has(&word.text)))
    });
    let may_stand_between =
        |word: &Word| word.named || is_mark(&word.text) || is_between(&word.text);
    let at_last = rest.split_last().is_some_and(|(last, between)| {
        ENDED_BEHIND_NAME.has(&last.text) && between.iter().all(may_stand_between)
    });
    // In a script without spaces one word contains both.
    let in_word = from.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|word| {
        word.text.chars().any(is_ideographic)
            && ENDED.ideographic.iter().any(|it| word.text.contains(it))
    });
    at_once || at_last || (in_word && !of_fault)
}

/// Whether a word begins something else: a preposition or a comma.
fn is_mark(word: &str) -> bool {
    is_preposition(word) || word == phrase::COMMA
}

/// "End of motion", "Ende der Bewegung", "fin de l'alarme"; "koniec ruchu" without a word between.
fn begins_with_end(words: &[Word], hits: &[&Hit]) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    let of = rest.iter().take_while(|word| is_between(&word.text)).count();
    // "Ende" may be a name; "Ende der" is none.
    let is_end =
        END_OF.has(&first.text) && (of > 0 || !END_OF_WITH_ARTICLE.contains(&first.text.as_str()));
    let is_alarm = rest.get(of).is_some_and(|word| is_alarm_word(&word.text));
    let is_hit =
        || hits.iter().any(|hit| hit.start == of + 1 && hit.event != Event::Other && !hit.prone);
    is_end && (is_alarm || is_hit())
}

/// The words of [`END_OF`] in languages that have an article or a preposition behind them.
const END_OF_WITH_ARTICLE: &[&str] = &["end", "ende", "einde", "fin"];
