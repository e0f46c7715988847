//! D-Link, cameras of the DCS series (manuals of the DCS-3420 and DCS-6616). Their FTP test uploads a real picture.

use super::{BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Snapshots and video clips have an account each: fill in Snapshot for pictures at once.",
            "An empty user and password means no login, which is fine in your own network.",
        ],
        ..page(
            "Setup > Mail",
            &[
                fill("SMTP Server Address", SetupValue::Server),
                fill("SMTP Server Port", SetupValue::Port),
                fill("Sender E-mail Address", SetupValue::Sender),
                fill("Receiver E-mail Address", SetupValue::Recipient),
                fill("User Name", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("Interval", "30, the shortest"),
                choose("Use SSL-TLS/STARTTLS", "No"),
            ],
        )
    }),
    ftp: Some(SetupPage {
        notes: &["Test uploads a picture, test_….jpg: it arrives like any other."],
        ..page(
            "Setup > FTP",
            &[
                fill("Host Name", SetupValue::Server),
                fill("Port", SetupValue::Port),
                fill("User Name", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("Path", "empty"),
                set("Interval", "10, the shortest"),
                choose("Passive Mode", "Yes"),
            ],
        )
    }),
    password_chars_max: 32,
    notes: &["Press Save Settings."],
    ..BASE
};
