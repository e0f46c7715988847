//! Frigate: its topics `frigate/events` and `frigate/reviews`, by MQTT or passed on over HTTP (Frigate
//! documentation, MQTT). A
//! message has a type, `new`, `update` or `end`, and the object `before` and `after` it.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Camera, Event, Value};

use crate::alarm::codes::{alarm, guessed, lines, object_class};
use crate::alarm::{AlarmView, all, text_of};
use crate::guide::{BASE, Guide};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Frigate",
    alarm: read,
    pictures: &["/api/{name}/latest.jpg?h=720"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarm = view.objects().find_map(message)?;
    Some(AlarmReading { alarms: alarm.into_iter().collect(), ..AlarmReading::default() })
}

/// By its type and the two objects. What Frigate does not trust itself is no news.
fn message(object: &Value) -> Option<Option<Alarm>> {
    let phase = match text_of(object, &["type"])? {
        "new" => AlarmPhase::Start,
        "update" => AlarmPhase::Repeat,
        "end" => AlarmPhase::Stop,
        // A sentence about a review that came before.
        "genai" => AlarmPhase::Addition,
        _ => return None,
    };
    let after = object.field("after").filter(|after| after.text().is_none())?;
    let camera = text_of(after, &["camera"])?;
    if phase == AlarmPhase::Start && text_of(after, &["false_positive"]) == Some("true") {
        return Some(None);
    }
    let labels: Vec<&str> = match text_of(after, &["label"]) {
        Some(label) => vec![label],
        None => all(after, "objects").into_iter().filter_map(Value::text).collect(),
    };
    // A verified person is `person-verified`.
    let event = |label: &&str| {
        let label = label.split('-').next().unwrap_or_default();
        object_class(label).or_else(|| guessed(label))
    };
    let found = labels.iter().filter_map(event).reduce(Event::or_more_important);
    let names = ["sub_label", "sub_labels"].into_iter().flat_map(|it| all(after, it));
    let names = names.filter_map(first_text);
    let zones = ["entered_zones", "zones"].into_iter().flat_map(|it| all(after, it));
    let zones: Vec<&str> = zones.filter_map(Value::text).collect();
    let zones = zones.join(", ").replace('_', " ");
    let plate = after.find_text("recognized_license_plate");
    let sentence = ["title", "scene", "shortSummary"].map(|it| after.find_text(it));
    let text = names.map(Some).chain([plate, Some(zones.as_str())]).chain(sentence);
    // All messages of one object belong together, whatever it is recognised as.
    let word = text_of(after, &["id"]);
    Some(Some(Alarm {
        kind: word.unwrap_or("frigate").to_lowercase(),
        camera: Some(Camera { number: None, name: Some(camera.to_owned()) }),
        detection: word.map(str::to_owned),
        text: lines(text),
        ..alarm(labels.first().copied().unwrap_or("alarm"), found, phase)
    }))
}

/// The text of a `sub_label`: a name, or a name with its score.
fn first_text(value: &Value) -> Option<&str> {
    value.text().filter(|text| !text.is_empty() && text.parse::<f64>().is_err())
}

pub(crate) const GUIDE: Guide = Guide {
    mail: None,
    ftp: None,
    notes: &[
        "Frigate publishes over MQTT and calls no address: set the broker in [[mqtt]], and mqtt = { topic = \"frigate/events\" } \
         for the device.",
    ],
    ..BASE
};
