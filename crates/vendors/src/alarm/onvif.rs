//! ONVIF: the notifications of WS-BaseNotification, pushed as `Notify` or pulled as `PullMessagesResponse`. A message is
//! a topic, the operation, a source and data (ONVIF Core Specification, section 9). Vendors add topics of their own.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Camera, Event, Value};

use super::codes::{alarm, by_object, object_in, state};
use super::view::{AlarmView, all, text_of};
use crate::upload::is_number;

/// Topics by a part of their path, the more exact ones first, in lower case.
const TOPICS: &[(&str, Event)] = &[
    ("peopledetect", Event::Person),
    ("humanshapedetect", Event::Person),
    ("humandetect", Event::Person),
    ("facedetect", Event::Person),
    ("facerecognition", Event::Person),
    ("vehicledetect", Event::Vehicle),
    ("licenseplate", Event::Vehicle),
    ("dogcatdetect", Event::Animal),
    ("visitor", Event::Doorbell),
    ("camerabellbutton", Event::Doorbell),
    ("doorbell", Event::Doorbell),
    ("firealarm", Event::Fire),
    ("smoke", Event::Fire),
    ("linedetector", Event::Line),
    ("linecross", Event::Line),
    ("fenceguard", Event::Zone),
    ("loiteringguard", Event::Zone),
    ("fielddetector", Event::Zone),
    ("objectanalytics", Event::Zone),
    ("loiteringdetector", Event::Zone),
    ("intrusion", Event::Zone),
    ("globalscenechange", Event::Tamper),
    ("tamper", Event::Tamper),
    ("imagetoodark", Event::Tamper),
    ("imagetooblurry", Event::Tamper),
    ("imagetoobright", Event::Tamper),
    ("signalloss", Event::Fault),
    ("storagefailure", Event::Fault),
    ("storage/alert", Event::Fault),
    ("hardwarefailure", Event::Fault),
    ("networklost", Event::Fault),
    ("cellmotiondetector", Event::Motion),
    ("motionregiondetector", Event::Motion),
    ("motionalarm", Event::Motion),
    ("motionguard", Event::Motion),
    ("vmd", Event::Motion),
    ("sensor/pir", Event::Motion),
    ("detectedsound", Event::Sound),
    ("audioanalytics", Event::Sound),
    ("triggerlevel", Event::Sound),
    ("digitalinput", Event::Input),
    ("io/port", Event::Input),
    ("io/virtualport", Event::Input),
    ("io/virtualinput", Event::Input),
];
/// Topics that are no news for people, by a part of their path, in lower case. A doorbell of Mobotix is an alarm of
/// its video source, so `videosource/alarm` is none of them.
const NOTHING: &[&str] = &[
    "/xinternal_data",
    "configuration/",
    "counter",
    "daynightvision",
    "jobstate",
    "lightstatus",
    "livestreamaccessed",
    "media/",
    "monitoring/",
    "operationmode",
    "profilechanged",
    "ptz",
    "recordingconfig",
    "trigger/relay",
];
/// Data items that say more than their topic.
const ITEMS: &[(&str, Event)] = &[
    ("isanimal", Event::Animal),
    ("ispet", Event::Animal),
    ("isbabycry", Event::Sound),
    ("isface", Event::Person),
    ("ispeople", Event::Person),
    ("isperson", Event::Person),
    ("ishuman", Event::Person),
    ("isvehicle", Event::Vehicle),
    ("isintrusion", Event::Zone),
    ("islinecross", Event::Line),
    ("istamper", Event::Tamper),
    ("ring", Event::Doorbell),
    ("camerabellbutton", Event::Doorbell),
];
/// Vendors that a topic names, by a part of it in lower case.
const VENDORS: &[(&str, &str)] = &[
    ("tnsaxis:", "Axis"),
    ("tnssamsung:", "Hanwha"),
    ("tnsvivotek:", "Vivotek"),
    ("myruledetector/", "Reolink"),
    ("tpsmarteventdetector", "TP-Link Tapo"),
];
/// Names of the item that says which channel a message is about.
const SOURCES: &[&str] =
    &["VideoSourceConfigurationToken", "VideoSourceToken", "VideoSource", "Source"];
