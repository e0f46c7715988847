//! Alarms of Dahua: `EventHttpUpload` and `PictureHttpUpload` of newer firmware (HTTP API v3.26, 4.13), the stream of
//! `eventManager.cgi` in the same words, and plates of traffic cameras (ITSAPI V1.19). Sources: dahua-acs-ha,
//! rroller/dahua,
//! scrypted's amcrest plugin.

use tipoff_model::{
    Alarm, AlarmPhase, AlarmReading, AlarmReply, Camera, DocumentForm, Event, Value,
};

use crate::alarm::codes::{
    alarm, by_object, guessed, identity, is_any, lines, listed, object_in, phase,
};
use crate::alarm::{AlarmView, text_of};
use crate::camera::RecorderChannel;

/// Values of `Code`.
const CODES: &[(&str, Event)] = &[
    ("_dotalkaction_", Event::Doorbell),
    ("alarmipc", Event::Input),
    ("alarmlocal", Event::Input),
    ("audioanomaly", Event::Sound),
    ("audiomutation", Event::Sound),
    ("backkeylight", Event::Doorbell),
    ("callnoanswered", Event::Doorbell),
    ("crosslinedetection", Event::Line),
    ("crossregiondetection", Event::Zone),
    ("facedetection", Event::Person),
    ("facerecognition", Event::Person),
    ("firewarning", Event::Fire),
    ("firewarninginfo", Event::Fire),
    ("heatimagingtemper", Event::Fire),
    ("invite", Event::Doorbell),
    ("ipconflict", Event::Fault),
    ("leftdetection", Event::Other),
    ("loginfailure", Event::Fault),
    ("macconflict", Event::Fault),
    ("movedetection", Event::Motion),
    ("netabort", Event::Fault),
    ("parkingdetection", Event::Zone),
    ("phonecalldetect", Event::Doorbell),
    ("rioterdetection", Event::Zone),
    ("scenechange", Event::Tamper),
    ("smartmotionhuman", Event::Person),
    ("smartmotionvehicle", Event::Vehicle),
    ("smokedetection", Event::Fire),
    ("storagefailure", Event::Fault),
    ("storagelowspace", Event::Fault),
    ("storagenotexist", Event::Fault),
    ("takenawaydetection", Event::Other),
    ("trafficjunction", Event::Vehicle),
    ("videoabnormaldetection", Event::Tamper),
    ("videoblind", Event::Tamper),
    ("videoloss", Event::Fault),
    ("videomotion", Event::Motion),
    ("videounfocus", Event::Tamper),
    ("wanderdetection", Event::Zone),
];
/// Codes that are no news for people. `VideoMotionInfo` repeats the state of `VideoMotion`.
#[rustfmt::skip]
const NOTHING: &[&str] = &[
    "alarmoutput", "callsnap", "heartbeat", "intelliframe", "intervideoaccess", "keepalive", "mdresult",
    "newfile", "ntpadjusttime", "rtspsessiondisconnect", "timechange", "videomotioninfo",
];
/// Codes that are about the device and no channel. The index of a local alarm is the number of its input.
#[rustfmt::skip]
const OF_DEVICE: &[&str] = &[
    "alarmlocal", "ipconflict", "loginfailure", "macconflict", "netabort", "storagefailure",
    "storagelowspace", "storagenotexist",
];
/// Fixed paths of signs of life.
#[rustfmt::skip]
const LIFE: &[&str] = &[
    "/EventHttpUpload/keepalive", "/PictureHttpUpload/keepalive", "/NotificationInfo/KeepAlive",
    "/NotificationInfo/DeviceInfo",
];
/// The answer that the devices wait for.
const REPLY: AlarmReply = AlarmReply::Json(r#"{"result":true}"#);

/// Events of any form, a plate, or a sign of life.
pub(super) fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let is_life = LIFE.iter().any(|path| view.path_ends(path));
    let is_beat = view.texts().any(|text| text.trim() == "Heartbeat");
    let reading = |alarms| Some(AlarmReading { alarms, reply: REPLY, vendor: None });
    if is_life || is_beat {
        return reading(Vec::new());
    }
    let plates: Vec<Alarm> = view.objects().filter_map(plate).collect();
    if !plates.is_empty() {
        return reading(plates);
    }
    let flat = view.roots(&[DocumentForm::Pairs, DocumentForm::Text]).flat_map(flat_events);
    let flat: Vec<Said<'_>> = flat.collect();
    let said: Vec<Said<'_>> = view.objects().filter_map(Said::of).chain(flat).collect();
    if said.is_empty() { None } else { reading(said.iter().filter_map(Said::alarm).collect()) }
}

