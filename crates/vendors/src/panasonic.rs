//! Panasonic: the subject is `CameraNotification:` with a time of 17 digits; of a recorder the text
//! begins with `!!! ALARM NOTICE !!!`. Both come when an alarm input or the motion detector fires;
//! which it was is not told.

use tipoff_model::Event;

use crate::{Mail, Vendor};

pub(crate) const VENDOR: Vendor = Vendor { name: "Panasonic", recognises, event, upload: |_| None };

fn recognises(mail: &Mail<'_>) -> bool {
    let stamp = mail.subject.strip_prefix("CameraNotification:");
    stamp.is_some_and(|stamp| stamp.len() == 17 && stamp.bytes().all(|it| it.is_ascii_digit()))
        || mail.text.trim_start().starts_with("!!! ALARM NOTICE !!!")
}

fn event(_mail: &Mail<'_>) -> Option<Event> {
    Some(Event::Motion)
}
