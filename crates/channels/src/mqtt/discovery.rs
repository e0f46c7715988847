//! What Home Assistant is told, so that devices appear by themselves: home-assistant.io/integrations/mqtt,
//! "Device discovery payload" (since 2024.12), and the pages of the platforms. Pure.

use std::time::Duration;

use serde_json::{Value, json};
use tipoff_model::DeviceId;

use super::topics::Topics;
use crate::words;

/// How much of a name is shown, in UTF-16 units.
const NAME_UTF16_MAX: usize = 100;
/// The version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A device: motion, the last picture and the last event.
///
/// Motion follows what is not retained, so that nothing is on because Home Assistant was started.
/// An image has one content type for good; browsers look at the bytes.
pub(super) fn device(topics: &Topics, id: DeviceId, name: &str, off_delay: Duration) -> String {
    let (unique, of) = (topics.unique(Some(id)), topics.of_device(id, name));
    json!({
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
    })
    .to_string()
}

/// The program itself: whether it is there, and the mode of the house where there are modes.
pub(super) fn house(topics: &Topics, modes: &[String]) -> String {
    let unique = topics.unique(None);
    json!({
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
    })
    .to_string()
}

/// A component with a platform and nothing else is taken away.
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

fn origin() -> Value {
    json!({ "name": "Tipoff", "sw_version": VERSION })
}

/// A name on one line.
fn shown(name: &str) -> String {
    match words::excerpt(&words::clean(name), NAME_UTF16_MAX) {
        empty if empty.is_empty() => "Device".to_owned(),
        name => name,
    }
}
