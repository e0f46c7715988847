//! Dahua and those who build on it (Amcrest, EmpireTech, EZIP, IC Realtime, IMOU, Lorex, Q-See).
//!
//! The text has lines `Alarm Event: Motion Detection Start` and `Alarm Start Time(D/M/Y …)`; what
//! has ended comes as `… Stop` or `… end`. Pictures are named with a letter in brackets.

use tipoff_model::Event;

use crate::{Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Dahua", recognises, event };

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
    let (_, rest) = name.split_once('[')?;
    match rest.split_once("][")? {
        ("M", _) => Some(Event::Motion),
        ("R", _) => Some(Event::Periodic),
        ("A", _) => Some(Event::Input),
        ("I", _) => Some(Event::Zone),
        _ => None,
    }
}
