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
