//! When a camera is asked again. Pure: chance is an argument.

use std::time::Duration;

/// The pause after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause. With the time of a connection, an event comes within half a minute after the network is back.
const LONGEST: Duration = Duration::from_secs(20);
/// The pause after an answer that only a change at the camera can change.
const PATIENT: Duration = Duration::from_secs(60);
/// A stream that lasted for so long has worked: the next pause is the first one again.
pub(super) const STEADY: Duration = Duration::from_secs(30);

/// How soon asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once: nothing came, or the connection broke.
    Soon,
    /// After a change at the camera: it answered, and the answer was no.
    Long,
}

/// The failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pauses {
    failures: u32,
}

impl Pauses {
    /// The pause after a failure. `chance` is from 0 to 1: cameras that failed at once are not asked at once.
    pub(super) fn after_failure(&mut self, patience: Patience, chance: f64) -> Duration {
        let grown = FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let longest = if patience == Patience::Long { PATIENT } else { grown };
        longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// The camera has answered as it should, for so long.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= STEADY {
            self.failures = 0;
        }
    }
}

/// A chance.
pub(super) fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(count: usize, chance: f64) -> Vec<u64> {
        let mut pauses = Pauses::default();
        let next = |_| pauses.after_failure(Patience::Soon, chance).as_millis() as u64;
        (0..count).map(next).collect()
    }

    #[test]
    fn pauses_grow_to_twenty_seconds_and_depend_on_chance() {
        assert_eq!(pauses(7, 1.0), [1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        assert_eq!(pauses(7, 0.0), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(pauses(300, 1.0)[299], 20000);
    }

    #[test]
    fn a_stream_that_lasted_begins_with_the_first_pause_again() {
        let mut pauses = Pauses::default();
        for _ in 0..9 {
            pauses.after_failure(Patience::Soon, 1.0);
        }
        pauses.lasted(STEADY - Duration::from_millis(1));
        assert_eq!(
            pauses.after_failure(Patience::Soon, 1.0),
            LONGEST,
            "it breaks at once each time"
        );
        pauses.lasted(STEADY);
        assert_eq!(pauses.after_failure(Patience::Soon, 1.0), FIRST);
    }

    #[test]
    fn an_answer_that_says_no_is_asked_for_less_often() {
        assert_eq!(Pauses::default().after_failure(Patience::Long, 1.0), PATIENT);
    }
}
