//! Alarms of Hikvision: `EventNotificationAlert` in XML of version 2.0, of version 1.0 without addresses, and of
//! thermal cameras
//! without a namespace, and the same fields in JSON. Sources: the fixtures of hikvision_next, HikSink and
//! ioBroker.hikvision-alarmserver.
//!
//! An event is `active` each second while it lasts, and some firmware never says `inactive`. `duration` continues the
//! event that `relationEvent` names, and on some cameras nothing else is sent. A sign of life is `videoloss`
//! `inactive`.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmReply, Camera, Event, Value};

use crate::alarm::codes::{
    alarm, by_object, guessed, identity, is_any, lines, link, listed, object_in,
};
use crate::alarm::{AlarmView, all, text_of};
use crate::camera::RecorderChannel;

/// From this number on a channel of a recorder is a network camera: 33 is the first.
const NETWORK_CHANNELS_FROM: u32 = 33;

/// Values of `eventType`.
const CODES: &[(&str, Event)] = &[
    ("accesscontrollerevent", Event::Input),
    ("aiopvideo", Event::Other),
    ("anpr", Event::Vehicle),
    ("attendedbaggage", Event::Other),
    ("audioexception", Event::Sound),
    ("badvideo", Event::Fault),
    ("defocus", Event::Tamper),
    ("diskerror", Event::Fault),
    ("diskfull", Event::Fault),
    ("facecapture", Event::Person),
    ("facedetection", Event::Person),
    ("facesnap", Event::Person),
    ("fielddetection", Event::Zone),
    ("firedetection", Event::Fire),
    ("group", Event::Zone),
    ("hderror", Event::Fault),
    ("hdfull", Event::Fault),
    ("illaccess", Event::Fault),
    ("io", Event::Input),
    ("ipconflict", Event::Fault),
    ("linedetection", Event::Line),
    ("loitering", Event::Zone),
    ("nicbroken", Event::Fault),
    ("parking", Event::Zone),
    ("pir", Event::Motion),
    ("rapidmove", Event::Zone),
    ("recordingfailure", Event::Fault),
    ("regionentrance", Event::Zone),
    ("regionexiting", Event::Zone),
    ("scenechangedetection", Event::Tamper),
    ("shelteralarm", Event::Tamper),
    ("smokeandfiredetection", Event::Fire),
    ("smokedetection", Event::Fire),
    ("storagedetection", Event::Fault),
    ("tamperdetection", Event::Tamper),
    ("thermometry", Event::Motion),
    ("unattendedbaggage", Event::Other),
    ("vehicledetection", Event::Vehicle),
    ("vehiclematchresult", Event::Vehicle),
    ("videointercomevent", Event::Doorbell),
    ("videointercomring", Event::Doorbell),
    ("videoloss", Event::Fault),
    ("videomismatch", Event::Fault),
    ("vmd", Event::Motion),
    ("voicetalkevent", Event::Doorbell),
];
/// Other spellings of a kind, so that a stop finds its start: of newer firmware, and of `eventDescription` in
/// version 1.
const ALIASES: &[(&str, &str)] = &[
    ("disc error", "diskerror"),
    ("disc full", "diskfull"),
    ("disk error", "diskerror"),
    ("disk full", "diskfull"),
    ("motion", "vmd"),
    ("regionentrance/exit", "regionentrance"),
    ("regionexit", "regionexiting"),
    ("scenchangedetection", "scenechangedetection"),
    ("videotampering", "shelteralarm"),
    ("vmdhumanvehicle", "vmd"),
];
/// Kinds that happen once and have no end.
#[rustfmt::skip]
const PULSES: &[&str] = &[
    "accesscontrollerevent", "alarmresult", "anpr", "facecapture", "facesnap", "vehiclematchresult",
    "videointercomevent", "videointercomring", "voicetalkevent",
];
/// Kinds that are about the device itself and no channel.
#[rustfmt::skip]
const OF_DEVICE: &[&str] = &[
    "accesscontrollerevent", "diskerror", "diskfull", "hderror", "hdfull", "illaccess", "io",
    "ipconflict", "nicbroken", "storagedetection",
];
/// Minor code of the doorbell button in events of access controllers.
const RINGING: &str = "37";

/// All alerts of a request; `None` if it has none.
pub(super) fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alerts: Vec<&Value> = view.objects().filter(|object| is_alert(object)).collect();
    if alerts.is_empty() {
        return None;
    }
    let mut next_picture = 0;
    let alarms = alerts.into_iter().filter_map(|alert| {
        let count = alert.find_text("detectionPicturesNumber");
        let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        let media = (0..view.request.media.len()).skip(next_picture).take(count).collect();
        next_picture += count.min(view.request.media.len());
        Some(Alarm { media, ..read_alert(alert)? })
    });
    Some(AlarmReading { alarms: alarms.collect(), reply: AlarmReply::Text("OK"), vendor: None })
}

/// By fields that no other vendor writes so. Version 1 of some devices has only the description.
fn is_alert(object: &Value) -> bool {
    let marks = ["eventState", "activePostCount", "eventDescription", "eventPush"];
    let has_type = text_of(object, &["eventType"]).is_some();
    let count = marks.iter().filter(|mark| object.field(mark).is_some()).count();
    (has_type && count > 0) || (object.field("eventDescription").is_some() && count > 1)
}

