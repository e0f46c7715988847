//! Swann, and others built by Raysharp: the text has a line `AlarmType: Human` beside
//! `Channel Name [IP-CH1]: Front Yard`.

use tipoff_model::Event;

use crate::guide::{FTP, Guide, MAIL, OTHER, Page, Value, Words, line, set};
use crate::upload::is_digits;
use crate::{Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Swann", recognises, event, upload, guide: GUIDE };

fn recognises(mail: &Mail<'_>) -> bool {
    alarm_type(mail).is_some() && mail.says("Channel Name [")
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    words::event(alarm_type(mail)?)
}

/// Fields stand on lines, or behind slashes on one.
fn alarm_type<'a>(mail: &Mail<'a>) -> Option<&'a str> {
    mail.text.split(['\n', '/']).find_map(|line| line.trim().strip_prefix("AlarmType:"))
}

/// `SNAP_CH01_2022_10_14_14_15_35_23978.jpg`: a channel and a time.
fn upload(upload: &Upload<'_>) -> Option<Event> {
    let mut words = upload.stem().strip_prefix("SNAP_CH")?.split('_');
    let channel = words.next()?;
    let is_so = is_digits(channel, 2) && is_digits(words.next()?, 4) && words.count() >= 5;
    is_so.then_some(Event::Other)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Raysharp"],
    mail: Some(Page {
        notes: &[
            "There is no field for a user: the sender stands for it.",
            "Interval is the pause after a mail.",
            "A recorder mails for all its cameras as one device.",
        ],
        words: Words::Makers,
        lines: &[
            set("Email", "Enable"),
            set("SSL", "Disable"),
            line("SMTP Port", Value::Port),
            line("SMTP Server", Value::Server),
            line("Sender", Value::Sender),
            line("Password", Value::Password),
            line("Receiver", Value::Recipient),
            set("Interval", "the shortest"),
        ],
        ..MAIL
    }),
    ftp: Some(FTP),
    notes: &["Press Apply before TEST."],
    ..OTHER
};
