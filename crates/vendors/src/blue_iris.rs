//! Blue Iris, the recorder for Windows: an action "web request" or "MQTT" with an address and a body of its owner,
//! who
//! writes macros such as `&CAM`, `&TYPE` and `&MEMO` into them. TYPE is MOTION, AUDIO, EXTERNAL or WATCHDOG, and
//! MEMO what
//! its AI found: `person:87%,car:60%` (Blue Iris Help, Alerts). Keys are the owner's, usually the macros' names.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, by_object, lines, object_class};
use crate::alarm::{AlarmView, text_of};
use crate::camera::RecorderChannel;
use crate::guide::{self, ALARM, BASE, Guide, SetupPage, SetupValue, fill, set};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Blue Iris",
    alarm: read,
    pictures: &["/image/{name}"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

/// Beginnings of TYPE: `MOTION_A` names the zones.
const CODES: &[(&str, Option<Event>)] = &[
    ("AUDIO", Some(Event::Sound)),
    ("DIO", Some(Event::Input)),
    ("EXTERNAL", None),
    ("MOTION", Some(Event::Motion)),
    ("TEST", Some(Event::Test)),
    ("WATCHDOG", Some(Event::Fault)),
];

/// By its type together with a camera and another macro.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarm = view.objects().find_map(macros)?;
    Some(AlarmReading { alarms: vec![alarm], ..AlarmReading::default() })
}

fn macros(object: &Value) -> Option<Alarm> {
    let word = text_of(object, &["TYPE", "alert_type"])?;
    let (code, event) = CODES.iter().find(|(code, _)| word.starts_with(code))?;
    let camera = text_of(object, &["CAM", "camera", "NAME"])?;
    let marks = ["MEMO", "ALERT_PATH", "ALERT_DB", "PROFILE"];
    if !marks.iter().any(|mark| object.field(mark).is_some()) {
        return None;
    }
    let memo = text_of(object, &["MEMO"]);
    let found = memo.into_iter().flat_map(|memo| memo.split([',', ' ', ';']));
    let found = found.map(|it| it.split(':').next().unwrap_or_default());
    let found = found.filter_map(object_class).reduce(Event::or_more_important);
    let channel = RecorderChannel { number: None, name: Some(camera), of_recorder: true };
    Some(Alarm {
        camera: channel.camera(),
        text: lines([memo]),
        ..alarm(code, by_object(*event, found), AlarmPhase::Pulse)
    })
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(guide::MAIL),
    ftp: Some(guide::FTP),
    alarm: Some(SetupPage {
        fields: &[fill("http://", SetupValue::AlarmUrl), set("POST text", "the JSON below")],
        notes: &[
            "The page belongs to the camera: Alerts > On alert > Web request or MQTT. Leave out http:// where the field has it.",
            "POST text: {\"CAM\":\"&CAM\",\"TYPE\":\"&TYPE\",\"MEMO\":\"&MEMO\"}",
        ],
        ..ALARM
    }),
    ..BASE
};
