//! Hikvision and those who build on it (Annke, EZVIZ, HiLook, LaView, LTS, Uniden).
//!
//! The text has one field a line, behind the sentence "This is an automatically generated e-mail from your IPC.":
//!
//! ```text
//! camera                                     recorder
//! EVENT TYPE: Intrusion Detection            EVENT TYPE:    Motion Detected
//! EVENT TIME: 2015-05-22,14:52:18            EVENT TIME:    2025-07-26,16:53:09
//! CHANNEL NAME: Orto                         DVR NAME:      Embedded Net DVR
//! CHANNEL NUMBER: 1                          CAMERA NAME(NUM):   CAM 2 Garage(A2)
//! ```
//!
//! Clones indent with tabs and write day/month/year. A camera's subject is `ORTO: on Camera1: Intrusion Detection`,
//! a recorder's `Embedded Net DVR: Motion Detected On Channel A1`. All of these contain names that people chose, so
//! only the field and the event's part of the subject are read.

mod alarm;

use tipoff_model::{Camera, Event};

use crate::camera::RecorderChannel;
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Hikvision",
    recognises,
    read,
    form: FORM,
    upload,
    alarm: alarm::read,
    pictures: &[
        "/ISAPI/Streaming/channels/{channel}01/picture?snapShotImageType=JPEG",
        "/ISAPI/ContentMgmt/StreamingProxy/channels/{channel}01/picture",
        "/Streaming/channels/{channel}/picture",
    ],
    guide: GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &[
        "event type",
        "event time",
        "ipc name",
        "dvr name",
        "nvr name",
        "hvr name",
        "device name",
        "channel name",
        "channel number",
        "channel no*",
        "camera name*",
        "ipc ip*",
        "dvr ip*",
        "nvr ip*",
        "ip address*",
        "ipv4*",
        "ipv6*",
        "port",
    ],
    sentences: &["this is an automatically generated e-mail from your *"],
    free: false,
};

/// By the field in capitals, the sentence, or a recorder's subject with a channel number. A camera's subject alone
/// has a form that other devices have too.
fn recognises(mail: &MailView<'_>) -> bool {
    mail.text.contains("EVENT TYPE:")
        || mail.says("this is an automatically generated e-mail from your")
        || mail.subject.starts_with("Embedded Net DVR:")
        || HikvisionSubject::of(mail.subject).is_some_and(|subject| subject.number.is_some())
}

/// The parts of a subject in one of the two forms.
struct HikvisionSubject<'a> {
    device: &'a str,
    event: &'a str,
    /// Name of the channel, in a camera's subject.
    channel: Option<&'a str>,
    /// Number of the channel, in a recorder's subject: `A1`, `D4`.
    number: Option<&'a str>,
}

impl<'a> HikvisionSubject<'a> {
    /// Splits a subject: `device: event On Channel A1`, `device: on channel: event`, or `device: event`. `None` if it has
    /// no colon, or no number behind "On Channel".
    fn of(subject: &'a str) -> Option<Self> {
        let (device, rest) = subject.split_once(':')?;
        let (device, rest) = (device.trim(), rest.trim());
        if let Some((event, number)) = rest.rsplit_once(" On Channel ") {
            let number = number.trim();
            let digits = number.strip_prefix(|it: char| it.is_ascii_uppercase()).unwrap_or(number);
            let is_number = (1..=3).contains(&digits.len()) && is_digits(digits, digits.len());
            return is_number.then_some(Self {
                device,
                event,
                channel: None,
                number: Some(number),
            });
        }
        if let Some((channel, event)) = rest.strip_prefix("on ").and_then(|it| it.rsplit_once(": "))
        {
            return Some(Self { device, event, channel: Some(channel), number: None });
        }
        Some(Self { device, event: rest, channel: None, number: None })
    }
}

/// The field is preferred to the subject. A person or a vehicle that `TARGET TYPE` names is preferred to motion, a line
/// or a zone. An alarm input that names several cameras belongs to none of them, and their list is kept.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let subject = HikvisionSubject::of(mail.subject);
    let value = mail.filled("EVENT TYPE").or_else(|| Some(subject.as_ref()?.event));
    let target = mail.filled("TARGET TYPE").and_then(words::field);
    let by_value = value.and_then(event);
    let event = match (by_value, target) {
        // Who crosses a line is more important than the line.
        (Some(Event::Line | Event::Zone | Event::Motion) | None, Some(target)) => target,
        _ => by_value.unwrap_or_default(),
    };
    let listed = mail.filled("CAMERA NAME(NUM)");
    let (name, number) = match listed {
        Some(listed) => named_and_numbered(listed),
        None => (mail.filled("CHANNEL NAME"), mail.filled("CHANNEL NUMBER")),
    };
    let in_subject = subject.as_ref();
    let number = number.or_else(|| in_subject?.number);
    let name = name.or_else(|| in_subject?.channel);
    let names = ["IPC NAME", "DVR NAME", "NVR NAME", "HVR NAME", "DEVICE NAME"];
    let names = names.into_iter().filter_map(|key| mail.filled(key));
    let names = names.chain(name).chain(in_subject.map(|it| it.device)).collect();
    let several =
        listed.filter(|listed| listed.matches(['(', ')']).count() > 2 && listed.contains(','));
    let camera = if several.is_some() { None } else { camera(mail, name, number) };
    let has_form = in_subject.is_some_and(|it| it.channel.is_some() || it.number.is_some());
    let subject = SubjectNews::unless(has_form);
    let known = MailFacts { event, value, names, extra: several, subject };
    VendorReading { known, camera, details: None }
}

