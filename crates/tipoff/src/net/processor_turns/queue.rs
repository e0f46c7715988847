//! Who is next: of the addresses that wait the one that has used least, of its connections the one that has used
//! least. Pure: knows no clock and no task.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// An address that was quiet may use this much before its turns are counted against those of others: a camera's
/// mail needs a few milliseconds.
const CREDIT: Duration = Duration::from_millis(20);
/// The same for a known device.
const CREDIT_KNOWN: Duration = Duration::from_millis(200);
/// A known device's time counts for a stranger's time divided by this.
const WEIGHT_KNOWN: u32 = 4;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 4096;

/// How well a connection's device is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rank {
    /// Configured, added or named by a person, with its password where it has one.
    Known,
    /// Everybody else.
    Stranger,
}

/// Who shares are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TurnParty {
    pub(super) rank: Rank,
    pub(super) address: IpAddr,
}

/// Those who wait for a turn, and what each address has used.
pub(super) struct TurnQueue<W> {
    free: usize,
    parties: HashMap<TurnParty, PartyState<W>>,
    /// Parties that wait, by what they have used.
    waiting: BTreeSet<(Duration, TurnParty)>,
    /// What the party had used that was given the last turn: the others that work have used about as much.
    level: Duration,
    /// Numbers those who wait.
    number: u64,
}

struct PartyState<W> {
    /// Time at work, counted from the level at which it began.
    used: Duration,
    /// Turns under way.
    working: usize,
    /// Its connections that wait: by what each has used, then by who came first.
    waiting: BTreeMap<(Duration, u64), W>,
}

impl<W> TurnQueue<W> {
    /// Of so many turns at a time.
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            free: at_once,
            parties: HashMap::new(),
            waiting: BTreeSet::new(),
            level: Duration::ZERO,
            number: 0,
        }
    }

    /// A connection of `party`, which has used `used`, waits for its turn.
    pub(super) fn wait(&mut self, party: TurnParty, used: Duration, waiter: W) {
        self.forget();
        self.number = self.number.wrapping_add(1);
        let credit = if party.rank == Rank::Known { CREDIT_KNOWN } else { CREDIT };
        let least = self.level.saturating_sub(credit);
        let state = self.parties.entry(party).or_insert(PartyState {
            used: least,
            working: 0,
            waiting: BTreeMap::new(),
        });
        if state.waiting.is_empty() {
            // Time in which it asked for nothing is not saved up.
            state.used = state.used.max(least);
            self.waiting.insert((state.used, party));
        }
        state.waiting.insert((used, self.number), waiter);
    }

    /// Who is given a turn now; `None` if nobody waits or no turn is free.
    pub(super) fn next(&mut self) -> Option<(TurnParty, W)> {
        if self.free == 0 {
            return None;
        }
        let &(used, party) = self.waiting.first()?;
        let state = self.parties.get_mut(&party)?;
        let (_, waiter) = state.waiting.pop_first()?;
        if state.waiting.is_empty() {
            self.waiting.remove(&(used, party));
        }
        state.working += 1;
        self.free -= 1;
        self.level = self.level.max(used);
        Some((party, waiter))
    }

    /// A turn of `party` has ended that took `took`.
    pub(super) fn end(&mut self, party: TurnParty, took: Duration) {
        self.free += 1;
        let Some(state) = self.parties.get_mut(&party) else {
            return;
        };
        state.working = state.working.saturating_sub(1);
        let waits = self.waiting.remove(&(state.used, party));
        state.used += if party.rank == Rank::Known { took / WEIGHT_KNOWN } else { took };
        if waits {
            self.waiting.insert((state.used, party));
        }
    }

    /// Makes room for another address: those go that are quiet and have used less than others.
    fn forget(&mut self) {
        if self.parties.len() < ADDRESSES_MAX {
            return;
        }
        let is_at_work = |state: &PartyState<W>| state.working > 0 || !state.waiting.is_empty();
        let level = self.level;
        self.parties.retain(|_, state| is_at_work(state) || state.used > level);
        if self.parties.len() >= ADDRESSES_MAX {
            self.parties.retain(|_, state| is_at_work(state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn party(last: u8) -> TurnParty {
        TurnParty { rank: Rank::Stranger, address: IpAddr::from([127, 0, 0, last]) }
    }

    /// Lets everybody who was given a turn use a millisecond and wait again, so many times; who it was.
    fn rounds(queue: &mut TurnQueue<u32>, count: usize) -> Vec<u32> {
        let turn = |_| {
            let (party, number) = queue.next()?;
            queue.end(party, MS);
            queue.wait(party, MS, number);
            Some(number)
        };
        (0..count).filter_map(turn).collect()
    }

    #[test]
    fn an_address_with_many_connections_has_one_share() {
        let mut queue = TurnQueue::new(1);
        for number in 0..99 {
            queue.wait(party(1), Duration::ZERO, number);
        }
        queue.wait(party(2), Duration::ZERO, 100);
        let turns = rounds(&mut queue, 1000);
        assert_eq!(turns.iter().filter(|&&number| number == 100).count(), 500);
    }

    #[test]
    fn a_quiet_address_goes_before_those_at_work_but_saves_nothing_up() {
        let mut queue = TurnQueue::new(1);
        for number in 1..=100 {
            queue.wait(party(number), Duration::ZERO, u32::from(number));
        }
        rounds(&mut queue, 10_000);
        queue.wait(party(200), Duration::ZERO, 200);
        let turns = rounds(&mut queue, 1000);
        let credit = CREDIT.as_millis() as usize;
        assert!(turns.iter().take(credit).all(|&number| number == 200));
        let of_it = turns.iter().filter(|&&number| number == 200).count();
        assert!((credit..credit + 15).contains(&of_it), "{of_it}");
    }

    #[test]
    fn no_more_turns_are_given_than_there_are() {
        let mut queue = TurnQueue::new(2);
        for number in 1..=3 {
            queue.wait(party(number), Duration::ZERO, number);
        }
        assert!(queue.next().is_some());
        let (second, _) = queue.next().unwrap();
        assert!(queue.next().is_none());
        queue.end(second, MS);
        assert!(queue.next().is_some());
        assert!(queue.next().is_none());
    }

    #[test]
    fn of_one_address_the_connection_that_has_used_least_is_next() {
        let mut queue = TurnQueue::new(1);
        queue.wait(party(1), 5 * MS, "long at work");
        queue.wait(party(1), MS, "new");
        assert_eq!(queue.next().map(|(_, who)| who), Some("new"));
    }

    #[test]
    fn a_known_device_has_a_greater_share_and_not_all() {
        let mut queue = TurnQueue::new(1);
        let known = TurnParty { rank: Rank::Known, ..party(1) };
        queue.wait(known, Duration::ZERO, 1);
        queue.wait(party(2), Duration::ZERO, 2);
        let turns = rounds(&mut queue, 1000);
        assert_eq!(turns.iter().filter(|&&number| number == 1).count(), 800);
    }

    #[test]
    fn addresses_without_number_do_not_fill_the_memory() {
        let mut queue = TurnQueue::new(1);
        for number in 0..3 * ADDRESSES_MAX as u32 {
            let party = TurnParty { rank: Rank::Stranger, address: IpAddr::V4(number.into()) };
            queue.wait(party, Duration::ZERO, ());
            let (party, ()) = queue.next().unwrap();
            queue.end(party, MS);
        }
        assert!(queue.parties.len() <= ADDRESSES_MAX);
    }
}
