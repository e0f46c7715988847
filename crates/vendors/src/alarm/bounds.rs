//! Holds a reading to its limits, and assigns the media that no rule assigned.

use std::collections::HashSet;

use tipoff_model::{Alarm, AlarmReading, AlarmRequest, Camera, Media, MediaKind};

use super::{ALARM_TEXT_BYTES_MAX, ALARMS_MAX};

/// Longest kind, detection, number, serial number and name in characters.
const WORD_CHARS_MAX: usize = 128;
/// Longest title in characters.
const SUBJECT_CHARS_MAX: usize = 200;
/// Longest address of a picture in bytes. A longer one would not work if it were cut.
const LINK_BYTES_MAX: usize = 2048;

/// The reading within its limits, with every medium of the request in one of its alarms.
pub(super) fn bounded(request: &AlarmRequest, mut reading: AlarmReading) -> AlarmReading {
    let more = reading.alarms.len().saturating_sub(ALARMS_MAX);
    reading.alarms.truncate(ALARMS_MAX);
    for alarm in &mut reading.alarms {
        bound(alarm);
    }
    if let (Some(last), true) = (reading.alarms.last_mut(), more > 0) {
        let note = format!("{more} more in the same message");
        last.text = multiline(&last.text, ALARM_TEXT_BYTES_MAX - note.len() - 1);
        last.text += if last.text.is_empty() { "" } else { "\n" };
        last.text += &note;
    }
    assign_media(&request.media, &mut reading.alarms);
    reading
}

fn bound(alarm: &mut Alarm) {
    alarm.kind = line(&alarm.kind, WORD_CHARS_MAX).to_lowercase();
    alarm.subject = line(&alarm.subject, SUBJECT_CHARS_MAX);
    alarm.text = multiline(&alarm.text, ALARM_TEXT_BYTES_MAX);
    alarm.picture = alarm.picture.take().filter(|link| link.len() <= LINK_BYTES_MAX);
    for word in [&mut alarm.detection, &mut alarm.identity.serial, &mut alarm.identity.name] {
        *word = short(word.take());
    }
    alarm.camera = alarm.camera.take().and_then(|camera| {
        let camera = Camera { number: short(camera.number), name: short(camera.name) };
        (camera.number.is_some() || camera.name.is_some()).then_some(camera)
    });
}

fn short(text: Option<String>) -> Option<String> {
    text.map(|text| line(&text, WORD_CHARS_MAX)).filter(|text| !text.is_empty())
}

/// A text in one line without control characters, cut at its limit.
fn line(text: &str, chars_max: usize) -> String {
    text.trim().chars().filter(|it| !it.is_control()).take(chars_max).collect()
}

/// A text of several lines, cut at its limit between two characters.
pub(super) fn multiline(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    for character in text.trim().chars().filter(|it| *it == '\n' || !it.is_control()) {
        if kept.len() + character.len_utf8() > bytes_max {
            break;
        }
        kept.push(character);
    }
    kept
}

/// Each medium belongs to one alarm. Those that no rule assigned belong to the first alarm, or one to each if there
/// are as many as alarms.
fn assign_media(media: &[Media], alarms: &mut [Alarm]) {
    let mut seen = HashSet::new();
    for alarm in alarms.iter_mut() {
        alarm.media.retain(|index| *index < media.len() && seen.insert(*index));
    }
    let left: Vec<usize> = (0..media.len()).filter(|index| !seen.contains(index)).collect();
    if left.len() == media.len() && left.len() == alarms.len() {
        for (alarm, index) in alarms.iter_mut().zip(left) {
            alarm.media.push(index);
        }
    } else if let Some(first) = alarms.first_mut() {
        first.media.extend(largest_first(media, left));
    }
}

/// Media with the pictures first, the largest of them first: the whole picture before its crops.
pub(super) fn largest_first(media: &[Media], mut indices: Vec<usize>) -> Vec<usize> {
    indices.sort_by_key(|index| match media.get(*index) {
        Some(medium) if medium.kind == MediaKind::Picture => (0, u64::MAX - medium.size),
        Some(medium) if medium.is_shot() => (1, 0),
        _ => (2, 0),
    });
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_and_what_is_empty_is_none() {
        let long = "x".repeat(WORD_CHARS_MAX + 1);
        let mut alarm = Alarm {
            kind: format!("K\u{7}{long}"),
            subject: format!(" a\nb{}", "x".repeat(SUBJECT_CHARS_MAX)),
            text: "a\r\nb\u{7}".to_owned(),
            camera: Some(Camera { number: Some(" ".to_owned()), name: Some(String::new()) }),
            picture: Some("x".repeat(LINK_BYTES_MAX)),
            detection: Some(long.clone()),
            ..Alarm::default()
        };
        alarm.identity.serial = Some("\u{7}".to_owned());
        bound(&mut alarm);
        assert_eq!(alarm.kind.len(), WORD_CHARS_MAX);
        assert!(alarm.kind.starts_with("kx"));
        assert_eq!(alarm.subject.len(), SUBJECT_CHARS_MAX);
        assert!(alarm.subject.starts_with("abx"));
        assert_eq!((alarm.text.as_str(), alarm.camera.clone()), ("a\nb", None));
        assert!(alarm.picture.is_some());
        assert_eq!(alarm.detection.as_ref().map(String::len), Some(WORD_CHARS_MAX));
        assert_eq!(alarm.identity.serial, None);
        alarm.picture = Some("x".repeat(LINK_BYTES_MAX + 1));
        alarm.camera = Some(Camera { number: None, name: Some(long) });
        bound(&mut alarm);
        assert_eq!(alarm.picture, None);
        assert_eq!(alarm.camera.and_then(|it| it.name).map(|it| it.len()), Some(WORD_CHARS_MAX));
    }

    #[test]
    fn a_note_of_more_alarms_keeps_the_text_within_its_limit() {
        let alarm = || Alarm { text: "x".repeat(ALARM_TEXT_BYTES_MAX), ..Alarm::default() };
        let alarms = (0..=ALARMS_MAX).map(|_| alarm()).collect();
        let reading = AlarmReading { alarms, ..AlarmReading::default() };
        let alarms = bounded(&AlarmRequest::default(), reading).alarms;
        let last = alarms.last().map(|it| it.text.clone()).unwrap_or_default();
        assert_eq!(last.len(), ALARM_TEXT_BYTES_MAX);
        assert!(last.ends_with("x\n1 more in the same message"));
    }
}
