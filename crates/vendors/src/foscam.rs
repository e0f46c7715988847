//! Foscam HD cameras (FI9800P, R2 and others): only the name of the picture contains the event. It is
//! `MDAlarm_20180914-111429.jpg` for motion, `HMDAlarm_…` for a person and `Schedule_…` for a scheduled picture.
//! Subject and text (`IPCamera alarm`, `Motion detected`) are not read.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide::{ALARM, BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Foscam",
    recognises: |mail| by_files(mail).is_some(),
    read,
    form: MailForm { keys: &["time", "ip address*"], sentences: &[], free: false },
    upload,
    alarm: |_| None,
    pictures: &[
        "/cgi-bin/CGIProxy.fcgi?cmd=snapPicture2&usr={user}&pwd={password}",
        "/snapshot.cgi?user={user}&pwd={password}",
    ],
    guide: GUIDE,
};

fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let event = by_files(mail).unwrap_or_default();
    VendorReading { known: MailFacts { event, ..MailFacts::default() }, ..VendorReading::default() }
}

/// The event of the first picture whose name contains one.
fn by_files(mail: &MailView<'_>) -> Option<Event> {
    mail.file_names().find_map(by_name)
}

/// Pictures are in `<Model>_<MAC>/snap/`, videos in `…/record/`: `MDalarm_20250712_213837.mkv`, of older firmware
/// `alarm_20231127_200437.mkv`.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    by_name(upload.name())
}

/// The event of a name that consists of a word, a date and a time. A camera that is named "Schedule" writes no such
/// name.
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
        // Only pictures are scheduled, and Foscam writes their date with a dash behind it.
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
            fill("SMTP Server", SetupValue::Server),
            fill("SMTP Port", SetupValue::Port),
            choose("Transport Layer Security", "None"),
            choose("Need Authentication", "Yes"),
            fill("SMTP Username", SetupValue::User),
            fill("SMTP Password", SetupValue::Password),
            fill("Sender E-mail", SetupValue::Sender),
            fill("First Receiver", SetupValue::Recipient),
        ],
    )),
    ftp: Some(SetupPage {
        notes: &["The address is a URL, with ftp:// before it."],
        ..page(
            "Settings > Network > FTP Settings",
            &[
                fill("FTP Address", SetupValue::ServerUrl),
                fill("Port", SetupValue::Port),
                choose("FTP Mode", "PASV"),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
            ],
        )
    }),
    alarm: Some(SetupPage {
        fields: &[fill("HTTP URL", SetupValue::AlarmUrl)],
        notes: &[
            "Only older models with MJPEG have this field, on the page of the alarm.",
            "It only calls the address: put what it means behind it, such as /motion.",
        ],
        ..ALARM
    }),
    notes: &[
        "Save first: Test tests what was saved.",
        "Then tick Send E-mail, or Take Snapshot, at the motion detection.",
    ],
    ..BASE
};
