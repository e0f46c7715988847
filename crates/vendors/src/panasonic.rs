//! Panasonic: the subject is `CameraNotification:` with a time of 17 digits; of a recorder the text
//! begins with `!!! ALARM NOTICE !!!`. Both come when an alarm input or the motion detector fires;
//! which it was is not told.

use tipoff_model::Event;

use crate::camera::Channel;
use crate::details::{Form, Known, SubjectNews};
use crate::guide::{FTP, Guide, MAIL, OTHER, Page, Value, fill, set};
use crate::{Found, Mail, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Panasonic", recognises, read, form: FORM, upload: |_| None, guide: GUIDE };

const FORM: Form = Form {
    keys: &["source", "port", "date", "time", "link"],
    sentences: &["!!! alarm notice"],
    free: false,
};

fn recognises(mail: &Mail<'_>) -> bool {
    is_stamped(mail.subject) || mail.text.trim_start().starts_with("!!! ALARM NOTICE !!!")
}

fn is_stamped(subject: &str) -> bool {
    let stamp = subject.strip_prefix("CameraNotification:");
    stamp.is_some_and(|stamp| stamp.len() == 17 && stamp.bytes().all(|it| it.is_ascii_digit()))
}

fn read<'a>(mail: &Mail<'a>) -> Found<'a> {
    let name = mail.filled("Source");
    // `PI0 5ch`: the port and the recorder's channel.
    let port = mail.filled("Port").unwrap_or_default();
    let number = port.split_whitespace().find_map(|word| word.strip_suffix("ch"));
    let camera = Channel { number, name, of_recorder: number.is_some() }.camera();
    let known = Known {
        event: Event::Motion,
        names: name.into_iter().collect(),
        subject: SubjectNews::unless(is_stamped(mail.subject)),
        ..Known::default()
    };
    Found { known, camera, details: None }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["i-PRO"],
    mail: Some(Page {
        fields: &[
            fill("SMTP server (IP address or host name)", Value::Server),
            fill("Port", Value::Port),
            fill("Reply e-mail address", Value::Sender),
            fill("Destination e-mail address", Value::Recipient),
            set("Authentication", "SMTP, not POP before SMTP; or none"),
            fill("User name", Value::User),
            fill("Password", Value::Password),
        ],
        notes: &[
            "On older cameras the page belongs to the trigger: choose Send E-mail Notification there.",
        ],
        ..MAIL
    }),
    ftp: Some(FTP),
    ..OTHER
};
