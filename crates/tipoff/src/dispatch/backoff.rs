//! When a channel that fails, or a single delivery, is tried again. Pure: time and chance are arguments.

use std::time::{Duration, Instant};

/// The pause after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// No pause is longer, unless the service asks for it.
const LONGEST: Duration = Duration::from_secs(300);
/// No pause is longer while the destination cannot be reached. With the time that a connection takes
/// to come up, the first alert arrives within 30 s of the destination's return.
const LONGEST_UNREACHABLE: Duration = Duration::from_secs(25);
/// A new alert is tried at once, but no sooner than this after the last attempt.
pub(crate) const AFTER_ALERT: Duration = Duration::from_secs(5);
/// The same for a change of the network: it comes back in several steps within seconds.
pub(crate) const AFTER_NETWORK: Duration = Duration::from_secs(1);

/// Why a service takes no delivery for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No answer came: only another attempt can show that the destination is back.
    Unreachable,
    /// The service answered and accepts nothing; with the pause that it asked for.
    NotNow(Option<Duration>),
}

/// A channel that fails: how often it has failed, and when the next attempt begins.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    /// Why the latest attempt failed.
    reason: Reason,
    /// Attempts that have failed since the channel last worked.
    failures: u32,
    /// Those of them that were answered: the first 503 of a service that is starting is not the
    /// hundredth failure.
    answered: u32,
    /// Attempts that began, including those that hang.
    tries: u32,
    /// When the latest attempt began.
    tried_at: Instant,
    /// When the next attempt may begin.
    next_at: Instant,
}

impl Backoff {
    /// For a channel that worked until the attempt that began at `began` failed `now`.
    pub(crate) fn new(reason: Reason, began: Instant, now: Instant, chance: f64) -> Self {
        let mut backoff =
            Self { reason, failures: 0, answered: 0, tries: 1, tried_at: began, next_at: now };
        backoff.fail(reason, began, now, chance);
        backoff
    }

    /// The attempt that began at `began` has failed `now`.
    pub(crate) fn fail(&mut self, reason: Reason, began: Instant, now: Instant, chance: f64) {
        self.reason = reason;
        self.failures = self.failures.saturating_add(1);
        self.next_at = match reason {
            Reason::Unreachable => {
                // From the beginning of the attempt: a time-out does not lengthen the pause.
                let next_at = began + pause(self.tries, LONGEST_UNREACHABLE, chance);
                next_at.max(now + FIRST.mul_f64(jitter(chance)))
            }
            Reason::NotNow(after) => {
                self.answered = self.answered.saturating_add(1);
                now + after.unwrap_or_else(|| pause(self.answered, LONGEST, chance))
            }
        };
    }

    /// An attempt that began before the channel failed has failed as well: it says nothing new, but for
    /// a longer pause that the service asks for.
    pub(crate) fn fail_stale(&mut self, reason: Reason, now: Instant) {
        if let Reason::NotNow(Some(after)) = reason {
            self.next_at = self.next_at.max(now + after);
        }
    }

    /// An attempt begins `now`. The next one does not wait for its end: it may hang.
    pub(crate) fn begin(&mut self, now: Instant, chance: f64) {
        self.tried_at = now;
        self.tries = self.tries.saturating_add(1);
        let tries = match self.reason {
            Reason::Unreachable => self.tries,
            Reason::NotNow(_) => u32::MAX,
        };
        self.next_at = now + pause(tries, LONGEST_UNREACHABLE, chance);
    }

    /// The attempt that has begun did not ask the service: the next one may begin `now`.
    pub(crate) fn ask_now(&mut self, now: Instant) {
        self.next_at = self.next_at.min(now);
    }

    /// There is a reason to try: the next attempt begins `gap` after the last one, or now. Not if the service
    /// itself asked for a pause. Returns whether the attempt begins sooner than before.
    pub(crate) fn hurry(&mut self, gap: Duration, now: Instant) -> bool {
        let next_at = now.max(self.tried_at + gap);
        let sooner = self.reason == Reason::Unreachable && next_at < self.next_at;
        if sooner {
            self.next_at = next_at;
        }
        sooner
    }

    /// How long until the next attempt; zero if it may begin now.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.next_at.saturating_duration_since(now)
    }

    /// Whether the service answered without asking for a pause: the delivery may have caused the failure.
    pub(crate) fn is_answered(&self) -> bool {
        self.reason == Reason::NotNow(None)
    }

    /// How long until `gap` has passed since the last attempt began.
    pub(crate) fn rested(&self, gap: Duration, now: Instant) -> Duration {
        (self.tried_at + gap).saturating_duration_since(now)
    }

    /// How many attempts have failed since the channel last worked.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether an attempt that began before the channel failed, and succeeded, shows that it works again.
    pub(crate) fn ends_with_earlier_success(&self) -> bool {
        self.reason == Reason::Unreachable
    }
}

