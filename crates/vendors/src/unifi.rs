//! UniFi Protect: the custom webhook of its Alarm Manager. `triggers` name what happened and the camera's hardware
//! address; the
//! thumbnail is of the right moment. Links to the console are left out of the text. Source: payloads that owners
//! published.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Camera, Event, Value};

use crate::alarm::codes::{alarm, guessed, lines, listed, object_class, plain_mac};
use crate::alarm::{AlarmView, text_of};
use crate::guide::{BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "UniFi Protect",
    alarm: read,
    pictures: &["/snap.jpeg"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

/// Keys of triggers, or their beginnings.
const CODES: &[(&str, Event)] = &[
    ("animal", Event::Animal),
    ("audio_alarm_co", Event::Fire),
    ("audio_alarm_smoke", Event::Fire),
    ("motion", Event::Motion),
    ("package", Event::Other),
    ("person", Event::Person),
    ("ring", Event::Doorbell),
    ("vehicle", Event::Vehicle),
];
const BEGINNINGS: &[(&str, Event)] = &[
    ("audio_", Event::Sound),
    ("face_", Event::Person),
    ("license_plate_", Event::Vehicle),
    ("sensor_", Event::Input),
];
/// The number of an event in the test of the Alarm Manager.
const TEST: &str = "testEventId";

/// By an alarm with triggers, or with conditions and sources.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = view.objects().find_map(webhook)?;
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

fn webhook(object: &Value) -> Option<Vec<Alarm>> {
    let said = object.field("alarm")?;
    let marks = ["triggers", "conditions", "sources"];
    if !marks.iter().any(|mark| said.fields(mark).any(|it| it.text().is_none())) {
        return None;
    }
    let name = text_of(said, &["name"]);
    let mut alarms: Vec<Alarm> = Vec::new();
    for trigger in said.fields("triggers") {
        let Some(alarm) = read_trigger(trigger, name) else { continue };
        // Several triggers of one detection, such as a face and its person.
        let is_same = |it: &Alarm| {
            it.camera == alarm.camera && (it.kind == alarm.kind || it.event == alarm.event)
        };
        if !alarms.iter().any(is_same) {
            alarms.push(alarm);
        }
    }
    if alarms.is_empty() {
        let word = name.unwrap_or("alarm");
        alarms.push(alarm(word, guessed(word), AlarmPhase::Pulse));
    }
    Some(alarms)
}

fn read_trigger(trigger: &Value, name: Option<&str>) -> Option<Alarm> {
    let key = text_of(trigger, &["key"])?;
    let id = text_of(trigger, &["eventId"]);
    let by_beginning = || BEGINNINGS.iter().find(|(it, _)| key.starts_with(it)).map(|it| it.1);
    let event = match listed(CODES, key).or_else(by_beginning).or_else(|| object_class(key)) {
        _ if id == Some(TEST) => Some(Event::Test),
        event => event.or_else(|| guessed(key)),
    };
    let who = trigger.at(&["group", "name"]).and_then(Value::text);
    let who = who.or_else(|| text_of(trigger, &["value"]));
    let zones = trigger.field("zones").into_iter().flat_map(|zones| zones.fields("zone"));
    let zones: Vec<&str> = zones.filter_map(Value::text).collect();
    let zones = (!zones.is_empty()).then(|| format!("Zone {}", zones.join(", ")));
    let device = text_of(trigger, &["device"]);
    let mut alarm = Alarm {
        camera: device.map(|it| Camera { number: Some(it.to_owned()), name: None }),
        text: lines([who, zones.as_deref(), name]),
        detection: id.filter(|id| *id != TEST).map(str::to_owned),
        ..alarm(key, event, AlarmPhase::Pulse)
    };
    alarm.identity.mac = device.and_then(plain_mac);
    Some(alarm)
}

pub(crate) const GUIDE: Guide = Guide {
    also: &["Ubiquiti"],
    mail: None,
    ftp: None,
    alarm: Some(SetupPage {
        notes: &["Without thumbnails the alarm has no picture."],
        ..page(
            "Alarm Manager > Create Alarm > Webhook > Custom Webhook",
            &[
                fill("Delivery URL", SetupValue::AlarmUrl),
                choose("Method", "POST"),
                set("Use Thumbnails", "on"),
            ],
        )
    }),
    ..BASE
};
