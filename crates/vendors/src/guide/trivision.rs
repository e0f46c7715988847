//! Trivision.

use super::{Guide, OTHER, Page, Value, Words, line, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "Snapshot Duration times Snapshot Frame Rate is the number of pictures of an alarm.",
            "Alarm Interval is the pause after an alarm; 0 means none.",
        ],
        menu: None,
        words: Words::Makers,
        only_port: None,
        lines: &[
            set("Alarm Interval", "0"),
            line("SMTP server name", Value::Server),
            line("SMTP server port", Value::Port),
            set("Secure SSL connection", "off"),
            set("Authentication", "on"),
            line("User name", Value::User),
            line("Password", Value::Password),
            line("Re-type password", Value::Password),
            line("Sender e-mail address", Value::Sender),
            line("Receiver e-mail address", Value::Recipient),
        ],
    }),
    ..OTHER
};
