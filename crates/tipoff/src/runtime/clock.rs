//! The clock of the program: the wall clock, compared with a clock that cannot be set.
//!
//! Whatever must not happen early because the wall clock was set, was wrong at the start, or stood still while the machine
//! slept, is measured here: expiry, eviction, lateness, inactivity. All rooms get the clock as an argument, so that a test
//! sets the time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use tipoff_model::Timestamp;

use crate::runtime::lock::lock;

/// The wall clock counts as set if it differs by at least this from the time that has passed. NTP slews smaller differences.
const JUMP_MIN: Duration = Duration::from_secs(2);
/// A clock that differs by at least this from the database's is set to it.
const FOLLOW_MIN: Duration = Duration::from_millis(500);
/// [`Clock::read`] is called at least this often, so that a jump is noticed.
pub(crate) const READ_EVERY: Duration = Duration::from_secs(2);
/// A time recorded so long before a jump was noticed may be of either side of the jump.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);
/// Frames that are remembered, and jumps that wait to be taken; beyond that the oldest frame is forgotten.
const FRAMES_MAX: usize = 64;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Time of day.
    pub(crate) wall: Timestamp,
    /// Time since the program started, without the time in which the machine slept (on Linux `CLOCK_MONOTONIC`).
    pub(crate) running: Duration,
}

/// The wall clock was set, forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// By this much; also after the machine slept.
    Forward(Duration),
    /// By this much.
    Back(Duration),
}

/// The clock of one run of the program. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock(Arc<ClockShared>);

/// The state behind [`Clock`].
struct ClockShared {
    /// Reads both clocks of the machine, or those of a test.
    source: Box<dyn Fn() -> Reading + Send + Sync>,
    /// When the clock of a database was last taken over, where there is one.
    led: Option<Arc<Mutex<Reading>>>,
    history: Mutex<History>,
}

impl Clock {
    /// The clocks of this machine. The run begins now.
    pub(crate) fn system() -> Self {
        let began = Instant::now();
        Self::new(move || Reading { wall: SystemTime::now().into(), running: began.elapsed() })
    }

    /// The clock of a database, which showed `now` just now: nodes that share one have the same time, whatever the
    /// clocks of their machines show. [`Clock::follow`] keeps it right.
    pub(crate) fn of_database(now: Timestamp) -> Self {
        let began = Instant::now();
        let led = Arc::new(Mutex::new(Reading { wall: now, running: Duration::ZERO }));
        let shown = Arc::clone(&led);
        let source = move || {
            let (led, running) = (*lock(&shown), began.elapsed());
            Reading { wall: led.wall.after(running.saturating_sub(led.running)), running }
        };
        let reading = source();
        let history = Mutex::new(History::new(reading));
        Self(Arc::new(ClockShared { source: Box::new(source), led: Some(led), history }))
    }

    /// The database's clock shows `now`. Clocks that follow none, and differences that come from the way, stay.
    pub(crate) fn follow(&self, now: Timestamp) {
        let Some(led) = &self.0.led else { return };
        let shown = (self.0.source)();
        if shown.wall.since(now).max(now.since(shown.wall)) >= FOLLOW_MIN {
            *lock(led) = Reading { wall: now, running: shown.running };
        }
    }

    /// The clocks that `source` reads.
    pub(crate) fn new(source: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let history = Mutex::new(History::new(source()));
        Self(Arc::new(ClockShared { source: Box::new(source), led: None, history }))
    }

    /// Both clocks now.
    pub(crate) fn read(&self) -> Reading {
        let mut history = self.history();
        // Under the lock, so that readings are observed in their order.
        let reading = (self.0.source)();
        history.observe(reading);
        reading
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.read().wall
    }

    /// The jumps since this was last called, in their order.
    pub(crate) fn take_jumps(&self) -> Vec<Jump> {
        self.read();
        std::mem::take(&mut self.history().unread)
    }

    /// When the wall clock last jumped by at least `min`.
    pub(crate) fn last_jump(&self, min: Duration) -> Option<Reading> {
        self.history().last_jump(min)
    }

    /// How long ago `recorded` was, and no longer than can be proven.
    pub(crate) fn proven_age(&self, recorded: Timestamp) -> Age {
        let reading = self.read();
        self.history().age(recorded, reading)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.0.history)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&(self.0.source)()).finish()
    }
}

