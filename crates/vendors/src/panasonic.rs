//! Panasonic: a camera's subject is `CameraNotification:20061231173020500`, with a time of 17 digits. A recorder
//! (WJ-NT104) writes fields behind a headline, and a link to the picture instead of the picture:
//!
//! ```text
//! !!! ALARM NOTICE !!!
//! Source : Front
//! Port : PI0 5ch
//! Link : http://192.168.0.10/ALM0001_00.JPG
//! ```
//!
//! Both are sent when an alarm input or the motion detector fires, and do not say which.

use tipoff_model::Event;

use crate::camera::RecorderChannel;
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide::{ALARM, BASE, FTP, Guide, MAIL, SetupPage, SetupValue, fill, set};
use crate::{MailView, Vendor, VendorReading};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Panasonic",
    recognises,
    read,
    form: FORM,
    upload: |_| None,
    alarm: |_| None,
    pictures: &["/SnapshotJPEG?Resolution=640x480", "/cgi-bin/camera"],
    guide: GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &["source", "port", "date", "time", "link"],
    sentences: &["!!! alarm notice"],
    free: false,
};

fn recognises(mail: &MailView<'_>) -> bool {
    is_stamped(mail.subject) || mail.text.trim_start().starts_with("!!! ALARM NOTICE !!!")
}

/// Whether a subject is the vendor's own.
fn is_stamped(subject: &str) -> bool {
    let stamp = subject.strip_prefix("CameraNotification:");
    stamp.is_some_and(|stamp| stamp.len() == 17 && stamp.bytes().all(|it| it.is_ascii_digit()))
}

/// The event is motion, the more frequent of the two. A channel number means a recorder.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let name = mail.filled("Source");
    // `PI0 5ch`: the input port and the channel of the recorder.
    let port = mail.filled("Port").unwrap_or_default();
    let number = port.split_whitespace().find_map(|word| word.strip_suffix("ch"));
    let camera = RecorderChannel { number, name, of_recorder: number.is_some() }.camera();
    let known = MailFacts {
        event: Event::Motion,
        names: name.into_iter().collect(),
        subject: SubjectNews::unless(is_stamped(mail.subject)),
        ..MailFacts::default()
    };
    VendorReading { known, camera, details: None }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["i-PRO"],
    mail: Some(SetupPage {
        fields: &[
            fill("SMTP server (IP address or host name)", SetupValue::Server),
            fill("Port", SetupValue::Port),
            fill("Reply e-mail address", SetupValue::Sender),
            fill("Destination e-mail address", SetupValue::Recipient),
            set("Authentication", "SMTP, not POP before SMTP; or none"),
            fill("User name", SetupValue::User),
            fill("Password", SetupValue::Password),
        ],
        notes: &[
            "On older cameras the page belongs to the trigger: choose Send E-mail Notification there.",
        ],
        ..MAIL
    }),
    ftp: Some(FTP),
    alarm: Some(SetupPage {
        fields: &[fill("HTTP alarm notification URL", SetupValue::AlarmUrl)],
        notes: &["It only calls the address: put what it means behind it, such as /motion."],
        ..ALARM
    }),
    ..BASE
};
