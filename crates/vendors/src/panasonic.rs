//! Panasonic: the subject is `CameraNotification:` with a time of 17 digits; of a recorder the text
//! begins with `!!! ALARM NOTICE !!!`. Both come when an alarm input or the motion detector fires;
//! which it was is not told.

use tipoff_model::Event;

use crate::guide::{FTP, Guide, MAIL, OTHER, Page, Value, line, set};
use crate::{Mail, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Panasonic", recognises, event, upload: |_| None, guide: GUIDE };

fn recognises(mail: &Mail<'_>) -> bool {
    let stamp = mail.subject.strip_prefix("CameraNotification:");
    stamp.is_some_and(|stamp| stamp.len() == 17 && stamp.bytes().all(|it| it.is_ascii_digit()))
        || mail.text.trim_start().starts_with("!!! ALARM NOTICE !!!")
}

fn event(_mail: &Mail<'_>) -> Option<Event> {
    Some(Event::Motion)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["i-PRO"],
    mail: Some(Page {
        lines: &[
            line("SMTP server (IP address or host name)", Value::Server),
            line("Port", Value::Port),
            line("Reply e-mail address", Value::Sender),
            line("Destination e-mail address", Value::Recipient),
            set("Authentication", "SMTP, not POP before SMTP; or none"),
            line("User name", Value::User),
            line("Password", Value::Password),
        ],
        notes: &[
            "On older cameras the page belongs to the trigger: choose Send E-mail Notification there.",
        ],
        ..MAIL
    }),
    ftp: Some(FTP),
    ..OTHER
};
