//! Amcrest: Dahua's firmware in words of its own.

use super::{Guide, Page, Value, dahua, fill, page, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "Save first: Email Test tests what was saved.",
            "Interval holds mails back; 0 sends each at once.",
            "Leave Keep Alive off: it mails by the clock.",
        ],
        ..page(
            "Setup > Network > SMTP (Email)",
            &[
                fill("SMTP Server", Value::Server),
                fill("Port", Value::Port),
                set("Login Anonymously", "off"),
                fill("Username", Value::User),
                fill("Password", Value::Password),
                fill("Sender", Value::Sender),
                set("Authentication", "None (it means the encryption)"),
                fill("Recipients", Value::Recipient),
                set("Interval", "0"),
            ],
        )
    }),
    also: &[],
    ..dahua::GUIDE
};
