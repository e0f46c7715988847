//! The addresses of discovered devices that wait for a turn in a channel's queue. Next is the one that has had no turn
//! for longest: a camera that sends now and then does not wait for a whole round of strangers at many addresses. Who
//! never had a turn counts as if it had one when it was first seen waiting, so that ever new addresses do not
//! go before those that wait; of those seen at once the longest known goes first.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::statement::{Sql, params};
use crate::Result;

/// Places whose latest turn is remembered.
const REMEMBERED_MAX: usize = 1_024;
/// Places that are looked at together; with more those that follow are looked at next.
pub(super) const LOOKED_AT_MAX: usize = 512;
/// How long it is not looked again who waits, while anybody of those that were found does: to look takes milliseconds.
const LOOKED_FOR: Duration = Duration::from_millis(250);

/// When a place had its latest turn; of equals the longest known goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Latest {
    turn: u64,
    first_heard_at: i64,
}

/// Who waits, and who had the latest turns. Lost at an end, without harm.
#[derive(Debug, Default)]
pub(super) struct WaitingPlaces {
    turn: u64,
    latest: HashMap<String, Latest>,
    /// In the order of their turns.
    waiting: VecDeque<String>,
    looked_at: Option<Instant>,
}

impl WaitingPlaces {
    /// Whether those that were found are still who waits.
    pub(super) fn is_fresh(&self) -> bool {
        self.looked_at.is_some_and(|at| at.elapsed() < LOOKED_FOR)
    }

    /// These wait now.
    pub(super) fn found(&mut self, sql: &dyn Sql, mut waiting: Vec<String>) -> Result<()> {
        self.bound();
        for place in &waiting {
            if !self.latest.contains_key(place) {
                let first_heard_at = first_heard_at(sql, place)?;
                // Behind all that had a turn until now.
                let latest = Latest { turn: self.turn + 1, first_heard_at };
                self.latest.insert(place.clone(), latest);
            }
        }
        waiting.sort_by(|one, other| {
            let key = |place| (self.latest.get(place), place);
            key(one).cmp(&key(other))
        });
        self.waiting = waiting.into();
        self.looked_at = Some(Instant::now());
        Ok(())
    }

    /// Whose turn it is of those that have room.
    pub(super) fn next(&self, has_room: impl Fn(&str) -> bool) -> Option<String> {
        self.waiting.iter().find(|place| has_room(place)).cloned()
    }

    /// It has a turn.
    pub(super) fn took(&mut self, place: &str) {
        self.turn += 1;
        if let Some(latest) = self.latest.get_mut(place) {
            latest.turn = self.turn;
        }
        let at = self.waiting.iter().position(|waiting| waiting == place);
        let place = at.and_then(|at| self.waiting.remove(at));
        self.waiting.extend(place);
    }

    /// It has nothing more to deliver.
    pub(super) fn has_nothing(&mut self, place: &str) {
        self.waiting.retain(|waiting| waiting != place);
    }

    /// Forgets those that had a turn, or were first seen, last: who had none for long is known by it.
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

fn first_heard_at(sql: &dyn Sql, place: &str) -> Result<i64> {
    let first = sql.row(
        "SELECT first_at FROM device WHERE place = ?1 ORDER BY first_at LIMIT 1",
        params![place],
        |row| row.get(0),
    )?;
    Ok(first.unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::schema;

    fn spool() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
    }

    fn places(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|it| format!("10.0.{}.{}", it / 250, it % 250)).collect()
    }

    #[test]
    fn who_had_no_turn_for_longest_goes_first_whoever_comes_new() {
        let connection = spool();
        let mut all = WaitingPlaces::default();
        let camera = vec!["192.168.1.20".to_owned()];
        all.found(&connection, camera.clone()).unwrap();
        assert_eq!(all.next(|_| true), Some(camera[0].clone()));
        all.took(&camera[0]);
        all.found(&connection, places(0..200)).unwrap();
        for _ in 0..50 {
            let place = all.next(|_| true).unwrap();
            all.took(&place);
        }
        all.found(&connection, [places(0..400), camera.clone()].concat()).unwrap();
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
        let connection = spool();
        let device = "INSERT INTO device (key, name, place, first_at) VALUES
            ('a', 'a', '10.0.0.1', 9), ('b', 'b', '10.0.0.2', 7), ('c', 'c', '10.0.0.2', 12)";
        connection.execute_batch(device).unwrap();
        let mut all = WaitingPlaces::default();
        all.found(&connection, places(0..4)).unwrap();
        assert_eq!(all.next(|_| true).unwrap(), "10.0.0.2");
        assert_eq!(all.next(|place| place != "10.0.0.2").unwrap(), "10.0.0.1");
        all.has_nothing("10.0.0.2");
        assert_eq!(all.next(|_| true).unwrap(), "10.0.0.1");
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let connection = spool();
        let mut all = WaitingPlaces::default();
        for number in 0..100 {
            all.found(&connection, places(number * 100..(number + 1) * 100)).unwrap();
            all.took(&places(number * 100..number * 100 + 1)[0]);
            assert!(all.latest.len() <= REMEMBERED_MAX + LOOKED_AT_MAX);
        }
        assert!(all.latest.contains_key("10.0.0.1"), "who had none for long is known by it");
    }
}
