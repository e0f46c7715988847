//! The addresses of discovered devices that wait for a turn in a channel's queue. Next is the one that has had no turn
//! for longest: a camera that sends now and then does not wait for a whole round of strangers at many addresses. An
//! address that never had a turn counts as if it had one when it was first seen waiting, so that ever new addresses
//! do not go before those that wait; of those seen at once the longest known goes first. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tipoff_model::Timestamp;

use crate::Result;

/// Number of places whose latest turn is remembered when others are looked for.
const REMEMBERED_MAX: usize = 1_024;
/// Number of places that are looked for together; with more, those that follow are looked for next.
pub(crate) const LOOKED_AT_MAX: usize = 512;
/// While any of the places that were found waits, nobody looks for others within this time: it takes milliseconds.
const LOOKED_FOR: Duration = Duration::from_millis(250);

/// When a place had its latest turn, or was first seen; of equals the longest known goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Latest {
    /// An even number for a turn, and the odd one after the latest turn for a place without one.
    turn: u64,
    first_seen_at: Timestamp,
}

/// The places that wait, and those that had the latest turns. Lost at an end, without harm.
#[derive(Debug, Default)]
pub(crate) struct WaitingPlaces {
    /// Twice the number of turns until now.
    turn: u64,
    latest: HashMap<String, Latest>,
    /// In the order of their turns.
    waiting: VecDeque<String>,
    looked_at: Option<Instant>,
}

impl WaitingPlaces {
    /// Whether the places that were found last are new enough to be used.
    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        self.looked_at.is_some_and(|at| now.saturating_duration_since(at) < LOOKED_FOR)
    }

    /// Takes the places that wait now, in place of those found before. `first_seen_at` is asked for places without
    /// a turn: when the first device there was seen (`None`: no device is there, it goes last).
    pub(crate) fn found(
        &mut self,
        mut waiting: Vec<String>,
        now: Instant,
        first_seen_at: impl Fn(&str) -> Result<Option<Timestamp>>,
    ) -> Result<()> {
        self.bound();
        for place in &waiting {
            if !self.latest.contains_key(place) {
                let first_seen_at = first_seen_at(place)?.unwrap_or(Timestamp(i64::MAX));
                // Behind all that had a turn until now, and before the next that has one.
                let latest = Latest { turn: self.turn + 1, first_seen_at };
                self.latest.insert(place.clone(), latest);
            }
        }
        waiting.sort_by(|one, other| {
            let key = |place| (self.latest.get(place), place);
            key(one).cmp(&key(other))
        });
        self.waiting = waiting.into();
        self.looked_at = Some(now);
        Ok(())
    }

    /// The place whose turn it is, of those that have room.
    pub(crate) fn next(&self, has_room: impl Fn(&str) -> bool) -> Option<String> {
        self.waiting.iter().find(|place| has_room(place)).cloned()
    }

    /// Notes that the place has a turn: it is the last in the order from now on.
    pub(crate) fn took(&mut self, place: &str) {
        self.turn += 2;
        if let Some(latest) = self.latest.get_mut(place) {
            latest.turn = self.turn;
        }
        let at = self.waiting.iter().position(|waiting| waiting == place);
        let place = at.and_then(|at| self.waiting.remove(at));
        self.waiting.extend(place);
    }

    /// Notes that the place has nothing more to deliver.
    pub(crate) fn has_nothing(&mut self, place: &str) {
        self.waiting.retain(|waiting| waiting != place);
    }

    /// Forgets the places that had a turn, or were first seen, last: those that had none for long must be known.
    fn bound(&mut self) {
        if self.latest.len() <= REMEMBERED_MAX {
            return;
        }
        let mut all: Vec<Latest> = self.latest.values().copied().collect();
        all.sort_unstable();
        if let Some(last) = all.get(REMEMBERED_MAX / 2).copied() {
            self.latest.retain(|_, latest| *latest < last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|it| format!("10.0.{}.{}", it / 250, it % 250)).collect()
    }

    fn find(all: &mut WaitingPlaces, waiting: Vec<String>) {
        all.found(waiting, Instant::now(), |_| Ok(None)).unwrap();
    }

    #[test]
    fn a_place_that_had_no_turn_for_longest_goes_first_whoever_comes_new() {
        let mut all = WaitingPlaces::default();
        let camera = vec!["192.168.1.20".to_owned()];
        find(&mut all, camera.clone());
        assert_eq!(all.next(|_| true), Some(camera[0].clone()));
        all.took(&camera[0]);
        find(&mut all, places(0..200));
        for _ in 0..50 {
            let place = all.next(|_| true).unwrap();
            all.took(&place);
        }
        find(&mut all, [places(0..400), camera.clone()].concat());
        assert_eq!(all.next(|_| true), Some(camera[0].clone()), "it had its turn before them");
        all.took(&camera[0]);
        // Those that were first seen when it had its turn do not go before it again and again.
        for _ in 0..400 {
            let place = all.next(|_| true).unwrap();
            assert_ne!(place, camera[0]);
            all.took(&place);
        }
        assert_eq!(all.next(|_| true), Some(camera[0].clone()), "nobody is left out");
    }

    #[test]
    fn of_those_seen_at_once_the_longest_known_goes_first() {
        let first_seen_at = |place: &str| {
            Ok(match place {
                "10.0.0.1" => Some(Timestamp(9)),
                "10.0.0.2" => Some(Timestamp(7)),
                _ => None,
            })
        };
        let mut all = WaitingPlaces::default();
        all.found(places(0..4), Instant::now(), first_seen_at).unwrap();
        assert_eq!(all.next(|_| true).unwrap(), "10.0.0.2");
        assert_eq!(all.next(|place| place != "10.0.0.2").unwrap(), "10.0.0.1");
        all.has_nothing("10.0.0.2");
        assert_eq!(all.next(|_| true).unwrap(), "10.0.0.1");
    }

    #[test]
    fn a_bounded_number_is_remembered_and_those_without_a_turn_for_long_are_among_them() {
        let mut all = WaitingPlaces::default();
        for number in 0..100 {
            find(&mut all, places(number * 100..(number + 1) * 100));
            all.took(&places(number * 100..number * 100 + 1)[0]);
            assert!(all.latest.len() <= REMEMBERED_MAX + LOOKED_AT_MAX);
        }
        assert!(all.latest.contains_key("10.0.0.1"));
        assert!(!all.latest.contains_key(&places(8_001..8_002)[0]));
    }

    #[test]
    fn what_was_found_is_used_for_a_quarter_of_a_second() {
        let (mut all, now) = (WaitingPlaces::default(), Instant::now());
        assert!(!all.is_fresh(now));
        all.found(Vec::new(), now, |_| Ok(None)).unwrap();
        let after = |ms| now + Duration::from_millis(ms);
        assert!(all.is_fresh(now) && all.is_fresh(after(249)) && !all.is_fresh(after(250)));
    }
}
