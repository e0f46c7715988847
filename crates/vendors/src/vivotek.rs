//! Vivotek and those who build on it (4XEM, older D-Link such as the DCS-3420). The text begins with a headline, then
//! has one line a picture (manual of the FD6111):
//!
//! ```text
//! *** Event snapshots: Motion detected ***
//! From: http://192.168.1.53
//! cam_4_trg.jpg: 2005/01/07 18:09:19
//! Note: Network Camera
//! ```
//!
//! Scheduled mails have the headline, or the subject, `Periodic snapshots`. `pre`, `trg` and `pos` in a name are
//! pictures before, at and after the trigger.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide::{BASE, Guide, SetupPage, SetupValue, fill, page, set};
use crate::mail::lines;
use crate::upload::{is_digits, is_number};
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Vivotek",
    recognises,
    read,
    form: FORM,
    upload,
    alarm: |_| None,
    pictures: &["/cgi-bin/viewer/video.jpg"],
    guide: GUIDE,
};

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

/// The event is behind the colon of the headline. A scheduled mail is recognised by its words before the colon.
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

/// The headline without its asterisks.
fn headline<'a>(mail: &MailView<'a>) -> Option<&'a str> {
    let mut headlines =
        lines(mail.text).filter_map(|line| line.strip_prefix("*** ")?.strip_suffix(" ***"));
    headlines.find(|headline| {
        headline.starts_with("Event snapshots") || headline.starts_with("Periodic snapshots")
    })
}

/// `prefix_20050107180659_4_trg.jpg`, `…_pre` and `…_pos`. 4XEM and D-Link write `videotrg.jpg`, or one `video.jpg`
/// that is overwritten each time and contains no event.
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
    alarm: Some(SetupPage {
        notes: &["The event sends the snapshot or clip itself, as its media say."],
        ..page(
            "Event > Event settings > Add server: HTTP",
            &[fill("URL", SetupValue::AlarmUrl), set("User name, Password", "empty")],
        )
    }),
    notes: &[
        "A server does nothing alone: an event needs it as its action, with a snapshot as media.",
    ],
    ..BASE
};
