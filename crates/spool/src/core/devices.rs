//! What is noted of a device, when it counts as inactive or muted, and when its row is removed. An engine loads the
//! rows of devices and writes what is decided here. Which device an arrival is from: [`crate::core::device_by_address`]. Pure.

use tipoff_model::Timestamp;

use crate::DeviceLine;

/// When a device sent last, after an arrival at `now`. Arrivals that are stored late do not set it back; a time that
/// a wrong clock recorded ahead of now is corrected.
pub(crate) fn last_arrival_at(stored: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match stored {
        Some(stored) if !stored.is_ahead_of(now) => stored.max(now),
        _ => now,
    }
}

/// Whether alerts are muted: by the device, its recorder, or for all devices. `muted_until` are the ends of these.
pub(crate) fn is_muted(
    muted_until: impl IntoIterator<Item = Option<Timestamp>>,
    now: Timestamp,
) -> bool {
    muted_until.into_iter().flatten().any(|until| until > now)
}

/// A device whose owner wants an alert if it sends nothing for some time.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) line: DeviceLine,
    /// Whether the alert was sent since the device's latest arrival.
    pub(crate) is_alerted: bool,
}

/// The watched devices that have sent nothing for longer than their owner wants; with `only_new` without those whose
/// alert was sent. A device that never sent anything is not inactive.
pub(crate) fn inactive(watched: Vec<Watched>, now: Timestamp, only_new: bool) -> Vec<DeviceLine> {
    let is_inactive = |line: &DeviceLine| match (line.last_at, line.silent_after) {
        (Some(last_at), Some(after)) => last_at.after(after) < now,
        _ => false,
    };
    let counts = |it: &Watched| is_inactive(&it.line) && !(only_new && it.is_alerted);
    watched.into_iter().filter(counts).map(|it| it.line).collect()
}

/// The row of a device that is to be merged, or that another is merged into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MergeRow {
    pub(crate) id: i64,
    pub(crate) is_merged: bool,
    pub(crate) last_at: Option<Timestamp>,
}

/// When the device that `other` becomes part of sent last. `None` if they cannot be merged: each must exist, be
/// another one, and not be part of a third one.
pub(crate) fn merge(other: Option<MergeRow>, into: Option<MergeRow>) -> Option<Option<Timestamp>> {
    let (other, into) = (other?, into?);
    let may_merge = other.id != into.id && !other.is_merged && !into.is_merged;
    may_merge.then(|| other.last_at.max(into.last_at))
}

/// What keeps the row of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceUses {
    /// Somebody named, muted, watches or merged it, or gave it a login.
    pub(crate) settings: bool,
    /// It has incidents.
    pub(crate) incidents: bool,
    /// Other devices were merged into it.
    pub(crate) merged: bool,
    /// It has channels: it is a recorder.
    pub(crate) channels: bool,
}

/// Whether a device whose incidents were removed is removed with them: hostile devices make up names, which must
/// not fill the list.
pub(crate) fn is_forgotten(uses: DeviceUses) -> bool {
    uses == DeviceUses::default()
}

