//! Hikvision and those who build on it (Annke, EZVIZ, HiLook, LaView, LTS, Uniden).
//!
//! The text has lines `EVENT TYPE: …`, padded with spaces or tabs; the subject is
//! `device: on channel: event` of a camera and `Embedded Net DVR: event On Channel A1` of a
//! recorder. Names of devices stand in both, so only the field and the event's part are read.

use tipoff_model::Event;

use crate::guide::{Guide, OTHER, Page, Value, line, page, set};
use crate::upload::is_digits;
use crate::{Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Hikvision", recognises, event, upload, guide: GUIDE };

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
    let (before, rest) = words.split_at_checked(words.iter().position(is_time)?)?;
    match (before, rest) {
        ([], [_, told @ .., address]) if !told.is_empty() && is_address(address) => {
            Some(meaning(told))
        }
        ([address, channel], [_, told @ ..])
            if !told.is_empty() && is_digits(channel, 2) && is_address(address) =>
        {
            Some(meaning(told))
        }
        // The camera's name may stand for its address. Then it is less sure whose file it is: it
        // is not taken for one that is sent by the clock.
        ([_, .., channel], [_, told @ ..]) if is_digits(channel, 2) => {
            by_name(told).filter(|event| *event != Event::Periodic)
        }
        _ => None,
    }
}

fn by_name(told: &[&str]) -> Option<Event> {
    let told = told.join("_");
    NAMES.iter().find(|(name, _)| *name == told).map(|(_, event)| *event)
}

/// Of new events at least the words are known.
fn meaning(told: &[&str]) -> Event {
    let by_words = || words::event_but(&told.join(" "), &[Event::Periodic, Event::Test]);
    by_name(told).or_else(by_words).unwrap_or_default()
}

/// `192.168.1.64`, or of IPv6, which has no colons in a name, `fe80--1` or `--fe80-…`.
fn is_address(word: &str) -> bool {
    let is_short = |part: &str| (1..=3).contains(&part.len()) && is_digits(part, part.len());
    let is_v4 = word.split('.').count() == 4 && word.split('.').all(is_short);
    let is_v6 = || {
        word.matches(['-', ':']).count() >= 2
            && word.chars().all(|it| it.is_ascii_hexdigit() || it == '-' || it == ':')
    };
    is_v4 || is_v6()
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Annke", "EZVIZ", "HiLook", "LaView", "LTS", "Uniden"],
    mail: Some(Page {
        notes: &[
            "Attached Image sends about three pictures and waits for the last of them: by FTP they \
             come sooner.",
        ],
        ..page(
            "Configuration > Network > Advanced Settings > Email",
            &[
                set("Sender", "any name"),
                line("Sender's Address", Value::Sender),
                line("SMTP Server", Value::Server),
                line("SMTP Port", Value::Port),
                set("Enable SSL, or E-mail Encryption", "off, None"),
                set("Attached Image", "on"),
                set("Interval", "the shortest"),
                set("Authentication", "on"),
                line("User Name", Value::User),
                line("Password", Value::Password),
                set("Receiver", "any name"),
                line("Receiver's Address", Value::Recipient),
            ],
        )
    }),
    ftp: Some(Page {
        notes: &[
            "Older ones take only a number as the server, and cut passwords at 16 characters.",
        ],
        ..page(
            "Configuration > Network > Advanced Settings > FTP",
            &[
                line("Server Address", Value::Server),
                line("Port", Value::Port),
                line("User Name", Value::User),
                line("Password", Value::Password),
                set("Anonymous", "off"),
                set("Directory Structure", "Save in the root directory"),
                set("Upload Picture", "on"),
            ],
        )
    }),
    password_chars_max: 15,
    notes: &[
        "Then tick Send Email, or Upload to FTP, at the event (Configuration > Event), under \
         Linkage Method.",
    ],
    ..OTHER
};
