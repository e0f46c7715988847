//! Hikvision and those who build on it (Annke, EZVIZ, HiLook, LaView, LTS, Uniden).
//!
//! The text has lines `EVENT TYPE: …`, padded with spaces or tabs; the subject is
//! `device: on channel: event` of a camera and `Embedded Net DVR: event On Channel A1` of a
//! recorder. Names of devices stand in both, so only the field and the event's part are read.

use tipoff_model::Event;

use crate::{Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Hikvision", recognises, event };

fn recognises(mail: &Mail<'_>) -> bool {
    mail.text.contains("EVENT TYPE:")
        || mail.says("automatically generated e-mail from your")
        || mail.subject.starts_with("Embedded Net DVR:")
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    let in_subject = || {
        let last = mail.subject.rsplit(':').next()?;
        Some(last.split(" On Channel").next().unwrap_or(last))
    };
    words::event(mail.field("EVENT TYPE").or_else(in_subject)?)
}
