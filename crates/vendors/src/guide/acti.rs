//! ACTi: servers for mail and FTP are entered first, and used by the rules of an event list. The labels of the
//! FTP page are those of the vendor's manual.

use super::{BASE, FTP, Guide, Labels, MAIL, SetupPage, SetupValue, choose, fill};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        menu: Some("Event Servers > SMTP servers"),
        notes: &["The second server is asked only after the first has failed: leave it empty."],
        ..MAIL
    }),
    ftp: Some(SetupPage {
        menu: Some("Event Servers > FTP servers"),
        labels: Labels::OfVendor,
        fields: &[
            fill("Network address", SetupValue::Server),
            fill("FTP port", SetupValue::Port),
            fill("User Name", SetupValue::User),
            fill("Password", SetupValue::Password),
            choose("Connection mode", "Passive"),
        ],
        notes: &["Videos come as .RAW, which plays nowhere: upload snapshots."],
        ..FTP
    }),
    notes: &["A server is used only when a rule of the event list names it."],
    ..BASE
};
