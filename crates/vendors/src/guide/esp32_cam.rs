//! Sketches for the ESP32-CAM. The fields of the FTP page are those of ESP32-CAM_MJPEG2SD.

use super::{Guide, MAIL, OTHER, Page, Value, Words, line, set};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(Page {
        notes: &[
            "In a sketch these are constants near its top.",
            "Any sender will do, with or without an @.",
        ],
        ..MAIL
    }),
    ftp: Some(Page {
        menu: None,
        words: Words::Makers,
        lines: &[
            line("FTP Server", Value::Server),
            line("Ftp port", Value::Port),
            line("Ftp username", Value::User),
            line("Ftp password", Value::Password),
            set("Ftp root dir", "/"),
        ],
        only_port: None,
        notes: &["The server is an address and nothing else: no ftp:// before and no / behind it."],
    }),
    ..OTHER
};
