//! Messages of MQTT topics: which are alarms, and what the owner's rules make of the others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong should say so")]
#![allow(dead_code, reason = "the other tests use all of it")]

mod request;

use request::request;
use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmRequest, Event};
use tipoff_vendors::{MessageRules, ValuePath, published_alarms};

use AlarmPhase::{Pulse, Start, Stop};

fn message(topic: &str, document: &str) -> AlarmRequest {
    AlarmRequest { method: String::new(), ..request(&format!("- {topic}\n{document}\n")) }
}

fn read(topic: &str, document: &str, rules: &MessageRules) -> Vec<Alarm> {
    published_alarms(&message(topic, document), rules).alarms
}

fn phases(topic: &str, document: &str, rules: &MessageRules) -> Vec<(Event, AlarmPhase)> {
    read(topic, document, rules).iter().map(|alarm| (alarm.event, alarm.phase)).collect()
}

fn path(text: &str) -> Option<ValuePath> {
    Some(ValuePath::new(text).unwrap())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn without_rules_only_what_says_an_event_is_an_alarm() {
    let none = MessageRules::default();
    for (topic, document, expected) in [
        ("cameras/1/status/alarm/triggered", r#"json: {"val": "1"}"#, vec![(Event::Motion, Pulse)]),
        ("cameras/1/status/alarm/triggered", r#"json: {"val": "0"}"#, vec![]),
        ("home/yard/motion", "text: ON", vec![(Event::Motion, Start)]),
        ("home/yard/motion", "text: OFF", vec![(Event::Motion, Stop)]),
        ("frigate/yard/person/snapshot", "media: x.jpg 2000", vec![(Event::Person, Pulse)]),
        ("cameras/yard/picture", "media: x.jpg 2000", vec![(Event::Other, Pulse)]),
        ("zigbee/hall", r#"json: {"occupancy": true}"#, vec![(Event::Motion, Pulse)]),
        ("home/yard/light", "text: ON", vec![]),
        ("frigate/stats", r#"json: {"cpu": 12, "uptime": 99}"#, vec![]),
        ("frigate/yard/motion/state", "text: ON", vec![(Event::Motion, Start)]),
    ] {
        assert_eq!(phases(topic, document, &none), expected, "{topic} {document}");
    }
}

#[test]
fn a_last_will_and_an_empty_message_are_no_alarm() {
    let motion = MessageRules { means: Some(Event::Motion), ..MessageRules::default() };
    for rules in [&MessageRules::default(), &motion] {
        for (topic, document) in [
            ("cameras/motion", "text: offline"),
            ("tele/motion/LWT", "text: Online"),
            ("zigbee/motion", r#"json: {"state": "offline"}"#),
            ("cameras/motion/connection", r#"json: {"val": "online"}"#),
            ("cameras/motion", ""),
        ] {
            assert_eq!(phases(topic, document, rules), [], "{topic} {document}");
        }
    }
}

#[test]
fn the_owner_says_what_begins_and_ends_an_alarm() {
    let tasmota = MessageRules { means: Some(Event::Motion), ..MessageRules::default() };
    assert_eq!(phases("stat/pir/POWER", "text: ON", &tasmota), [(Event::Motion, Start)]);
    assert_eq!(phases("stat/pir/POWER", "text: OFF", &tasmota), [(Event::Motion, Stop)]);
    let sensor = MessageRules {
        state: path("Switch1.Action"),
        means: Some(Event::Doorbell),
        start: words(&["SINGLE", "double"]),
        ..MessageRules::default()
    };
    let at = |action: &str| {
        phases("tele/bell", &format!(r#"json: {{"Switch1": {{"Action": "{action}"}}}}"#), &sensor)
    };
    assert_eq!(at("single"), [(Event::Doorbell, Start)]);
    assert_eq!(at("HOLD"), [], "a value that is not named");
    assert_eq!(phases("tele/bell", r#"json: {"Time": "x"}"#, &sensor), [], "no such value");
    let contact = MessageRules { start: words(&["closed"]), ..tasmota.clone() };
    assert_eq!(phases("x", "text: closed", &contact), [(Event::Motion, Start)]);
    assert_eq!(phases("x", "text: open", &contact), []);
    let level = MessageRules {
        state: path("zones.1.level"),
        stop: words(&["calm"]),
        means: Some(Event::Sound),
        ..MessageRules::default()
    };
    let zones =
        |level: &str| format!(r#"json: {{"zones": [{{"level": "x"}}, {{"level": "{level}"}}]}}"#);
    assert_eq!(phases("x", &zones("loud"), &level), [(Event::Sound, Start)]);
    assert_eq!(phases("x", &zones("calm"), &level), [(Event::Sound, Stop)]);
}

#[test]
fn a_path_gives_the_word_and_the_camera() {
    let rules = MessageRules {
        event: path("$.after.label"),
        state: path("type"),
        camera: path("after.camera"),
        ..MessageRules::default()
    };
    let document = r#"json: {"type": "new", "after": {"label": "car", "camera": "yard"}}"#;
    let alarm = read("nvr/events", document, &rules).remove(0);
    assert_eq!((alarm.event, alarm.phase), (Event::Vehicle, Start));
    assert_eq!(alarm.camera.unwrap().name.as_deref(), Some("yard"));
    let end = document.replace("new", "end");
    let ended = read("nvr/events", &end, &rules).remove(0);
    assert_eq!((ended.kind, ended.phase), (alarm.kind, Stop));
    let unknown = document.replace("car", "ufo").replace("\"yard\"", "\"3\"");
    let alarm = read("nvr/events", &unknown, &rules).remove(0);
    assert_eq!((alarm.event, alarm.subject.as_str()), (Event::Other, "ufo"));
    assert_eq!(alarm.camera.unwrap().number.as_deref(), Some("3"));
}

#[test]
fn a_path_has_steps() {
    for wrong in ["", "a..b", ".a", "a.", "$."] {
        assert!(ValuePath::new(wrong).is_err(), "{wrong}");
    }
    let steps = |count: usize| vec!["a"; count].join(".");
    assert!(ValuePath::new(&steps(16)).is_ok() && ValuePath::new(&steps(17)).is_err());
}

#[test]
fn an_empty_reading_has_no_vendor() {
    let request = message("a", "text: online");
    assert_eq!(published_alarms(&request, &MessageRules::default()), AlarmReading::default());
}
