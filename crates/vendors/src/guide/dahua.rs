//! Dahua and the vendors that sell its devices under their own names.

use super::{FTP, Guide, OTHER, Page, Value, line, page, set};

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
                line("SMTP Server", Value::Server),
                line("Port", Value::Port),
                set("Anonymity", "off"),
                line("Username", Value::User),
                line("Password", Value::Password),
                line("Sender", Value::Sender),
                set("Encryption (SSL, TLS)", "None"),
                set("Attachment", "on"),
                line("Receiver", Value::Recipient),
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
