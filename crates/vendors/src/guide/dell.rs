//! Dell: the iDRAC of a server. Some of its mails declare HTML and contain no tag. They are read by common words.

use super::{BASE, Guide, MAIL_OF_OTHERS, SetupPage};

pub(super) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &[
            "Alerts have to be switched on as well, each severity for itself, and the recipient \
             enabled.",
            "Old ones, such as the DRAC 4, have a field for the address only: they use port 25.",
        ],
        ..MAIL_OF_OTHERS
    }),
    ftp: None,
    ..BASE
};
