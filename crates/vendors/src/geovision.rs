//! GeoVision and TVT: `/<MAC>/VFD/2021-01-09/14/VFD_2021-01-09-14-05-06-123_001.jpg`, where a code
//! tells what has happened.

use tipoff_model::Event;

use crate::details::MailForm;
use crate::guide::{Guide, OTHER};
use crate::upload::is_digits;
use crate::{UploadedFile, Vendor, VendorReading};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "GeoVision",
    recognises: |_| false,
    read: |_| VendorReading::default(),
    form: MailForm { keys: &[], sentences: &[], free: false },
    upload,
    guide: GUIDE,
};

/// The codes, as they are spelt.
const CODES: &[(&str, Event)] = &[
    ("AOIENTRY", Event::Zone),
    ("AOILEAVE", Event::Zone),
    ("AVD", Event::Tamper),
    ("CDD", Event::Zone),
    ("IP", Event::Other),
    ("MOTION", Event::Motion),
    ("OSC", Event::Zone),
    ("PASSLINECOUNT", Event::Line),
    ("PERIMETER", Event::Zone),
    ("SDERROR", Event::Fault),
    ("SDFULL", Event::Fault),
    ("SENSOR", Event::Input),
    ("TRAFFIC", Event::Other),
    ("TRIPWIRE", Event::Line),
    ("VEHICE", Event::Vehicle),
    ("VFD", Event::Person),
];

fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let (code, time) = upload.stem().split_once('_')?;
    let year = time.split('-').next().unwrap_or_default();
    let known = CODES.iter().find(|(known, _)| *known == code);
    // The folder says the same: a camera that is called "MOTION" has no such folder.
    let is_so = is_digits(year, 4) && upload.folders().any(|folder| folder == code);
    known.filter(|_| is_so).map(|(_, event)| *event)
}

pub(crate) const GUIDE: Guide = Guide { also: &["TVT"], ..OTHER };
