//! Dahua and those who build on it (Amcrest, EmpireTech, EZIP, IC Realtime, IMOU, Lorex, Q-See).
//!
//! The text has lines `Alarm Event: Motion Detection Start` and `Alarm Start Time(D/M/Y …)`; what
//! has ended comes as `… Stop` or `… end`. Pictures are named with a letter in brackets.

use tipoff_model::Event;

use crate::guide::{FTP, Guide, OTHER, Page, Value, line, page, set};
use crate::upload::{is_digits, is_number};
use crate::{Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Dahua", recognises, event, upload, guide: GUIDE };

fn recognises(mail: &Mail<'_>) -> bool {
    let by_text = mail.field("Alarm Event").is_some()
        && (mail.says("Alarm Start Time")
            || mail.says("Alarm Stop Time")
            || mail.says("Time (D/M/Y"));
    by_text || mail.file_names().any(|name| letter(name).is_some())
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    let by_field = mail.field("Alarm Event").and_then(words::event);
    by_field.or_else(|| mail.file_names().find_map(letter))
}

/// The letter of `14.03.20[M][0@0][0].jpg`.
fn letter(name: &str) -> Option<Event> {
    let (time, rest) = name.split_once('[')?;
    let (letter, marks) = rest.split_once("][")?;
    // That a picture is sent by the clock is believed of nothing but a time and a place on a disk.
    let is_exact = || {
        let is_time = time.bytes().all(|it| it.is_ascii_digit() || it == b'.' || it == b'-');
        let place = marks.split_once("][").map(|(place, _)| place);
        !time.is_empty() && is_time && place.is_some_and(|place| place.contains('@'))
    };
    match letter {
        "M" => Some(Event::Motion),
        "R" => is_exact().then_some(Event::Periodic),
        "A" => Some(Event::Input),
        "I" => Some(Event::Zone),
        _ => None,
    }
}

/// `…/001/jpg/14/03/20[M][0@0][0].jpg`, `…/001/dav/21/21.04.49-21.05.14[M][0@0][0].mp4`, and the same
/// of XMEye recorders; newer names tell a channel and a time only:
/// `N843A8_ch3_main_20260830214636_20260830214641.dav`.
fn upload(upload: &Upload<'_>) -> Option<Event> {
    letter(upload.name()).or_else(|| {
        let mut words = upload.stem().rsplit('_');
        let (end, start) = (words.next()?, words.next()?);
        let (stream, channel) = (words.next()?, words.next()?);
        let is_stream = stream == "main" || stream.starts_with("sub");
        let is_channel = channel.strip_prefix("ch").is_some_and(is_number);
        let is_newer = is_stream && is_channel && is_digits(start, 14) && is_digits(end, 14);
        is_newer.then_some(Event::Other)
    })
}

pub(crate) const GUIDE: Guide = Guide {
    also: &[
        "EmpireTech",
        "Honeywell Performance",
        "IC Realtime",
        "IMOU",
        "Lorex",
        "Q-See",
        "Technaxx",
    ],
    mail: Some(Page {
        notes: &[
            "Save first: Email Test tests what was saved.",
            "Interval holds mails back; 0 sends each at once.",
            "Leave Health Mail off: it mails by the clock.",
        ],
        ..page(
            "Setup > Network > SMTP (Email)",
            &[
                line("SMTP Server", Value::Server),
                line("Port", Value::Port),
                set("Anonymity", "off"),
                line("Username", Value::User),
                line("Password", Value::Password),
                line("Sender", Value::Sender),
                set("Encryption (SSL, TLS)", "None"),
                set("Attachment", "on"),
                line("Receiver", Value::Recipient),
                set("Interval", "0"),
            ],
        )
    }),
    ftp: Some(Page {
        menu: Some("Setup > Storage > Destination > FTP"),
        notes: &[
            "Choose FTP for snapshots as well (Setup > Storage > Destination > Path), and switch \
             Snapshot on at the event.",
        ],
        ..FTP
    }),
    notes: &["Then switch Send Email on at the event itself."],
    ..OTHER
};
