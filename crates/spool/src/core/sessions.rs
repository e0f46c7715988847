//! Which device a session belongs to, and which sessions are removed. Anybody can open a connection, so what strangers
//! do must not push out the transcripts of devices, nor fill the disk. The statements read the rows and remove what is
//! decided here. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use tipoff_model::Timestamp;

use crate::FinishedSession;

/// Number of sessions that are kept of each device.
pub(crate) const OF_DEVICE_MAX: u32 = 20;
/// Number of sessions without a device that are kept of each address.
pub(crate) const OF_STRANGER_MAX: u32 = 10;
/// Number of sessions without a device that are kept of all addresses together.
const OF_STRANGERS_MAX: usize = 1_000;
/// Size of all sessions together, in bytes of their transcripts and lists of arrivals.
pub(crate) const BYTES_MAX: i64 = 64 * 1024 * 1024;
/// Number of sessions that are removed at once while all together are too large.
const STEP: u32 = 50;
/// Age at which any session is removed.
const AGE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// Time for which an address counts as that of a device that was seen there: later, the router may have given it to
/// another one.
const SEEN_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Number of devices at an address that are read for [`device_at_address`]: a second one makes all of them doubtful.
pub(crate) const SEEN_READ: u32 = 2;

/// The text of an address, as sightings and sessions store it: an IPv4 address inside an IPv6 one is that address.
pub(crate) fn place(peer: IpAddr) -> String {
    peer.to_canonical().to_string()
}

/// Time since when a device must have been seen at the address of a session.
pub(crate) fn seen_since(session: &FinishedSession) -> Timestamp {
    session.ended_at.before(SEEN_WITHIN)
}

/// The device of a session without a known arrival: the only one that was seen at its address since [`seen_since`].
/// `seen` are different devices, up to [`SEEN_READ`].
pub(crate) fn device_at_address(seen: &[i64]) -> Option<i64> {
    match seen {
        [only] => Some(*only),
        _ => None,
    }
}

/// The limits that are checked after some sessions were stored: only those that the new sessions can exceed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// Devices that got sessions: each keeps its newest [`OF_DEVICE_MAX`].
    pub(crate) devices: BTreeSet<i64>,
    /// Addresses that got sessions without a device: each keeps its newest [`OF_STRANGER_MAX`] of those. Unless it is
    /// empty, [`strangers_to_remove`] is asked too.
    pub(crate) strangers: BTreeSet<String>,
    /// Every session that ended before this time is removed.
    pub(crate) ended_before: Timestamp,
}

/// Decides which limits are checked. `devices` are those of the sessions, in the same order.
pub(crate) fn sweep(sessions: &[FinishedSession], devices: &[Option<i64>]) -> Sweep {
    let is_stranger = |(_, device): &(_, &Option<i64>)| device.is_none();
    let strangers = sessions.iter().zip(devices).filter(is_stranger);
    let now = sessions.iter().map(|session| session.ended_at).max().unwrap_or_default();
    Sweep {
        devices: devices.iter().copied().flatten().collect(),
        strangers: strangers.map(|(session, _)| place(session.peer)).collect(),
        ended_before: now.before(AGE_MAX),
    }
}

/// A stored session without a device.
#[derive(Debug)]
pub(crate) struct StrangerSession {
    pub(crate) id: i64,
    pub(crate) place: String,
}

/// The sessions without a device that are removed because there are more than [`OF_STRANGERS_MAX`]. The addresses with
/// the most sessions lose their oldest first, so that one address cannot push out the others. `newest_first` are all
/// sessions without a device.
pub(crate) fn strangers_to_remove(newest_first: &[StrangerSession]) -> Vec<i64> {
    if newest_first.len() <= OF_STRANGERS_MAX {
        return Vec::new();
    }
    let mut of_place: HashMap<&str, u32> = HashMap::new();
    let mut numbered = Vec::with_capacity(newest_first.len());
    for session in newest_first {
        let number = of_place.entry(&session.place).or_default();
        *number += 1;
        numbered.push((*number, Reverse(session.id)));
    }
    numbered.sort_unstable();
    numbered.into_iter().skip(OF_STRANGERS_MAX).map(|(_, Reverse(id))| id).collect()
}

