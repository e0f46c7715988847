//! Recorders and cameras that are watched with XMEye or ICSee, sold under hundreds of names.

use super::{FTP, Guide, MAIL, OTHER, Page, Value, line, set};

pub(super) const GUIDE: Guide = Guide {
    also: &["ICSee", "Xiongmai"],
    mail: Some(Page {
        lines: &[
            line("SMTP Server", Value::Server),
            line("Port", Value::Port),
            set("SSL", "off"),
            line("User Name", Value::User),
            line("Password", Value::Password),
            line("Sender", Value::Sender),
            line("Receiver", Value::Recipient),
        ],
        ..MAIL
    }),
    ftp: Some(Page {
        lines: &[
            line("Server", Value::Server),
            line("Port", Value::Port),
            set("Anonymity", "off"),
            line("User name", Value::User),
            line("Password", Value::Password),
            set("Max file length", "as it is"),
            set("Directory", "empty"),
        ],
        ..FTP
    }),
    password_chars_max: 31,
    notes: &["Then switch Email or FTP on at the detection itself (motion, person)."],
    ..OTHER
};
