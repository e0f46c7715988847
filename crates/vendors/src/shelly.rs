//! Shelly: sensors and switches. A webhook of a device calls an address without a body, so what has happened is in
//! the
//! address that its owner typed. Over MQTT a device of the second generation sends `NotifyEvent` and `NotifyStatus`
//! (Shelly API documentation,
//! RPC Protocol).

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, is_any, listed};
use crate::alarm::{AlarmView, text_of};
use crate::guide::{ALARM, BASE, Guide, SetupPage, SetupValue, fill};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "Shelly", alarm: read, guide: GUIDE, ..WITHOUT_MAILS };

/// Parts of a device by the word before the colon of `component`.
const COMPONENTS: &[(&str, Event)] = &[
    ("flood", Event::Input),
    ("input", Event::Input),
    ("motion", Event::Motion),
    ("smoke", Event::Fire),
    ("window", Event::Input),
];
/// Events that are no news for people.
const NOTHING: &[&str] =
    &["btn_up", "config_changed", "ota_begin", "ota_progress", "ota_success", "scheduled_restart"];

/// By the sender's name and the method.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = view.objects().find_map(notified)?;
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

/// The events of a message. `NotifyStatus` is a state and no news.
fn notified(object: &Value) -> Option<Vec<Alarm>> {
    let source = text_of(object, &["src"]).filter(|it| it.starts_with("shelly"))?;
    let method = text_of(object, &["method"]).filter(|it| it.starts_with("Notify"))?;
    let params = object.field("params").filter(|_| method == "NotifyEvent");
    let events = params.into_iter().flat_map(|params| params.fields("events"));
    Some(events.filter_map(|it| event(it, source)).collect())
}

fn event(said: &Value, source: &str) -> Option<Alarm> {
    let event = text_of(said, &["event"]).filter(|event| !is_any(NOTHING, event))?;
    let component = text_of(said, &["component"]).unwrap_or_default();
    let part = component.split(':').next().unwrap_or_default();
    let word = format!("{component} {event}");
    let known = listed(COMPONENTS, part);
    let text = if known.is_some() { word.replace('_', " ") } else { String::new() };
    let mut alarm = Alarm { text, ..alarm(&word, known, AlarmPhase::Pulse) };
    alarm.identity.serial = Some(source.to_owned());
    Some(alarm)
}

pub(crate) const GUIDE: Guide = Guide {
    mail: None,
    ftp: None,
    alarm: Some(SetupPage {
        fields: &[fill("URL", SetupValue::AlarmUrl)],
        notes: &[
            "In the app: the device, then Webhooks or Actions.",
            "It only calls the address: put what it means behind it, such as /motion.",
        ],
        ..ALARM
    }),
    notes: &[
        "Or by MQTT: the broker in [[mqtt]], and the topic NAME/events/rpc in mqtt of the device.",
    ],
    ..BASE
};
