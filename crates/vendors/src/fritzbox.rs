//! FRITZ!Box and FRITZ!Repeater: the mails of the push service. The subject is the device and a sentence, in the
//! language of the device: `FRITZ!Box-Info: Internetverbindung wurde getrennt`, `FRITZ!Box info: Data on usage and
//! connections`. The text is free; only greeting and signature are left out.

use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{BASE, Guide, MAIL_OF_OTHERS, SetupPage};
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "FRITZ!Box",
    recognises: |mail| prefix(mail.subject).is_some(),
    read,
    form: FORM,
    upload: |_| None,
    alarm: |_| None,
    pictures: &[],
    guide: GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &[],
    sentences: &[
        "guten tag,",
        "guten tag",
        "dear fritz!box user,",
        "sehr geehrte*,",
        "ihre fritz!box",
        "your fritz!box",
        "sie erhalten diese e-mail*",
        "diese e-mail wurde automatisch*",
        "this e-mail was automatically*",
        "this email was automatically*",
    ],
    free: true,
};

/// The device and the sentence of a subject: `FRITZ!Box 7590-Info: …`. Both spellings of the name occur.
fn prefix(subject: &str) -> Option<(&str, &str)> {
    let subject = subject.strip_prefix('[').unwrap_or(subject);
    let is_fritz = subject.starts_with("FRITZ!") || subject.starts_with("Fritz!");
    is_fritz.then(|| subject.split_once(':').unwrap_or((subject, "")))
}

/// Only the sentence is read: the name of the device is no event.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let (device, said) = prefix(mail.subject).unwrap_or_default();
    let event = words::subject(said).unwrap_or_default();
    let known = MailFacts {
        event,
        names: vec![device],
        subject: SubjectNews::Part(said),
        ..MailFacts::default()
    };
    VendorReading { known, ..VendorReading::default() }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["FRITZ!Repeater"],
    mail: Some(SetupPage { menu: Some("System > Push Service > Sender"), ..MAIL_OF_OTHERS }),
    ftp: None,
    notes: &["Choose \"Other provider\"; then tick what it is to report under Push Services."],
    ..BASE
};
