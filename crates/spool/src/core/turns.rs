//! Whose turn it is in the queue of a channel. Known devices go before all others, one after the other, and those of
//! a recorder are one. Then the addresses of discovered devices have turns (`waiting_places.rs`), and at each address
//! its devices (`round.rs`); of a device the newest delivery goes first. So a thousand made-up senders at one address
//! wait for each other, and for nobody else. Pure: an engine answers what is in the queue (`queue.rs`).

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::queue::{DueQueue, Queued};
use super::round::{Round, next_turn};
use super::waiting_places::{LOOKED_AT_MAX, WaitingPlaces};
use crate::{Result, Room};

/// Number of places whose round of devices is remembered; at others it begins anew.
const PLACES_MAX: usize = 1_024;

/// The places of known devices: `#` and a number ([`super::turn_place`]). Those of addresses are greater.
const KNOWN: [&str; 2] = ["#", "$"];
/// The places of all others: digits and letters.
const DISCOVERED: [&str; 2] = ["$", "~"];

/// Who had the latest turns in a channel's queue. Lost at an end, without harm.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The known devices' place that had the latest turn.
    known: String,
    /// The address up to which waiting ones were looked for. Empty: up to the end.
    discovered: String,
    waiting: WaitingPlaces,
    rounds: HashMap<String, Round>,
}

/// The numbers of the deliveries of a channel that begin now, in order; without `room.claimed`.
///
/// # Errors
/// If the queue cannot be read.
pub(crate) fn pick(
    queue: &dyn DueQueue,
    room: &Room<'_>,
    turns: &mut Turns,
    now: Instant,
) -> Result<Vec<i64>> {
    let mut pick = Pick {
        queue,
        taken: room.claimed.iter().map(|claimed| claimed.0).collect(),
        of_share: room.of_share,
        busy: room.busy.iter().cloned().collect(),
        picked: Vec::new(),
    };
    let limit = room.limit as usize;
    pick.known(turns, limit.min(room.known as usize), room)?;
    let end = pick.picked.len().saturating_add(room.discovered as usize).min(limit);
    pick.discovered(turns, end, now)?;
    Ok(pick.picked)
}

/// The deliveries that are picked, and what is taken.
struct Pick<'a> {
    queue: &'a dyn DueQueue,
    /// Numbers of deliveries that are being attempted or picked.
    taken: HashSet<i64>,
    /// Number of slots that a place may take.
    of_share: u32,
    /// Number of slots that each place has taken.
    busy: HashMap<String, u32>,
    picked: Vec<i64>,
}

