//! Axis: everything is the owner's choice; the names that it begins with are
//! `image26-10-05_14-03-20-41_1.jpg`.

use tipoff_model::Event;

use crate::upload::is_digits;
use crate::{Upload, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Axis", recognises: |_| false, event: |_| None, upload };

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let mut words = upload.stem().strip_prefix("image")?.split('_');
    let (date, time) = (words.next()?, words.next()?);
    let of_pairs = |text: &str| text.split('-').all(|pair| is_digits(pair, 2));
    let is_so = date.len() == 8 && of_pairs(date) && time.len() == 11 && of_pairs(time);
    is_so.then_some(Event::Other)
}
