//! Where a device stands in the queue of a channel (`sql/turns.rs`). Pure.

use tipoff_model::AlertKind;

/// The place of reports, which stand for no single device.
const REPORTS: &str = "#0";

/// What decides where a device stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DevicePlace {
    /// The device's number.
    pub(crate) device: i64,
    /// The number of the recorder that it is a channel of.
    pub(crate) recorder: Option<i64>,
    /// Whether somebody named the device or its recorder.
    pub(crate) is_named: bool,
    /// The address that it was discovered at. `None` for a configured or added device.
    pub(crate) address: Option<String>,
}

impl DevicePlace {
    /// The address that a device counts to which nobody knows. `None` for a known device.
    pub(crate) fn unknown_at(&self) -> Option<&str> {
        self.address.as_deref().filter(|_| !self.is_named)
    }

    /// The place of its deliveries of this kind: known devices have their own, which the channels of a recorder
    /// share; all others share that of their address.
    pub(crate) fn of(&self, kind: AlertKind) -> String {
        if kind == AlertKind::Report {
            return REPORTS.to_owned();
        }
        match self.unknown_at() {
            Some(address) => address.to_owned(),
            None => format!("#{}", self.recorder.unwrap_or(self.device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_devices_have_places_of_their_own_and_others_share_their_address() {
        let known = DevicePlace { device: 4, ..DevicePlace::default() };
        let channel = DevicePlace { recorder: Some(2), ..known.clone() };
        let stranger = DevicePlace { address: Some("10.0.0.9".to_owned()), ..channel.clone() };
        let named = DevicePlace { is_named: true, ..stranger.clone() };
        for (device, place, unknown_at) in [
            (known, "#4", None),
            (channel, "#2", None),
            (stranger, "10.0.0.9", Some("10.0.0.9")),
            (named, "#2", None),
        ] {
            assert_eq!(device.of(AlertKind::First), place);
            assert_eq!(device.of(AlertKind::Summary), place);
            assert_eq!(device.of(AlertKind::Report), "#0");
            assert_eq!(device.unknown_at(), unknown_at);
        }
    }
}