impl Pick<'_> {
    /// Picks of known devices until `end` are picked.
    fn known(&mut self, turns: &mut Turns, end: usize, room: &Room<'_>) -> Result<()> {
        // A place may have no slot, or nothing but what is being attempted.
        let max = end.saturating_add(room.busy.len()).saturating_add(room.claimed.len());
        let mut circle = VecDeque::from(self.circle(KNOWN, &turns.known, max)?);
        while self.picked.len() < end
            && let Some(place) = circle.pop_front()
        {
            if !self.is_full(&place) && self.take(&place, &mut turns.rounds)? {
                turns.known.clone_from(&place);
                circle.push_back(place);
            }
        }
        Ok(())
    }

    /// Picks of discovered devices until `end` are picked. Looks once, at most, which addresses wait.
    fn discovered(&mut self, turns: &mut Turns, end: usize, now: Instant) -> Result<()> {
        let mut may_look = true;
        if self.picked.len() < end && !turns.waiting.is_fresh(now) {
            self.look_for_waiting(turns, now)?;
            may_look = false;
        }
        while self.picked.len() < end {
            match turns.waiting.next(|place| !self.is_full(place)) {
                Some(place) => self.take_waiting(&place, turns)?,
                None if may_look => {
                    self.look_for_waiting(turns, now)?;
                    may_look = false;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn take_waiting(&mut self, place: &str, turns: &mut Turns) -> Result<()> {
        match self.take(place, &mut turns.rounds)? {
            true => turns.waiting.took(place),
            false => turns.waiting.has_nothing(place),
        }
        Ok(())
    }

    /// Looks which addresses wait, from where the last look ended.
    fn look_for_waiting(&self, turns: &mut Turns, now: Instant) -> Result<()> {
        let waiting = self.circle(DISCOVERED, &turns.discovered, LOOKED_AT_MAX)?;
        let last = waiting.last().filter(|_| waiting.len() >= LOOKED_AT_MAX);
        turns.discovered = last.cloned().unwrap_or_default();
        turns.waiting.found(waiting, now, |place| self.queue.first_seen_at(place))
    }

    /// The places of a range that have a ready delivery, beginning after `latest`, at most `max`.
    fn circle(&self, [first, end]: [&str; 2], latest: &str, max: usize) -> Result<Vec<String>> {
        let mut places = self.queue.places(latest.max(first), end, max)?;
        if places.len() < max && latest > first {
            places.extend(self.queue.places(first, latest, max - places.len())?);
        }
        Ok(places)
    }

    fn is_full(&self, place: &str) -> bool {
        self.busy.get(place).copied().unwrap_or_default() >= self.of_share
    }

    /// Picks the delivery whose turn is next at a place. `false`: nothing is left there.
    fn take(&mut self, place: &str, rounds: &mut HashMap<String, Round>) -> Result<bool> {
        let newest = |after, before| self.newest(place, after, before);
        let Some((round, queued)) = next_turn(rounds.get(place), newest)? else {
            return Ok(false);
        };
        if rounds.len() >= PLACES_MAX {
            rounds.clear();
        }
        rounds.insert(place.to_owned(), round);
        self.taken.insert(queued.delivery);
        *self.busy.entry(place.to_owned()).or_default() += 1;
        self.picked.push(queued.delivery);
        Ok(true)
    }

    /// The newest device with a number between these that has a delivery which is not taken, with the newest one.
    fn newest(&self, place: &str, after: i64, before: i64) -> Result<Option<Queued>> {
        let mut below = Queued::before_all_of(before);
        while let Some(found) = self.queue.newest(place, after, below)? {
            if !self.taken.contains(&found.delivery) {
                return Ok(Some(found));
            }
            below = found;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proptest::prelude::*;
    use tipoff_model::{DeliveryId, Timestamp};

    use super::*;

    /// A queue in memory: place, device and delivery of what is ready.
    #[derive(Default)]
    struct Memory {
        ready: RefCell<BTreeSet<(String, i64, i64)>>,
        /// Number of times that somebody looked for places.
        looks: RefCell<u32>,
    }

    impl Memory {
        fn add(&self, place: &str, device: i64, delivery: i64) {
            self.ready.borrow_mut().insert((place.to_owned(), device, delivery));
        }

        fn place_of(&self, delivery: i64) -> String {
            let ready = self.ready.borrow();
            ready.iter().find(|it| it.2 == delivery).unwrap().0.clone()
        }

        fn remove(&self, delivery: i64) {
            self.ready.borrow_mut().retain(|it| it.2 != delivery);
        }

        fn is_empty(&self) -> bool {
            self.ready.borrow().is_empty()
        }
    }

    impl DueQueue for Memory {
        fn newest(&self, place: &str, after: i64, below: Queued) -> Result<Option<Queued>> {
            let ready = self.ready.borrow();
            let of_place = ready.iter().filter(|it| it.0 == place && it.1 > after);
            let queued = of_place.map(|it| Queued { device: it.1, delivery: it.2 });
            Ok(queued.filter(|it| *it < below).max())
        }

        fn places(&self, after: &str, until: &str, max: usize) -> Result<Vec<String>> {
            *self.looks.borrow_mut() += 1;
            let ready = self.ready.borrow();
            let places: BTreeSet<&String> = ready.iter().map(|it| &it.0).collect();
            let between = |it: &&&String| it.as_str() > after && it.as_str() <= until;
            Ok(places.iter().filter(between).take(max).map(|it| (*it).clone()).collect())
        }

        fn first_seen_at(&self, _: &str) -> Result<Option<Timestamp>> {
            Ok(None)
        }
    }

    /// Picks and delivers; the places of what was picked.
    fn served(
        queue: &Memory,
        room: &Room<'_>,
        turns: &mut Turns,
        now: Instant,
    ) -> Vec<(String, i64)> {
        let picked = pick(queue, room, turns, now).unwrap();
        let served = picked.iter().map(|it| (queue.place_of(*it), *it)).collect();
        picked.iter().for_each(|it| queue.remove(*it));
        served
    }

    fn places(served: &[(String, i64)]) -> Vec<&str> {
        served.iter().map(|it| it.0.as_str()).collect()
    }

    #[test]
    fn known_devices_go_first_and_take_turns() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        for number in 0..3 {
            queue.add("10.0.0.1", 7, 10 + number);
            queue.add("#1", 1, 20 + number);
            queue.add("#2", 2, 30 + number);
        }
        let all = served(&queue, &Room::of(5, &[]), &mut turns, now);
        assert_eq!(places(&all), ["#1", "#2", "#1", "#2", "#1"]);
        let all = served(&queue, &Room::of(5, &[]), &mut turns, now);
        assert_eq!(places(&all), ["#2", "10.0.0.1", "10.0.0.1", "10.0.0.1"]);
    }

    #[test]
    fn the_turn_after_the_latest_known_device_is_that_of_the_next_number() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        for number in 0..9 {
            ["#1", "#2", "#3"].iter().zip(1..).for_each(|(place, device)| {
                queue.add(place, device, device * 100 + number);
            });
        }
        for expected in [["#1", "#2"], ["#3", "#1"], ["#2", "#3"]] {
            let all = served(&queue, &Room::of(2, &[]), &mut turns, now);
            assert_eq!(places(&all), expected);
        }
    }

    #[test]
    fn what_is_being_attempted_is_left_out_and_the_newest_goes_first() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        (1..=5).for_each(|delivery| queue.add("#1", 1, delivery));
        queue.add("#2", 2, 9);
        let claimed = [DeliveryId(5), DeliveryId(3), DeliveryId(9)];
        let picked = pick(&queue, &Room::of(9, &claimed), &mut turns, now).unwrap();
        assert_eq!(picked, [4, 2, 1]);
    }

    #[test]
    fn a_thousand_senders_at_one_address_wait_for_each_other_only() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        (0..1_000).for_each(|number| queue.add("10.0.0.9", 1_000 + number, 1_000 + number));
        let mut now_at = now;
        for number in 0..20 {
            queue.add("10.0.0.2", 2, 2 + number);
            now_at += Duration::from_secs(1);
            let all = served(&queue, &Room::of(2, &[]), &mut turns, now_at);
            assert_eq!(BTreeSet::from_iter(places(&all)), BTreeSet::from(["10.0.0.2", "10.0.0.9"]));
        }
    }

    #[test]
    fn addresses_are_looked_for_once_in_a_pick_and_then_not_for_a_while() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        let room = Room { known: 0, ..Room::of(1, &[]) };
        (1..=3).for_each(|delivery| queue.add("10.0.0.1", 1, delivery));
        let looks = |at: Instant, turns: &mut Turns| {
            *queue.looks.borrow_mut() = 0;
            served(&queue, &room, turns, at);
            *queue.looks.borrow()
        };
        let known = 1;
        assert_eq!(looks(now, &mut turns), known + 1);
        assert_eq!(looks(now, &mut turns), known);
        assert_eq!(looks(now + Duration::from_secs(1), &mut turns), known + 1);
        assert_eq!(looks(now + Duration::from_secs(1), &mut turns), known + 1, "nobody waits");
    }

    #[test]
    fn more_addresses_than_are_looked_for_together_all_have_turns() {
        let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
        let count = i64::try_from(2 * LOOKED_AT_MAX + 100).unwrap();
        (1..=count).for_each(|it| queue.add(&format!("10.0.{}.{}", it / 250, it % 250), it, it));
        let mut now_at = now;
        for _ in 0..3 {
            let limit = u32::try_from(LOOKED_AT_MAX).unwrap();
            served(&queue, &Room::of(limit, &[]), &mut turns, now_at);
            now_at += Duration::from_secs(1);
        }
        assert!(queue.is_empty());
    }

    /// What waits: known devices, and strangers at a few addresses.
    fn ready() -> impl Strategy<Value = Vec<(u8, i64)>> {
        proptest::collection::vec((0_u8..8, 0_i64..6), 0..60)
    }

    fn fill(queue: &Memory, ready: &[(u8, i64)], first: i64) {
        for ((place, device), delivery) in ready.iter().zip(first..) {
            match place {
                0..4 => queue.add(&format!("#{place}"), i64::from(*place), delivery),
                _ => {
                    queue.add(&format!("10.0.0.{place}"), i64::from(*place) * 10 + device, delivery)
                }
            }
        }
    }

    proptest! {
        #[test]
        fn all_is_delivered_in_the_end_and_no_limit_is_passed(
            ready in ready(),
            limit in 1_u32..9,
            known in 1_u32..9,
            discovered in 1_u32..9,
            of_share in 1_u32..4,
            later in ready(),
        ) {
            let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
            fill(&queue, &ready, 1);
            let mut later = Some(later);
            for number in 0_u32.. {
                let room = Room { limit, known, discovered, of_share, busy: &[], claimed: &[] };
                let now_at = now + Duration::from_secs(1) * number;
                let served = served(&queue, &room, &mut turns, now_at);
                let count = |of: &dyn Fn(&str) -> bool| served.iter().filter(|it| of(&it.0)).count();
                prop_assert!(served.len() <= limit as usize);
                prop_assert!(count(&|it| it.starts_with('#')) <= known as usize);
                prop_assert!(count(&|it| !it.starts_with('#')) <= discovered as usize);
                for (place, _) in &served {
                    prop_assert!(count(&|it| it == place) <= of_share as usize);
                }
                if let Some(later) = later.take() {
                    fill(&queue, &later, 1_000);
                } else if queue.is_empty() {
                    break;
                } else {
                    prop_assert!(!served.is_empty(), "what waits has its turn");
                }
            }
        }

        #[test]
        fn slots_that_are_taken_count(busy in 0_u32..4, of_share in 1_u32..4) {
            let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
            (0..9).for_each(|it| queue.add("#1", 1, 1 + it));
            (0..9).for_each(|it| queue.add("10.0.0.1", 2, 11 + it));
            let busy_places = [("#1".to_owned(), busy), ("10.0.0.1".to_owned(), busy)];
            let room = Room { of_share, busy: &busy_places, ..Room::of(20, &[]) };
            let served = served(&queue, &room, &mut turns, now);
            prop_assert_eq!(served.len() as u32, 2 * of_share.saturating_sub(busy));
        }

        #[test]
        fn places_that_always_have_something_have_equally_many_turns(
            count in 1_i64..7,
            limit in 1_u32..6,
            is_known: bool,
        ) {
            let (queue, mut turns, now) = (Memory::default(), Turns::default(), Instant::now());
            let place = |it: i64| if is_known { format!("#{it}") } else { format!("10.0.0.{it}") };
            for delivery in 0..20 {
                (1..=count).for_each(|it| queue.add(&place(it), it, 1 + it * 100 + delivery));
            }
            let mut had: HashMap<String, u32> = HashMap::new();
            for number in 0..12 {
                let now_at = now + Duration::from_secs(number);
                for (place, _) in served(&queue, &Room::of(limit, &[]), &mut turns, now_at) {
                    *had.entry(place).or_default() += 1;
                }
                let all = (1..=count).map(|it| had.get(&place(it)).copied().unwrap_or_default());
                let (least, most) = (all.clone().min().unwrap(), all.max().unwrap());
                prop_assert!(most - least <= 1 || queue.is_empty(), "{:?}", had);
                if had.values().any(|it| *it >= 20) {
                    break;
                }
            }
        }
    }
}
