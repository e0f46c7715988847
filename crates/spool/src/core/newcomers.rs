//! How many new devices are stored of an address. A stranger that makes up a sender for each mail must not fill the list
//! of devices, and must not get a turn in the queues with each of them. Beyond the limit all newcomers are one device.
//! Pure.

use std::time::Duration;

use tipoff_model::Device;

/// Time for which a device counts as new.
pub(crate) const WITHIN: Duration = Duration::from_secs(3600);
/// Number of new discovered devices at one address, or in one /64, within an hour: 20 cameras behind one router that
/// each mail and upload, or a recorder with 64 channels. Counting ends here.
pub(crate) const AT_PLACE_MAX: u32 = 64;
/// The same at all addresses together; beyond that each address is one device.
const AT_ALL_PLACES_MAX: u32 = 1_000;
/// Beyond twice as many, all addresses are one device. Counting ends here.
pub(crate) const PLACES_MAX: u32 = 2 * AT_ALL_PLACES_MAX;
/// New channels of one known recorder within an hour: the largest recorders have 256, few have more than 64.
const CHANNELS_MAX: u32 = 128;

/// Prefix of the keys of devices that stand for many.
const CROWD: &str = "crowd/";
/// The place of the device that stands for all addresses.
const ANYWHERE: &str = "anywhere";

/// The place that a new device counts to. `seen_at` is the share of its address.
pub(crate) fn place(device: &Device, seen_at: String) -> String {
    match device.key == format!("{CROWD}{ANYWHERE}") {
        true => ANYWHERE.to_owned(),
        false => seen_at,
    }
}

/// The device that a newcomer is stored as.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Newcomer {
    /// One of its own.
    Itself,
    /// The device that stands for many.
    OneOf(Device),
}

/// Whether a place has as many new devices as it may have. `at_place` is their number within [`WITHIN`].
pub(crate) fn is_full(at_place: u32) -> bool {
    at_place >= AT_PLACE_MAX
}

/// Decides which device a sender is that was never seen before. `at_place` and `at_all_places` are the numbers of new
/// devices within [`WITHIN`]; the latter is not needed if the place is full.
pub(crate) fn admit(place: &str, at_place: u32, at_all_places: u32) -> Newcomer {
    if is_full(at_place) {
        return Newcomer::OneOf(crowd_at(place));
    }
    match at_all_places {
        0..AT_ALL_PLACES_MAX => Newcomer::Itself,
        AT_ALL_PLACES_MAX..PLACES_MAX => Newcomer::OneOf(crowd_at(place)),
        _ => Newcomer::OneOf(crowd(ANYWHERE, "unknown devices".to_owned())),
    }
}

/// Number of new devices within [`WITHIN`] that count against another channel of a recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewChannels {
    /// Of all devices at the place of a discovered recorder: its channels are strangers too.
    AtPlace(u32),
    /// Of the channels of a configured or added recorder.
    OfRecorder(u32),
}

/// Whether a recorder may have another channel.
pub(crate) fn admits_channel(new: NewChannels) -> bool {
    match new {
        NewChannels::AtPlace(devices) => !is_full(devices),
        NewChannels::OfRecorder(channels) => channels < CHANNELS_MAX,
    }
}

fn crowd_at(place: &str) -> Device {
    crowd(place, format!("unknown at {place}"))
}

fn crowd(key: &str, name: String) -> Device {
    Device { key: format!("{CROWD}{key}"), name, discovered: true, ..Device::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd_key(newcomer: Newcomer) -> Option<String> {
        match newcomer {
            Newcomer::Itself => None,
            Newcomer::OneOf(crowd) => {
                assert!(crowd.discovered && crowd.name.starts_with("unknown"), "{crowd:?}");
                Some(crowd.key)
            }
        }
    }

    #[test]
    fn beyond_the_limits_newcomers_are_one_device() {
        let key = |at_place, everywhere| crowd_key(admit("10.0.0.1", at_place, everywhere));
        assert_eq!(key(63, 999), None);
        assert_eq!(key(64, 0).as_deref(), Some("crowd/10.0.0.1"));
        assert_eq!(key(0, 1_000).as_deref(), Some("crowd/10.0.0.1"));
        assert_eq!(key(63, 1_999).as_deref(), Some("crowd/10.0.0.1"));
        assert_eq!(key(0, 2_000).as_deref(), Some("crowd/anywhere"));
        assert_eq!(key(64, 2_000).as_deref(), Some("crowd/10.0.0.1"));
        assert!(!is_full(63) && is_full(64));
        use NewChannels::{AtPlace, OfRecorder};
        assert!(admits_channel(OfRecorder(127)) && !admits_channel(OfRecorder(128)));
        assert!(admits_channel(AtPlace(63)) && !admits_channel(AtPlace(64)));
    }

    #[test]
    fn the_crowd_of_all_addresses_counts_to_none_of_them() {
        let place_of = |newcomer| match newcomer {
            Newcomer::OneOf(crowd) => place(&crowd, "10.0.0.1".to_owned()),
            Newcomer::Itself => place(&Device::default(), "10.0.0.1".to_owned()),
        };
        assert_eq!(place_of(admit("10.0.0.1", 0, PLACES_MAX)), "anywhere");
        assert_eq!(place_of(admit("10.0.0.1", AT_PLACE_MAX, 0)), "10.0.0.1");
        assert_eq!(place_of(Newcomer::Itself), "10.0.0.1");
    }
}
