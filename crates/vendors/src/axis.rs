//! Axis: everything is the owner's choice; the names that it begins with are
//! `image26-10-05_14-03-20-41_1.jpg`.

use tipoff_model::Event;

use crate::guide::{Guide, OTHER, Page, Value, line, page, set};
use crate::upload::is_digits;
use crate::{Upload, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Axis", recognises: |_| false, event: |_| None, upload, guide: GUIDE };

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let mut words = upload.stem().strip_prefix("image")?.split('_');
    let (date, time) = (words.next()?, words.next()?);
    let of_pairs = |text: &str| text.split('-').all(|pair| is_digits(pair, 2));
    let is_so = date.len() == 8 && of_pairs(date) && time.len() == 11 && of_pairs(time);
    is_so.then_some(Event::Other)
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &["Validating the certificate fails: ours is signed by nobody else."],
        ..page(
            "System > Events > Recipients > Add a recipient: Email",
            &[
                line("Send email to", Value::Recipient),
                line("Send email from", Value::Sender),
                line("Username", Value::User),
                line("Password", Value::Password),
                line("Email server (SMTP)", Value::Server),
                line("Port", Value::Port),
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
                line("Host", Value::Server),
                line("Port", Value::Port),
                set("Folder", "/"),
                line("Username", Value::User),
                line("Password", Value::Password),
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
