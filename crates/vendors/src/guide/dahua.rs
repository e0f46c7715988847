//! Dahua and the vendors that sell its devices under their own names. "Interval" (0 to 3600 s) holds mails back in the
//! device (manuals of PSD81602 and Technaxx 4607), and Health Mail is a test mail at fixed times.

use super::{BASE, FTP, Guide, SetupPage, SetupValue, choose, fill, page, set};

pub(crate) const GUIDE: Guide = Guide {
    also: &[
        "EmpireTech",
        "Honeywell Performance",
        "IC Realtime",
        "IMOU",
        "Lorex",
        "Q-See",
        "Technaxx",
    ],
    mail: Some(SetupPage {
        notes: &[
            "Save first: Email Test tests what was saved.",
            "Interval holds mails back; 0 sends each at once.",
            "Leave Health Mail off: it mails by the clock.",
        ],
        ..page(
            "Setup > Network > SMTP (Email)",
            &[
                fill("SMTP Server", SetupValue::Server),
                fill("Port", SetupValue::Port),
                set("Anonymity", "off"),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
                fill("Sender", SetupValue::Sender),
                choose("Encryption (SSL, TLS)", "None"),
                set("Attachment", "on"),
                fill("Receiver", SetupValue::Recipient),
                choose("Interval", "0"),
            ],
        )
    }),
    ftp: Some(SetupPage {
        menu: Some("Setup > Storage > Destination > FTP"),
        notes: &[
            "Choose FTP for snapshots as well (Setup > Storage > Destination > Path), and switch \
             Snapshot on at the event.",
        ],
        ..FTP
    }),
    notes: &[
        "Then switch Send Email on at the event itself.",
        "Some newer firmware also pushes alarms over HTTP (EventHttpUpload), by a setting without a page, which Tipoff can set itself.",
    ],
    ..BASE
};
