//! Reolink.
//!
//! Older texts have `Alarm Event: Person Detected` beside `Alarm Camera Name: …`; newer subjects
//! are `Person Detected from Driveway at 14:30:00`. The camera's name stands behind "from", and
//! people call their cameras Doorbell and Carport: only what stands before it is read.

use tipoff_model::Event;

use crate::guide::{FTP, Guide, OTHER, Page, Value, line, page, set};
use crate::upload::is_digits;
use crate::{Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Reolink", recognises, event, upload, guide: GUIDE };

/// What the test button sends.
const TEST: &str = "successfully set up and tested the e-mail alert";

fn recognises(mail: &Mail<'_>) -> bool {
    mail.field("Alarm Camera Name").is_some() || mail.says(TEST) || before_from(mail).is_some()
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    if mail.says(TEST) {
        return Some(Event::Test);
    }
    let by_field = mail.field("Alarm Event").and_then(words::event);
    // Others write "from" as well ("Scheduled Virus Detection from the NAS").
    let in_subject = || words::event_but(before_from(mail)?, &[Event::Periodic]);
    by_field.or_else(in_subject)
}

/// `Person Detected` of `Person Detected from Driveway`.
fn before_from<'a>(mail: &Mail<'a>) -> Option<&'a str> {
    let (before, _) = mail.subject.split_once(" from ")?;
    let last = before.split_whitespace().next_back()?;
    ["Detected", "Detection", "Visitor", "rang", "Ringing"].contains(&last).then_some(before)
}

/// `Driveway_00_20260514171805.jpg`: a name, a channel, a time. What has happened is not told.
fn upload(upload: &Upload<'_>) -> Option<Event> {
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
    mail: Some(Page {
        notes: &[
            "Tick the schedule on the same page as well: without it nothing is sent.",
            "An interval of 30 seconds is the shortest there is.",
            "Where there is no field for a user, the sender stands for it.",
        ],
        ..page(
            "Device Settings > Network > Advanced > E-mail",
            &[
                line("SMTP Server", Value::Server),
                line("SMTP Port", Value::Port),
                set("SSL or TLS", "off"),
                line("Sender Address", Value::Sender),
                line("Password", Value::Password),
                line("Recipient Address 1", Value::Recipient),
                set("Attachment", "Picture"),
                set("Interval", "30 Seconds"),
            ],
        )
    }),
    ftp: Some(Page {
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