/// The event of an `EVENT TYPE` value. Thermal cameras report fire, and temperatures, which are inputs here.
fn event(value: &str) -> Option<Event> {
    let value = value.trim().to_lowercase();
    let has = |word: &str| value.contains(word);
    if has("fire") || has("smoke") {
        return Some(Event::Fire);
    }
    if has("temperature") {
        return Some(Event::Input);
    }
    words::field(&value)
}

/// The camera by the rule of [`mod@crate::camera`]. A recorder names itself in the sentence or in its own field.
fn camera(mail: &MailView<'_>, name: Option<&str>, number: Option<&str>) -> Option<Camera> {
    let of_recorder = ["from your dvr", "from your nvr", "from your hvr", "video recorder"]
        .iter()
        .any(|it| mail.says(it))
        || ["DVR NAME", "NVR NAME", "HVR NAME"].iter().any(|key| mail.field(key).is_some());
    RecorderChannel { number, name, of_recorder }.camera()
}

/// The name and the number in `CAM 2 Garage(A2)`.
fn named_and_numbered(listed: &str) -> (Option<&str>, Option<&str>) {
    match listed.strip_suffix(')').and_then(|listed| listed.rsplit_once('(')) {
        Some((name, number)) => {
            (Some(name.trim()).filter(|it| !it.is_empty()), Some(number.trim()))
        }
        None => (Some(listed), None),
    }
}

/// Events in the names of pictures, behind address, channel and time.
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
/// Digits of a time in a name, with or without milliseconds.
const TIME_DIGITS: std::ops::RangeInclusive<usize> = 14..=17;

/// `192.168.1.64_01_20190827095800502_MOTION_DETECTION.jpg`: address, channel, time, event. An intercom writes the
/// time first and the address last.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
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
        // The camera's name may replace its address. Then the vendor is less certain, so the file is never taken for
        // a scheduled one, which would not be alerted.
        ([_, .., channel], [_, told @ ..]) if is_digits(channel, 2) => {
            by_name(told).filter(|event| *event != Event::Periodic)
        }
        _ => None,
    }
}

/// The event by the exact words of a name.
fn by_name(told: &[&str]) -> Option<Event> {
    let told = told.join("_");
    NAMES.iter().find(|(name, _)| *name == told).map(|(_, event)| *event)
}

/// The event by the words of a name. New firmware adds events whose words are at least common ones.
fn meaning(told: &[&str]) -> Event {
    let by_words = || words::subject(&told.join(" ")).filter(|event| *event != Event::Test);
    by_name(told).or_else(by_words).unwrap_or_default()
}

/// Whether a word is an address: `192.168.1.64`, or IPv6, whose colons are dashes in a name: `fe80--1`, `--fe80-…`.
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
    mail: Some(SetupPage {
        notes: &[
            "Attached Image sends about three pictures and waits for the last of them: by FTP they \
             come sooner.",
        ],
        ..page(
            "Configuration > Network > Advanced Settings > Email",
            &[
                set("Sender", "any name"),
                fill("Sender's Address", SetupValue::Sender),
                fill("SMTP Server", SetupValue::Server),
                fill("SMTP Port", SetupValue::Port),
                set("Enable SSL, or E-mail Encryption", "off, None"),
                set("Attached Image", "on"),
                set("Interval", "the shortest"),
                set("Authentication", "on"),
                fill("User Name", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("Receiver", "any name"),
                fill("Receiver's Address", SetupValue::Recipient),
            ],
        )
    }),
    ftp: Some(SetupPage {
        notes: &[
            "Older ones take only a number as the server, and cut passwords at 16 characters.",
        ],
        ..page(
            "Configuration > Network > Advanced Settings > FTP",
            &[
                fill("Server Address", SetupValue::Server),
                fill("Port", SetupValue::Port),
                fill("User Name", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("Anonymous", "off"),
                choose("Directory Structure", "Save in the root directory"),
                set("Upload Picture", "on"),
            ],
        )
    }),
    alarm: Some(SetupPage {
        notes: &[
            "Nothing is sent unless Notify Surveillance Center is ticked at the event, under Linkage Method, and its arming schedule is set.",
            "Newer pages call it Alarm Server, under Event.",
        ],
        ..page(
            "Configuration > Network > Advanced Settings > HTTP Listening",
            &[
                fill("Destination IP or Host Name", SetupValue::Server),
                fill("URL", SetupValue::AlarmPath),
                choose("Protocol", "HTTP"),
                fill("Port", SetupValue::Port),
            ],
        )
    }),
    password_chars_max: 15,
    notes: &[
        "Then tick Send Email, or Upload to FTP, at the event (Configuration > Event), under \
         Linkage Method.",
    ],
    ..BASE
};
