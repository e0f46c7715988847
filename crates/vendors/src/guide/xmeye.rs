//! Recorders and cameras that are watched with XMEye or ICSee, sold under hundreds of names.

use super::{FTP, Guide, MAIL, OTHER, Page, Value, fill, set};

pub(super) const GUIDE: Guide = Guide {
    also: &["ICSee", "Xiongmai"],
    mail: Some(Page {
        fields: &[
            fill("SMTP Server", Value::Server),
            fill("Port", Value::Port),
            set("SSL", "off"),
            fill("User Name", Value::User),
            fill("Password", Value::Password),
            fill("Sender", Value::Sender),
            fill("Receiver", Value::Recipient),
        ],
        ..MAIL
    }),
    ftp: Some(Page {
        fields: &[
            fill("Server", Value::Server),
            fill("Port", Value::Port),
            set("Anonymity", "off"),
            fill("User name", Value::User),
            fill("Password", Value::Password),
            set("Max file length", "as it is"),
            set("Directory", "empty"),
        ],
        ..FTP
    }),
    password_chars_max: 31,
    notes: &["Then switch Email or FTP on at the detection itself (motion, person)."],
    ..OTHER
};
