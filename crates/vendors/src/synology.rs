//! Synology: the mails of DSM. The subject is a prefix that the owner can change and a sentence, `[DiskStation] Volume
//! 1 on DiskStation has degraded`; the text is "Dear user,", what happened, and "Sincerely, Synology DiskStation".

use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{Guide, MAIL_OF_OTHERS, OTHER, SetupPage};
use crate::mail::lines;
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Synology", recognises, read, form: FORM, upload: |_| None, guide: GUIDE };

const FORM: MailForm = MailForm {
    keys: &[],
    sentences: &[
        "dear user,",
        "dear user",
        "sincerely,",
        "sincerely",
        "synology",
        "synology diskstation",
        "synology nas",
        "from *diskstation",
        "sehr geehrter benutzer,",
        "mit freundlichen grüßen,",
        "mit freundlichen grüßen",
    ],
    free: true,
};

/// By the greeting together with the vendor's name: "Sincerely" alone is a person's.
fn recognises(mail: &MailView<'_>) -> bool {
    let has_frame = ["dear user", "sincerely", "sehr geehrter"].iter().any(|it| mail.says(it));
    has_frame && (mail.says("synology") || mail.says("diskstation"))
}

/// The sentence of the subject decides, then the lines of the text that are no greeting.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let (tag, said) = match mail.subject.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((tag, said)) => (Some(tag), said.trim()),
        None => (None, mail.subject),
    };
    let by_text =
        || lines(mail.text).filter(|line| !FORM.is_boilerplate(line)).find_map(words::subject);
    let event = words::subject(said).or_else(by_text).unwrap_or_default();
    let names = tag.into_iter().collect();
    let subject = SubjectNews::Part(said);
    VendorReading {
        known: MailFacts { event, names, subject, ..MailFacts::default() },
        ..VendorReading::default()
    }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &[],
    mail: Some(SetupPage { menu: Some("Control Panel > Notification > Email"), ..MAIL_OF_OTHERS }),
    ftp: None,
    notes: &["Choose Custom SMTP server as the service provider."],
    ..OTHER
};
