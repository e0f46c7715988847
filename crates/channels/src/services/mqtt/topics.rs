//! The topics of a channel, and the lasting names by which Home Assistant knows its devices. A device's name
//! becomes letters, digits and hyphens in a topic: it cannot add a level or a wildcard.

use tipoff_model::DeviceId;

/// Length limit of a device's name in its topics, in bytes.
const SLUG_BYTES_MAX: usize = 40;
/// Length limit of a configured topic, in bytes. MQTT 3.1.1, section 4.7.3, allows 65,535.
const TOPIC_BYTES_MAX: usize = 200;

/// The topics of one channel.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    base: String,
    /// Home Assistant's prefix. `None` if devices are not announced.
    discovery: Option<String>,
}

/// The topics of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceTopics {
    pub(super) event: String,
    pub(super) state: String,
    pub(super) picture: String,
}

impl Topics {
    /// The topics below `base`. An empty `discovery` means that devices are not announced.
    pub(super) fn new(base: &str, discovery: &str) -> Self {
        let discovery = (!discovery.is_empty()).then(|| discovery.to_owned());
        Self { base: base.to_owned(), discovery }
    }

    /// The topic of the program's status: `online` or `offline`.
    pub(super) fn status(&self) -> String {
        format!("{}/status", self.base)
    }

    /// The topic of the current mode.
    pub(super) fn mode(&self) -> String {
        format!("{}/mode", self.base)
    }

    /// The topic at which others request a mode.
    pub(super) fn mode_set(&self) -> String {
        format!("{}/mode/set", self.base)
    }

    /// A device's topics. They contain its name for people, and its number, so that no two devices share a
    /// topic and no device has the topic "mode".
    pub(super) fn of_device(&self, id: DeviceId, name: &str) -> DeviceTopics {
        let topic = |leaf: &str| format!("{}/{}-{id}/{leaf}", self.base, slug(name));
        DeviceTopics { event: topic("event"), state: topic("state"), picture: topic("picture") }
    }

    /// The filter for the states of all devices.
    pub(super) fn states(&self) -> String {
        format!("{}/+/state", self.base)
    }

    /// The device whose state is at a topic, and its other topics under the same name, which the device may
    /// no longer have.
    pub(super) fn of_state(&self, topic: &str) -> Option<(DeviceId, DeviceTopics)> {
        let device = topic.strip_prefix(&self.base)?.strip_prefix('/')?.strip_suffix("/state")?;
        let id = DeviceId(device.rsplit_once('-')?.1.parse().ok()?);
        let topic = |leaf: &str| format!("{}/{device}/{leaf}", self.base);
        let topics = DeviceTopics {
            event: topic("event"),
            state: topic("state"),
            picture: topic("picture"),
        };
        (!device.contains('/')).then_some((id, topics))
    }

    /// The discovery topic of a device, or of the program if `id` is `None`: home-assistant.io/integrations/mqtt,
    /// "Discovery topic".
    pub(super) fn discovery(&self, id: Option<DeviceId>) -> Option<String> {
        let prefix = self.discovery.as_ref()?;
        Some(format!("{prefix}/device/{}/config", self.unique(id)))
    }

    /// The lasting name of a device, or of the program if `id` is `None`. It does not depend on the device's
    /// name. Two programs at one broker have different topics, and so different lasting names.
    pub(super) fn unique(&self, id: Option<DeviceId>) -> String {
        let house = escape(&self.base);
        id.map_or_else(|| house.clone(), |id| format!("{house}_{id}"))
    }
}

/// Checks a topic of the configuration, by MQTT 3.1.1, sections 4.7.1 to 4.7.3.
pub(super) fn check(topic: &str) -> Result<(), &'static str> {
    let wild = |character: char| matches!(character, '+' | '#') || character.is_control();
    match topic {
        "" => Err("must not be empty"),
        _ if topic.len() > TOPIC_BYTES_MAX => Err("must be of 200 bytes at most"),
        _ if topic.contains(wild) => Err("must have no +, no # and no control characters"),
        _ if topic.starts_with('$') => Err("must not begin with $: that is the broker's own"),
        _ if topic.split('/').any(str::is_empty) => Err("must have no / at an end, and no //"),
        _ => Ok(()),
    }
}

/// Small letters, digits and single hyphens; never empty.
fn slug(name: &str) -> String {
    let harmless = |character: char| match character.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '-',
    };
    let name: String = name.chars().map(harmless).collect();
    let mut slug = String::new();
    for word in name.split('-').filter(|word| !word.is_empty()) {
        let room = SLUG_BYTES_MAX.saturating_sub(slug.len() + 1);
        let word = word.get(..room.min(word.len())).unwrap_or_default();
        if !slug.is_empty() && !word.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "device".to_owned() } else { slug }
}

/// Letters, digits, hyphens and, for everything else, its bytes in hexadecimal: what Home Assistant takes
/// in a topic, and different for different texts.
fn escape(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_harmless_part_of_a_topic() {
        for (name, expected) in [
            ("Front yard", "front-yard"),
            ("a/b/+/#", "a-b"),
            ("$SYS\0\n", "sys"),
            ("前院", "device"),
            ("", "device"),
            ("--x--", "x"),
        ] {
            assert_eq!(slug(name), expected, "{name:?}");
        }
        for length in 1..=100 {
            assert!(slug(&"x".repeat(length)).len() <= SLUG_BYTES_MAX);
            assert!(slug(&"xy ".repeat(length)).len() <= SLUG_BYTES_MAX);
        }
    }

    #[test]
    fn devices_share_no_topic_whatever_they_are_called() {
        let topics = Topics::new("tipoff", "homeassistant");
        let of = |id, name| topics.of_device(DeviceId(id), name).event;
        assert_eq!(of(4, "Front yard"), "tipoff/front-yard-4/event");
        assert_ne!(of(4, "a+b"), of(5, "a#b"));
        assert_ne!(of(4, "yard-1"), of(14, "yard"));
        assert_eq!(of(4, "mode"), "tipoff/mode-4/event");
    }

    #[test]
    fn a_state_names_its_device() {
        let topics = Topics::new("home/cams", "");
        let yard = topics.of_device(DeviceId(14), "Front-yard 2");
        assert_eq!(topics.of_state(&yard.state), Some((DeviceId(14), yard)));
        for other in [
            "home/cams/yard/state",
            "home/cams/a/b-1/state",
            "home/cams/yard-1/event",
            "cams/yard-1/state",
            "home/cams/state",
        ] {
            assert_eq!(topics.of_state(other), None, "{other}");
        }
    }

    #[test]
    fn lasting_names_differ_as_topics_do() {
        let unique = |base| Topics::new(base, "").unique(Some(DeviceId(4)));
        assert_eq!(unique("tipoff"), "tipoff_4");
        assert_eq!(unique("home/cams"), "home_2fcams_4");
        assert_ne!(unique("home/cams"), unique("home_2fcams"));
        assert_eq!(Topics::new("tipoff", "").discovery(None), None);
    }

    #[test]
    fn topics_that_cannot_be_are_told() {
        for topic in ["", "a/", "/a", "a//b", "a/+", "#", "$SYS/a", "a\0", &"x".repeat(201)] {
            assert!(check(topic).is_err(), "{topic:?}");
        }
        for topic in ["tipoff", "home/cams", "häuser/1", &"x".repeat(200)] {
            assert_eq!(check(topic), Ok(()), "{topic:?}");
        }
    }
}
