//! Alarms of Reolink: the webhook with its default content, and the messages of battery models since 2026. Sources:
//! webhooks that owners published, reolink_aio (`webhook_server.py`). What an owner writes into a custom webhook is read
//! as of any other device.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmReply, Camera, Event, Value};

use crate::alarm::codes::{alarm, guessed, identity, is_any, listed};
use crate::alarm::{AlarmView, text_of};
use crate::camera::RecorderChannel;

/// Values of `type`, and of `AItype` and `status` in the camera's own XML.
const CODES: &[(&str, Event)] = &[
    ("animal", Event::Animal),
    ("cry", Event::Sound),
    ("dog_cat", Event::Animal),
    ("face", Event::Person),
    ("md", Event::Motion),
    ("other", Event::Motion),
    ("package", Event::Other),
    ("people", Event::Person),
    ("person", Event::Person),
    ("pet", Event::Animal),
    ("pir", Event::Motion),
    ("test", Event::Test),
    ("vehicle", Event::Vehicle),
    ("visitor", Event::Doorbell),
];
/// Number of the camera's message for alarms.
const ALARM_MESSAGE: &str = "33";

/// A webhook or the message of a battery model.
pub(super) fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = view.objects().find_map(|object| webhook(object).or_else(|| message(object)))?;
    Some(AlarmReading { alarms, reply: AlarmReply::Text("OK"), vendor: None })
}

/// `{"alarm": {"type", "channel", "channelName", "device", "deviceModel", "message", …}}`.
fn webhook(object: &Value) -> Option<Vec<Alarm>> {
    let said = object.field("alarm")?;
    let word = text_of(said, &["type"])?;
    let marks = ["alarmTime", "deviceModel", "channelName"];
    if !marks.iter().any(|mark| said.field(mark).is_some()) {
        return None;
    }
    let message = text_of(said, &["message", "name"]);
    let event = listed(CODES, word).or_else(|| guessed(word));
    let mut alarm = alarm(word, event, AlarmPhase::Pulse);
    if event.unwrap_or_default() == Event::Other {
        alarm.subject = message.unwrap_or(word).to_owned();
    }
    alarm.camera = camera(said);
    alarm.identity.name = text_of(said, &["device"]).map(str::to_owned);
    Some(vec![alarm])
}

/// The channel of a recorder. The channel of a single camera has the name of the device.
fn camera(said: &Value) -> Option<Camera> {
    let (name, device) = (text_of(said, &["channelName"]), text_of(said, &["device"]));
    let of_recorder = name.is_some() && device.is_some() && name != device;
    let number = text_of(said, &["channel"]).and_then(|it| it.parse::<u32>().ok());
    let number = number.and_then(|it| it.checked_add(1)).map(|it| it.to_string());
    let name = name.filter(|_| of_recorder);
    RecorderChannel { number: number.as_deref(), name, of_recorder }.camera()
}

/// `{"uid", "data": {"event", "reason"}}`, or `{"uid", "cmd": 33, "xml"}`. Only a camera that the bell or its sensor woke
/// has something to say.
fn message(object: &Value) -> Option<Vec<Alarm>> {
    let uid = text_of(object, &["uid"])?;
    let known = |mut alarm: Alarm| {
        alarm.identity = identity(None, Some(uid));
        alarm
    };
    if let Some(data) = object.field("data").filter(|data| data.field("event").is_some()) {
        let reason = text_of(data, &["reason"]).unwrap_or_default();
        let woken = match text_of(data, &["event"]).unwrap_or_default() {
            "test" => Some(("test", Event::Test)),
            "wake" if is_any(&["doorbell"], reason) => Some(("doorbell", Event::Doorbell)),
            "wake" if is_any(&["pir"], reason) => Some(("pir", Event::Motion)),
            _ => None,
        };
        let alarm = woken.map(|(word, event)| alarm(word, Some(event), AlarmPhase::Pulse));
        return Some(alarm.map(known).into_iter().collect());
    }
    let xml = object.field("xml")?;
    if text_of(object, &["cmd"]) != Some(ALARM_MESSAGE) {
        return Some(Vec::new());
    }
    let words = ["AItype", "status"].into_iter().filter_map(|name| element(xml, name));
    let mut words = words.flat_map(|it| it.split(',')).map(str::trim);
    let word = words.find(|word| !word.is_empty() && !is_any(&["none"], word));
    let alarm = word.map(|word| {
        let event = listed(CODES, word).or_else(|| guessed(word));
        alarm(word, event, AlarmPhase::Pulse)
    });
    Some(alarm.map(known).into_iter().collect())
}

/// The text of an element of the camera's XML, which is a document or still a text.
fn element<'a>(xml: &'a Value, name: &str) -> Option<&'a str> {
    xml.find_text(name).or_else(|| {
        let text = xml.text()?;
        let rest = text.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once('<')?.0)
    })
}