/// The fields of one event.
struct Said<'a> {
    code: &'a str,
    action: Option<&'a str>,
    index: Option<&'a str>,
    /// Where the details are.
    data: &'a Value,
}

impl<'a> Said<'a> {
    /// An object with a code and the other fields of an event: `{"Code", "Action", "Index", "Data"}`, or the pairs
    /// `Code=…;action=…;index=…;data={…}`.
    fn of(object: &'a Value) -> Option<Self> {
        let code = text_of(object, &["Code"])?;
        let action = text_of(object, &["Action"]);
        let index = text_of(object, &["Index"]);
        let is_event = action.is_some() && (index.is_some() || object.field("Data").is_some());
        let is_word = code.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        (is_event && is_word).then_some(Self { code, action, index, data: object })
    }

    /// The alarm of an event; `None` if it is no news.
    fn alarm(&self) -> Option<Alarm> {
        let phase = self.action.and_then(phase).unwrap_or_default();
        let is_talk = is_any(&["_dotalkaction_"], self.code);
        let is_ringing = || self.talk() == Some("Invite");
        let is_lit = || self.data.find_text("State") == Some("1");
        let is_idle = (is_talk && !is_ringing())
            || (is_any(&["backkeylight"], self.code) && !is_lit())
            || is_any(NOTHING, self.code);
        if is_idle {
            return None;
        }
        let object = object_in(self.data, &["ObjectType"]);
        let event = listed(CODES, self.code).or_else(|| guessed(self.code));
        let of_input = is_any(&["alarmlocal", "alarmipc"], self.code);
        let name = self.data.find_text("Name").filter(|_| of_input);
        let plate = self.data.find_text("PlateNumber");
        Some(Alarm {
            camera: self.camera(),
            text: lines([name, plate]),
            ..alarm(self.code, by_object(event, object), phase)
        })
    }

    /// The action inside of the details of a call.
    fn talk(&self) -> Option<&'a str> {
        self.data.field("Data")?.find_text("Action")
    }

    /// The channel by its index, which counts from 0.
    fn camera(&self) -> Option<Camera> {
        let index: u32 = self.index?.parse().ok()?;
        let number = index.checked_add(1)?.to_string();
        let channel = RecorderChannel { number: Some(&number), name: None, of_recorder: false };
        channel.camera().filter(|_| !is_any(OF_DEVICE, self.code))
    }
}

/// The events of `snapManager.cgi`: `Events[0].EventBaseInfo.Code=VideoMotion`, one field a line.
fn flat_events(root: &Value) -> Vec<Said<'_>> {
    let Value::Fields(fields) = root else {
        return Vec::new();
    };
    let field = |prefix: &str, name: &str| {
        let found = fields.iter().find(|(key, _)| key.strip_prefix(prefix) == Some(name));
        found.and_then(|(_, value)| value.text())
    };
    let events = fields.iter().filter_map(|(name, value)| {
        let prefix = name.strip_suffix("Code").filter(|it| it.starts_with("Events["))?;
        Some((prefix, value.text()?))
    });
    let said = |(prefix, code)| Said {
        code,
        action: field(prefix, "Action"),
        index: field(prefix, "Index"),
        data: root,
    };
    events.map(said).collect()
}

/// A plate of a traffic camera, `{"Picture": {"Plate", "SnapInfo", "NormalPic", "CutoutPic"}}`: the whole picture
/// before
/// the cut-out one.
fn plate(object: &Value) -> Option<Alarm> {
    let picture = object.field("Picture")?;
    let marks = ["Plate", "NormalPic", "CutoutPic", "SnapInfo"];
    if !marks.iter().any(|mark| picture.field(mark).is_some_and(|it| it.text().is_none())) {
        return None;
    }
    let plate = picture.find_text("PlateNumber").filter(|plate| !is_any(&["unknown"], plate));
    let mut media = picture.field("NormalPic").map(Value::files).unwrap_or_default();
    media.extend(picture.files());
    Some(Alarm {
        text: lines([plate]),
        media,
        identity: identity(None, picture.find_text("DeviceID")),
        ..alarm("TollgateInfo", Some(Event::Vehicle), AlarmPhase::Pulse)
    })
}
