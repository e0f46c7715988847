//! A device, as the rules and alerts know it.

use serde::{Deserialize, Serialize};

/// A camera, recorder, printer, UPS: known from configuration, or discovered at its first arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    /// Identifies the device, unique and lasting: a [`crate::DeviceKey`] as text. Never shown.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// The name to show where another device has the same one: with the address, or the recorder.
    pub distinct_name: Option<String>,
    /// Whether it is discovered: no configured device matches, so key and name are from its own words.
    pub discovered: bool,
    /// The recorder, if this is one of its channels.
    pub recorder: Option<Box<Device>>,
    /// Whether the channel has a number. One that has only a name may be a single camera: see
    /// docs/spool.md, "Devices".
    pub numbered: bool,
}

impl Device {
    /// Whether a rule that names `name` is about this device: by its own names, or those of its
    /// recorder.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name
            || self.distinct_name.as_deref() == Some(name)
            || self.recorder.as_ref().is_some_and(|recorder| recorder.is_called(name))
    }

    /// Whether this key is the device's own, or that of its recorder. A key outlasts renames.
    pub fn has_key(&self, key: &str) -> bool {
        self.key == key || self.recorder.as_ref().is_some_and(|recorder| recorder.has_key(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_called_by_its_own_names_and_those_of_its_recorder() {
        let recorder = Device {
            name: "nvr".to_owned(),
            distinct_name: Some("nvr (192.168.1.9)".to_owned()),
            ..Device::default()
        };
        let camera = Device {
            name: "Driveway".to_owned(),
            recorder: Some(Box::new(recorder)),
            ..Device::default()
        };
        for (name, fits) in
            [("Driveway", true), ("nvr", true), ("nvr (192.168.1.9)", true), ("Garden", false)]
        {
            assert_eq!(camera.is_called(name), fits, "{name}");
        }
    }

    #[test]
    fn a_channel_has_its_own_key_and_that_of_its_recorder() {
        let recorder = Device { key: "added/nvr".to_owned(), ..Device::default() };
        let camera = Device {
            key: "added/nvr#2".to_owned(),
            name: "added/gate".to_owned(),
            recorder: Some(Box::new(recorder)),
            ..Device::default()
        };
        for (key, fits) in [
            ("added/nvr#2", true),
            ("added/nvr", true),
            ("added/nvr#3", false),
            ("added/gate", false),
        ] {
            assert_eq!(camera.has_key(key), fits, "{key}");
        }
    }
}
