//! How many new devices an address can bring: a stranger that makes up a sender for every mail must not fill the
//! list of devices, nor take a turn of its own with each. Pure.

use std::time::Duration;

use tipoff_model::Device;

/// New devices are counted for this long.
pub(crate) const WITHIN: Duration = Duration::from_secs(3600);
/// New discovered devices at one address, or in one /64, within an hour: 20 cameras behind one router that each
/// mail and upload, or a recorder with 64 channels. No more are counted.
pub(crate) const AT_PLACE_MAX: u32 = 64;
/// The same at all addresses together; beyond that each address is one device.
const AT_ALL_PLACES_MAX: u32 = 1_000;
/// Beyond twice as many, all addresses are one device. No more are counted.
pub(crate) const PLACES_MAX: u32 = 2 * AT_ALL_PLACES_MAX;
/// New channels of one known recorder within an hour: the largest recorders have 256, few have more than 64.
const CHANNELS_MAX: u32 = 128;

/// How the keys begin of devices that stand for many.
const CROWD: &str = "crowd/";
/// The place of the device that stands for all addresses.
const ANYWHERE: &str = "anywhere";

/// The place that a new device counts to, which was seen at `seen_at`.
pub(crate) fn place(device: &Device, seen_at: String) -> String {
    match device.key == format!("{CROWD}{ANYWHERE}") {
        true => ANYWHERE.to_owned(),
        false => seen_at,
    }
}

/// Which device a newcomer is.
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

/// Which device somebody is who was never seen before, at a place. `at_all_places` is the number of new devices
/// within [`WITHIN`]; it is not needed where the place is full.
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

/// Whether a known recorder with this number of new channels may have another.
pub(crate) fn admits_channel(new_channels: u32) -> bool {
    new_channels < CHANNELS_MAX
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
        assert!(admits_channel(127) && !admits_channel(128));
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
