//! Amcrest: Dahua's firmware in words of its own.

use super::{Guide, Page, Value, dahua, line, page, set};

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
                line("SMTP Server", Value::Server),
                line("Port", Value::Port),
                set("Login Anonymously", "off"),
                line("Username", Value::User),
                line("Password", Value::Password),
                line("Sender", Value::Sender),
                set("Authentication", "None (it means the encryption)"),
                line("Recipients", Value::Recipient),
                set("Interval", "0"),
            ],
        )
    }),
    also: &[],
    ..dahua::GUIDE
};