/// Digits from which a token is a number that counts from 0: `00000`, `001`.
const ZERO_BASED_DIGITS_MIN: usize = 3;

/// The age from which a pulled message is late: cameras replay what happened while nobody pulled.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Reads all messages; `None` if the request is no SOAP envelope and has no message.
pub(super) fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let roots = || view.request.documents.iter().map(|document| &document.root);
    let messages: Vec<&Value> = roots().flat_map(|root| all(root, "NotificationMessage")).collect();
    if messages.is_empty() && !roots().any(|root| root.field("Envelope").is_some()) {
        return None;
    }
    let topics = messages.iter().filter_map(|it| it.text_at(&["Topic"])).map(str::to_lowercase);
    let vendor = topics.flat_map(|topic| vendor(&topic)).next();
    // The camera's own clock, which an answer names and a `Notify` does not.
    let now = roots().find_map(|root| time(root.find_text("CurrentTime")?));
    let alarms = messages.into_iter().filter_map(|it| message(it, now)).collect();
    Some(AlarmReading { vendor, alarms, ..AlarmReading::default() })
}

fn vendor(topic: &str) -> Option<&'static str> {
    VENDORS.iter().find(|(part, _)| topic.contains(part)).map(|(_, vendor)| *vendor)
}

/// The alarm of a message. `Initialized` is the state at the subscription and no news.
fn message(message: &Value, now: Option<jiff::Timestamp>) -> Option<Alarm> {
    let topic = message.text_at(&["Topic"])?;
    let operation = message.find_text("PropertyOperation");
    if operation.is_some_and(|it| !it.eq_ignore_ascii_case("Changed")) {
        return None;
    }
    let items = |name: &str| -> Vec<(&str, &str)> {
        let groups = all(message, name).into_iter();
        groups.flat_map(|group| all(group, "SimpleItem")).filter_map(item).collect()
    };
    let mut alarm = topic_alarm(topic, &items("Data"), message)?;
    alarm.camera = items("Source").into_iter().find_map(camera);
    let happened = message.find_text("UtcTime").and_then(time);
    alarm.late = now.zip(happened).is_some_and(|(now, then)| now.duration_since(then) > LATE_AFTER);
    Some(alarm)
}

/// A time as cameras write it; without a zone it is UTC.
fn time(text: &str) -> Option<jiff::Timestamp> {
    let in_utc = |time: DateTime| jiff::tz::Offset::UTC.to_timestamp(time).ok();
    text.parse().ok().or_else(|| in_utc(text.parse().ok()?))
}

/// The name and the value of an item.
fn item(item: &Value) -> Option<(&str, &str)> {
    Some((item.text_at(&["Name"])?, item.text_at(&["Value"])?))
}

/// Names of items that say whether an alarm goes on, besides those of [`ITEMS`].
const STATE_NAMES: [&str; 4] = ["active", "state", "logicalstate", "value"];

