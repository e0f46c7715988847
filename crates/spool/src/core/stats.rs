//! What the overview counts: hours, delivered and failed deliveries, how quick a channel is, and how long an error is
//! shown. Pure.

use std::time::Duration;

use tipoff_model::{DeliveryState, Timestamp};

/// Length of an hour in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// Number of the latest first alerts from which the speed of a channel is computed.
pub(crate) const LATEST: u32 = 200;
/// Number of the latest successful deliveries of a channel among which these are looked for.
pub(crate) const LOOKED_AT: u32 = 2_000;
/// Incidents of a period of which the decisions of routes are counted: the newest ones.
pub(crate) const ROUTED_MAX: u32 = 10_000;
/// Age up to which the last error of a channel is shown.
const ERROR_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The number of the hour of a time, as the spool stores it. Also right before 1970.
pub(crate) fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// Which of so many rows of a sum the arrivals of a device are added to.
pub(crate) fn sum_row(device: i64, rows: i64) -> i64 {
    device.checked_rem_euclid(rows).unwrap_or(0)
}

/// When the hour of this number began.
pub(crate) fn began_at(hour: i64) -> Timestamp {
    Timestamp(hour.saturating_mul(HOUR_MS))
}

/// Time since when an error is shown.
pub(crate) fn errors_since(today: Timestamp) -> Timestamp {
    today.before(ERROR_AGE_MAX)
}

/// Numbers of deliveries that were delivered and that failed, from the number of each state. A withdrawn delivery is
/// neither: somebody wanted no more alerts.
pub(crate) fn delivered_and_failed(states: &[(String, u64)]) -> (u64, u64) {
    let sum = |wanted: &[DeliveryState]| {
        let is_wanted = |name: &str| wanted.iter().any(|state| state.as_str() == name);
        states.iter().filter(|(name, _)| is_wanted(name)).map(|(_, count)| count).sum()
    };
    (sum(&[DeliveryState::Delivered]), sum(&[DeliveryState::Refused, DeliveryState::Expired]))
}

/// Median and 95th percentile of the times from arrival to delivery, in milliseconds. The rank is rounded down, so each
/// is a time that was measured. `None` without times.
pub(crate) fn latency(mut took_ms: Vec<u64>) -> Option<(Duration, Duration)> {
    took_ms.sort_unstable();
    let last = took_ms.len().checked_sub(1)?;
    let percentile = |percent: usize| took_ms.get(last * percent / 100).copied();
    Some((Duration::from_millis(percentile(50)?), Duration::from_millis(percentile(95)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_adds_to_one_row_of_a_sum_and_others_to_all_of_them() {
        assert_eq!([0, 1, 63, 64, 130].map(|device| sum_row(device, 64)), [0, 1, 63, 0, 2]);
        assert_eq!([0, 1, i64::MAX].map(|device| sum_row(device, 1)), [0, 0, 0]);
        assert_eq!(sum_row(7, 0), 0);
    }

    #[test]
    fn an_hour_has_one_number_also_before_1970() {
        assert_eq!([-1, 0, HOUR_MS - 1, HOUR_MS].map(|at| hour_of(Timestamp(at))), [-1, 0, 0, 1]);
        assert_eq!([began_at(-1), began_at(2)], [Timestamp(-HOUR_MS), Timestamp(2 * HOUR_MS)]);
    }

    #[test]
    fn an_error_is_shown_for_a_week() {
        assert_eq!(errors_since(Timestamp(8 * 24 * HOUR_MS)), Timestamp(24 * HOUR_MS));
    }

    #[test]
    fn refused_and_expired_deliveries_have_failed() {
        let states: Vec<(String, u64)> = DeliveryState::ALL
            .iter()
            .map(|state| state.as_str().to_owned())
            .zip([1, 2, 4, 8, 16])
            .collect();
        assert_eq!(delivered_and_failed(&states), (2, 12));
        assert_eq!(delivered_and_failed(&[]), (0, 0));
    }

    #[test]
    fn the_percentiles_are_times_that_were_measured() {
        let latency =
            |took: Vec<u64>| latency(took).map(|(half, most)| (half.as_millis(), most.as_millis()));
        assert_eq!(latency(Vec::new()), None);
        assert_eq!(latency(vec![7]), Some((7, 7)));
        assert_eq!(latency(vec![9, 1]), Some((1, 1)));
        assert_eq!(latency((0..=100).rev().collect()), Some((50, 95)));
        assert_eq!(latency((1..=100).collect()), Some((50, 95)));
    }
}
