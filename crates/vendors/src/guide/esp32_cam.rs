//! Sketches for the ESP32-CAM. The fields of the FTP page are those of ESP32-CAM_MJPEG2SD, which sends an empty `CWD` and
//! gives up if that is refused. Its mails have a sender without an @: `MAIL FROM: <ESP-CAM_MJPEG>`.

use super::{BASE, Guide, Labels, MAIL, SetupPage, SetupValue, choose, fill};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "In a sketch these are constants near its top.",
            "Any sender will do, with or without an @.",
        ],
        ..MAIL
    }),
    ftp: Some(SetupPage {
        menu: None,
        labels: Labels::OfVendor,
        fields: &[
            fill("FTP Server", SetupValue::Server),
            fill("Ftp port", SetupValue::Port),
            fill("Ftp username", SetupValue::User),
            fill("Ftp password", SetupValue::Password),
            choose("Ftp root dir", "/"),
        ],
        only_port: None,
        notes: &["The server is an address and nothing else: no ftp:// before and no / behind it."],
    }),
    ..BASE
};
