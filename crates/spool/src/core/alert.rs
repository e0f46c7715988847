//! The words of an alert, gathered from the arrivals that it covers. Pure.
//!
//! No word is lost: every subject and text that differs is in the alert, and beyond a limit the
//! alert counts what it leaves out. The most important event names the alert.

use std::collections::HashSet;
use std::mem;

use tipoff_model::Event;

/// Number of arrivals whose words one alert quotes; the rest is counted.
const QUOTED_MAX: usize = 30;

/// Size of all quoted words of a gathered alert, in bytes. A single text is quoted whole.
const QUOTED_BYTES_MAX: usize = 64 * 1024;

/// Words beside an event's name that add nothing to it.
const NAMING: &[&str] = &["alarm", "alert", "detected", "detection", "email", "mail"];

/// The words of one arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) event: Event,
    /// As in [`tipoff_model::Content::subject`].
    pub(crate) subject: String,
    /// As in [`tipoff_model::Content::text`].
    pub(crate) text: String,
    /// As in [`tipoff_model::Content::details`].
    pub(crate) details: Option<String>,
}

/// The words of an alert; the fields are those of [`tipoff_model::Alert`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Composed {
    pub(crate) event: Event,
    pub(crate) events: Vec<Event>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) details: Option<String>,
    pub(crate) more: u32,
}

/// Gathers the words of the arrivals in `parts`. `earlier` holds the words of the incident's arrivals
/// before them: a follow-up does not repeat those. It is `None` for a first alert.
pub(crate) fn compose(parts: &[Words], earlier: Option<&[Words]>) -> Composed {
    let head = head(parts);
    let subject = head.map(|head| head.subject.clone()).unwrap_or_default();
    let (quoted, more) = quoted(parts);
    let mut events = events(parts);
    if let Some(earlier) = earlier {
        events.retain(|event| !earlier.iter().any(|words| words.event == *event));
    }
    Composed {
        event: parts.iter().fold(Event::Other, |event, it| event.or_more_important(it.event)),
        text: whole_text(&quoted, &subject),
        details: Some(details(&quoted, &subject, events.is_empty(), earlier)),
        subject,
        events,
        more,
    }
}

/// The arrival that gives the subject: the first with the most important event among those that
/// have a subject.
fn head(parts: &[Words]) -> Option<&Words> {
    let with_subject = parts.iter().filter(|words| !words.subject.is_empty());
    with_subject.reduce(|best, words| {
        if words.event.importance() > best.event.importance() { words } else { best }
    })
}

/// Every event that a title names, the most important one first. Motion beside a more important
/// event adds nothing.
fn events(parts: &[Words]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for event in parts.iter().map(|words| words.event) {
        if event != Event::Other && !events.contains(&event) {
            events.push(event);
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.importance()));
    // Nor does an end, or a picture sent by the clock, beside anything else.
    let highest = events.first().map_or(0, |event| event.importance());
    let lowest = [Event::Motion, Event::End].map(Event::importance);
    if let Some(lowest) = lowest.into_iter().find(|lowest| highest > *lowest) {
        events.retain(|event| event.importance() > lowest);
    }
    events
}

/// The arrivals whose words differ, within the limits and in their order, and the number of those
/// beyond. Those with the most important events are within.
fn quoted(parts: &[Words]) -> (Vec<&Words>, u32) {
    let mut seen = HashSet::new();
    let differ = parts.iter().filter(|it| !it.subject.is_empty() || !it.text.is_empty());
    let differ: Vec<&Words> =
        differ.filter(|it| seen.insert((it.subject.as_str(), it.text.as_str()))).collect();
    let mut ranked: Vec<(usize, &Words)> = differ.iter().copied().enumerate().collect();
    ranked.sort_by_key(|(_, words)| std::cmp::Reverse(words.event.importance()));
    let mut bytes = 0_usize;
    let fits = |(_, words): &&(usize, &Words)| {
        bytes = bytes.saturating_add(words.subject.len() + words.text.len());
        bytes <= QUOTED_BYTES_MAX
    };
    let count = ranked.iter().take(QUOTED_MAX).take_while(fits).count().max(1).min(differ.len());
    ranked.truncate(count);
    ranked.sort_by_key(|(place, _)| *place);
    let more = u32::try_from(differ.len() - count).unwrap_or(u32::MAX);
    (ranked.into_iter().map(|(_, words)| words).collect(), more)
}