/// How long ago something was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// In this run, by the clock that cannot be set.
    InThisRun(Duration),
    /// Before this run: by the wall clock, and as it would stand if it had not been set in this run.
    BeforeThisRun(Duration),
}

impl Age {
    /// The age itself.
    pub(crate) fn duration(self) -> Duration {
        match self {
            Self::InThisRun(age) | Self::BeforeThisRun(age) => age,
        }
    }
}

/// A time in which the wall clock was not set.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Both clocks when it began.
    began: Reading,
    /// When the clock was last read in it, in the time of this run.
    until: Duration,
    /// By how much the wall clock was set to begin it; zero for the first.
    jump: Duration,
}

impl Frame {
    /// The time of this run at a time of day; `None` if that is not in this frame.
    fn running_at(&self, wall: Timestamp) -> Option<Duration> {
        let running = if wall >= self.began.wall {
            self.began.running.saturating_add(wall.since(self.began.wall))
        } else {
            let before = self.began.wall.since(wall);
            if before > NOTICED_WITHIN {
                return None;
            }
            self.began.running.saturating_sub(before)
        };
        (running <= self.until.saturating_add(NOTICED_WITHIN)).then_some(running.min(self.until))
    }

    /// The time of day if the clock had not been set again.
    fn wall_at(&self, running: Duration) -> Timestamp {
        self.began.wall.after(running.saturating_sub(self.began.running))
    }
}

/// What the wall clock did in this run. Pure.
struct History {
    /// The frame in which the run began.
    first: Frame,
    /// The latest last; never empty.
    frames: VecDeque<Frame>,
    /// Jumps that nobody has taken yet.
    unread: Vec<Jump>,
}

impl History {
    fn new(began: Reading) -> Self {
        let first = Frame { began, until: began.running, jump: Duration::ZERO };
        Self { first, frames: VecDeque::from([first]), unread: Vec::new() }
    }

