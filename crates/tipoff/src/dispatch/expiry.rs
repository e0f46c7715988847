//! When a failing delivery expires: after `expire`, counted so that neither a clock that is set nor a time without
//! attempts makes it expire early.

use std::sync::Mutex;
use std::time::Duration;

use tipoff_model::Timestamp;

use crate::runtime::clock::{Age, Clock};
use crate::runtime::lock::lock;

/// A channel is tried for at least this long before a delivery expires, however old that is: the program or the
/// channel may have been stopped for a day, and the service may be unreachable at the first attempt.
const TRY_MIN: Duration = Duration::from_secs(3600);

/// When the deliveries of a channel expire.
pub(super) struct Expiry {
    clock: Clock,
    /// `expire` of the channel.
    after: Duration,
    /// When the channel was started, resumed, or given its settings, in the time of this run.
    trying_since: Mutex<Duration>,
}

impl Expiry {
    /// For a channel whose attempts begin now.
    pub(super) fn new(clock: Clock, after: Duration) -> Self {
        let trying_since = Mutex::new(clock.read().running);
        Self { clock, after, trying_since }
    }

    /// The channel was paused and is resumed now.
    pub(super) fn resume(&self) {
        let now = self.clock.read().running;
        *lock(&self.trying_since) = now;
    }

    /// Whether a delivery that was created at `created_at` and has just failed expires.
    pub(super) fn has_expired(&self, created_at: Timestamp) -> bool {
        let trying_since = *lock(&self.trying_since);
        let running = self.clock.read().running;
        let tried = running.saturating_sub(trying_since);
        let is_old = match self.clock.proven_age(created_at) {
            Age::InThisRun(age) => age >= self.after,
            // A clock that was wrong at the start delays the expiry by one `expire` at most.
            Age::BeforeThisRun(age) => age >= self.after || running >= self.after,
        };
        is_old && tried >= self.after.min(TRY_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock::tests::{DAY, HOUR, Hands};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_delivery_expires_after_its_time_in_one_run() {
        let (hands, clock) = Hands::at(NOW);
        let expiry = Expiry::new(clock.clone(), 24 * HOUR);
        hands.pass(HOUR);
        let created_at = clock.now();
        hands.pass(24 * HOUR - MINUTE);
        assert!(!expiry.has_expired(created_at));
        hands.pass(MINUTE);
        assert!(expiry.has_expired(created_at));
        let short = Expiry::new(clock.clone(), MINUTE);
        let created_at = clock.now();
        assert!(!short.has_expired(created_at));
        hands.pass(MINUTE);
        assert!(short.has_expired(created_at), "one that expires soon is not tried for an hour");
    }

    #[test]
    fn after_a_day_without_power_an_alert_is_tried_for_an_hour() {
        let (hands, clock) = Hands::at(NOW);
        let expiry = Expiry::new(clock, 24 * HOUR);
        let created_at = NOW.before(25 * HOUR);
        assert!(!expiry.has_expired(created_at), "at the first attempt");
        hands.pass(HOUR - MINUTE);
        assert!(!expiry.has_expired(created_at));
        hands.pass(MINUTE);
        assert!(expiry.has_expired(created_at));
    }

    #[test]
    fn a_channel_that_was_paused_for_a_day_is_tried_for_an_hour() {
        let (hands, clock) = Hands::at(NOW);
        let expiry = Expiry::new(clock, 24 * HOUR);
        hands.pass(30 * HOUR);
        expiry.resume();
        assert!(!expiry.has_expired(NOW));
        hands.pass(HOUR);
        assert!(expiry.has_expired(NOW));
    }

    #[test]
    fn no_jump_of_the_clock_expires_an_alert() {
        for jump in [DAY, 40 * DAY] {
            let (hands, clock) = Hands::at(NOW);
            let expiry = Expiry::new(clock.clone(), 24 * HOUR);
            let before_the_run = NOW.before(HOUR);
            hands.pass(2 * HOUR);
            let in_the_run = clock.now();
            hands.pass(MINUTE);
            clock.read();
            hands.set(clock.now().after(jump));
            assert!(!expiry.has_expired(before_the_run));
            assert!(!expiry.has_expired(in_the_run));
            // And back.
            hands.pass(2 * HOUR);
            clock.read();
            let ahead = clock.now();
            hands.pass(MINUTE);
            clock.read();
            hands.set(clock.now().before(jump));
            for created_at in [before_the_run, in_the_run, ahead] {
                assert!(!expiry.has_expired(created_at), "{created_at:?} of {jump:?}");
            }
            // Of two moments at which the clock showed a time the later one counts.
            hands.pass(jump + 24 * HOUR);
            for created_at in [before_the_run, in_the_run, ahead] {
                assert!(expiry.has_expired(created_at), "{created_at:?} of {jump:?}");
            }
        }
    }

    #[test]
    fn a_clock_that_was_wrong_at_the_start_keeps_no_alert_for_ever() {
        let (hands, clock) = Hands::at(Timestamp::from_ms(0));
        let expiry = Expiry::new(clock, 24 * HOUR);
        hands.pass(MINUTE);
        hands.set(NOW);
        assert!(!expiry.has_expired(NOW.before(DAY)));
        hands.pass(23 * HOUR);
        assert!(!expiry.has_expired(NOW.before(DAY)));
        hands.pass(HOUR);
        assert!(expiry.has_expired(NOW.before(DAY)));
    }
}
