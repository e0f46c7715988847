//! Foscam: the picture's name tells, `MDAlarm_20180914-111429.jpg` for motion, `HMDAlarm_…` for a
//! person, `Schedule_…` for the clock.

use tipoff_model::Event;

use crate::details::{Form, Known};
use crate::guide::{Guide, OTHER, Page, Value, fill, page, set};
use crate::upload::is_digits;
use crate::{Found, Mail, Upload, Vendor};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Foscam",
    recognises: |mail| by_files(mail).is_some(),
    read,
    form: Form { keys: &["time", "ip address*"], sentences: &[], free: false },
    upload,
    guide: GUIDE,
};

fn read<'a>(mail: &Mail<'a>) -> Found<'a> {
    let event = by_files(mail).unwrap_or_default();
    Found { known: Known { event, ..Known::default() }, ..Found::default() }
}

fn by_files(mail: &Mail<'_>) -> Option<Event> {
    mail.file_names().find_map(by_name)
}

/// Pictures in `snap/`, videos in `record/`: `MDalarm_20250712_213837.mkv`, of older ones
/// `alarm_20231127_200437.mkv`.
fn upload(upload: &Upload<'_>) -> Option<Event> {
    by_name(upload.name())
}

/// A word and a time: a camera that is called "Schedule" names no file so.
fn by_name(name: &str) -> Option<Event> {
    let (kind, time) = name.split_once('_')?;
    let (date, rest) = time.split_at_checked(8)?;
    let clock = rest.strip_prefix(['-', '_'])?.get(..6)?;
    if !is_digits(date, 8) || !is_digits(clock, 6) {
        return None;
    }
    match kind.to_ascii_lowercase().as_str() {
        "hmdalarm" => Some(Event::Person),
        "mdalarm" | "alarm" => Some(Event::Motion),
        // Pictures only are sent by the clock; others write an underscore behind the date.
        "schedule" if rest.starts_with('-') => {
            rest.get(7..)?.starts_with('.').then_some(Event::Periodic)
        }
        _ => None,
    }
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(page(
        "Settings > Network > Mail Settings",
        &[
            set("Enable", "on"),
            fill("SMTP Server", Value::Server),
            fill("SMTP Port", Value::Port),
            set("Transport Layer Security", "None"),
            set("Need Authentication", "Yes"),
            fill("SMTP Username", Value::User),
            fill("SMTP Password", Value::Password),
            fill("Sender E-mail", Value::Sender),
            fill("First Receiver", Value::Recipient),
        ],
    )),
    ftp: Some(Page {
        notes: &["The address is a URL, with ftp:// before it."],
        ..page(
            "Settings > Network > FTP Settings",
            &[
                fill("FTP Address", Value::ServerUrl),
                fill("Port", Value::Port),
                set("FTP Mode", "PASV"),
                fill("Username", Value::User),
                fill("Password", Value::Password),
            ],
        )
    }),
    notes: &[
        "Save first: Test tests what was saved.",
        "Then tick Send E-mail, or Take Snapshot, at the motion detection.",
    ],
    ..OTHER
};
