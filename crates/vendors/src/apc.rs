//! APC: network management cards of UPSs. The text is a block of fields, then a sentence with its severity:
//!
//! ```text
//! Name     : Rack 2
//! Location : Basement, next to the boiler
//! Code     : 0x0109
//!
//! Warning  - UPS: On battery power in response to an input power problem.
//! ```
//!
//! The subject repeats the sentence, or is the owner's choice. The events and their severities are in the user's
//! guide of the AP9617 and later cards.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm};
use crate::guide;
use crate::mail::lines;
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "APC UPS",
    recognises,
    read,
    form: FORM,
    upload: |_| None,
    alarm: |_| None,
    pictures: &[],
    guide: guide::apc::GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &["name", "contact", "serial number", "device ser*", "date", "time", "code"],
    sentences: &[],
    free: false,
};

/// By the hexadecimal event code beside name and location: each key alone is common.
fn recognises(mail: &MailView<'_>) -> bool {
    let has_code = mail.filled("Code").is_some_and(|code| code.starts_with("0x"));
    has_code && mail.field("Name").is_some() && mail.field("Location").is_some()
}

/// The severities before the sentence, and whether each means a fault.
const SEVERITIES: &[(&str, bool)] = &[
    ("critical", true),
    ("severe", true),
    ("warning", true),
    ("informational", false),
    ("information", false),
];

fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let sentence = lines(mail.text).filter_map(severity).last();
    let (is_bad, said) = sentence.unwrap_or((false, mail.subject));
    // The words come first: "Warning - UPS: Failed a self-test." and "Informational - UPS: No longer on battery power."
    // say more than their severity.
    let by_words = words::subject(said);
    let event = by_words.unwrap_or(if is_bad { Event::Fault } else { Event::Other });
    // The severity is in front of the sentence and no news.
    let severities = "critical severe informational information";
    let names = mail.filled("Name").into_iter().chain([severities]).collect();
    let known = MailFacts { event, value: Some(said), names, ..MailFacts::default() };
    VendorReading { known, ..VendorReading::default() }
}

/// Whether a line such as `Warning  - UPS: On battery power.` reports a fault, and its sentence.
fn severity(line: &str) -> Option<(bool, &str)> {
    let (severity, said) = line.split_once('-')?;
    let severity = severity.trim().to_lowercase();
    let (_, is_bad) = SEVERITIES.iter().find(|(known, _)| *known == severity)?;
    Some((*is_bad, said.trim()))
}
