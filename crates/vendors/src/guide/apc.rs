//! APC: UPSs, power strips and transfer switches with a network management card.

use super::{BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};

pub(crate) const GUIDE: Guide = Guide {
    also: &["Schneider Electric UPS"],
    mail: Some(SetupPage {
        notes: &[
            "Then add a recipient under Notification > E-mail > Recipients, with Server: Local. \
             Recipient would ask the Internet for a mail server of the address, once.",
            "It gives up after 20 seconds.",
        ],
        ..page(
            "Configuration > Notification > E-mail > Server",
            &[
                fill("From Address", SetupValue::Sender),
                fill("SMTP Server", SetupValue::Server),
                fill("Port", SetupValue::Port),
                set("Authentication", "on"),
                fill("User Name", SetupValue::User),
                fill("Password", SetupValue::Password),
                choose("Use SSL/TLS", "Never"),
                fill("To Address (under Recipients)", SetupValue::Recipient),
                choose("Server (under Recipients)", "Local"),
            ],
        )
    }),
    ftp: None,
    notes: &[
        "Older cards have the page under Administration > Notification, call the server Local SMTP \
             Server, and have no field for a port: they use 25.",
    ],
    ..BASE
};