/// Collects lines that were not there before.
#[derive(Default)]
struct Blocks<'a> {
    seen: HashSet<&'a str>,
    blocks: Vec<Vec<&'a str>>,
    block: Vec<&'a str>,
}

impl<'a> Blocks<'a> {
    fn add(&mut self, words: &'a str) {
        if !words.is_empty() && self.seen.insert(words) {
            self.block.push(words);
        }
    }

    fn end_block(&mut self) {
        let block = mem::take(&mut self.block);
        if !block.is_empty() {
            self.blocks.push(block);
        }
    }

    /// Single lines stand below each other; texts of several lines are parted by a blank line.
    fn join(self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(|block| block.join("\n")).collect();
        let is_line = |block: &String| !block.contains('\n');
        let between = if blocks.iter().all(is_line) { "\n" } else { "\n\n" };
        blocks.join(between)
    }
}

/// The text for programs: all words of all arrivals besides `subject`.
fn whole_text(quoted: &[&Words], subject: &str) -> String {
    let mut blocks = Blocks::default();
    for words in quoted {
        if words.subject != subject {
            blocks.add(&words.subject);
        }
        blocks.add(&words.text);
        blocks.end_block();
    }
    blocks.join()
}

/// The text for people: what the title does not say and nothing that was sent before. Where the
/// vendor's wording is known, its details stand for subject and text; several subjects that differ
/// are listed in any case.
fn details(quoted: &[&Words], subject: &str, untitled: bool, earlier: Option<&[Words]>) -> String {
    let mut blocks = Blocks::default();
    for words in earlier.unwrap_or_default() {
        let text = words.details.as_deref().unwrap_or(&words.text);
        blocks.seen.extend([words.subject.as_str(), text]);
    }
    if untitled && earlier.is_none() {
        // The subject is the title.
        blocks.seen.insert(subject);
    }
    let one_subject = quoted.iter().all(|words| words.subject == subject);
    for words in quoted {
        let adds = words.details.is_none() && !only_names(&words.subject, words.event);
        if adds || !one_subject {
            blocks.add(&words.subject);
        }
        blocks.add(words.details.as_deref().unwrap_or(&words.text));
        blocks.end_block();
    }
    blocks.join()
}

