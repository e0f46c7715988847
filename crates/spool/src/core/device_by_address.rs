//! Which device an arrival is from. A camera reports one name by mail and another by FTP, but comes from the same
//! address; so a discovered device is also found by where it was seen. Pure: an engine makes the look-ups in the order
//! that is given here, and writes what is decided.

use std::time::Duration;

use tipoff_model::{Device, LoginProof, Timestamp};

use crate::NewArrival;

/// Time after which an address at which a device was seen may be another device's: routers assign addresses anew.
pub(crate) const NEIGHBOUR_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Pause between two notes that a device was seen: each costs a write.
pub(crate) const NOTE_EVERY: Duration = Duration::from_secs(3600);
/// Number of rows of neighbours that are read. One device has at most one for each protocol.
pub(crate) const NEIGHBOURS_MAX: u32 = 5;

/// A way to find a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It was seen at this address by this protocol, with this key.
    Sighting,
    /// Its key.
    Key,
    /// It is the one device that was seen at this address lately ([`neighbour`]).
    Neighbour,
}

/// The ways to find a device, in this order. A configured or added device is found by its key alone.
pub(crate) fn lookups(reported: &Device) -> &'static [Lookup] {
    match reported.discovered {
        true => &[Lookup::Sighting, Lookup::Key, Lookup::Neighbour],
        false => &[Lookup::Key],
    }
}

/// A device that was seen before at the address of an arrival, by its protocol and with the key that it reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) device: i64,
    /// When this was noted last.
    pub(crate) noted_at: Timestamp,
}

/// Whether it is noted that a device was seen: it is new there, or the latest note is old.
pub(crate) fn is_noted(seen: Option<Seen>, device: i64, now: Timestamp) -> bool {
    seen.is_none_or(|seen| seen.device != device || seen.noted_at < now.before(NOTE_EVERY))
}

/// A device that was seen lately at the address of an arrival, by one protocol.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub(crate) device: i64,
    pub(crate) protocol: String,
    /// Whether it has proven its login once.
    pub(crate) proven: bool,
}

/// The device that somebody new at its address is taken for: the only one there, if it came by other protocols
/// only. Who comes without the login of a device that has proven one is another device.
pub(crate) fn neighbour(at_address: &[Neighbour], protocol: &str) -> Option<i64> {
    let device = at_address.first()?.device;
    let may_be = |it: &Neighbour| it.device == device && it.protocol != protocol && !it.proven;
    at_address.iter().all(may_be).then_some(device)
}

/// Whether an arrival proves the login of its device. From then on, no other device is taken for it because of its
/// address.
pub(crate) fn is_proof(arrival: &NewArrival) -> bool {
    arrival.envelope.proof == LoginProof::Proven && !arrival.device.discovered
}

/// Whether an arrival without a channel may belong to the only channel of its device.
pub(crate) fn may_mean_its_channel(reported: &Device) -> bool {
    reported.discovered
}

/// Whether an arrival of a channel may belong to the recorder itself: a configured camera that names its one
/// channel is no recorder.
pub(crate) fn may_be_single_camera(recorder: &Device, channel: &Device) -> bool {
    !recorder.discovered && !channel.numbered
}

/// The channel of a device that has one and no other.
pub(crate) fn only_channel(channels: &[i64]) -> Option<i64> {
    match channels {
        [only] => Some(*only),
        _ => None,
    }
}

/// What a device is called from now on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// As its row says.
    AsStored(Device),
    /// As its row says; all else is as the device reports it.
    SameName(Device),
    /// As the device reports it: the row changes.
    New,
}

