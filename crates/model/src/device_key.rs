//! The key that a device is stored under, by where the device comes from.

use std::fmt;
use std::net::IpAddr;

/// Prefix of the keys of devices that were added on the dashboard.
const ADDED: &str = "added/";
/// Prefix of the keys of devices that no configured or added device matched.
const DISCOVERED: &str = "discovered/";

/// A device's key, unique and lasting ([`crate::Device::key`]). The key of a recorder's channel is the recorder's
/// with the channel behind a `#`, so it has the recorder's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKey {
    /// The name of a `[[device]]` in the configuration.
    Configured(String),
    /// The user of a device that was added on the dashboard, in lower case.
    Added(String),
    /// The address of a discovered device and the local part that it sends as: `192.168.1.5/cam1`.
    Discovered(String),
}

impl DeviceKey {
    /// The key of a device that was added with this user.
    pub fn added(user: &str) -> Self {
        Self::Added(user.to_lowercase())
    }

    /// The key of a discovered device. Cameras of one vendor often send as the same user, so the address is part of
    /// it.
    pub fn discovered(address: IpAddr, local_part: &str) -> Self {
        Self::Discovered(format!("{address}/{}", local_part.to_lowercase()))
    }

    /// Reads a stored key. Never fails: a key without a known prefix is a configured name.
    pub fn parse(key: &str) -> Self {
        if let Some(user) = key.strip_prefix(ADDED) {
            Self::Added(user.to_owned())
        } else if let Some(source) = key.strip_prefix(DISCOVERED) {
            Self::Discovered(source.to_owned())
        } else {
            Self::Configured(key.to_owned())
        }
    }
}

/// The key as it is stored.
impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured(name) => f.write_str(name),
            Self::Added(user) => write!(f, "{ADDED}{user}"),
            Self::Discovered(source) => write!(f, "{DISCOVERED}{source}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let address = "192.168.1.5".parse().unwrap();
        for (key, text) in [
            (DeviceKey::Configured("Front yard".to_owned()), "Front yard"),
            (DeviceKey::Configured("nvr#2".to_owned()), "nvr#2"),
            (DeviceKey::added("Gate"), "added/gate"),
            (DeviceKey::discovered(address, "Cam1"), "discovered/192.168.1.5/cam1"),
            (DeviceKey::discovered(address, ""), "discovered/192.168.1.5/"),
        ] {
            assert_eq!(key.to_string(), text);
            assert_eq!(DeviceKey::parse(text), key);
        }
    }
}
