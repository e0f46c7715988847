//! Hikvision and those who build on it (Annke, EZVIZ, HiLook, LaView, LTS, Uniden).
//!
//! The text has lines `EVENT TYPE: …`, padded with spaces or tabs; the subject is
//! `device: on channel: event` of a camera and `Embedded Net DVR: event On Channel A1` of a
//! recorder. Names of devices stand in both, so only the field and the event's part are read.

use tipoff_model::Event;

use crate::upload::is_digits;
use crate::{Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Hikvision", recognises, event, upload };

fn recognises(mail: &Mail<'_>) -> bool {
    mail.text.contains("EVENT TYPE:")
        || mail.says("automatically generated e-mail from your")
        || mail.subject.starts_with("Embedded Net DVR:")
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    let in_subject = || {
        let last = mail.subject.rsplit(':').next()?;
        Some(last.split(" On Channel").next().unwrap_or(last))
    };
    words::event(mail.field("EVENT TYPE").or_else(in_subject)?)
}

/// What stands behind address, channel and time in the names of pictures, and means it.
const NAMES: &[(&str, Event)] = &[
    ("ALARM_INPUT", Event::Input),
    ("ANPR", Event::Vehicle),
    ("AUDIO_EXCEPTION", Event::Sound),
    ("FACE_DETECTION", Event::Person),
    ("FIELD_DETECTION", Event::Zone),
    ("INTRUSION_DETECTION", Event::Zone),
    ("IO", Event::Input),
    ("LINE_CROSSING_DETECTION", Event::Line),
    ("LINE_DETECTION", Event::Line),
    ("MOTION_DETECTION", Event::Motion),
    ("PIR", Event::Input),
    ("REGION_ENTRANCE", Event::Zone),
    ("REGION_EXITING", Event::Zone),
    ("SCENE_CHANGE", Event::Tamper),
    ("TIMING", Event::Periodic),
    ("VEHICLE_DETECTION", Event::Vehicle),
    ("VIDEO_TAMPERING", Event::Tamper),
];
/// The digits of a time, with or without milliseconds.
const TIME_DIGITS: std::ops::RangeInclusive<usize> = 14..=17;

/// `192.168.1.64_01_20190827095800502_MOTION_DETECTION.jpg`; of an intercom the time stands first
/// and the address last.
fn upload(upload: &Upload<'_>) -> Option<Event> {
    let words: Vec<&str> = upload.stem().split('_').collect();
    let is_time = |word: &&str| TIME_DIGITS.contains(&word.len()) && is_digits(word, word.len());
    let at = words.iter().position(is_time)?;
    let told = words.get(at + 1..)?.join("_").to_ascii_uppercase();
    if at == 2 {
        let known = NAMES.iter().find(|(name, _)| *name == told);
        let by_words =
            || told.ends_with("_DETECTION").then(|| words::event(&told.replace('_', " ")));
        return known.map(|(_, event)| *event).or_else(|| by_words().flatten());
    }
    let is_intercom = at == 0 && words.last().is_some_and(|last| last.contains(['.', '-', ':']));
    let known = NAMES.iter().find(|(name, _)| told.starts_with(name));
    known.filter(|_| is_intercom).map(|(_, event)| *event)
}