/// The alarm of a topic with its data. Axis publishes the same topics and data over MQTT, with other prefixes.
pub(crate) fn topic_alarm(topic: &str, data: &[(&str, &str)], message: &Value) -> Option<Alarm> {
    let path = plain(topic);
    let is_any_scenario = path.contains("objectanalytics") && path.ends_with("any");
    if is_any_scenario || NOTHING.iter().any(|part| path.contains(part)) {
        return None;
    }
    let mut states: Vec<(&str, bool)> =
        data.iter().filter_map(|(name, value)| Some((*name, state(value)?))).collect();
    // Numbers of objects and scenarios look like states too.
    let is_state = |(name, _): &(&str, bool)| {
        by_item(name).is_some() || STATE_NAMES.iter().any(|it| name.eq_ignore_ascii_case(it))
    };
    if states.iter().any(is_state) {
        states.retain(is_state);
    }
    let known = |(name, _): &(&str, bool)| by_item(name).is_some();
    let told = states.iter().copied().filter(|(_, state)| *state);
    let item = told.clone().find(known).or_else(|| told.clone().next());
    let item = item.or_else(|| states.iter().copied().find(known));
    let event = TOPICS.iter().find(|(part, _)| path.contains(part)).map(|(_, event)| *event);
    let by_name = item.and_then(|(name, _)| by_item(name));
    let classes = object_in(message, &["classTypes", "ObjectType", "Type"]).or_else(|| {
        let of_class = |(name, value): &(&str, &str)| {
            let named = ["classtypes", "objecttype", "class"].contains(&plain(name).as_str());
            named.then(|| super::codes::object_class(value)).flatten()
        };
        data.iter().find_map(of_class)
    });
    let phase = match states.iter().any(|(_, state)| *state) {
        true => AlarmPhase::Start,
        false if states.is_empty() => AlarmPhase::Pulse,
        false => AlarmPhase::Stop,
    };
    let kind = match item.filter(known) {
        Some((name, _)) => format!("{path}/{}", name.to_lowercase()),
        None => path.clone(),
    };
    let event = by_object(by_name.or(event), classes);
    let subject = if event.is_none() { last_words(topic) } else { String::new() };
    Some(Alarm { kind, subject, ..alarm("", event, phase) })
}

fn by_item(name: &str) -> Option<Event> {
    ITEMS.iter().find(|(item, _)| item.eq_ignore_ascii_case(name)).map(|(_, event)| *event)
}

/// A topic in lower case without the prefixes of its namespaces.
fn plain(topic: &str) -> String {
    let steps = topic.split('/').map(|step| step.rsplit(':').next().unwrap_or_default());
    steps.collect::<Vec<_>>().join("/").to_lowercase()
}

/// The last two steps of a topic: what an unknown one shows as title.
fn last_words(topic: &str) -> String {
    let steps: Vec<&str> =
        topic.split('/').map(|step| step.rsplit(':').next().unwrap_or_default()).collect();
    steps.get(steps.len().saturating_sub(2)..).unwrap_or_default().join(" ")
}

/// The camera of a source, if it is not the first: a single camera has one source, a recorder several.
fn camera((name, token): (&str, &str)) -> Option<Camera> {
    if !super::codes::is_any(SOURCES, name) {
        return None;
    }
    let letters = token.trim_end_matches(|it: char| it.is_ascii_digit());
    let digits = token.get(letters.len()..).filter(|digits| is_number(digits))?;
    let number: u32 = digits.parse().ok()?;
    let counts_from_zero = letters.is_empty() && digits.len() >= ZERO_BASED_DIGITS_MIN;
    let number = if counts_from_zero { number.checked_add(1)? } else { number };
    (number > 1).then(|| Camera { number: Some(number.to_string()), name: None })
}

/// The data items of a message that is an object: `{"active": "1", "classTypes": "human"}`.
pub(crate) fn object_items(data: &Value) -> Vec<(&str, &str)> {
    let Value::Fields(fields) = data else {
        return Vec::new();
    };
    let names = fields.iter().map(|(name, _)| name.as_str());
    names.filter_map(|name| Some((name, text_of(data, &[name])?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_camera_only_if_it_is_not_the_first() {
        for (name, token, expected) in [
            ("VideoSourceToken", "00000", None),
            ("VideoSourceToken", "00001", Some("2")),
            ("VideoSourceConfigurationToken", "001", Some("2")),
            ("Source", "2", Some("2")),
            ("Source", "1", None),
            ("Source", "0", None),
            ("VideoSource", "VideoSource_1", None),
            ("VideoSource", "VideoSource_003", Some("3")),
            ("VideoSource", "vsconf", None),
            ("VideoSource", "99999999999", None),
            ("Rule", "MyRule2", None),
            ("InputToken", "2", None),
        ] {
            let number = camera((name, token)).and_then(|it| it.number);
            assert_eq!(number.as_deref(), expected, "{name} {token}");
        }
    }
}
