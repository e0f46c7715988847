//! Home Assistant's side of MQTT discovery: checks a discovery message against what home-assistant.io/integrations
//! documents of it ("mqtt", "binary_sensor.mqtt", "image.mqtt", "select.mqtt", "sensor.mqtt"), and is
//! stricter where Home Assistant ignores what it does not know.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior, context};
use serde_json::{Map, Value};

/// "Device discovery payload", and the shared options.
const TOP: &[&str] = &[
    "availability",
    "availability_mode",
    "availability_topic",
    "components",
    "device",
    "encoding",
    "origin",
    "payload_available",
    "payload_not_available",
    "qos",
    "state_topic",
];
const DEVICE: &[&str] = &[
    "configuration_url",
    "connections",
    "hw_version",
    "identifiers",
    "manufacturer",
    "model",
    "model_id",
    "name",
    "serial_number",
    "suggested_area",
    "sw_version",
    "via_device",
];
const ORIGIN: &[&str] = &["name", "support_url", "sw_version"];
/// What every platform takes.
const COMMON: &[&str] = &[
    "availability_topic",
    "default_entity_id",
    "enabled_by_default",
    "entity_category",
    "icon",
    "json_attributes_template",
    "json_attributes_topic",
    "name",
    // Deprecated since 2025.10, and no fault beside `default_entity_id`.
    "object_id",
    "payload_available",
    "payload_not_available",
    "platform",
    "qos",
    "unique_id",
];
/// What a platform takes besides, and what of it is required.
const PLATFORMS: &[(&str, &[&str], &[&str])] = &[
    (
        "binary_sensor",
        &[
            "device_class",
            "expire_after",
            "force_update",
            "off_delay",
            "payload_off",
            "payload_on",
            "state_topic",
            "value_template",
        ],
        &["state_topic"],
    ),
    ("image", &["content_type", "image_encoding", "image_topic"], &["image_topic"]),
    (
        "select",
        &[
            "command_template",
            "command_topic",
            "options",
            "retain",
            "state_topic",
            "value_template",
        ],
        &["command_topic", "options"],
    ),
    (
        "sensor",
        &[
            "device_class",
            "expire_after",
            "force_update",
            "state_class",
            "state_topic",
            "value_template",
        ],
        &["state_topic"],
    ),
];
/// Of home-assistant.io/integrations/binary_sensor, those that a camera may have.
const BINARY_CLASSES: &[&str] =
    &["connectivity", "motion", "occupancy", "problem", "sound", "tamper"];

/// What was discovered, or what is wrong with it.
pub type Checked<T = ()> = Result<T, String>;

/// Discovery messages, each of which is checked by itself and against those before.
#[derive(Default)]
pub struct HomeAssistant {
    unique_ids: BTreeSet<String>,
    /// What was discovered, in order.
    pub devices: Vec<Value>,
}

impl HomeAssistant {
    /// Takes a retained message below the prefix "homeassistant".
    pub fn discover(&mut self, topic: &str, payload: &[u8]) -> Checked {
        check_topic(topic)?;
        let value: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let payload = object("the payload", &value)?;
        known("the payload", payload, TOP)?;
        let device = object("device", payload.get("device").unwrap_or(&Value::Null))?;
        known("device", device, DEVICE)?;
        strings("identifiers", device.get("identifiers"))?;
        text("name", device.get("name"))?;
        if let Some(url) = device.get("configuration_url")
            && !text("configuration_url", Some(url))?.starts_with("http")
        {
            return Err("configuration_url is no address of the web".to_owned());
        }
        let origin = object("origin", payload.get("origin").unwrap_or(&Value::Null))?;
        known("origin", origin, ORIGIN)?;
        text("origin.name", origin.get("name"))?;
        check_values(payload)?;
        let components = object("components", payload.get("components").unwrap_or(&Value::Null))?;
        for (name, component) in components {
            let component = object(name, component)?;
            self.component(component).map_err(|error| format!("{name}: {error}"))?;
        }
        self.devices.push(value);
        Ok(())
    }

