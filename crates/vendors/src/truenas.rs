//! TrueNAS and FreeNAS: the subject is "Alerts" only. The text lists what is new, what has ended and what still lasts:
//!
//! ```text
//! TrueNAS @ tank
//!
//! New alerts:
//! * Pool tank state is DEGRADED: One or more devices has been removed by the administrator. …
//!
//! Current alerts:
//! * Update available for application photos.
//! ```
//!
//! It arrives as plain text and as HTML side by side; [`tipoff_model::Content`] has it once.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide::{BASE, Guide, MAIL_OF_OTHERS, SetupPage};
use crate::mail::lines;
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "TrueNAS",
    recognises: |mail| host(mail).is_some(),
    read,
    form: MailForm::NONE,
    upload: |_| None,
    alarm: |_| None,
    pictures: &[],
    guide: GUIDE,
};

/// The host of the first line.
fn host<'a>(mail: &MailView<'a>) -> Option<&'a str> {
    let first = lines(mail.text).find(|line| !line.is_empty())?;
    first.strip_prefix("TrueNAS @ ").or_else(|| first.strip_prefix("FreeNAS @ "))
}

/// The lists of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    New,
    Cleared,
    Current,
}

/// The list that a heading begins; `None` for any other line.
fn list(line: &str) -> Option<List> {
    let line = line.to_lowercase();
    if !line.ends_with(':') {
        return None;
    }
    if line.starts_with("new alert") {
        Some(List::New)
    } else if line.contains("been cleared") {
        Some(List::Cleared)
    } else {
        line.starts_with("current alert").then_some(List::Current)
    }
}

/// The event is the most important of the new alerts. It is an end if there is none and an alert was cleared; alerts
/// that still last are no news.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let mut at = List::New;
    let (mut news, mut cleared) = (Vec::new(), false);
    for line in lines(mail.text).filter(|line| !line.is_empty()).skip(1) {
        match list(line) {
            Some(list) => at = list,
            None if at == List::New => news.push(line),
            None => cleared |= at == List::Cleared,
        }
    }
    let by_words = |lines: &[&str]| {
        let events = lines
            .iter()
            .filter_map(|line| words::subject(line.trim_start_matches(['*', '-', '•', ' '])));
        events.reduce(Event::or_more_important)
    };
    let event = match by_words(&news) {
        Some(event) => event,
        None if news.is_empty() && cleared => Event::End,
        None => Event::Other,
    };
    let rest = lines(mail.whole_text()).filter(|line| !line.is_empty()).skip(1);
    let details: Vec<&str> = rest.filter(|line| list(line) != Some(List::New)).collect();
    let known = MailFacts { event, ..MailFacts::default() };
    VendorReading { known, camera: None, details: Some(details.join("\n")) }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["FreeNAS"],
    mail: Some(SetupPage { menu: Some("System > General Settings > Email"), ..MAIL_OF_OTHERS }),
    ftp: None,
    notes: &["Choose SMTP as the send method; alerts go to the address of the user root or admin."],
    ..BASE
};
