//! D-Link: the mails of its network storage. The subject is `dlink-02C972_E-Mail_Alert`, the text a sentence such as
//! `A SMART Test Was Performed On The Following Hard Drive …` and `The Result Of The Test Is: Pass`. Its cameras
//! send free texts, which no rule recognises.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide;
use crate::mail::lines;
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "D-Link",
    recognises,
    read,
    form: FORM,
    upload: |_| None,
    alarm: |_| None,
    pictures: &["/image/jpeg.cgi"],
    guide: guide::d_link::GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &["serial number", "size"],
    sentences: &["sincerely,", "your dlink*", "sincerely", "dear customer,"],
    free: true,
};

/// By the name of the device, which begins with `dlink-`, in the subject or below the text.
fn recognises(mail: &MailView<'_>) -> bool {
    mail.subject.starts_with("dlink-") || mail.says("your dlink-")
}

/// A disk test that passed is no event, and one with any other result a fault. Other mails are read line by line.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let result = mail.filled("The Result Of The Test Is");
    let passed = result.is_some_and(|result| result.to_lowercase().starts_with("pass"));
    let by_line = || lines(mail.text).find_map(words::subject);
    let event = match result {
        Some(_) if passed => Event::Other,
        Some(_) => Event::Fault,
        None => by_line().unwrap_or_default(),
    };
    let subject = SubjectNews::unless(mail.subject.ends_with("_E-Mail_Alert"));
    VendorReading {
        known: MailFacts { event, subject, ..MailFacts::default() },
        ..VendorReading::default()
    }
}
