//! Swann and other recorders built by Raysharp. The text of an NVR8-8580RN:
//!
//! ```text
//! Device Name: NVR8-8580RN
//! Event Type: Human and Vehicle
//! Channel Name [IP-CH1]: Front Yard
//! AlarmType: Human
//! Alert from your NVR/DVR --- A Human and Vehicle event has been detected on one of your cameras; …
//! ```
//!
//! `AlarmType` is more exact than `Event Type`. Cameras without a recorder send no mail.

use tipoff_model::Event;

use crate::camera::RecorderChannel;
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{BASE, FTP, Guide, Labels, MAIL, SetupPage, SetupValue, choose, fill, set};
use crate::mail::{key_and_value, lines};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Swann",
    recognises,
    read,
    form: FORM,
    upload,
    alarm: |_| None,
    pictures: &[],
    guide: GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &["device name", "event type", "channel name*", "alarmtype", "alarm type", "time"],
    sentences: &[
        "alert from your nvr/dvr --- a * event has been detected on one of your cameras; please check the \
         attached image for reference",
        "alert from your nvr/dvr --- a * event has been detected on one of your cameras",
        "alert from your nvr/dvr --- a * event has been detected",
    ],
    free: false,
};

/// Abbreviations in Raysharp's menus (Alarm > Intelligent) and its HTTP interface, in lower case, with their event,
/// and with their words if these say more than the event.
const CODES: &[(&str, Event, &str)] = &[
    ("ad", Event::Person, ""),
    ("cc", Event::Line, "Cross counting"),
    ("cd", Event::Zone, "Crowd density"),
    ("cross counting", Event::Line, ""),
    ("crowd density detection", Event::Zone, "Crowd density"),
    ("fd", Event::Person, "Face"),
    ("fr", Event::Person, "Face recognition"),
    ("heat map", Event::Other, "Heat map"),
    ("hm", Event::Other, "Heat map"),
    ("human and vehicle", Event::Person, ""),
    ("io", Event::Input, ""),
    ("lcd", Event::Line, ""),
    ("lpd", Event::Vehicle, "License plate"),
    ("lpr", Event::Vehicle, "License plate"),
    ("md", Event::Motion, ""),
    ("od", Event::Tamper, ""),
    ("pd", Event::Person, ""),
    ("pd & vd", Event::Person, ""),
    ("pd&vd", Event::Person, ""),
    ("pid", Event::Zone, "Perimeter intrusion"),
    ("pir", Event::Input, ""),
    ("qd", Event::Zone, "Queue length"),
    ("queue length detection", Event::Zone, "Queue length"),
    ("rsd", Event::Sound, "Rare sound"),
    ("sd", Event::Sound, ""),
    ("sensor", Event::Input, ""),
    ("sod", Event::Zone, "Stationary object"),
    ("vd", Event::Vehicle, ""),
    ("vl", Event::Fault, "Video loss"),
    ("vt", Event::Tamper, ""),
];

/// By its fields together, or by the sentence.
fn recognises(mail: &MailView<'_>) -> bool {
    let has_type = mail.field("AlarmType").is_some() || mail.field("Event Type").is_some();
    (has_type && mail.says("channel name ["))
        || mail.says("alert from your nvr/dvr")
        || mail.subject.starts_with("Alert from your NVR/DVR")
}

/// The value is that of `AlarmType`, then of `Event Type`, then of the sentence. The number is in the key of the
/// channel.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let value = mail.filled("AlarmType").or_else(|| mail.filled("Event Type"));
    let value = value.or_else(|| in_sentence(mail.subject)).or_else(|| in_sentence(mail.text));
    let (event, value) = value.map(meaning).unwrap_or_default();
    let channel = lines(mail.text).filter_map(key_and_value).find_map(|(key, name)| {
        let (word, number) = key.split_once('[')?;
        let is_channel = word.trim().eq_ignore_ascii_case("channel name");
        is_channel.then_some((number.strip_suffix(']')?.trim(), name))
    });
    let number = channel.map(|(number, _)| number).filter(|it| !it.is_empty());
    let name = channel.map(|(_, name)| name).filter(|it| !it.is_empty());
    let camera = RecorderChannel { number, name, of_recorder: true }.camera();
    let names = mail.filled("Device Name").into_iter().chain(name).collect();
    let subject = SubjectNews::unless(in_sentence(mail.subject).is_some());
    VendorReading {
        known: MailFacts { event, value, names, extra: None, subject },
        camera,
        details: None,
    }
}

/// The event in `Alert from your NVR/DVR --- A Human and Vehicle event has been detected`.
fn in_sentence(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("Alert from your NVR/DVR --- A ")?;
    rest.split_once(" event has been detected").map(|(event, _)| event)
}

/// The event of an `AlarmType`, and its words if they say more.
fn meaning(value: &str) -> (Event, Option<&str>) {
    let lower = value.trim().to_lowercase();
    match CODES.iter().find(|(code, _, _)| *code == lower) {
        Some((_, event, words)) => (*event, Some(*words).filter(|words| !words.is_empty())),
        None => (words::field(value).unwrap_or_default(), Some(value)),
    }
}

/// `SNAP_CH01_2022_10_14_14_15_35_23978.jpg`: a channel and a time, no event.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let mut words = upload.stem().strip_prefix("SNAP_CH")?.split('_');
    let channel = words.next()?;
    let is_so = is_digits(channel, 2) && is_digits(words.next()?, 4) && words.count() >= 5;
    is_so.then_some(Event::Other)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Raysharp"],
    mail: Some(SetupPage {
        notes: &[
            "There is no field for a user: the sender stands for it.",
            "Interval is the pause after a mail.",
            "A recorder mails for all its cameras as one device.",
        ],
        labels: Labels::OfVendor,
        fields: &[
            choose("Email", "Enable"),
            choose("SSL", "Disable"),
            fill("SMTP Port", SetupValue::Port),
            fill("SMTP Server", SetupValue::Server),
            fill("Sender", SetupValue::Sender),
            fill("Password", SetupValue::Password),
            fill("Receiver", SetupValue::Recipient),
            set("Interval", "the shortest"),
        ],
        ..MAIL
    }),
    ftp: Some(FTP),
    notes: &["Press Apply before TEST."],
    ..BASE
};