    /// Takes a reading: it continues the latest frame, or begins one after a jump.
    fn observe(&mut self, reading: Reading) {
        let Some(latest) = self.frames.back_mut() else {
            return;
        };
        let expected = latest.wall_at(reading.running);
        let (forward, back) = (reading.wall.since(expected), expected.since(reading.wall));
        if forward.max(back) < JUMP_MIN {
            latest.until = latest.until.max(reading.running);
            return;
        }
        let (jump, by) = if back.is_zero() {
            (Jump::Forward(forward), forward)
        } else {
            (Jump::Back(back), back)
        };
        if self.unread.len() < FRAMES_MAX {
            self.unread.push(jump);
        }
        if self.frames.len() >= FRAMES_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame { began: reading, until: reading.running, jump: by });
    }

    fn last_jump(&self, min: Duration) -> Option<Reading> {
        let jump =
            self.frames.iter().rev().find(|frame| !frame.jump.is_zero() && frame.jump >= min);
        jump.map(|frame| frame.began)
    }

    /// The age of a record. If the clock showed its time at several moments of this run, the latest counts, so that the record
    /// is never taken for older than it is.
    fn age(&self, recorded: Timestamp, now: Reading) -> Age {
        let at = self.frames.iter().filter_map(|frame| frame.running_at(recorded)).max();
        match at {
            Some(at) => Age::InThisRun(now.running.saturating_sub(at)),
            None => {
                // The clock may have been wrong at the start, or be wrong now: what is least counts.
                let frames = self.frames.iter().chain([&self.first]);
                let ages = frames.map(|frame| frame.wall_at(now.running).since(recorded));
                Age::BeforeThisRun(ages.min().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    pub(crate) const HOUR: Duration = Duration::from_secs(3600);
    pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Clocks that a test sets.
    #[derive(Clone)]
    pub(crate) struct Hands {
        wall_ms: Arc<AtomicI64>,
        running_ms: Arc<AtomicI64>,
        /// Since when time passes by itself as well.
        ticks_since: Option<Instant>,
    }

    impl Hands {
        /// A run that begins at this time of day. Time passes only when the test says so.
        pub(crate) fn at(wall: Timestamp) -> (Self, Clock) {
            Self::new(wall, None)
        }

        /// The same, but time passes by itself.
        pub(crate) fn ticking_at(wall: Timestamp) -> (Self, Clock) {
            Self::new(wall, Some(Instant::now()))
        }

        fn new(wall: Timestamp, ticks_since: Option<Instant>) -> (Self, Clock) {
            let wall_ms = Arc::new(AtomicI64::new(wall.as_ms()));
            let hands = Self { wall_ms, running_ms: Arc::default(), ticks_since };
            let read = hands.clone();
            (hands, Clock::new(move || read.reading()))
        }

        fn reading(&self) -> Reading {
            let running = self.running_ms.load(Ordering::Relaxed).unsigned_abs();
            let wall = Timestamp::from_ms(self.wall_ms.load(Ordering::Relaxed));
            let ticked = self.ticked();
            Reading {
                wall: wall.after(ticked),
                running: Duration::from_millis(running).saturating_add(ticked),
            }
        }

        fn ticked(&self) -> Duration {
            self.ticks_since.map(|since| since.elapsed()).unwrap_or_default()
        }

        /// Time passes.
        pub(crate) fn pass(&self, time: Duration) {
            let ms = i64::try_from(time.as_millis()).unwrap();
            self.wall_ms.fetch_add(ms, Ordering::Relaxed);
            self.running_ms.fetch_add(ms, Ordering::Relaxed);
        }

        /// The wall clock is set.
        pub(crate) fn set(&self, wall: Timestamp) {
            self.wall_ms.store(wall.before(self.ticked()).as_ms(), Ordering::Relaxed);
        }
    }

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_is_slewed_is_not() {
        let (hands, clock) = Hands::at(NOW);
        hands.pass(HOUR);
        assert_eq!(clock.take_jumps(), []);
        // A thousandth too fast, as NTP corrects a clock.
        for _ in 0..100 {
            hands.pass(Duration::from_secs(10));
            hands.set(clock.now().after(Duration::from_millis(10)));
            clock.read();
        }
        assert_eq!(clock.take_jumps(), []);
        let now = clock.now();
        hands.set(now.before(HOUR));
        let Ok([Jump::Back(by)]) = <[_; 1]>::try_from(clock.take_jumps()) else {
            panic!("one jump back")
        };
        assert!(by >= HOUR - JUMP_MIN && by <= HOUR, "{by:?}");
        assert_eq!(clock.last_jump(Duration::ZERO).unwrap().wall, now.before(HOUR));
        hands.set(now.after(40 * DAY));
        assert!(matches!(clock.take_jumps()[..], [Jump::Forward(by)] if by > 40 * DAY));
        assert_eq!(clock.last_jump(41 * DAY), None);
    }

    #[test]
    fn the_age_of_what_was_recorded_in_this_run_is_not_changed_by_a_jump() {
        for set_to in [NOW.after(40 * DAY), NOW.after(DAY), NOW.before(HOUR), NOW.before(40 * DAY)]
        {
            let (hands, clock) = Hands::at(NOW);
            hands.pass(HOUR);
            let before = clock.now();
            hands.pass(HOUR);
            clock.read();
            hands.set(set_to);
            // Recorded before the jump is noticed.
            let during = set_to;
            hands.pass(READ_EVERY);
            clock.read();
            let after = clock.now();
            hands.pass(HOUR);
            let age = |recorded| match clock.proven_age(recorded) {
                Age::InThisRun(age) => age.as_secs(),
                other => panic!("{other:?}"),
            };
            assert_eq!(age(after), 3600, "{set_to:?}");
            assert!((3600..=3602).contains(&age(during)), "{set_to:?}");
            let before = age(before);
            assert!(before == 7202 || before == 3600 && set_to == NOW.before(HOUR), "{before}");
        }
    }

    #[test]
    fn what_was_recorded_before_the_run_is_no_older_than_the_clock_ever_said() {
        let (hands, clock) = Hands::at(NOW);
        hands.pass(HOUR);
        hands.set(NOW.after(40 * DAY));
        let age = clock.proven_age(NOW.before(DAY));
        assert_eq!(age, Age::BeforeThisRun(DAY + HOUR));
        let ahead = clock.proven_age(NOW.after(20 * DAY));
        assert_eq!(ahead, Age::BeforeThisRun(Duration::ZERO));
        let (hands, clock) = Hands::at(NOW.after(40 * DAY));
        hands.set(NOW);
        hands.pass(HOUR);
        assert_eq!(clock.proven_age(NOW.before(DAY)), Age::BeforeThisRun(DAY + HOUR));
    }
}