/// Number of sessions that are removed next of the address with the most bytes, whatever devices it makes up. `None`
/// if all sessions together have at most `bytes_max`.
pub(crate) fn oversize_step(bytes: i64, bytes_max: i64) -> Option<u32> {
    (bytes > bytes_max).then_some(STEP)
}

#[cfg(test)]
mod tests {
    use tipoff_model::Protocol;

    use super::*;
    use crate::SessionOutcome;

    const DAY_MS: i64 = 24 * 3_600_000;

    fn session(peer: &str, ended_at: i64) -> FinishedSession {
        FinishedSession {
            id: 1,
            protocol: Protocol::Smtp,
            peer: peer.parse().unwrap(),
            began_at: Timestamp(0),
            ended_at: Timestamp(ended_at),
            login: None,
            tls: None,
            outcome: SessionOutcome::Nothing,
            hint: None,
            arrivals: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn strangers(rows: &[(i64, &str)]) -> Vec<StrangerSession> {
        rows.iter().map(|(id, place)| StrangerSession { id: *id, place: (*place).into() }).collect()
    }

    #[test]
    fn an_address_names_a_device_only_if_one_was_seen_there_within_a_week() {
        assert_eq!(device_at_address(&[]), None);
        assert_eq!(device_at_address(&[7]), Some(7));
        assert_eq!(device_at_address(&[7, 8]), None);
        assert_eq!(seen_since(&session("10.0.0.1", 9 * DAY_MS)), Timestamp(2 * DAY_MS));
        assert_eq!(place("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
    }

    #[test]
    fn only_limits_that_new_sessions_can_exceed_are_checked() {
        let sessions = [
            session("10.0.0.1", 20 * DAY_MS),
            session("10.0.0.2", 15 * DAY_MS),
            session("::ffff:10.0.0.2", 16 * DAY_MS),
            session("10.0.0.3", 0),
        ];
        let expected = Sweep {
            devices: [3].into(),
            strangers: ["10.0.0.2".to_owned()].into(),
            ended_before: Timestamp(6 * DAY_MS),
        };
        assert_eq!(sweep(&sessions, &[Some(3), None, None, Some(3)]), expected);
    }

    #[test]
    fn the_address_with_the_most_sessions_loses_its_oldest() {
        let others: Vec<String> = (0..998).map(|number| format!("10.1.0.{number}")).collect();
        let mut rows = vec![(2_003, "10.0.0.1"), (2_002, "10.0.0.1"), (2_001, "10.0.0.1")];
        rows.extend(others.iter().zip(1..).map(|(place, age)| (2_000 - age, place.as_str())));
        assert_eq!(strangers_to_remove(&strangers(&rows)), [2_001]);
        assert!(strangers_to_remove(&strangers(&rows[1..])).is_empty());
    }

    #[test]
    fn among_equal_addresses_the_oldest_session_is_removed() {
        let places: Vec<String> = (0..1_002).map(|number| number.to_string()).collect();
        let rows: Vec<_> = places.iter().map(String::as_str).zip((1..=1_002).rev()).collect();
        let rows: Vec<_> = rows.into_iter().map(|(place, id)| (id, place)).collect();
        assert_eq!(strangers_to_remove(&strangers(&rows)), [2, 1]);
    }

    #[test]
    fn sessions_are_removed_while_they_are_too_large() {
        assert_eq!(oversize_step(BYTES_MAX, BYTES_MAX), None);
        assert_eq!(oversize_step(BYTES_MAX + 1, BYTES_MAX), Some(STEP));
    }
}
