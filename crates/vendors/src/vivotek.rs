//! Vivotek and those who build on it (4XEM, older D-Link): the text begins with a line such as
//! `*** Event snapshots: Motion detected ***` or `*** Periodic snapshots ***`.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide::{Guide, OTHER, SetupPage, SetupValue, fill, page, set};
use crate::mail::lines;
use crate::upload::{is_digits, is_number};
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Vivotek", recognises, read, form: FORM, upload, guide: GUIDE };

const FORM: MailForm = MailForm {
    keys: &["from"],
    sentences: &[
        "event snapshots: *",
        "event snapshots",
        "periodic snapshots: *",
        "periodic snapshots",
    ],
    free: false,
};

fn recognises(mail: &MailView<'_>) -> bool {
    headline(mail).is_some() || mail.subject == "Periodic snapshots"
}

fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let headline = headline(mail).unwrap_or(mail.subject);
    let (kind, value) = headline.split_once(':').unwrap_or((headline, ""));
    let value = Some(value.trim()).filter(|value| !value.is_empty());
    let by_clock = kind.trim().eq_ignore_ascii_case("Periodic snapshots");
    let event = match value {
        _ if by_clock => Event::Periodic,
        Some(value) => words::field(value).unwrap_or_default(),
        None => Event::Other,
    };
    VendorReading {
        known: MailFacts { event, value, ..MailFacts::default() },
        ..VendorReading::default()
    }
}

fn headline<'a>(mail: &MailView<'a>) -> Option<&'a str> {
    let mut headlines =
        lines(mail.text).filter_map(|line| line.strip_prefix("*** ")?.strip_suffix(" ***"));
    headlines.find(|headline| {
        headline.starts_with("Event snapshots") || headline.starts_with("Periodic snapshots")
    })
}

/// `prefix_20050107180659_4_trg.jpg` and `…_pre`, `…_pos`; of those who build on it `videotrg.jpg`, or
/// one `video.jpg` that is overwritten each time and does not tell why.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    if upload.name() == "video.jpg" {
        return Some(Event::Other);
    }
    let stem = upload.stem();
    let is_event = |end: &str| ["pre", "trg", "pos"].contains(&end);
    let is_old = stem.strip_prefix("video").is_some_and(is_event);
    let mut words = stem.rsplit('_');
    let (end, number, time) = (words.next()?, words.next(), words.next());
    let is_numbered = number.is_some_and(is_number);
    let is_new = is_event(end) && is_numbered && time.is_some_and(|time| is_digits(time, 14));
    (is_old || is_new).then_some(Event::Motion)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["4XEM"],
    mail: Some(page(
        "Event > Event settings > Add server: Email",
        &[
            fill("Sender email address", SetupValue::Sender),
            fill("Recipient email address", SetupValue::Recipient),
            fill("Server address", SetupValue::Server),
            fill("User name", SetupValue::User),
            fill("Password", SetupValue::Password),
            fill("Server port", SetupValue::Port),
            set("This server requires a secure connection (SSL)", "off"),
        ],
    )),
    ftp: Some(SetupPage {
        notes: &["Recorders take ports 21 and 1025 to 65535, and letters, digits, - . _ in names."],
        ..page(
            "Event > Event settings > Add server: FTP",
            &[
                fill("Server address", SetupValue::Server),
                fill("Server port", SetupValue::Port),
                fill("User name", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("FTP folder name", "empty"),
                set("Passive mode", "on"),
            ],
        )
    }),
    notes: &[
        "A server does nothing alone: an event needs it as its action, with a snapshot as media.",
    ],
    ..OTHER
};
