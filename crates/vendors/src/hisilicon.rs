//! Cameras on a HiSilicon hi3510 (older INSTAR, KKMoon, Sricam, Wansview) upload `A17100714051200.jpg` into
//! `/20171007/images/`, and recordings `A231126_181503_181517.265`. A is an alarm, P a scheduled picture. They find
//! no folder with `CWD`, make each level with `XMKD`, and try again. Mails of these cameras are not known.

use tipoff_model::Event;

use crate::guide::{BASE, FTP, Guide, MAIL, SetupPage};
use crate::upload::is_digits;
use crate::{UploadedFile, Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "HiSilicon", upload, guide: GUIDE, ..WITHOUT_MAILS };

/// The event by the letter before a time of 14 digits or before the span of a recording.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let (letter, number) = upload.stem().split_at_checked(1)?;
    if !is_digits(number, 14) && !is_span(number) {
        return None;
    }
    match letter {
        "A" => Some(Event::Motion),
        // The folder has to contain the same day: `P20260514171805.jpg`, with the century, is another vendor's.
        "P" => upload
            .folders()
            .any(|folder| folder.strip_prefix("20").is_some_and(|day| number.get(..6) == Some(day)))
            .then_some(Event::Periodic),
        _ => None,
    }
}

/// Whether a text is a day, and the times at which a recording began and ended.
fn is_span(number: &str) -> bool {
    let mut parts = number.split('_');
    let mut next = || parts.next().is_some_and(|part| is_digits(part, 6));
    next() && next() && next() && parts.next().is_none()
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["INSTAR (older)", "KKMoon", "Sricam", "Wansview"],
    mail: Some(SetupPage { notes: &[ONLY_PLAIN], ..MAIL }),
    ftp: Some(SetupPage { notes: &[ONLY_PLAIN], ..FTP }),
    ..BASE
};

/// Security notes of 2017 on such firmware: what is typed as FTP password runs as a command.
const ONLY_PLAIN: &str = "Letters and digits only: some hand user and password to a shell.";
