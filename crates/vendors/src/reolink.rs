//! Reolink.
//!
//! Older texts have `Alarm Event: Person Detected` beside `Alarm Camera Name: …`; newer subjects
//! are `Person Detected from Driveway at 14:30:00`. The camera's name stands behind "from", and
//! people call their cameras Doorbell and Carport: only what stands before it is read.

use tipoff_model::{Camera, Event};

use crate::camera::RecorderChannel;
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{FTP, Guide, OTHER, SetupPage, SetupValue, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Reolink", recognises, read, form: FORM, upload, guide: GUIDE };

/// What the test button sends.
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

fn recognises(mail: &MailView<'_>) -> bool {
    mail.field("Alarm Camera Name").is_some()
        || mail.says(TEST)
        || ReolinkSubject::of(mail.subject).is_some()
}

fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let subject = ReolinkSubject::of(mail.subject);
    let field = mail.filled("Alarm Event");
    let value = field.or_else(|| subject.as_ref().map(|it| it.event));
    let event =
        if mail.says(TEST) { Event::Test } else { value.and_then(event).unwrap_or_default() };
    let device = mail.filled("Alarm Device Name");
    let name = mail.filled("Alarm Camera Name").or_else(|| subject.as_ref()?.camera);
    let number = mail.filled("Alarm Input Channel No.");
    // A single camera is the device, and both have one name.
    let of_recorder = device.is_some_and(|device| name.is_some_and(|name| name != device));
    let camera = RecorderChannel { number, name, of_recorder }.camera();
    // In a subject the name tells the camera, also one of the factory: nothing else does.
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

fn event(value: &str) -> Option<Event> {
    // `Visitor`, `Ringing`; anything else is in the common words.
    words::field(value).or_else(|| value.to_lowercase().contains("ring").then_some(Event::Doorbell))
}

/// `Person Detected from Driveway at 14:30:00`; `Doorbell is Ringing the doorbell`.
struct ReolinkSubject<'a> {
    event: &'a str,
    camera: Option<&'a str>,
}

impl<'a> ReolinkSubject<'a> {
    fn of(subject: &'a str) -> Option<Self> {
        const RINGING: &str = " is Ringing the doorbell";
        if let Some(camera) = subject.strip_suffix(RINGING) {
            return Some(Self { event: "Ringing", camera: Some(camera) });
        }
        let (event, camera) = subject.split_once(" from ")?;
        let last = event.split_whitespace().next_back()?;
        let is_form = ["Detected", "Detection", "Visitor", "rang", "Ringing"].contains(&last);
        // Others write "from" as well ("Virus Detected from the NAS").
        let is_known = || {
            VALUES.iter().any(|known| event.eq_ignore_ascii_case(known.trim()))
                || (last == "Detected" && is_of_camera(event))
        };
        (is_form && is_known()).then(|| Self { event, camera: Some(without_time(camera)) })
    }
}

/// What newer subjects begin with.
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

fn is_of_camera(event: &str) -> bool {
    let lower = event.to_lowercase();
    ["package", "baby", "cry"].iter().any(|it| lower.contains(it)) || words::field(event).is_some()
}

/// Without ` at 14:30:00`, which follows the name on some models.
fn without_time(camera: &str) -> &str {
    let is_time =
        |text: &str| text.starts_with(|it: char| it.is_ascii_digit()) && text.contains(':');
    match camera.rsplit_once(" at ") {
        Some((name, time)) if is_time(time) => name.trim(),
        _ => camera.trim(),
    }
}

/// `Driveway_00_20260514171805.jpg`: a name, a channel, a time. What has happened is not told.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let stem = upload.stem();
    let (rest, time) = stem.rsplit_once('_')?;
    let is_usual = is_digits(time, 14)
        && rest
            .rsplit_once('_')
            .is_some_and(|(name, channel)| !name.is_empty() && is_digits(channel, 2));
    // A camera that is told to overwrite its files leaves the time out.
    let is_overwritten = !rest.is_empty() && time == "00";
    (is_usual || is_overwritten || is_recording(stem)).then_some(Event::Other)
}

/// As on the camera's card: `RecM02_20230515_071811_071835_6D28900_13CE8C7`.
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
                set("Attachment", "Picture"),
                set("Interval", "30 Seconds"),
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
    password_chars_max: 31,
    ..OTHER
};
