//! Yi, Sonoff and others with the firmware of the yi-hack projects:
//! `2025Y11M23D12H/55M00S.mp4`, a minute of every motion.

use tipoff_model::Event;

use crate::upload::is_digits;
use crate::{Upload, Vendor};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Yi", recognises: |_| false, event: |_| None, upload };

fn upload(upload: &Upload<'_>) -> Option<Event> {
    let (minute, second) = upload.stem().split_once('M')?;
    let second = second.strip_suffix('S').unwrap_or(second);
    let hour = upload.folders().next()?;
    let is_hour = hour.len() == 14 && hour.ends_with('H') && hour.get(4..5) == Some("Y");
    (is_hour && is_digits(minute, 2) && second.len() >= 2).then_some(Event::Motion)
}