/// Whether a subject says no more than the title, which names the event: "Motion detected!".
fn only_names(subject: &str, event: Event) -> bool {
    let Some(title) = event.title() else {
        return false;
    };
    let title = title.to_lowercase();
    let subject = subject.to_lowercase();
    let words = subject.split(|letter: char| !letter.is_alphanumeric());
    let is_known = |word: &str| {
        NAMING.contains(&word) || word == event.as_str() || title.split(' ').any(|it| it == word)
    };
    words.filter(|word| !word.is_empty()).all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(event: Event, subject: &str, text: &str) -> Words {
        let (subject, text) = (subject.to_owned(), text.to_owned());
        Words { event, subject, text, details: None }
    }

    #[test]
    fn one_mail_is_quoted_as_it_stands() {
        let one = [words(Event::Motion, "Motion detected", "Channel 1")];
        let composed = compose(&one, None);
        assert_eq!(composed.event, Event::Motion);
        assert_eq!(
            (composed.subject.as_str(), composed.text.as_str()),
            ("Motion detected", "Channel 1")
        );
        assert_eq!(composed.details.unwrap(), "Channel 1", "the title names the event");
        let named = [words(Event::Motion, "Motion at the gate", "Channel 1")];
        assert_eq!(compose(&named, None).details.unwrap(), "Motion at the gate\nChannel 1");
        let unknown = [words(Event::Other, "Toner low", "Tray 2")];
        assert_eq!(compose(&unknown, None).details.unwrap(), "Tray 2", "the subject is the title");
    }

    #[test]
    fn every_subject_that_differs_is_there_and_the_most_important_event_names_it() {
        let many = [
            words(Event::Motion, "Motion at the drive", ""),
            words(Event::Motion, "Motion at the garden", ""),
            words(Event::Person, "Person at the back door", ""),
            words(Event::Vehicle, "Vehicle at the garage", ""),
        ];
        let composed = compose(&many, None);
        assert_eq!(composed.event, Event::Person);
        assert_eq!(composed.events, [Event::Person, Event::Vehicle]);
        assert_eq!(composed.subject, "Person at the back door");
        let listed = "Motion at the drive\nMotion at the garden\nVehicle at the garage";
        assert_eq!(composed.text, listed);
        let details = composed.details.unwrap();
        for words in &many {
            assert!(details.contains(&words.subject), "{details}");
        }
    }

    #[test]
    fn neither_a_fault_nor_tampering_is_hidden_by_motion() {
        for event in [Event::Fault, Event::Tamper] {
            for order in [[Event::Motion, event], [event, Event::Motion]] {
                let parts = order.map(|event| words(event, event.as_str(), ""));
                let composed = compose(&parts, None);
                assert_eq!((composed.event, composed.events), (event, vec![event]));
            }
        }
    }

    #[test]
    fn an_empty_subject_blocks_no_real_one() {
        let parts = [words(Event::Other, "", ""), words(Event::Other, "Gate open", "")];
        assert_eq!(compose(&parts, None).subject, "Gate open");
        let parts = [words(Event::Person, "", ""), words(Event::Motion, "Motion", "")];
        let composed = compose(&parts, None);
        assert_eq!((composed.event, composed.subject.as_str()), (Event::Person, "Motion"));
    }

    #[test]
    fn a_follow_up_repeats_nothing() {
        let earlier = [words(Event::Motion, "Motion", "Channel 1")];
        let same = [words(Event::Motion, "Motion", "Channel 1")];
        let composed = compose(&same, Some(&earlier));
        assert_eq!(composed.event, Event::Motion);
        assert!(composed.events.is_empty() && composed.details.unwrap().is_empty());
        let new = [same[0].clone(), words(Event::Person, "Person", "Channel 1")];
        let composed = compose(&new, Some(&earlier));
        assert_eq!(composed.events, [Event::Person]);
        assert_eq!(composed.details.unwrap(), "Person");
    }

    #[test]
    fn known_wording_gives_way_to_its_details() {
        let known = Words {
            details: Some(String::new()),
            ..words(Event::Motion, "Embedded Net DVR: Motion Detected On Channel A1", "S/N: 1")
        };
        let composed = compose(std::slice::from_ref(&known), None);
        assert_eq!(composed.details.unwrap(), "");
        assert_eq!(composed.text, "S/N: 1", "programs get all of it");
        let other = Words { subject: "Line Crossing On Channel A1".to_owned(), ..known.clone() };
        let composed = compose(&[known, other], None);
        assert!(
            composed.details.unwrap().contains("Line Crossing"),
            "subjects that differ are listed"
        );
    }

    #[test]
    fn what_is_beyond_the_limits_is_counted() {
        let subject = |index| words(Event::Other, &format!("mail {index}"), "");
        let parts: Vec<Words> = (0..QUOTED_MAX + 12).map(subject).collect();
        let composed = compose(&parts, None);
        assert_eq!(composed.more, 12);
        assert!(composed.text.contains("mail 29") && !composed.text.contains("mail 30"));
        let late = [parts.as_slice(), &[words(Event::Fault, "UPS on battery", "")]].concat();
        let composed = compose(&late, None);
        assert!(composed.details.unwrap().contains("UPS on battery"), "what matters is within");
        let long = words(Event::Other, "", &"x".repeat(QUOTED_BYTES_MAX + 1));
        assert_eq!(compose(std::slice::from_ref(&long), None).more, 0, "a single text is whole");
        assert_eq!(compose(&[long, subject(1)], None).more, 1);
    }
}
