//! Yi, Sonoff and other cameras with the firmware of the yi-hack projects. Its busybox uploads
//! `2025Y11M23D12H/55M00S.mp4`, on some chips `55M00S60.mp4` with the length in seconds. The name contains no event,
//! and the firmware sends no mail.

use tipoff_model::Event;

use crate::guide::{BASE, Guide, Labels, SetupPage, SetupValue, fill, set};
use crate::upload::{is_digits, is_number};
use crate::{UploadedFile, Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor { name: "Yi", upload, guide: GUIDE, ..WITHOUT_MAILS };

/// By minute and second in the name, in a folder of the hour: neither alone is certain.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let (minute, rest) = upload.stem().split_once('M')?;
    let (second, length) = rest.split_once('S')?;
    let hour = upload.folders().next()?;
    let is_hour = hour.len() == 14 && hour.ends_with('H') && hour.get(4..5) == Some("Y");
    let is_minute = is_digits(minute, 2) && is_digits(second, 2);
    let is_so = is_hour && is_minute && (length.is_empty() || is_number(length));
    is_so.then_some(Event::Other)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Sonoff with sonoff-hack", "Yi with yi-hack"],
    mail: None,
    ftp: Some(SetupPage {
        menu: None,
        labels: Labels::OfVendor,
        fields: &[
            set("FTP Upload", "on"),
            fill("FTP Host", SetupValue::Server),
            set("FTP Directory", "empty, or /"),
            set("FTP Directory Tree", "on"),
            fill("FTP Username", SetupValue::User),
            fill("FTP Password", SetupValue::Password),
        ],
        only_port: Some(21),
        notes: &[
            "Videos only, each a while after it has ended: it looks for new ones now and then.",
            "Some send what was sent once more after a pause. It is not alerted again.",
        ],
    }),
    notes: &["As they are sold these cameras send nothing: this is the firmware of yi-hack."],
    ..BASE
};