/// The alarm of an alert; `None` for a sign of life.
fn read_alert(alert: &Value) -> Option<Alarm> {
    let word = word(alert);
    let is_inactive = text_of(alert, &["eventState"]).is_some_and(|it| is_any(&["inactive"], it));
    let is_life = is_any(&["heartbeat"], word) || (is_any(&["videoloss"], word) && is_inactive);
    if is_life || is_hung_up(alert, word) {
        return None;
    }
    let (word, phase) = match alert.find_text("relationEvent") {
        Some(related) if is_any(&["duration"], word) => (kind(related), AlarmPhase::Repeat),
        _ if is_any(&["duration"], word) => (word, AlarmPhase::Repeat),
        _ if is_any(PULSES, word) => (word, AlarmPhase::Pulse),
        _ if is_inactive => (kind(word), AlarmPhase::Stop),
        _ => (kind(word), AlarmPhase::Start),
    };
    let object = object_in(alert, &["detectionTarget", "targetType"]);
    let event = listed(CODES, word).filter(|it| *it != Event::Other).or_else(|| match word {
        "duration" => None,
        word if listed(CODES, word).is_some() => None,
        word => guessed(word),
    });
    let has_face = is_any(&["alarmresult"], word) && alert.find("faces").is_some();
    let event = event.or(has_face.then_some(Event::Person));
    let event = access(alert, word).or(by_object(event, object));
    let url = ["bkgUrl", "pictureURL", "picUrl"].into_iter().find_map(|it| alert.find_text(it));
    let late = alert.find_text("isDataRetransmission").is_some_and(|it| is_any(&["true", "1"], it));
    Some(Alarm {
        camera: camera(alert, word),
        text: text(alert, word),
        picture: url.and_then(link),
        late,
        identity: identity(text_of(alert, &["macAddress"]), serial(alert)),
        ..alarm(word, event, phase)
    })
}

/// The type of an alert. Without one it is in the description: `fielddetection alarm`.
fn word(alert: &Value) -> &str {
    let described = || {
        let description = text_of(alert, &["eventDescription"])?.trim();
        let end = description.len().saturating_sub(" alarm".len());
        let is_alarm = description.get(end..).is_some_and(|it| it.eq_ignore_ascii_case(" alarm"));
        description.get(..if is_alarm { end } else { description.len() })
    };
    text_of(alert, &["eventType"]).or_else(described).unwrap_or_default()
}

/// The kind of a type, without its other spellings.
fn kind(word: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word));
    alias.map_or(word, |(_, kind)| kind)
}

/// Whether a call of an intercom has ended, was answered or refused: only its ringing is news.
fn is_hung_up(alert: &Value, word: &str) -> bool {
    let is_call = is_any(&["videointercomevent", "voicetalkevent"], word);
    let states = ["status", "callStatus", "cmdType"].into_iter().flat_map(|it| all(alert, it));
    let over = ["answer", "bellTimeout", "cancel", "hangUp", "idle", "onCall", "reject"];
    is_call && states.filter_map(Value::text).any(|state| is_any(&over, state))
}

/// The event of an access controller: its bell, or a person whom it names.
fn access(alert: &Value, word: &str) -> Option<Event> {
    let access = alert.field("AccessControllerEvent")?;
    let minor = text_of(access, &["subEventType", "minorEventType"]);
    let named = text_of(access, &["name", "employeeNoString"]).is_some();
    match minor {
        _ if !is_any(&["accesscontrollerevent"], word) => None,
        Some(RINGING) => Some(Event::Doorbell),
        _ => named.then_some(Event::Person),
    }
}

/// The channel of a recorder, by the rule of [`mod@crate::camera`].
fn camera(alert: &Value, word: &str) -> Option<Camera> {
    if is_any(OF_DEVICE, word) {
        return None;
    }
    let number = text_of(alert, &["channelID", "dynChannelID", "channel"])?;
    let of_network = number.parse().ok().filter(|number: &u32| *number >= NETWORK_CHANNELS_FROM);
    let of_network = of_network.map(|number| (number - (NETWORK_CHANNELS_FROM - 1)).to_string());
    let channel = RecorderChannel {
        number: of_network.as_deref().or(Some(number)),
        name: text_of(alert, &["channelName"]),
        of_recorder: of_network.is_some(),
    };
    channel.camera()
}

/// The serial number. In version 1.0 it is a part of `eventPush`: `TYPE&&serial,time,channel,1.0`.
fn serial(alert: &Value) -> Option<&str> {
    let pushed = || text_of(alert, &["eventPush"])?.split_once("&&")?.1.split(',').next();
    alert.find_text("serialNumber").or_else(|| alert.find_text("deviceSerial")).or_else(pushed)
}

/// Plate, name or input for people.
fn text(alert: &Value, word: &str) -> String {
    let input = alert.find_text("inputIOPortID").or_else(|| alert.find_text("dynInputIOPortID"));
    let input = input.filter(|_| is_any(&["io"], word)).map(|port| format!("Input {port}"));
    let plate = ["licensePlate", "plateNumber"].into_iter().find_map(|it| alert.find_text(it));
    let named = ["AccessControllerEvent", "faceCapture", "alarmResult"];
    let named = named.into_iter().filter_map(|it| alert.field(it));
    let name = named.filter_map(|it| it.find_text("name")).next();
    lines([input.as_deref(), plate, name])
}
