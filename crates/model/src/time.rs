//! Times of this machine's clock. Everything is ordered by them, because cameras' clocks are wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How far times of one run may be ahead of each other: they are taken before they are stored. A time that is further
/// ahead of now was recorded by a clock that was set back since.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// Milliseconds since 1970-01-01 00:00 UTC by this machine's clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This many milliseconds after the epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds after the epoch.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this; zero if the clock was set back in between.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The latest time that can have been recorded before this moment, if the clock was not set back
    /// since.
    #[must_use]
    pub fn latest_recorded(self) -> Self {
        self.after(AHEAD_MAX)
    }

    /// Whether this was recorded, before `now`, by a clock that has been set back since.
    pub fn is_ahead_of(self, now: Self) -> bool {
        self > now.latest_recorded()
    }

    /// This moment, `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment, `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self::default().after(since_epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_went_backwards_gives_no_time_passed() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(9).since(Timestamp(5)), Duration::from_millis(4));
    }

    #[test]
    fn a_time_far_ahead_is_of_a_clock_that_was_set_back() {
        let now = Timestamp(1_000_000);
        assert!(!now.after(AHEAD_MAX).is_ahead_of(now));
        assert!(now.after(AHEAD_MAX + Duration::from_millis(1)).is_ahead_of(now));
        assert!(!Timestamp(0).is_ahead_of(now));
    }

    #[test]
    fn a_time_is_milliseconds_since_the_epoch() {
        let second = Duration::from_secs(1);
        assert_eq!(Timestamp::from(UNIX_EPOCH + second).as_ms(), 1_000);
        assert_eq!(Timestamp::from(UNIX_EPOCH - second), Timestamp(0), "the clock was never set");
        assert_eq!(Timestamp::from_ms(5).as_ms(), 5);
        assert_eq!(Timestamp(5_000).after(second), Timestamp(6_000));
        assert_eq!(Timestamp(5_000).before(second), Timestamp(4_000));
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        assert_eq!(Timestamp(i64::MAX - 1).after(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(0).before(Duration::MAX).0, -i64::MAX);
    }
}
