//! Axis: everything is the owner's choice, also the words of its mails; the names that it begins with are
//! `image26-10-05_14-03-20-41_1.jpg`.

use tipoff_model::Event;

use crate::details::{Form, Known};
use crate::guide::{Guide, OTHER, Page, Value, fill, page, set};
use crate::upload::is_digits;
use crate::{Found, Mail, Upload, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Axis",
    recognises: |mail| mail.file_names().any(is_default),
    read,
    form: Form { keys: &[], sentences: &[], free: false },
    upload,
    guide: GUIDE,
};

fn read<'a>(mail: &Mail<'a>) -> Found<'a> {
    let event = words::subject(mail.subject).unwrap_or_default();
    Found { known: Known { event, ..Known::default() }, ..Found::default() }
}

fn upload(upload: &Upload<'_>) -> Option<Event> {
    is_default(upload.stem()).then_some(Event::Other)
}

/// `image26-10-05_14-03-20-41_1`.
fn is_default(name: &str) -> bool {
    let mut words = name.strip_prefix("image").unwrap_or_default().split('_');
    let (date, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of_pairs = |text: &str| text.split('-').all(|pair| is_digits(pair, 2));
    date.len() == 8 && of_pairs(date) && time.len() == 11 && of_pairs(time)
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &["Validating the certificate fails: ours is signed by nobody else."],
        ..page(
            "System > Events > Recipients > Add a recipient: Email",
            &[
                fill("Send email to", Value::Recipient),
                fill("Send email from", Value::Sender),
                fill("Username", Value::User),
                fill("Password", Value::Password),
                fill("Email server (SMTP)", Value::Server),
                fill("Port", Value::Port),
                set("Encryption", "None"),
                set("Validate server certificate", "off"),
                set("POP authentication", "off"),
            ],
        )
    }),
    ftp: Some(Page {
        notes: &["With a temporary file name nothing is told of before it is whole."],
        ..page(
            "System > Events > Recipients > Add a recipient: FTP",
            &[
                fill("Host", Value::Server),
                fill("Port", Value::Port),
                set("Folder", "/"),
                fill("Username", Value::User),
                fill("Password", Value::Password),
                set("Use temporary file name", "on"),
                set("Use passive FTP", "on"),
            ],
        )
    }),
    notes: &[
        "A recipient does nothing alone: add a rule that sends images to it, or a video clip.",
        "Older cameras have the page under Events > Recipients, and Test beside it.",
    ],
    ..OTHER
};
