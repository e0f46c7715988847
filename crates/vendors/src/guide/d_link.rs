//! D-Link, cameras of the DCS series.

use super::{Guide, OTHER, Page, Value, fill, page, set};

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "Snapshots and video clips have an account each: fill in Snapshot for pictures at once.",
            "An empty user and password means no login, which is fine in your own network.",
        ],
        ..page(
            "Setup > Mail",
            &[
                fill("SMTP Server Address", Value::Server),
                fill("SMTP Server Port", Value::Port),
                fill("Sender E-mail Address", Value::Sender),
                fill("Receiver E-mail Address", Value::Recipient),
                fill("User Name", Value::User),
                fill("Password", Value::Password),
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
                fill("Host Name", Value::Server),
                fill("Port", Value::Port),
                fill("User Name", Value::User),
                fill("Password", Value::Password),
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
