//! D-Link, cameras of the DCS series.

use super::{Guide, OTHER, Page, Value, line, page, set};

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "Snapshots and video clips have an account each: fill in Snapshot for pictures at once.",
            "An empty user and password means no login, which is fine in your own network.",
        ],
        ..page(
            "Setup > Mail",
            &[
                line("SMTP Server Address", Value::Server),
                line("SMTP Server Port", Value::Port),
                line("Sender E-mail Address", Value::Sender),
                line("Receiver E-mail Address", Value::Recipient),
                line("User Name", Value::User),
                line("Password", Value::Password),
                set("Interval", "30, the shortest"),
                set("Use SSL-TLS/STARTTLS", "No"),
            ],
        )
    }),
    ftp: Some(Page {
        notes: &["Test uploads a picture, test_….jpg: it arrives like any other."],
        ..page(
            "Setup > FTP",
            &[
                line("Host Name", Value::Server),
                line("Port", Value::Port),
                line("User Name", Value::User),
                line("Password", Value::Password),
                set("Path", "empty"),
                set("Interval", "10, the shortest"),
                set("Passive Mode", "Yes"),
            ],
        )
    }),
    password_chars_max: 32,
    notes: &["Press Save Settings."],
    ..OTHER
};