/// The pause of one delivery after `failures` failures in a row (at least one) that concern it alone.
pub(crate) fn pause_of_delivery(failures: u32, chance: f64) -> Duration {
    pause(failures, LONGEST, chance)
}

/// Doubles with each failure, up to `longest`. `chance`, from 0 to 1, spreads retries that would otherwise
/// coincide.
fn pause(failures: u32, longest: Duration, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(longest).mul_f64(jitter(chance))
}

/// From three quarters to one.
fn jitter(chance: f64) -> f64 {
    0.75 + chance.clamp(0.0, 1.0) / 4.0
}

/// A random number from 0 to 1; the middle if the system has no randomness.
pub(crate) fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The pauses between attempts that each take so long, and that never succeed.
    fn pauses(reason: Reason, takes: Duration, count: usize) -> Vec<u64> {
        let mut now = Instant::now();
        let mut backoff = Backoff::new(reason, now, now, 1.0);
        let mut pauses = Vec::new();
        for _ in 0..count {
            let wait = backoff.wait(now);
            pauses.push(wait.as_secs());
            now += wait;
            backoff.begin(now, 1.0);
            backoff.fail(reason, now, now + takes, 1.0);
            now += takes;
        }
        pauses
    }

    #[test]
    fn a_service_that_answers_is_asked_less_and_less_often() {
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
        assert_eq!(pauses(Reason::NotNow(None), s(0), 11), expected);
        assert_eq!(pauses(Reason::NotNow(Some(s(1000))), s(0), 2), [1000, 1000]);
    }

    #[test]
    fn a_destination_that_cannot_be_reached_is_tried_every_25_s_at_least() {
        assert_eq!(pauses(Reason::Unreachable, s(0), 8), [1, 2, 4, 8, 16, 25, 25, 25]);
        // A time-out of 10 s is a part of the pause.
        assert_eq!(pauses(Reason::Unreachable, s(10), 8), [1, 1, 1, 1, 6, 15, 15, 15]);
        let mut now = Instant::now();
        let mut backoff = Backoff::new(Reason::Unreachable, now, now, 1.0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            now += backoff.wait(now);
            // The attempt hangs, and the next one begins all the same.
            backoff.begin(now, 1.0);
            pauses.push(backoff.wait(now).as_secs());
        }
        assert_eq!(pauses, [2, 4, 8, 16, 25, 25, 25, 25]);
    }

    #[test]
    fn chance_only_shortens_a_pause() {
        for failures in [1, 3, 100, u32::MAX] {
            let (least, most) = (pause(failures, LONGEST, 0.0), pause(failures, LONGEST, 1.0));
            assert_eq!(least, most.mul_f64(0.75));
            assert!(most <= LONGEST);
        }
        assert!((0.0..=1.0).contains(&chance()));
    }

    #[test]
    fn a_new_alert_is_tried_at_once_and_every_5_s_at_most() {
        let start = Instant::now();
        let mut backoff = Backoff::new(Reason::Unreachable, start, start, 1.0);
        for _ in 0..10 {
            backoff.begin(start, 1.0);
            backoff.fail(Reason::Unreachable, start, start, 1.0);
        }
        assert_eq!(backoff.wait(start), s(25));
        assert!(backoff.hurry(AFTER_ALERT, start + s(1)));
        assert_eq!(backoff.wait(start + s(1)), s(4));
        assert!(backoff.hurry(AFTER_NETWORK, start + s(2)));
        assert_eq!(backoff.wait(start + s(2)), s(0));
        backoff.begin(start + s(2), 1.0);
        assert!(backoff.hurry(AFTER_ALERT, start + s(12)));
        assert_eq!(backoff.wait(start + s(12)), s(0));
        assert!(!backoff.hurry(AFTER_ALERT, start + s(13)), "it is due already");
    }

    #[test]
    fn nothing_hurries_a_service_that_asked_for_a_pause() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Reason::NotNow(Some(s(60))), now, now, 1.0);
        assert!(!backoff.hurry(AFTER_NETWORK, now + s(10)));
        assert_eq!(backoff.wait(now + s(10)), s(50));
        assert!(!backoff.ends_with_earlier_success());
        backoff.fail_stale(Reason::NotNow(Some(s(90))), now + s(1));
        backoff.fail_stale(Reason::NotNow(Some(s(5))), now + s(2));
        backoff.fail_stale(Reason::Unreachable, now + s(2));
        assert_eq!(backoff.wait(now + s(1)), s(90));
    }

    #[test]
    fn a_service_that_is_starting_is_asked_soon_after_a_long_outage() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Reason::Unreachable, now, now, 1.0);
        for _ in 0..100 {
            backoff.begin(now, 1.0);
            backoff.fail(Reason::Unreachable, now, now, 1.0);
        }
        backoff.begin(now, 1.0);
        backoff.fail(Reason::NotNow(None), now, now, 1.0);
        assert_eq!(backoff.wait(now), s(1));
        assert_eq!(backoff.failures(), 102);
    }
}
