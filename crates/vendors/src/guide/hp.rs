//! HP: what printers scan and report. Older models speak nothing newer than TLS 1.1: a LaserJet 200 M276n only SSL 3.

use super::{BASE, Guide, MAIL_OF_OTHERS, SetupPage};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Switch encryption off: of older ones it is SSL 3, which Tipoff does not speak, or TLS 1.0, which needs a \
             setting (legacy_tls) and is weak.",
            "Some log in with nothing, and to port 25 only.",
        ],
        ..MAIL_OF_OTHERS
    }),
    ftp: None,
    old_tls: true,
    ..BASE
};
