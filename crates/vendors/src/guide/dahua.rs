//! Dahua and the vendors that sell its devices under their own names.

use super::{FTP, Guide, OTHER, Page, Value, fill, page, set};

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
    mail: Some(Page {
        notes: &[
            "Save first: Email Test tests what was saved.",
            "Interval holds mails back; 0 sends each at once.",
            "Leave Health Mail off: it mails by the clock.",
        ],
        ..page(
            "Setup > Network > SMTP (Email)",
            &[
                fill("SMTP Server", Value::Server),
                fill("Port", Value::Port),
                set("Anonymity", "off"),
                fill("Username", Value::User),
                fill("Password", Value::Password),
                fill("Sender", Value::Sender),
                set("Encryption (SSL, TLS)", "None"),
                set("Attachment", "on"),
                fill("Receiver", Value::Recipient),
                set("Interval", "0"),
            ],
        )
    }),
    ftp: Some(Page {
        menu: Some("Setup > Storage > Destination > FTP"),
        notes: &[
            "Choose FTP for snapshots as well (Setup > Storage > Destination > Path), and switch \
             Snapshot on at the event.",
        ],
        ..FTP
    }),
    notes: &["Then switch Send Email on at the event itself."],
    ..OTHER
};
