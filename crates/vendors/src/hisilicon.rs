//! Cameras on a HiSilicon hi3510 (older INSTAR, KKMoon, Sricam, Wansview): `A17100714051200.jpg` in
//! `/20171007/images/`, and recordings `A231126_181503_181517.265`; A for an alarm and P for the clock.

use tipoff_model::Event;

use crate::details::MailForm;
use crate::guide::{FTP, Guide, MAIL, OTHER, SetupPage};
use crate::upload::is_digits;
use crate::{UploadedFile, Vendor, VendorReading};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "HiSilicon",
    recognises: |_| false,
    read: |_| VendorReading::default(),
    form: MailForm { keys: &[], sentences: &[], free: false },
    upload,
    guide: GUIDE,
};

fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let (letter, number) = upload.stem().split_at_checked(1)?;
    if !is_digits(number, 14) && !is_span(number) {
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

/// The day, and when a recording began and ended.
fn is_span(number: &str) -> bool {
    let mut parts = number.split('_');
    let mut next = || parts.next().is_some_and(|part| is_digits(part, 6));
    next() && next() && next() && parts.next().is_none()
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["INSTAR (older)", "KKMoon", "Sricam", "Wansview"],
    mail: Some(SetupPage { notes: &[ONLY_PLAIN], ..MAIL }),
    ftp: Some(SetupPage { notes: &[ONLY_PLAIN], ..FTP }),
    ..OTHER
};

/// Security notes of 2017 on such firmware: what is typed as FTP password runs as a command.
const ONLY_PLAIN: &str = "Letters and digits only: some hand user and password to a shell.";
