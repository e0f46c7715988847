//! AVTech, and Push Video.

use super::{FTP, Guide, OTHER, Page, Value, fill, page, set};

pub(super) const GUIDE: Guide = Guide {
    also: &["Push Video"],
    mail: Some(page(
        "MAIL",
        &[
            fill("SMTP Server", Value::Server),
            fill("Port", Value::Port),
            fill("Mail From", Value::Sender),
            set("SSL Encryption", "No"),
            set("Verify Password", "Yes"),
            fill("User name", Value::User),
            fill("Password", Value::Password),
            fill("E-Mail Address List", Value::Recipient),
        ],
    )),
    ftp: Some(Page { menu: Some("FTP"), ..FTP }),
    notes: &["Nothing is sent until Email or FTP is chosen under Trigger.", "Press Save."],
    ..OTHER
};
