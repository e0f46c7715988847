//! ACTi.

use super::{FTP, Guide, MAIL, OTHER, Page, Value, Words, line, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(Page {
        menu: Some("Event Servers > SMTP servers"),
        notes: &["The second server is asked only after the first has failed: leave it empty."],
        ..MAIL
    }),
    ftp: Some(Page {
        menu: Some("Event Servers > FTP servers"),
        words: Words::Makers,
        lines: &[
            line("Network address", Value::Server),
            line("FTP port", Value::Port),
            line("User Name", Value::User),
            line("Password", Value::Password),
            set("Connection mode", "Passive"),
        ],
        notes: &["Videos come as .RAW, which plays nowhere: upload snapshots."],
        ..FTP
    }),
    notes: &["A server is used only when a rule of the event list names it."],
    ..OTHER
};
