//! Reolink cameras, doorbells and recorders, in two generations of mails.
//!
//! Older firmware and recorders write fields, as base64 without line breaks:
//!
//! ```text
//! Alarm Camera Name: Back door
//! Alarm Event: Person Detected
//! Alarm Input Channel No.: 2
//! Alarm Device Name: NVR
//! ```
//!
//! Newer firmware writes the event into the subject: `Person Detected from Driveway at 14:30:00`. The camera's name is
//! behind "from", and people name their cameras Doorbell and Carport, so only the words before it are read.
//! Uploads have no event in their names.

mod alarm;

use tipoff_model::{Camera, Event};

use crate::camera::RecorderChannel;
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{ALARM, BASE, FTP, Guide, SetupPage, SetupValue, choose, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Reolink",
    recognises,
    read,
    form: FORM,
    upload,
    alarm: alarm::read,
    pictures: &[
        "/cgi-bin/api.cgi?cmd=Snap&channel={index}&rs=tipoff&user={user}&password={password}",
    ],
    guide: GUIDE,
};

/// The sentence of the test button, in lower case.
const TEST: &str = "successfully set up and tested the e-mail alert";
const FORM: MailForm = MailForm {
    keys: &[
        "alarm camera name",
        "alarm event",
        "alarm input channel*",
        "alarm device name",
        "alarm time*",
        "alarm start time*",
        "time*",
    ],
    sentences: &[
        "if you receive this e-mail you have successfully set up and tested the e-mail alert from your *",
    ],
    free: false,
};

/// By a field that Dahua does not have, the test, or a subject in the vendor's form.
fn recognises(mail: &MailView<'_>) -> bool {
    mail.field("Alarm Camera Name").is_some()
        || mail.says(TEST)
        || ReolinkSubject::of(mail.subject).is_some()
}

/// The field is preferred to the subject, and the sentence of the test to both.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let subject = ReolinkSubject::of(mail.subject);
    let field = mail.filled("Alarm Event");
    let value = field.or_else(|| subject.as_ref().map(|it| it.event));
    let event =
        if mail.says(TEST) { Event::Test } else { value.and_then(event).unwrap_or_default() };
    let device = mail.filled("Alarm Device Name");
    let name = mail.filled("Alarm Camera Name").or_else(|| subject.as_ref()?.camera);
    let number = mail.filled("Alarm Input Channel No.");
    // A single camera is the device: both have the same name. A recorder has another one.
    let of_recorder = device.is_some_and(|device| name.is_some_and(|name| name != device));
    let camera = RecorderChannel { number, name, of_recorder }.camera();
    // In a subject the name is the only sign of the camera, so a factory name counts there too.
    let in_subject = || Some(Camera { number: None, name: Some(name?.to_owned()) });
    let camera = camera.or_else(|| in_subject().filter(|_| subject.is_some()));
    let names = device.into_iter().chain(name).collect();
    let subject = SubjectNews::unless(subject.is_some());
    VendorReading {
        known: MailFacts { event, value, names, extra: None, subject },
        camera,
        details: None,
    }
}

/// The event of an `Alarm Event` value or of the words before "from".
fn event(value: &str) -> Option<Event> {
    // `Visitor`, `Ringing`; anything else is in the common words.
    words::field(value).or_else(|| value.to_lowercase().contains("ring").then_some(Event::Doorbell))
}

/// A subject in the vendor's form: `Person Detected from Driveway at 14:30:00`, `Doorbell is Ringing the doorbell`.
struct ReolinkSubject<'a> {
    event: &'a str,
    /// Name of the camera, without the time.
    camera: Option<&'a str>,
}

