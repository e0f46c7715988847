//! Amcrest: Dahua's firmware with labels of its own (manual of the IP4M-1026B, page 90). There "Authentication" is the
//! encryption, with SSL for port 465 and TLS for STARTTLS, and Dahua's Health Mail is called Keep Alive.

use super::{Guide, SetupPage, SetupValue, choose, dahua, fill, page, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Save first: Email Test tests what was saved.",
            "Interval holds mails back; 0 sends each at once.",
            "Leave Keep Alive off: it mails by the clock.",
        ],
        ..page(
            "Setup > Network > SMTP (Email)",
            &[
                fill("SMTP Server", SetupValue::Server),
                fill("Port", SetupValue::Port),
                set("Login Anonymously", "off"),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
                fill("Sender", SetupValue::Sender),
                set("Authentication", "None (it means the encryption)"),
                fill("Recipients", SetupValue::Recipient),
                choose("Interval", "0"),
            ],
        )
    }),
    also: &[],
    ..dahua::GUIDE
};