    fn component(&mut self, component: &Map<String, Value>) -> Checked {
        let platform = text("platform", component.get("platform"))?;
        let (_, takes, required) = PLATFORMS
            .iter()
            .find(|(name, ..)| *name == platform)
            .ok_or_else(|| format!("{platform} is no platform that is known here"))?;
        // Nothing but the platform takes a component away.
        if component.len() == 1 {
            return Ok(());
        }
        known(platform, component, &[COMMON, takes].concat())?;
        let unique_id = text("unique_id", component.get("unique_id"))?;
        if !self.unique_ids.insert(unique_id.to_owned()) {
            return Err(format!("{unique_id} is not unique"));
        }
        for key in *required {
            component.get(*key).ok_or_else(|| format!("{key} is missing"))?;
        }
        if let Some(options) = component.get("options") {
            strings("options", Some(options))?;
        }
        if let Some(id) = component.get("default_entity_id") {
            let object_id = component.get("object_id").and_then(Value::as_str).unwrap_or_default();
            let is_of_id = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
            if *id != format!("{platform}.{object_id}") || !object_id.bytes().all(is_of_id) {
                return Err(format!("{id} is no id of a {platform}"));
            }
        }
        let class = component.get("device_class").and_then(Value::as_str);
        if platform == "binary_sensor" && class.is_some_and(|it| !BINARY_CLASSES.contains(&it)) {
            return Err(format!("{class:?} is no device class"));
        }
        if let Some(icon) = component.get("icon")
            && !text("icon", Some(icon))?.starts_with("mdi:")
        {
            return Err("an icon begins with mdi:".to_owned());
        }
        check_values(component)
    }
}

/// What a template makes of a message: what an entity is shown as.
pub fn render(template: &str, payload: &[u8]) -> Checked<String> {
    let value = String::from_utf8_lossy(payload);
    let value_json: minijinja::Value = serde_json::from_str(&value).unwrap_or_default();
    let mut environment = Environment::new();
    // Home Assistant warns in its log where a template uses what is not there.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .render_str(template, context! { value, value_json })
        .map_err(|error| error.to_string())
}

/// What a template of an automation makes of a webhook's JSON (`trigger.json`), with `picture` as a variable.
pub fn render_trigger(template: &str, json: &Value, picture: &str) -> Checked<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let json: minijinja::Value =
        serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())?;
    let trigger = context! { json };
    environment
        .render_str(template, context! { trigger, picture })
        .map_err(|error| error.to_string())
}

/// "Discovery topic": `homeassistant/device/[<node_id>/]<object_id>/config`.
fn check_topic(topic: &str) -> Checked {
    let wrong = || format!("{topic} is no discovery topic");
    let rest = topic.strip_prefix("homeassistant/device/").ok_or_else(wrong)?;
    let ids: Vec<&str> = rest.strip_suffix("/config").ok_or_else(wrong)?.split('/').collect();
    let is_id = |id: &&str| {
        !id.is_empty() && id.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it))
    };
    if (1..=2).contains(&ids.len()) && ids.iter().all(is_id) { Ok(()) } else { Err(wrong()) }
}

/// Topics, templates and numbers, wherever they are.
fn check_values(object: &Map<String, Value>) -> Checked {
    if object.contains_key("availability") && object.contains_key("availability_topic") {
        return Err("availability and availability_topic exclude each other".to_owned());
    }
    for (key, value) in object {
        let fits = match key.as_str() {
            key if key.ends_with("_topic") => {
                let topic = text(key, Some(value))?;
                !topic.is_empty() && !topic.contains(['+', '#', '\0']) && topic.len() < 65_536
            }
            key if key.ends_with("_template") => {
                let template = text(key, Some(value))?;
                Environment::new().template_from_str(template).is_ok()
            }
            "qos" => value.as_u64().is_some_and(|qos| qos <= 2),
            "off_delay" | "expire_after" => value.as_u64().is_some_and(|seconds| seconds > 0),
            _ => true,
        };
        if !fits {
            return Err(format!("{key} cannot be {value}"));
        }
    }
    Ok(())
}

fn object<'a>(name: &str, value: &'a Value) -> Checked<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| format!("{name} is missing or no object"))
}

fn known(name: &str, object: &Map<String, Value>, keys: &[&str]) -> Checked {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("{name} has no {key}")),
        None => Ok(()),
    }
}

fn text<'a>(name: &str, value: Option<&'a Value>) -> Checked<&'a str> {
    let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| format!("{name} is missing, empty or no text"))
}

fn strings(name: &str, value: Option<&Value>) -> Checked {
    let list = value.and_then(Value::as_array).filter(|list| !list.is_empty());
    let wrong = || format!("{name} is missing, empty or no list of texts");
    list.ok_or_else(wrong)?.iter().try_for_each(|it| text(name, Some(it)).map(drop))
}
