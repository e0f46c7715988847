//! Synology: the mails of DSM. The subject is a prefix that the owner can change and a sentence,
//! `[DiskStation] Volume
//! 1 on DiskStation has degraded`; the text is "Dear user,", what happened, and "Sincerely, Synology DiskStation".

use tipoff_model::{Alarm, AlarmReading, Event, Value};

use crate::alarm::{AlarmView, text_of};
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{ALARM, BASE, Guide, MAIL_OF_OTHERS, SetupPage, SetupValue, choose, fill, set};
use crate::mail::lines;
use crate::{MailView, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Synology",
    recognises,
    read,
    form: FORM,
    upload: |_| None,
    alarm,
    pictures: &[],
    guide: GUIDE,
};

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

/// The webhook of DSM's notifications: `{"text", "prefix": "nas1 | 2026/10/05 14:03"}`. Surveillance Station sends a
/// JSON of
/// its owner, which is read as of any other device; its pictures are links that only the NAS opens.
fn alarm(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarm = view.objects().find_map(notification)?;
    Some(AlarmReading { alarms: vec![alarm], ..AlarmReading::default() })
}

fn notification(object: &Value) -> Option<Alarm> {
    let (host, _time) = text_of(object, &["prefix"])?.split_once('|')?;
    let text = text_of(object, &["text"])?;
    let event = words::subject(text).unwrap_or_default();
    let kind = if event == Event::Other { "notification" } else { event.as_str() }.to_owned();
    let mut alarm = Alarm { kind, event, subject: text.to_owned(), ..Alarm::default() };
    alarm.identity.name = Some(host.trim().to_owned());
    Some(alarm)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &[],
    mail: Some(SetupPage { menu: Some("Control Panel > Notification > Email"), ..MAIL_OF_OTHERS }),
    ftp: None,
    alarm: Some(SetupPage {
        fields: &[
            fill("URL", SetupValue::AlarmUrl),
            choose("Method", "POST"),
            set("Content", "text, with the ingredients that you want"),
        ],
        notes: &[
            "In Surveillance Station: an action rule with the action Webhook. DSM: Control Panel > Notification > Webhooks.",
            "Its pictures are links that only the NAS opens: let it mail as well where you want the picture.",
        ],
        ..ALARM
    }),
    notes: &["Choose Custom SMTP server as the service provider."],
    ..BASE
};
