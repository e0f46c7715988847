//! Recorders and cameras that are watched with XMEye or ICSee, sold under hundreds of names. Their files are named as
//! Dahua's are, so [`crate::VENDORS`] has no line for them.

use super::{BASE, FTP, Guide, MAIL, SetupPage, SetupValue, fill, set};

pub(crate) const GUIDE: Guide = Guide {
    also: &["ICSee", "Xiongmai"],
    mail: Some(SetupPage {
        fields: &[
            fill("SMTP Server", SetupValue::Server),
            fill("Port", SetupValue::Port),
            set("SSL", "off"),
            fill("User Name", SetupValue::User),
            fill("Password", SetupValue::Password),
            fill("Sender", SetupValue::Sender),
            fill("Receiver", SetupValue::Recipient),
        ],
        ..MAIL
    }),
    ftp: Some(SetupPage {
        fields: &[
            fill("Server", SetupValue::Server),
            fill("Port", SetupValue::Port),
            set("Anonymity", "off"),
            fill("User name", SetupValue::User),
            fill("Password", SetupValue::Password),
            set("Max file length", "as it is"),
            set("Directory", "empty"),
        ],
        ..FTP
    }),
    password_chars_max: 31,
    notes: &["Then switch Email or FTP on at the detection itself (motion, person)."],
    ..BASE
};
