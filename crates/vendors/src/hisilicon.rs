//! Cameras on a HiSilicon hi3510 (older INSTAR, Sricam, Wansview): `A17100714051200.jpg` in
//! `/20171007/images/`, A for an alarm and P for the clock.

use tipoff_model::Event;

use crate::details::Form;
use crate::guide::{FTP, Guide, MAIL, OTHER, Page};
use crate::upload::is_digits;
use crate::{Upload, Vendor, unread};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "HiSilicon",
    recognises: |_| false,
    read: unread,
    form: Form { keys: &[], sentences: &[], free: false },
    upload,
    guide: GUIDE,
};

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let (letter, number) = upload.stem().split_at_checked(1)?;
    if !is_digits(number, 14) {
        return None;
    }
    match letter {
        "A" => Some(Event::Motion),
        // The folder tells the same day. `P20260514171805.jpg` is another's, with the century.
        "P" => upload
            .folders()
            .any(|folder| folder.strip_prefix("20").is_some_and(|day| number.get(..6) == Some(day)))
            .then_some(Event::Periodic),
        _ => None,
    }
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["INSTAR (older)", "Sricam", "Wansview"],
    mail: Some(Page { notes: &[ONLY_PLAIN], ..MAIL }),
    ftp: Some(Page { notes: &[ONLY_PLAIN], ..FTP }),
    ..OTHER
};

/// Security notes of 2017 on such firmware: what is typed as FTP password runs as a command.
const ONLY_PLAIN: &str = "Letters and digits only: some hand user and password to a shell.";
