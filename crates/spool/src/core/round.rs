//! Whose turn it is among the devices of one place. They take turns in a circle, from the newest device to the
//! oldest; a device that appears during a round goes first, so that a new camera does not wait for a thousand
//! made-up ones. A device that had a turn lately may go on a few times: a camera's further pictures follow its
//! first alert. Pure.

use super::queue::Queued;
use crate::Result;

/// Number of devices of a place that may go on with what they began.
const RECENT_MAX: usize = 8;
/// Number of turns that such a device has in a round beside its own.
const MORE: u8 = 3;

/// Where the round of a place's devices stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// The newest device that had a turn in this round: newer ones appeared since and go first.
    newest: i64,
    /// The device that had the latest turn, besides those that appeared since the round began.
    latest: i64,
    /// Devices that had a turn lately, the latest last.
    recent: Vec<Recent>,
}

/// A device that had a turn lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Recent {
    /// Its latest delivery that had one: only later ones go on.
    queued: Queued,
    /// Number of turns that it may still have before others, in this round.
    more: u8,
}

/// The delivery whose turn is next at a place, and the round after that turn. `newest` looks up the newest ready
/// delivery of the newest device with a number between its arguments (neither included). `None`: nothing is ready.
pub(crate) fn next_turn(
    round: Option<&Round>,
    newest: impl Fn(i64, i64) -> Result<Option<Queued>>,
) -> Result<Option<(Round, Queued)>> {
    if let Some(round) = round {
        for recent in round.recent.iter().rev().filter(|it| it.more > 0) {
            let Queued { device, delivery } = recent.queued;
            let later = newest(device - 1, device + 1)?.filter(|it| it.delivery > delivery);
            if let Some(queued) = later {
                return Ok(Some((round.clone().with(queued, recent.more - 1), queued)));
            }
        }
        if let Some(queued) = newest(round.newest, i64::MAX)? {
            let round = Round { newest: queued.device, ..round.clone() };
            return Ok(Some((round.after(queued), queued)));
        }
        if let Some(queued) = newest(-1, round.latest)? {
            let round = Round { latest: queued.device, ..round.clone() };
            return Ok(Some((round.after(queued), queued)));
        }
    }
    let first = newest(-1, i64::MAX)?;
    Ok(first.map(|queued| (Round::begin(round, queued.device).after(queued), queued)))
}

impl Round {
    /// A new round, which begins with this device. Whoever had a turn lately may go on again.
    fn begin(before: Option<&Self>, device: i64) -> Self {
        let recent = before.map(|round| round.recent.clone()).unwrap_or_default();
        let recent = recent.into_iter().map(|it| Recent { more: MORE, ..it }).collect();
        Self { newest: device, latest: device, recent }
    }

    /// The round after a device's own turn: it may go on as often as it still may, or anew.
    fn after(self, queued: Queued) -> Self {
        let known = self.recent.iter().find(|it| it.queued.device == queued.device);
        let more = known.map_or(MORE, |it| it.more);
        self.with(queued, more)
    }

    /// The round with this device as the latest that had a turn.
    fn with(mut self, queued: Queued, more: u8) -> Self {
        self.recent.retain(|it| it.queued.device != queued.device);
        self.recent.push(Recent { queued, more });
        if self.recent.len() > RECENT_MAX {
            self.recent.remove(0);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The devices that have the next turns, of a place where these deliveries wait.
    fn turns(round: &mut Option<Round>, waiting: &mut Vec<(i64, i64)>, count: usize) -> Vec<i64> {
        let turn = |_| {
            let newest = |after, before| {
                let between = |it: &&(i64, i64)| it.0 > after && it.0 < before;
                let found = waiting.iter().filter(between).max();
                Ok(found.map(|(device, delivery)| Queued { device: *device, delivery: *delivery }))
            };
            let (next, queued) = next_turn(round.as_ref(), newest).unwrap()?;
            *round = Some(next);
            waiting.retain(|it| *it != (queued.device, queued.delivery));
            Some(queued.device)
        };
        (0..count).map_while(turn).collect()
    }

    #[test]
    fn devices_take_turns_from_the_newest_to_the_oldest() {
        let (mut round, mut waiting) = (None, Vec::new());
        for device in 1..=4 {
            waiting.extend([(device, device * 10), (device, device * 10 + 1)]);
        }
        assert_eq!(turns(&mut round, &mut waiting, 9), [4, 3, 2, 1, 4, 3, 2, 1]);
    }

    #[test]
    fn a_device_that_appears_goes_first() {
        let (mut round, mut waiting) = (None, vec![(1, 1), (2, 2), (3, 3)]);
        assert_eq!(turns(&mut round, &mut waiting, 1), [3]);
        waiting.extend([(5, 5), (5, 4), (4, 6)]);
        assert_eq!(turns(&mut round, &mut waiting, 9), [5, 2, 1, 5, 4]);
    }

    #[test]
    fn a_device_goes_on_three_times_in_a_round_with_what_it_sends_meanwhile() {
        let (mut round, mut waiting) = (None, vec![(1, 1), (2, 2), (3, 3)]);
        assert_eq!(turns(&mut round, &mut waiting, 1), [3]);
        let mut order = Vec::new();
        for delivery in 4..10 {
            waiting.push((3, delivery));
            order.extend(turns(&mut round, &mut waiting, 1));
        }
        assert_eq!(order, [3, 3, 3, 2, 1, 3]);
        let later = |delivery| vec![(1, delivery), (3, delivery + 1)];
        waiting = later(20);
        assert_eq!(turns(&mut round, &mut waiting, 1), [3], "in the next round again");
        waiting = later(30);
        assert_eq!(turns(&mut round, &mut waiting, 2), [3, 1]);
    }

    #[test]
    fn an_earlier_delivery_of_a_recent_device_waits_for_the_round() {
        let (mut round, mut waiting) = (None, vec![(1, 1), (3, 9)]);
        assert_eq!(turns(&mut round, &mut waiting, 1), [3]);
        waiting.push((3, 8));
        assert_eq!(turns(&mut round, &mut waiting, 2), [1, 3]);
        waiting.extend([(1, 2), (3, 10)]);
        assert_eq!(turns(&mut round, &mut waiting, 1), [3]);
        waiting.push((3, 10));
        assert_eq!(turns(&mut round, &mut waiting, 2), [1, 3], "one that failed, too");
    }

    #[test]
    fn only_the_latest_devices_go_on() {
        let (mut round, mut waiting) = (None, (1..=12).map(|it| (it, it)).collect());
        let all: Vec<i64> = (1..=12).rev().collect();
        assert_eq!(turns(&mut round, &mut waiting, 12), all);
        waiting = (1..=12).map(|it| (it, it + 100)).collect();
        let next = turns(&mut round, &mut waiting, 12);
        let (recent, others): (Vec<i64>, Vec<i64>) = (next[..8].to_vec(), next[8..].to_vec());
        assert_eq!(recent, (1..=8).collect::<Vec<_>>(), "the latest of them first");
        assert_eq!(others, [12, 11, 10, 9]);
    }
}
