//! D-Link: the mails of its network storage, `dlink-02C972_E-Mail_Alert`. Its cameras send free words.

use tipoff_model::Event;

use crate::details::{Form, Known, SubjectNews};
use crate::guide;
use crate::mail::lines;
use crate::{Found, Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "D-Link",
    recognises,
    read,
    form: FORM,
    upload: |_| None,
    guide: guide::d_link::GUIDE,
};

const FORM: Form = Form {
    keys: &["serial number", "size"],
    sentences: &["sincerely,", "your dlink*", "sincerely", "dear customer,"],
    free: true,
};

fn recognises(mail: &Mail<'_>) -> bool {
    mail.subject.starts_with("dlink-") || mail.says("your dlink-")
}

fn read<'a>(mail: &Mail<'a>) -> Found<'a> {
    let result = mail.filled("The Result Of The Test Is");
    let passed = result.is_some_and(|result| result.to_lowercase().starts_with("pass"));
    let by_line = || lines(mail.text).find_map(words::subject);
    let event = match result {
        Some(_) if passed => Event::Other,
        Some(_) => Event::Fault,
        None => by_line().unwrap_or_default(),
    };
    let subject = SubjectNews::unless(mail.subject.ends_with("_E-Mail_Alert"));
    Found { known: Known { event, subject, ..Known::default() }, ..Found::default() }
}
