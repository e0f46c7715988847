//! Yi, Sonoff and others with the firmware of the yi-hack projects:
//! `2025Y11M23D12H/55M00S.mp4`, or `55M00S60.mp4` with its length. What has happened is not told.

use tipoff_model::Event;

use crate::upload::{is_digits, is_number};
use crate::{Upload, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Yi", recognises: |_| false, event: |_| None, upload };

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let (minute, rest) = upload.stem().split_once('M')?;
    let (second, length) = rest.split_once('S')?;
    let hour = upload.folders().next()?;
    let is_hour = hour.len() == 14 && hour.ends_with('H') && hour.get(4..5) == Some("Y");
    let is_minute = is_digits(minute, 2) && is_digits(second, 2);
    let is_so = is_hour && is_minute && (length.is_empty() || is_number(length));
    is_so.then_some(Event::Other)
}
