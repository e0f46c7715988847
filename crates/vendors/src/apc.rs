//! APC: network management cards of UPSs. The text is a block of `Name : …`, `Location : …`, `Serial Number :
//! …`, `Code : 0x0109` and, last, `Warning - UPS: On battery power in response to …`; the subject says
//! that sentence, or what the owner chose. (User's guide AP9617 and later, events and their severities.)

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
    guide: guide::apc::GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &["name", "contact", "serial number", "device ser*", "date", "time", "code"],
    sentences: &[],
    free: false,
};

fn recognises(mail: &MailView<'_>) -> bool {
    let has_code = mail.filled("Code").is_some_and(|code| code.starts_with("0x"));
    has_code && mail.field("Name").is_some() && mail.field("Location").is_some()
}

/// How bad it is, before the sentence.
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
    // The words decide: "Informational - UPS: Passed a self-test." is no fault, and an end none either.
    let by_words = words::subject(said);
    let event = by_words.unwrap_or(if is_bad { Event::Fault } else { Event::Other });
    // The words of the severity stand before what is said.
    let severities = "critical severe informational information";
    let names = mail.filled("Name").into_iter().chain([severities]).collect();
    let known = MailFacts { event, value: Some(said), names, ..MailFacts::default() };
    VendorReading { known, ..VendorReading::default() }
}

/// `Warning  - UPS: On battery power.`: whether that is bad, and what is said.
fn severity(line: &str) -> Option<(bool, &str)> {
    let (severity, said) = line.split_once('-')?;
    let severity = severity.trim().to_lowercase();
    let (_, is_bad) = SEVERITIES.iter().find(|(known, _)| *known == severity)?;
    Some((*is_bad, said.trim()))
}
