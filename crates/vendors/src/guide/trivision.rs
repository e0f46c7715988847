//! Trivision: labels of the NC-250W. Its alarm is a series of pictures, such as 2 a second for 4 s.

use super::{BASE, Guide, Labels, SetupPage, SetupValue, choose, fill, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Snapshot Duration times Snapshot Frame Rate is the number of pictures of an alarm.",
            "Alarm Interval is the pause after an alarm; 0 means none.",
        ],
        menu: None,
        labels: Labels::OfVendor,
        only_port: None,
        fields: &[
            choose("Alarm Interval", "0"),
            fill("SMTP server name", SetupValue::Server),
            fill("SMTP server port", SetupValue::Port),
            set("Secure SSL connection", "off"),
            set("Authentication", "on"),
            fill("User name", SetupValue::User),
            fill("Password", SetupValue::Password),
            fill("Re-type password", SetupValue::Password),
            fill("Sender e-mail address", SetupValue::Sender),
            fill("Receiver e-mail address", SetupValue::Recipient),
        ],
    }),
    ..BASE
};