/// Number of incidents that began between each two of `days`, which ascend. None began before the first; those after
/// the last are not counted.
pub(crate) fn per_day(
    began_at: impl IntoIterator<Item = Timestamp>,
    days: &[Timestamp],
) -> Vec<u64> {
    let mut counts = vec![0; days.len().saturating_sub(1)];
    for began_at in began_at {
        let day = days.partition_point(|day| *day <= began_at);
        if let Some(count) = counts.get_mut(day.saturating_sub(1)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tipoff_model::DeviceId;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_late_arrival_does_not_set_a_device_back_and_a_wrong_clock_is_corrected() {
        assert_eq!(last_arrival_at(None, NOW), NOW);
        assert_eq!(last_arrival_at(Some(NOW.before(MINUTE)), NOW), NOW);
        assert_eq!(last_arrival_at(Some(NOW.after(MINUTE)), NOW), NOW.after(MINUTE));
        assert_eq!(last_arrival_at(Some(NOW.after(2 * MINUTE)), NOW), NOW);
    }

    #[test]
    fn one_mute_in_force_is_enough_and_it_ends_in_time() {
        let until = |ms| Some(Timestamp(ms));
        assert!(is_muted([None, until(6)], Timestamp(5)));
        assert!(is_muted([until(6), until(1)], Timestamp(5)));
        assert!(!is_muted([until(5), None], Timestamp(5)));
        assert!(!is_muted([], Timestamp(5)));
    }

    fn watched(id: i64, last_at: Option<Timestamp>, after: Option<Duration>) -> Watched {
        let line = DeviceLine {
            id: DeviceId(id),
            key: id.to_string(),
            name: id.to_string(),
            vendor: None,
            last_at,
            muted_until: None,
            silent_after: after,
            user: None,
            recorder: None,
        };
        Watched { line, is_alerted: false }
    }

    #[test]
    fn a_device_is_inactive_after_its_time_and_alerted_once() {
        let ids = |watched: &[Watched], now, only_new| {
            let inactive = inactive(watched.to_vec(), now, only_new);
            inactive.into_iter().map(|line| line.id.0).collect::<Vec<_>>()
        };
        let alerted = Watched { is_alerted: true, ..watched(2, Some(NOW), Some(MINUTE)) };
        let all = [
            watched(1, Some(NOW), Some(MINUTE)),
            alerted,
            watched(3, None, Some(MINUTE)),
            watched(4, Some(NOW), None),
            watched(5, Some(NOW), Some(Duration::MAX)),
        ];
        let later = NOW.after(MINUTE + Duration::from_millis(1));
        assert!(ids(&all, NOW.after(MINUTE), false).is_empty());
        assert_eq!(ids(&all, later, false), [1, 2]);
        assert_eq!(ids(&all, later, true), [1]);
    }

    #[test]
    fn two_devices_are_merged_unless_one_is_part_of_a_third() {
        let row =
            |id, ms: Option<i64>| MergeRow { id, is_merged: false, last_at: ms.map(Timestamp) };
        let merged = MergeRow { is_merged: true, ..row(3, None) };
        let (one, two) = (row(1, Some(9)), row(2, Some(5)));
        assert_eq!(merge(Some(one), Some(two)), Some(Some(Timestamp(9))));
        assert_eq!(merge(Some(two), Some(one)), Some(Some(Timestamp(9))));
        assert_eq!(merge(Some(row(4, None)), Some(two)), Some(Some(Timestamp(5))));
        assert_eq!(merge(Some(row(4, None)), Some(row(5, None))), Some(None));
        for (other, into) in [
            (Some(one), Some(one)),
            (Some(one), None),
            (None, Some(one)),
            (Some(merged), Some(one)),
            (Some(one), Some(merged)),
        ] {
            assert_eq!(merge(other, into), None, "{other:?} into {into:?}");
        }
    }

    #[test]
    fn a_device_is_forgotten_if_nothing_needs_its_row() {
        let none = DeviceUses::default();
        assert!(is_forgotten(none));
        for uses in [
            DeviceUses { settings: true, ..none },
            DeviceUses { incidents: true, ..none },
            DeviceUses { merged: true, ..none },
            DeviceUses { channels: true, ..none },
        ] {
            assert!(!is_forgotten(uses), "{uses:?}");
        }
    }

    #[test]
    fn an_incident_counts_to_the_day_in_which_it_began() {
        let at = |times: &[i64]| times.iter().copied().map(Timestamp).collect::<Vec<_>>();
        let count = |began_at: &[i64]| per_day(at(began_at), &at(&[10, 20, 30]));
        assert_eq!(count(&[10, 19, 20, 29]), [2, 2]);
        assert_eq!(count(&[30, 31]), [0, 0]);
        assert_eq!(per_day(at(&[5]), &[]), [0_u64; 0]);
    }
}
