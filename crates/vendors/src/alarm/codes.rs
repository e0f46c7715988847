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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_state_is_a_phase() {
        for (words, expected) in [
            (
                ["Start", "active", "1", "true", "ON", "new", "open"].as_slice(),
                Some(AlarmPhase::Start),
            ),
            (&["Stop", "inactive", "0", "False", "off", "end", "closed"], Some(AlarmPhase::Stop)),
            (&["update", "repeat", "duration"], Some(AlarmPhase::Repeat)),
            (&["Pulse", "appear"], Some(AlarmPhase::Pulse)),
            (&["", "2", "starting", "person"], None),
        ] {
            for word in words {
                assert_eq!(phase(word), expected, "{word}");
            }
        }
    }

    #[test]
    fn a_hardware_address_has_twelve_digits_and_not_only_zeros() {
        for (text, expected) in [
            ("24:0F:9b:11:22:33", Some("240f9b112233")),
            ("f0-a7-31-3e-84-18", Some("f0a7313e8418")),
            ("0123.4567.89AB", Some("0123456789ab")),
            ("24:0F:9b:11:22", None),
            ("24:0F:9b:11:22:33:44", None),
            ("24:0F:9b:11:22:3g", None),
            ("00:00:00:00:00:00", None),
            ("", None),
        ] {
            assert_eq!(plain_mac(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_link_is_an_http_address_without_spaces() {
        assert_eq!(link("https://nas.lan/1.jpg").as_deref(), Some("https://nas.lan/1.jpg"));
        assert_eq!(link("http://nas.lan/1.jpg").as_deref(), Some("http://nas.lan/1.jpg"));
        for text in ["/1.jpg", "ftp://nas.lan/1.jpg", "http://nas.lan/a b.jpg", "data:x", ""] {
            assert_eq!(link(text), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_word_is_guessed_by_the_words_in_it() {
        for (word, expected) in [
            ("SmartHumanDetect", Some(Event::Person)),
            ("car_detected", Some(Event::Vehicle)),
            ("storageFailure", Some(Event::Fault)),
            ("dog", Some(Event::Animal)),
            ("big.dog", Some(Event::Animal)),
            ("scheduled", None),
            ("MotionEnd", None),
            ("test", None),
            ("Carport", None),
            ("", None),
        ] {
            assert_eq!(guessed(word), expected, "{word}");
        }
        let long = "x".repeat(WORD_CHARS_MAX - 4) + " dog";
        assert_eq!(guessed(&long), Some(Event::Animal));
        assert_eq!(guessed(&format!("x{long}")), None, "cut at its limit");
    }

    #[test]
    fn an_object_is_more_important_than_motion_and_less_than_a_fault() {
        let person = Some(Event::Person);
        for event in [Event::Motion, Event::Line, Event::Zone, Event::Other] {
            assert_eq!(by_object(Some(event), person), person);
            assert_eq!(by_object(Some(event), None), Some(event));
        }
        assert_eq!(by_object(None, person), person);
        for event in [Event::Fault, Event::Tamper, Event::Fire, Event::Vehicle] {
            assert_eq!(by_object(Some(event), person), Some(event));
        }
    }

    #[test]
    fn lines_are_not_empty_and_differ() {
        assert_eq!(lines([Some("a"), None, Some(" "), Some("b "), Some("a")]), "a\nb");
    }
}
