//! AVTech, and Push Video.

use super::{FTP, Guide, OTHER, Page, Value, line, page, set};

pub(super) const GUIDE: Guide = Guide {
    also: &["Push Video"],
    mail: Some(page(
        "MAIL",
        &[
            line("SMTP Server", Value::Server),
            line("Port", Value::Port),
            line("Mail From", Value::Sender),
            set("SSL Encryption", "No"),
            set("Verify Password", "Yes"),
            line("User name", Value::User),
            line("Password", Value::Password),
            line("E-Mail Address List", Value::Recipient),
        ],
    )),
    ftp: Some(Page { menu: Some("FTP"), ..FTP }),
    notes: &["Nothing is sent until Email or FTP is chosen under Trigger.", "Press Save."],
    ..OTHER
};