/// Decides what a device is called. `stored` is its row, `is_labelled` whether somebody named it.
pub(crate) fn naming(stored: Device, is_labelled: bool, reported: &Device) -> Naming {
    let stored = Device { discovered: reported.discovered, ..stored };
    // A channel that is only numbered this time keeps the name that it had.
    let is_unnamed = reported.recorder.is_some() && reported.distinct_name.is_none();
    if is_labelled || is_unnamed || stored.key != reported.key {
        return Naming::AsStored(stored);
    }
    let is_known =
        stored.name == reported.name || Some(&stored.name) == reported.distinct_name.as_ref();
    match is_known && stored.distinct_name == reported.distinct_name {
        true => Naming::SameName(Device { name: stored.name, ..reported.clone() }),
        false => Naming::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::samples;
    use tipoff_model::Envelope;

    fn device(key: &str, discovered: bool) -> Device {
        Device { key: key.to_owned(), name: "Yard".to_owned(), discovered, ..Device::default() }
    }

    #[test]
    fn only_a_discovered_device_is_looked_for_by_its_address() {
        assert_eq!(lookups(&device("yard", false)), [Lookup::Key]);
        let all = [Lookup::Sighting, Lookup::Key, Lookup::Neighbour];
        assert_eq!(lookups(&device("discovered/10.0.0.1/yard", true)), all);
    }

    #[test]
    fn a_newcomer_is_the_one_unproven_device_of_another_protocol() {
        let one = || Neighbour { device: 7, protocol: "ftp".to_owned(), proven: false };
        let neighbour = |at_address: &[Neighbour]| neighbour(at_address, "smtp");
        assert_eq!(neighbour(&[one()]), Some(7));
        assert_eq!(
            neighbour(&[one(), Neighbour { protocol: "http".to_owned(), ..one() }]),
            Some(7)
        );
        assert_eq!(neighbour(&[]), None);
        assert_eq!(neighbour(&[one(), Neighbour { device: 8, ..one() }]), None);
        assert_eq!(neighbour(&[one(), Neighbour { protocol: "smtp".to_owned(), ..one() }]), None);
        assert_eq!(neighbour(&[Neighbour { proven: true, ..one() }]), None);
    }

    #[test]
    fn one_device_has_fewer_neighbour_rows_than_are_read() {
        assert!(tipoff_model::Protocol::ALL.len() < NEIGHBOURS_MAX as usize);
    }

    #[test]
    fn a_sighting_is_noted_once_an_hour() {
        let seen = |noted_at| Some(Seen { device: 7, noted_at });
        let now = Timestamp(1_700_000_000_000);
        assert!(is_noted(None, 7, now));
        assert!(is_noted(seen(now), 8, now));
        assert!(!is_noted(seen(now.before(NOTE_EVERY)), 7, now));
        assert!(is_noted(seen(Timestamp(now.before(NOTE_EVERY).0 - 1)), 7, now));
    }

    #[test]
    fn a_proof_is_the_login_of_a_known_device() {
        let arrival = |proof, discovered| NewArrival {
            device: device("yard", discovered),
            envelope: Envelope { proof, ..samples::arrival().envelope },
            ..samples::arrival()
        };
        assert!(is_proof(&arrival(LoginProof::Proven, false)));
        assert!(!is_proof(&arrival(LoginProof::Proven, true)));
        assert!(!is_proof(&arrival(LoginProof::default(), false)));
    }

    #[test]
    fn a_device_with_one_channel_is_one_camera() {
        assert_eq!(only_channel(&[3]), Some(3));
        assert_eq!((only_channel(&[]), only_channel(&[3, 4])), (None, None));
        let (known, found) = (device("yard", false), device("discovered/10.0.0.1/1", true));
        assert!(may_mean_its_channel(&found) && !may_mean_its_channel(&known));
        assert!(may_be_single_camera(&known, &found) && !may_be_single_camera(&found, &found));
        let numbered = Device { numbered: true, ..found };
        assert!(!may_be_single_camera(&known, &numbered));
    }

    #[test]
    fn a_device_is_called_as_somebody_named_it_else_as_it_reports() {
        let stored = || Device { distinct_name: Some("Yard (1)".to_owned()), ..device("a", false) };
        let reported = Device { discovered: true, ..stored() };
        let same = || Naming::SameName(reported.clone());
        assert_eq!(naming(stored(), false, &reported), same());
        let labelled = Device { name: "Gate".to_owned(), ..stored() };
        let kept = Naming::AsStored(Device { discovered: true, ..labelled.clone() });
        assert_eq!(naming(labelled.clone(), true, &reported), kept);
        assert_eq!(naming(labelled, false, &reported), Naming::New);
        let distinct = Device { name: "Yard (1)".to_owned(), ..stored() };
        let name = "Yard (1)".to_owned();
        let expected = Naming::SameName(Device { name, ..reported.clone() });
        assert_eq!(naming(distinct, false, &reported), expected);
        let other = Device { distinct_name: None, ..stored() };
        assert_eq!(naming(other, false, &reported), Naming::New, "its distinct name is new");
    }

    #[test]
    fn another_s_row_and_a_numbered_channel_keep_their_names() {
        let stored = Device { name: "Gate".to_owned(), ..device("a", false) };
        let reported = device("b", false);
        assert_eq!(naming(stored.clone(), false, &reported), Naming::AsStored(stored.clone()));
        let channel = Device { recorder: Some(Box::new(reported)), ..device("a", false) };
        assert_eq!(naming(stored.clone(), false, &channel), Naming::AsStored(stored.clone()));
        let named = Device { distinct_name: Some("Yard (R)".to_owned()), ..channel };
        assert_eq!(naming(stored, false, &named), Naming::New);
    }
}
