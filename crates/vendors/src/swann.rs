//! Swann, and others built by Raysharp: the text has a line `AlarmType: Human` beside
//! `Channel Name [IP-CH1]: Front Yard`.

use tipoff_model::Event;

use crate::{Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Swann", recognises, event };

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
