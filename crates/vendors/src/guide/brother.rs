//! Brother: what printers scan and report. They send no alarms, so [`crate::VENDORS`] has no line for them.

use super::{BASE, FTP, Guide, MAIL_OF_OTHERS, SetupPage};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &["Of the two ways to log in choose SMTP-AUTH, not POP before SMTP; or none."],
        ..MAIL_OF_OTHERS
    }),
    ftp: Some(SetupPage {
        notes: &["It is the Scan to FTP feature, in Web Based Management."],
        ..FTP
    }),
    ..BASE
};
