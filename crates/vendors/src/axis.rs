//! Axis: its owner chooses the subject, the text and the file names by templates (VAPIX, event and action services).
//! So only the default file name is recognised: `image%y-%m-%d_%H-%M-%S-%f_#s.jpg`, which becomes
//! `image26-10-05_14-03-20-41_1.jpg`. It contains no event.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide::{Guide, OTHER, SetupPage, SetupValue, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Axis",
    recognises: |mail| mail.file_names().any(is_default),
    read,
    form: MailForm::NONE,
    upload,
    guide: GUIDE,
};

/// The subject is the owner's words for the event.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let event = words::subject(mail.subject).unwrap_or_default();
    VendorReading { known: MailFacts { event, ..MailFacts::default() }, ..VendorReading::default() }
}

fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    is_default(upload.stem()).then_some(Event::Other)
}

/// Whether a name is the default one: date, then time with hundredths, `image26-10-05_14-03-20-41_1`.
fn is_default(name: &str) -> bool {
    let mut words = name.strip_prefix("image").unwrap_or_default().split('_');
    let (date, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of_pairs = |text: &str| text.split('-').all(|pair| is_digits(pair, 2));
    date.len() == 8 && of_pairs(date) && time.len() == 11 && of_pairs(time)
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &["Validating the certificate fails: ours is signed by nobody else."],
        ..page(
            "System > Events > Recipients > Add a recipient: Email",
            &[
                fill("Send email to", SetupValue::Recipient),
                fill("Send email from", SetupValue::Sender),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
                fill("Email server (SMTP)", SetupValue::Server),
                fill("Port", SetupValue::Port),
                set("Encryption", "None"),
                set("Validate server certificate", "off"),
                set("POP authentication", "off"),
            ],
        )
    }),
    ftp: Some(SetupPage {
        notes: &["With a temporary file name nothing is told of before it is whole."],
        ..page(
            "System > Events > Recipients > Add a recipient: FTP",
            &[
                fill("Host", SetupValue::Server),
                fill("Port", SetupValue::Port),
                set("Folder", "/"),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
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
