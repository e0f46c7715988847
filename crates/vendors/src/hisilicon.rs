//! Cameras on a HiSilicon hi3510 (older INSTAR, Sricam, Wansview): `A17100714051200.jpg` in
//! `/20171007/images/`, A for an alarm and P for the clock.

use tipoff_model::Event;

use crate::upload::is_digits;
use crate::{Upload, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "HiSilicon", recognises: |_| false, event: |_| None, upload };

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let stem = upload.stem();
    let (letter, number) = stem.split_at_checked(1)?;
    match letter {
        _ if !is_digits(number, 14) => None,
        "A" => Some(Event::Motion),
        "P" => Some(Event::Periodic),
        _ => None,
    }
}
