//! What the words of alarms mean where vendors agree: classes of objects, states, numbers, addresses.

use tipoff_model::{Alarm, AlarmPhase, Event, Identity, Value};

use super::view::all;
use crate::words;

/// Longest word of a device that is looked up, in characters.
const WORD_CHARS_MAX: usize = 64;

/// The event of a word in a vendor's list.
pub(crate) fn listed(codes: &[(&str, Event)], word: &str) -> Option<Event> {
    codes.iter().find(|(code, _)| code.eq_ignore_ascii_case(word)).map(|(_, event)| *event)
}

/// Whether a word is one of these, in any case.
pub(crate) fn is_any(words: &[&str], word: &str) -> bool {
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// An alarm with a device's word as its kind. The word is the title if its event is not known.
pub(crate) fn alarm(word: &str, event: Option<Event>, phase: AlarmPhase) -> Alarm {
    let event = event.unwrap_or_default();
    let subject = if event == Event::Other { word.to_owned() } else { String::new() };
    Alarm { kind: word.to_lowercase(), event, phase, subject, ..Alarm::default() }
}

/// The event of a word that no list has, by the common words in it: `smartHumanDetect`, `CAR_DETECTED`. Words that
/// suppress an alert or say an end are not guessed.
pub(crate) fn guessed(word: &str) -> Option<Event> {
    let spaced = spaced(word);
    let by_class = || spaced.split(' ').find_map(object_class);
    let is_news = |event: &Event| !matches!(event, Event::End | Event::Periodic | Event::Test);
    words::field(&spaced).filter(is_news).or_else(by_class)
}

/// The words of a name in one word: `SmartMotionHuman`, `line_crossing`.
fn spaced(word: &str) -> String {
    let mut spaced = String::new();
    let mut before = ' ';
    for character in word.chars().take(WORD_CHARS_MAX) {
        if character.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            spaced.push(' ');
        }
        let is_gap = matches!(character, '_' | '-' | '.' | '/' | ':');
        spaced.push(if is_gap { ' ' } else { character });
        before = character;
    }
    spaced
}

#[rustfmt::skip]
const PERSONS: &[&str] = &[
    "body", "face", "human", "humans", "humanbody", "intruder", "pedestrian", "people", "person",
    "persons", "humanoid", "humanface",
];
#[rustfmt::skip]
const VEHICLES: &[&str] = &[
    "anpr", "bicycle", "bike", "bus", "car", "forklift", "licenseplate", "license_plate", "motor",
    "motorbike", "motorcycle", "motorvehicle", "nonmotor", "nonmotorvehicle", "non-motor", "plate",
    "train", "truck", "twowheeler", "van", "vehicle", "vehicles",
];
#[rustfmt::skip]
const ANIMALS: &[&str] = &[
    "animal", "animals", "bear", "bird", "cat", "cow", "deer", "dog", "dog_cat", "dogcat", "fox",
    "horse", "pet", "pets", "rabbit", "raccoon", "sheep", "squirrel",
];

/// The event of a class of objects: `human`, `truck`, `dog`.
pub(crate) fn object_class(word: &str) -> Option<Event> {
    let word = word.trim();
    let classes = [(PERSONS, Event::Person), (VEHICLES, Event::Vehicle), (ANIMALS, Event::Animal)];
    classes.into_iter().find(|(words, _)| is_any(words, word)).map(|(_, event)| event)
}

/// The most important class of the objects that these fields name, at any depth.
pub(crate) fn object_in(value: &Value, names: &[&str]) -> Option<Event> {
    let texts = names.iter().flat_map(|name| all(value, name)).filter_map(Value::text);
    let classes = texts.flat_map(|text| text.split([',', ' '])).filter_map(object_class);
    classes.reduce(Event::or_more_important)
}

/// Who moved or crossed a line is more important than the motion or the line.
pub(crate) fn by_object(event: Option<Event>, object: Option<Event>) -> Option<Event> {
    match (event, object) {
        (Some(Event::Line | Event::Zone | Event::Motion | Event::Other) | None, Some(object)) => {
            Some(object)
        }
        _ => event,
    }
}

/// Whether a word says yes or no.
pub(crate) fn state(word: &str) -> Option<bool> {
    let word = word.trim();
    if is_any(&["true", "1", "yes", "on", "active", "high"], word) {
        return Some(true);
    }
    is_any(&["false", "0", "no", "off", "inactive", "low"], word).then_some(false)
}

/// The phase of a word: `Start`, `active`, `off`, `Pulse`.
pub(crate) fn phase(word: &str) -> Option<AlarmPhase> {
    let word = word.trim();
    let starts = ["start", "started", "begin", "began", "new", "triggered", "alarm", "open"];
    let stops =
        ["stop", "stopped", "end", "ended", "cleared", "closed", "idle", "normal", "resolved"];
    if is_any(&starts, word) || state(word) == Some(true) {
        return Some(AlarmPhase::Start);
    }
    if is_any(&stops, word) || state(word) == Some(false) {
        return Some(AlarmPhase::Stop);
    }
    let repeats = is_any(&["update", "repeat", "duration", "continue"], word);
    let once = is_any(&["pulse", "appear", "once"], word);
    repeats.then_some(AlarmPhase::Repeat).or_else(|| once.then_some(AlarmPhase::Pulse))
}

/// What a device says of itself in these fields: its hardware address, and its serial number.
pub(crate) fn identity(mac: Option<&str>, serial: Option<&str>) -> Identity {
    let serial = serial.map(str::to_owned);
    Identity { mac: mac.and_then(plain_mac), serial, name: None }
}

/// A hardware address as twelve digits in lower case; `None` if it is none, or all zeros.
pub(crate) fn plain_mac(text: &str) -> Option<String> {
    let is_separator = |it: char| matches!(it, ':' | '-' | '.' | ' ');
    let digits: String = text.chars().take(32).filter(|it| !is_separator(*it)).collect();
    let is_mac = digits.len() == 12 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    (is_mac && digits.bytes().any(|it| it != b'0')).then(|| digits.to_ascii_lowercase())
}

/// An address of a picture that can be fetched.
pub(crate) fn link(text: &str) -> Option<String> {
    let is_link = text.starts_with("http://") || text.starts_with("https://");
    (is_link && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

/// Parts of a text that are not empty, one a line.
pub(crate) fn lines<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for part in parts.into_iter().flatten().map(str::trim) {
        if !part.is_empty() && !lines.contains(&part) {
            lines.push(part);
        }
    }
    lines.join("\n")
}
