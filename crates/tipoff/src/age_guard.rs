//! Which incidents may be removed by age, although the wall clock may be wrong. Pure.
//!
//! The age of an incident from before this run is by the wall clock; for an hour after the clock was set, or after a start at
//! which it may be wrong, nothing is removed by age. An incident of this run is removed when the run has lasted long enough
//! since, whatever the wall clock shows.

use std::collections::VecDeque;
use std::time::Duration;

use tipoff_spool::{AgeGuard, Newest, RetentionLimits};

use crate::config::Retention;
use crate::runtime::clock::Reading;

/// Nothing is removed by age for this long after the clock was set by [`JUMP_MIN`] or more, and after a start at which it may be
/// wrong.
const HOLD: Duration = Duration::from_secs(3600);
/// A smaller jump does not matter for ages of days.
pub(crate) const JUMP_MIN: Duration = Duration::from_secs(300);
/// A clock that is further than this from the newest arrival at the start may be wrong.
const GAP_MAX: Duration = Duration::from_secs(24 * 3600);
/// Time between two notes of the newest incident, by which ages are counted in the time of this run.
const NOTE_EVERY: Duration = Duration::from_secs(3600);
/// Limit of the notes. Beyond it every second one is dropped; incidents between two notes are removed later then.
const NOTES_MAX: usize = 1024;

/// Decides which incidents may be removed by age.
pub(crate) struct Eviction {
    /// Both clocks when the run began.
    began: Reading,
    /// The newest incident of that moment.
    before_run: Newest,
    /// The newest incident at a time of the run, the latest last.
    notes: VecDeque<(Duration, Newest)>,
}

impl Eviction {
    /// For a run that begins at `began`, when `before_run` is the newest incident.
    pub(crate) fn new(began: Reading, before_run: Newest) -> Self {
        Self { began, before_run, notes: VecDeque::from([(began.running, before_run)]) }
    }

    /// The limits of a sweep now. `newest` is the newest incident, `last_jump` the last time the clock was set by [`JUMP_MIN`] or
    /// more.
    pub(crate) fn keep(
        &mut self,
        retention: &Retention,
        bytes_max: u64,
        now: Reading,
        newest: Newest,
        last_jump: Option<Reading>,
    ) -> RetentionLimits {
        self.note(now.running, newest);
        let is_held = self.is_held(retention.keep, now, last_jump);
        RetentionLimits {
            age: if is_held { Duration::MAX } else { retention.keep },
            bytes_max,
            guard: AgeGuard {
                before_run: Some(self.before_run),
                counted: self.counted(now.running, retention.keep),
            },
        }
    }

    /// Whether nothing is removed by age now, because the clock was just set or may be wrong.
    fn is_held(&self, age: Duration, now: Reading, last_jump: Option<Reading>) -> bool {
        let is_since = |event: Reading| now.running.saturating_sub(event.running) < HOLD;
        let gap = self.before_run.received_at.map(|at| self.began.wall.since(at));
        let may_be_wrong = gap.is_some_and(|gap| gap > GAP_MAX.min(age));
        may_be_wrong && is_since(self.began) || last_jump.is_some_and(is_since)
    }

    /// Notes the newest incident, at most once an hour.
    fn note(&mut self, running: Duration, newest: Newest) {
        if self.notes.back().is_some_and(|(at, _)| running.saturating_sub(*at) < NOTE_EVERY) {
            return;
        }
        if self.notes.len() >= NOTES_MAX {
            let mut number = 0;
            self.notes.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        self.notes.push_back((running, newest));
    }

    /// The newest incident that has at least this age in the time of the run; all before it are older.
    fn counted(&self, running: Duration, age: Duration) -> Option<Newest> {
        let old = |(at, _): &&(Duration, Newest)| running.saturating_sub(*at) >= age;
        self.notes.iter().rev().find(old).map(|(_, newest)| *newest)
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{ArrivalId, IncidentId, Timestamp};

    use super::*;
    use crate::runtime::clock::tests::{DAY, HOUR};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
    const AGE: Duration = Duration::from_secs(30 * 24 * 3600);

    fn newest(number: i64, at: Timestamp) -> Newest {
        Newest {
            incident: IncidentId(number),
            arrival: ArrivalId(number),
            received_at: Some(at),
            recorded_at: Some(at),
        }
    }

    fn after(running: Duration) -> Reading {
        Reading { wall: NOW.after(running), running }
    }

    fn keep(
        eviction: &mut Eviction,
        number: i64,
        now: Reading,
        jump: Option<Reading>,
    ) -> RetentionLimits {
        let retention = Retention { keep: AGE, max_size: None, min_free: 0 };
        eviction.keep(&retention, 1, now, newest(number, now.wall), jump)
    }

    #[test]
    fn nothing_goes_by_age_for_an_hour_after_the_clock_was_set() {
        let mut eviction = Eviction::new(after(Duration::ZERO), newest(1, NOW));
        let now = after(2 * HOUR);
        assert_eq!(keep(&mut eviction, 2, now, None).age, AGE);
        assert_eq!(keep(&mut eviction, 2, now, Some(after(2 * HOUR))).age, Duration::MAX);
        assert_eq!(keep(&mut eviction, 2, now, Some(after(HOUR))).age, AGE);
    }

    #[test]
    fn nothing_goes_by_age_for_an_hour_after_a_start_a_day_behind_the_newest_arrival() {
        for (gap, age) in [(Duration::ZERO, AGE), (DAY, AGE), (DAY + HOUR, Duration::MAX)] {
            let began = Reading { wall: NOW.after(gap), running: Duration::ZERO };
            let mut eviction = Eviction::new(began, newest(1, NOW));
            assert_eq!(keep(&mut eviction, 1, began, None).age, age, "{gap:?}");
            assert_eq!(keep(&mut eviction, 1, after(HOUR), None).age, AGE, "{gap:?}");
        }
        let mut behind = Eviction::new(after(Duration::ZERO), newest(1, NOW.after(DAY)));
        assert_eq!(keep(&mut behind, 1, after(Duration::ZERO), None).age, AGE);
    }

    #[test]
    fn what_came_in_this_run_goes_when_the_run_has_lasted_that_long() {
        let mut eviction = Eviction::new(after(Duration::ZERO), newest(1, NOW));
        let mut number = 1;
        let mut now = Duration::ZERO;
        while now < AGE + 10 * DAY {
            now += Duration::from_secs(300);
            number += 1;
            let guard = keep(&mut eviction, number, after(now), None).guard;
            assert_eq!(guard.before_run.map(|it| it.incident.0), Some(1));
            let counted = guard.counted.map(|it| it.incident.0);
            let expected = now.checked_sub(AGE).map(|age| 1 + age.as_secs() as i64 / 300);
            match (counted, expected) {
                // Notes are an hour apart.
                (Some(counted), Some(expected)) => {
                    assert!(counted <= expected && counted + 12 >= expected, "{now:?}");
                }
                other => assert_eq!(other, (None, None), "{now:?}"),
            }
        }
    }

    #[test]
    fn notes_are_bounded() {
        let mut eviction = Eviction::new(after(Duration::ZERO), newest(1, NOW));
        for hour in 0..5_000 {
            keep(&mut eviction, i64::from(hour) + 1, after(HOUR * hour), None);
            assert!(eviction.notes.len() <= NOTES_MAX);
        }
        let guard = keep(&mut eviction, 9_999, after(HOUR * 5_000), None).guard;
        let counted = guard.counted.unwrap().incident.0;
        assert!((4_000..=5_000 - 720 + 1).contains(&counted), "{counted}");
    }
}
