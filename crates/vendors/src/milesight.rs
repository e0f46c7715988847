//! Milesight: "HTTP Notification" of its cameras, since firmware 4x.7.0.77 a POST with JSON for plates (vendor's
//! article 69000797374).
//! Basic events are a GET of the address that the owner typed, and are read as of any other device.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, lines};
use crate::alarm::{AlarmView, text_of};
use crate::guide::{self, ALARM, BASE, Guide, SetupPage, SetupValue, fill, set};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Milesight", alarm: read, guide: GUIDE, ..WITHOUT_MAILS };

/// Fields beside a plate that no other vendor writes.
const MARKS: &[&str] = &["plate_image", "plate_color", "coordinate_x1", "resolution_width"];

fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarm = view.objects().find_map(plate)?;
    Some(AlarmReading { alarms: vec![alarm], ..AlarmReading::default() })
}

/// A plate with its facts. The whole picture comes before the plate's.
fn plate(object: &Value) -> Option<Alarm> {
    let plate = text_of(object, &["plate"])?;
    if !MARKS.iter().any(|mark| object.field(mark).is_some()) {
        return None;
    }
    let whole = ["full_image", "image", "evidence_image"].into_iter();
    let mut media: Vec<usize> =
        whole.filter_map(|it| object.field(it)).flat_map(Value::files).collect();
    media.extend(object.files());
    let facts = text_of(object, &["vehicle_color"]).into_iter();
    let facts = facts.chain(text_of(object, &["vehicle_type"])).collect::<Vec<_>>().join(" ");
    let direction = text_of(object, &["direction"]);
    let text = lines([Some(plate), Some(facts.as_str()), direction]);
    Some(Alarm { text, media, ..alarm("plate", Some(Event::Vehicle), AlarmPhase::Pulse) })
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(guide::MAIL),
    ftp: Some(guide::FTP),
    alarm: Some(SetupPage {
        fields: &[
            fill("HTTP Notification URL", SetupValue::AlarmUrl),
            set("Method", "POST, or GET for motion"),
        ],
        notes: &[
            "Choose HTTP Notification as the alarm action of the event.",
            "It only calls the address: put what it means behind it, such as /motion.",
        ],
        ..ALARM
    }),
    ..BASE
};
