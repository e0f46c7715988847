//! TP-Link's Tapo, so that nobody looks for a page that is not there.

use super::{BASE, Guide};

pub(super) const GUIDE: Guide = Guide {
    mail: None,
    ftp: None,
    notes: &[
        "Tapo cameras send neither mails nor files. Something that watches their stream, such as a \
             recorder or Home Assistant, can mail in their place.",
    ],
    ..BASE
};
