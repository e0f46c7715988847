//! Uniview and those who build on it: LAPI notifications to fixed paths. `Alarm` says what began or ended,
//! `Structure` brings the picture of
//! the same `RelatedID` within seconds. Both want an answer in JSON. Sources: receivers that work with its cameras.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmReply, Camera, Event, Value};

use crate::alarm::codes::{alarm, by_object, guessed, lines, listed};
use crate::alarm::{AlarmView, all, text_of};
use crate::camera::RecorderChannel;
use crate::guide::{ALARM, BASE, FTP, Guide, MAIL, SetupPage, SetupValue, fill};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Uniview",
    alarm: read,
    pictures: &["/LAPI/V1.0/Channels/{index}/Media/Video/Streams/0/Snapshot"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

/// Values of `AlarmType` without `On` and `Off` at their end.
const CODES: &[(&str, Event)] = &[
    ("AccessZone", Event::Zone),
    ("AudioAlarm", Event::Sound),
    ("EnterArea", Event::Zone),
    ("FaceDetect", Event::Person),
    ("FieldDetectorObjectsInside", Event::Zone),
    ("FireDetect", Event::Fire),
    ("HumanShapeDetect", Event::Person),
    ("InputAlarm", Event::Input),
    ("IntrusionZone", Event::Zone),
    ("LeaveArea", Event::Zone),
    ("LeaveZone", Event::Zone),
    ("LineDetectorCrossed", Event::Line),
    ("MotionAlarm", Event::Motion),
    ("MotionDetect", Event::Motion),
    ("SmartMotionDetect", Event::Motion),
    ("VideoLoss", Event::Fault),
];
/// Values of `ObjectType`.
const OBJECTS: &[(&str, Event)] =
    &[("1", Event::Vehicle), ("2", Event::Person), ("3", Event::Vehicle), ("4", Event::Person)];
/// Counts in `ObjInfo`.
const COUNTS: &[(&str, Event)] = &[
    ("PersonNum", Event::Person),
    ("FaceNum", Event::Person),
    ("VehicleNum", Event::Vehicle),
    ("NonMotorVehicleNum", Event::Vehicle),
];
/// Path below which all notifications come.
const PATH: &str = "/notification/";
const REPLY: AlarmReply = AlarmReply::Json(r#"{"ResponseCode":0}"#);

/// By the fixed path, or by the fields of the two notifications. Others below the path are signs of life.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let path = view.request.path.to_lowercase();
    let is_of_path = path.contains("/lapi/") && path.contains(PATH);
    let alarms: Vec<Alarm> =
        view.objects().filter_map(|it| alert(it).or_else(|| structure(it, view))).collect();
    (is_of_path || !alarms.is_empty()).then_some(AlarmReading {
        alarms,
        reply: REPLY,
        vendor: None,
    })
}

/// `{"AlarmInfo": {"AlarmType", "AlarmSrcID", "RelatedID"}, "RelatedObjects": {"ObjectList": […]}}`.
fn alert(object: &Value) -> Option<Alarm> {
    let info = object.field("AlarmInfo")?;
    let (word, phase) = typed(text_of(info, &["AlarmType"])?);
    let objects = all(object, "ObjectType").into_iter().filter_map(Value::text);
    let objects = objects.filter_map(|it| listed(OBJECTS, it)).reduce(Event::or_more_important);
    let event = listed(CODES, word).or_else(|| guessed(word));
    Some(Alarm {
        camera: camera(text_of(info, &["AlarmSrcID"])).filter(|_| event != Some(Event::Input)),
        detection: text_of(info, &["RelatedID"]).map(str::to_owned),
        ..alarm(word, by_object(event, objects), phase)
    })
}

/// A word without its end, and what the end says.
fn typed(word: &str) -> (&str, AlarmPhase) {
    let without = |end| word.strip_suffix(end).filter(|it: &&str| !it.is_empty());
    match (without("On"), without("Off")) {
        (Some(word), _) => (word, AlarmPhase::Start),
        (_, Some(word)) => (word, AlarmPhase::Stop),
        _ => (word, AlarmPhase::Pulse),
    }
}

/// `{"RelatedID", "SrcID", "StructureInfo": {"ObjInfo", "ImageInfoList"}}`: pictures of an alarm that came before.
/// The
/// whole picture has type 1, the others are cut from it. Plates and faces that are compared come without an alarm.
fn structure(object: &Value, view: &AlarmView<'_>) -> Option<Alarm> {
    let info = object.field("StructureInfo")?;
    let id = text_of(object, &["RelatedID"]);
    let images = all(info, "ImageInfoList");
    let is_whole = |image: &&&Value| text_of(image, &["Type"]) == Some("1");
    let whole = images.iter().filter(is_whole).flat_map(|it| it.files());
    let media: Vec<usize> = whole.chain(info.files()).collect();
    let count = |(name, _): &&(&str, Event)| {
        info.find_text(name).and_then(|it| it.parse::<u32>().ok()).is_some_and(|it| it > 0)
    };
    let counted = COUNTS.iter().find(count).map(|(_, event)| *event);
    let plate = ["PlateNo", "PlateNumber"].into_iter().find_map(|it| info.find_text(it));
    let is_alone = view.path_ends("/ANPR") || view.path_ends("/PersonVerification");
    let by_path = if view.path_ends("/ANPR") { Event::Vehicle } else { Event::Person };
    let (word, _) = typed(text_of(object, &["AlarmType"]).unwrap_or("Structure"));
    let event = counted.or_else(|| plate.map(|_| Event::Vehicle)).or(is_alone.then_some(by_path));
    let event = by_object(listed(CODES, word), event);
    let is_addition = id.is_some() && !is_alone;
    let phase = if is_addition { AlarmPhase::Addition } else { AlarmPhase::Pulse };
    Some(Alarm {
        camera: camera(text_of(object, &["SrcID"])),
        detection: id.map(str::to_owned),
        text: lines([plate]),
        media,
        ..alarm(word, event, phase)
    })
}

/// The channel by its number. Alarms have no names of channels, so names do not count.
fn camera(number: Option<&str>) -> Option<Camera> {
    RecorderChannel { number, name: None, of_recorder: false }.camera()
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["UNV"],
    mail: Some(MAIL),
    ftp: Some(FTP),
    alarm: Some(SetupPage {
        fields: &[fill("Server Address", SetupValue::Server), fill("Port", SetupValue::Port)],
        notes: &[
            "The page has no field for a path: the camera is known by its address.",
            "The page is called Alarm Service or Alarm Server.",
        ],
        ..ALARM
    }),
    ..BASE
};
