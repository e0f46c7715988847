//! AVTech, and Push Video.

use super::{BASE, FTP, Guide, SetupPage, SetupValue, choose, fill, page};

pub(super) const GUIDE: Guide = Guide {
    also: &["Push Video"],
    mail: Some(page(
        "MAIL",
        &[
            fill("SMTP Server", SetupValue::Server),
            fill("Port", SetupValue::Port),
            fill("Mail From", SetupValue::Sender),
            choose("SSL Encryption", "No"),
            choose("Verify Password", "Yes"),
            fill("User name", SetupValue::User),
            fill("Password", SetupValue::Password),
            fill("E-Mail Address List", SetupValue::Recipient),
        ],
    )),
    ftp: Some(SetupPage { menu: Some("FTP"), ..FTP }),
    notes: &["Nothing is sent until Email or FTP is chosen under Trigger.", "Press Save."],
    ..BASE
};
