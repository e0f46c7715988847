//! The messages by which Home Assistant finds the devices: home-assistant.io/integrations/mqtt, "Device
//! discovery payload" (since 2024.12), and the pages of the platforms. Home Assistant keeps entities by
//! their `unique_id`, so these must never change for a device. Pure.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tipoff_model::DeviceId;

use super::topics::Topics;
use crate::words;

/// Length limit of a device's name in Home Assistant, in UTF-16 units.
const NAME_UTF16_MAX: usize = 100;
/// The version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A device: motion, the last picture and the last event.
///
/// Motion follows the event, which is not retained: so no motion is shown just because Home Assistant was
/// started. An image entity has one content type that cannot change with each picture; browsers look at
/// the bytes.
pub(super) fn device(
    topics: &Topics,
    id: DeviceId,
    name: &str,
    off_delay: Duration,
    dashboard: Option<&str>,
) -> String {
    let (unique, of) = (topics.unique(Some(id)), topics.of_device(id, name));
    let mut device = json!({
        "device": {
            "identifiers": [unique],
            "name": shown(name),
            "via_device": topics.unique(None),
        },
        "origin": origin(),
        "availability_topic": topics.status(),
        "qos": 1,
        "components": {
            "motion": {
                "platform": "binary_sensor",
                "unique_id": format!("{unique}_motion"),
                "name": "Motion",
                "device_class": "motion",
                "state_topic": of.event,
                "value_template": "{{ value_json.motion | default('') }}",
                "off_delay": off_delay.as_secs(),
            },
            "picture": {
                "platform": "image",
                "unique_id": format!("{unique}_picture"),
                "name": "Picture",
                "image_topic": of.picture,
                "content_type": "image/jpeg",
            },
            "event": {
                "platform": "sensor",
                "unique_id": format!("{unique}_event"),
                "name": "Last event",
                "icon": "mdi:cctv",
                "state_topic": of.state,
                "value_template": "{{ value_json.event }}",
                "json_attributes_topic": of.state,
            },
        },
    });
    set_url(&mut device, dashboard.map(|dashboard| format!("{dashboard}/devices/{id}")));
    if let Some(base) = without_address(name) {
        let base = if base.is_empty() { unique } else { base };
        for (component, domain, leaf) in ENTITIES {
            name_entity(&mut device, component, domain, &format!("{base}_{leaf}"));
        }
    }
    device.to_string()
}

/// A device's components, the domains of their entities, and the ends of the entities' ids.
const ENTITIES: [(&str, &str, &str); 3] = [
    ("motion", "binary_sensor", "motion"),
    ("picture", "image", "picture"),
    ("event", "sensor", "last_event"),
];

/// Proposes an entity's id: since 2025.10 by `default_entity_id`, before by `object_id`. Both may stand side
/// by side. An entity that Home Assistant already has keeps its id.
fn name_entity(device: &mut Value, component: &str, domain: &str, id: &str) {
    let component = device.pointer_mut(&format!("/components/{component}"));
    if let Some(component) = component.and_then(Value::as_object_mut) {
        component.insert("object_id".to_owned(), id.into());
        component.insert("default_entity_id".to_owned(), format!("{domain}.{id}").into());
    }
}

/// A name without the address in it, as a part of an entity's id: a device keeps its id when it gets another
/// address. `None` if there is no address in the name: then Home Assistant makes an id of it. Empty if there is
/// nothing else that an id can have.
fn without_address(name: &str) -> Option<String> {
    let ends = |it: char| it.is_whitespace() || matches!(it, '(' | ')' | '[' | ']' | ',');
    let words: Vec<&str> = name.split(ends).filter(|word| !word.is_empty()).collect();
    let is_address = |word: &&str| word.parse::<IpAddr>().is_ok();
    if !words.iter().any(is_address) {
        return None;
    }
    let rest: Vec<&str> = words.into_iter().filter(|word| !is_address(word)).collect();
    let harmless =
        |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' };
    let id: String = rest.join("_").chars().take(NAME_UTF16_MAX).map(harmless).collect();
    let parts: Vec<&str> = id.split('_').filter(|part| !part.is_empty()).collect();
    Some(parts.join("_"))
}

/// Sets the link to the device's page on the dashboard, if the dashboard's address is known.
fn set_url(payload: &mut Value, url: Option<String>) {
    let device = payload.get_mut("device").and_then(Value::as_object_mut);
    if let (Some(device), Some(url)) = (device, url) {
        device.insert("configuration_url".to_owned(), url.into());
    }
}

/// The program itself as a device: whether it runs, and the home mode if there are modes.
pub(super) fn house(topics: &Topics, modes: &[String], dashboard: Option<&str>) -> String {
    let unique = topics.unique(None);
    let mut house = json!({
        "device": {
            "identifiers": [unique],
            "name": "Tipoff",
            "sw_version": VERSION,
        },
        "origin": origin(),
        "qos": 1,
        "components": {
            "status": {
                "platform": "binary_sensor",
                "unique_id": format!("{unique}_status"),
                "name": "Status",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "state_topic": topics.status(),
                "payload_on": super::ONLINE,
                "payload_off": super::OFFLINE,
            },
            "mode": mode(topics, modes),
        },
    });
    set_url(&mut house, dashboard.map(str::to_owned));
    house.to_string()
}

/// The home mode as a list to choose from. Without modes, a component with nothing but its platform: Home
/// Assistant then removes the entity.
fn mode(topics: &Topics, modes: &[String]) -> Value {
    if modes.is_empty() {
        return json!({ "platform": "select" });
    }
    json!({
        "platform": "select",
        "unique_id": format!("{}_mode", topics.unique(None)),
        "name": "Mode",
        "icon": "mdi:shield-home",
        "state_topic": topics.mode(),
        "command_topic": topics.mode_set(),
        "options": modes,
        "availability_topic": topics.status(),
    })
}

/// The program that announces a device; Home Assistant logs it.
fn origin() -> Value {
    json!({ "name": "Tipoff", "sw_version": VERSION })
}

/// A device's name on one line, never empty.
fn shown(name: &str) -> String {
    match words::excerpt(&words::clean(name), NAME_UTF16_MAX) {
        empty if empty.is_empty() => "Device".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::without_address;

    #[test]
    fn an_id_has_no_address_in_it() {
        for (name, expected) in [
            ("Front yard", None),
            ("Route 10.5", None),
            ("cam1 (192.168.1.20)", Some("cam1")),
            ("Front yard (fe80::1)", Some("front_yard")),
            ("192.168.1.20", Some("")),
            ("\u{524d}\u{9662} (192.168.1.20)", Some("")),
            ("Camera-2, 192.168.1.20", Some("camera_2")),
        ] {
            assert_eq!(without_address(name).as_deref(), expected, "{name}");
        }
    }
}
