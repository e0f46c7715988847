//! Durations in whole milliseconds.

use std::time::Duration;

/// Whole milliseconds; of a longer time than fits, the most that fits.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
