//! Trivision.

use super::{Guide, Labels, OTHER, Page, Value, fill, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "Snapshot Duration times Snapshot Frame Rate is the number of pictures of an alarm.",
            "Alarm Interval is the pause after an alarm; 0 means none.",
        ],
        menu: None,
        labels: Labels::OfVendor,
        only_port: None,
        fields: &[
            set("Alarm Interval", "0"),
            fill("SMTP server name", Value::Server),
            fill("SMTP server port", Value::Port),
            set("Secure SSL connection", "off"),
            set("Authentication", "on"),
            fill("User name", Value::User),
            fill("Password", Value::Password),
            fill("Re-type password", Value::Password),
            fill("Sender e-mail address", Value::Sender),
            fill("Receiver e-mail address", Value::Recipient),
        ],
    }),
    ..OTHER
};
