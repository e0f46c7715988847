//! TP-Link VIGI: the Alarm Server of its cameras, JSON in two forms, with a picture as a part of its own. Sources:
//! tplink_vigi (webhook-api.md),
//! hikvision-vigi-alarm-server, logs of firmware 3.3.2. Tapo cameras push nothing; their ONVIF topics are read as
//! such.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, guessed, identity, listed};
use crate::alarm::{AlarmView, text_of};
use crate::camera::RecorderChannel;
use crate::guide::{BASE, FTP, Guide, MAIL, SetupPage, SetupValue, choose, fill, page, set};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "TP-Link VIGI", alarm: read, guide: GUIDE, ..WITHOUT_MAILS };

/// Values of `event_type`.
const CODES: &[(&str, Event)] = &[
    ("ABANDONED", Event::Other),
    ("ALARM_INPUT", Event::Input),
    ("AUDIO_EXCEPTION", Event::Sound),
    ("FACE", Event::Person),
    ("HUMAN", Event::Person),
    ("INTRUSION", Event::Zone),
    ("LINE_CROSSING", Event::Line),
    ("LOITERING", Event::Zone),
    ("MOTION", Event::Motion),
    ("PEOPLE", Event::Person),
    ("REGION_ENTERING", Event::Zone),
    ("REGION_EXITING", Event::Zone),
    ("SCENE_CHANGE", Event::Tamper),
    ("TAMPER", Event::Tamper),
    ("TEST", Event::Test),
    ("VEHICLE", Event::Vehicle),
];

/// By the list of events of older firmware, or one event with the facts of newer.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = view.objects().find_map(|object| {
        let device = ["mac", "device_name", "protocol"].iter().any(|it| object.field(it).is_some());
        let details = device || object.field("extra_text").is_some();
        let listed: Vec<&Value> = object.fields("event_list").collect();
        let alarms: Vec<Alarm> = match listed.is_empty() {
            true if details => event(object, object).into_iter().collect(),
            true => Vec::new(),
            false => listed.into_iter().filter_map(|it| event(it, object)).collect(),
        };
        (!alarms.is_empty()).then_some(alarms)
    })?;
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

/// One event with all types that it has; the most important one names it.
fn event(said: &Value, device: &Value) -> Option<Alarm> {
    let types = said.fields("event_type").filter_map(Value::text).filter(|it| !it.is_empty());
    let types = types.map(|word| (word, listed(CODES, word).or_else(|| guessed(word))));
    let importance = |event: Option<Event>| event.unwrap_or_default().importance();
    let (word, event) =
        types.reduce(|a, b| if importance(b.1) > importance(a.1) { b } else { a })?;
    let number = text_of(said, &["camera", "channel"]).or(text_of(device, &["camera", "channel"]));
    Some(Alarm {
        camera: RecorderChannel { number, name: None, of_recorder: false }.camera(),
        identity: identity(text_of(device, &["mac"]), None),
        ..alarm(word, event, AlarmPhase::Pulse)
    })
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(MAIL),
    ftp: Some(FTP),
    alarm: Some(SetupPage {
        notes: &["Then choose Send to Alarm Server as the processing mode of each event."],
        ..page(
            "Settings > Event > Alarm Server > Add",
            &[
                fill("Host", SetupValue::Server),
                fill("URL", SetupValue::AlarmPath),
                choose("Protocol", "HTTP"),
                fill("Port", SetupValue::Port),
                set("Attach Image", "on"),
            ],
        )
    }),
    ..BASE
};
