//! GeoVision and TVT upload `/<MAC>/VFD/2021-01-09/14/VFD_2021-01-09-14-05-06-123_001.jpg`. The code in folder and
//! name is the event; the codes are from the manual of the TMEB5800, page 68. Mails of these cameras are not
//! known.

use tipoff_model::Event;

use crate::guide::{BASE, Guide};
use crate::upload::is_digits;
use crate::{UploadedFile, Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "GeoVision", upload, guide: GUIDE, ..WITHOUT_MAILS };

/// The codes in the vendor's spelling (`VEHICE`). AVD is video tampering, CDD crowd density, OSC a left or missing object,
/// VFD a face.
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

/// The event by the code in the name.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    let (code, time) = upload.stem().split_once('_')?;
    let year = time.split('-').next().unwrap_or_default();
    let known = CODES.iter().find(|(known, _)| *known == code);
    // The folder has to have the same code: a camera that is named "MOTION" has no such folder.
    let is_so = is_digits(year, 4) && upload.folders().any(|folder| folder == code);
    known.filter(|_| is_so).map(|(_, event)| *event)
}

pub(crate) const GUIDE: Guide = Guide { also: &["TVT"], ..BASE };
