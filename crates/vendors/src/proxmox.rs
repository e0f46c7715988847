//! Proxmox VE: the mails of backups. The subject is `vzdump backup status (pve1.example.com): backup failed`, the text
//! a table of the guests below `Details`, and below `Logs` all output of the tools, often thousands of lines.

use tipoff_model::Event;

use crate::details::{MailFacts, MailForm, squeezed};
use crate::guide::{BASE, Guide, MAIL_OF_OTHERS, SetupPage};
use crate::{MailView, Vendor, VendorReading};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Proxmox",
    recognises: |mail| said(mail.subject).is_some(),
    read,
    form: MailForm::NONE,
    upload: |_| None,
    alarm: |_| None,
    pictures: &[],
    guide: GUIDE,
};

/// The result in a subject, behind `vzdump backup status (HOST):`.
fn said(subject: &str) -> Option<&str> {
    let rest = subject.split_once("vzdump backup status (")?.1;
    rest.split_once(')').map(|(_, said)| said.trim_start_matches([':', ' ']))
}

/// The details are the result, the table, and of the logs only lines with errors and warnings.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let said = said(mail.subject).unwrap_or_default();
    let is_bad = ["fail", "err", "warn", "abort"].iter().any(|it| said.to_lowercase().contains(it));
    let event = if is_bad { Event::Fault } else { Event::Other };
    let mut details = vec![squeezed(said)];
    let mut in_logs = false;
    for line in mail.whole_text().lines().map(str::trim) {
        let is_rule = line.len() > 2 && line.bytes().all(|it| it == b'=');
        in_logs |= line.eq_ignore_ascii_case("logs") || line == "verbose backup log follows";
        let is_heading = line.eq_ignore_ascii_case("logs") || line.eq_ignore_ascii_case("details");
        // Of the logs only errors and warnings are for people.
        let is_for_people = !in_logs || line.contains("ERROR") || line.contains("WARN");
        if !line.is_empty() && !is_rule && !is_heading && is_for_people {
            details.push(squeezed(line));
        }
    }
    let known = MailFacts { event, ..MailFacts::default() };
    VendorReading { known, camera: None, details: Some(details.join("\n")) }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Proxmox Backup Server"],
    mail: Some(SetupPage {
        menu: Some("Datacenter > Notifications > Add: SMTP"),
        ..MAIL_OF_OTHERS
    }),
    ftp: None,
    notes: &["Then let a notification matcher use it. Its Test button sends a mail."],
    ..BASE
};