impl<'a> ReolinkSubject<'a> {
    /// Splits a subject at "from", if the words before it are an event of the vendor; else `None`.
    fn of(subject: &'a str) -> Option<Self> {
        const RINGING: &str = " is Ringing the doorbell";
        if let Some(camera) = subject.strip_suffix(RINGING) {
            return Some(Self { event: "Ringing", camera: Some(camera) });
        }
        let (event, camera) = subject.split_once(" from ")?;
        let last = event.split_whitespace().next_back()?;
        let is_form = ["Detected", "Detection", "Visitor", "rang", "Ringing"].contains(&last);
        // Other devices write "from" too: "Virus Detected from the NAS".
        let is_known = || {
            VALUES.iter().any(|known| event.eq_ignore_ascii_case(known.trim()))
                || (last == "Detected" && is_of_camera(event))
        };
        (is_form && is_known()).then(|| Self { event, camera: Some(without_time(camera)) })
    }
}

/// Words before "from" in newer subjects.
const VALUES: &[&str] = &[
    "Motion Detection",
    "Person Detection",
    "Vehicle Detection",
    "Animal Detection",
    "Pet Detection",
    "Face Detection",
    "Package Detection",
    "Visitor",
    "Visitor rang",
    "Someone rang",
    "Ringing",
    "Visitor Detected",
];

/// Whether words are an event of a camera. Packages and crying babies have no event of their own here.
fn is_of_camera(event: &str) -> bool {
    let lower = event.to_lowercase();
    ["package", "baby", "cry"].iter().any(|it| lower.contains(it)) || words::field(event).is_some()
}

/// The name without ` at 14:30:00`, which some models append.
fn without_time(camera: &str) -> &str {
    let is_time =
        |text: &str| text.starts_with(|it: char| it.is_ascii_digit()) && text.contains(':');
    match camera.rsplit_once(" at ") {
        Some((name, time)) if is_time(time) => name.trim(),
        _ => camera.trim(),
    }
}

/// `Driveway_00_20260514171805.jpg`: name, channel, time. The name contains no event.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let stem = upload.stem();
    let (rest, time) = stem.rsplit_once('_')?;
    let is_usual = is_digits(time, 14)
        && rest
            .rsplit_once('_')
            .is_some_and(|(name, channel)| !name.is_empty() && is_digits(channel, 2));
    // With "overwrite" set, the camera leaves the time out and uploads the same name each time.
    let is_overwritten = !rest.is_empty() && time == "00";
    (is_usual || is_overwritten || is_recording(stem)).then_some(Event::Other)
}

/// Whether a name is one of the camera's card: `RecM02_20230515_071811_071835_6D28900_13CE8C7`, in summer time with
/// `DST` before the date. M is the main stream, S the sub stream.
fn is_recording(stem: &str) -> bool {
    let mut words = stem.split('_');
    let kind = words.next().unwrap_or_default();
    let date = words.next().unwrap_or_default();
    let date = date.strip_prefix("DST").unwrap_or(date);
    (kind.starts_with("RecM") || kind.starts_with("RecS")) && is_digits(date, 8)
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Tick the schedule on the same page as well: without it nothing is sent.",
            "An interval of 30 seconds is the shortest there is.",
            "Where there is no field for a user, the sender stands for it.",
        ],
        ..page(
            "Device Settings > Network > Advanced > E-mail",
            &[
                fill("SMTP Server", SetupValue::Server),
                fill("SMTP Port", SetupValue::Port),
                set("SSL or TLS", "off"),
                fill("Sender Address", SetupValue::Sender),
                fill("Password", SetupValue::Password),
                fill("Recipient Address 1", SetupValue::Recipient),
                choose("Attachment", "Picture"),
                choose("Interval", "30 Seconds"),
            ],
        )
    }),
    ftp: Some(SetupPage {
        menu: Some("Device Settings > Network > Advanced > FTP"),
        notes: &[
            "Tick the schedule as well. Test makes a folder and uploads nothing.",
            "Leave FTPS off, where it can be chosen.",
        ],
        ..FTP
    }),
    alarm: Some(SetupPage {
        fields: &[fill("Webhook URL", SetupValue::AlarmUrl), choose("Content", "Default")],
        notes: &[
            "The webhook has no picture. Where the camera also sends mails, both arrive as one incident.",
            "Only an http address, and the number of the machine: cameras reach neither https nor a name that they do not know.",
        ],
        ..ALARM
    }),
    password_chars_max: 31,
    ..BASE
};
