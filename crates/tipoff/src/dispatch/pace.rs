//! How fast messages are sent to a service. Channels that share a bot share its pace.
//!
//! A pace is a strict limit: never more than its count in any period of its length. Among messages that wait for
//! the same paces, those of known devices come first, then those whose alert has sent least.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::runtime::lock::lock;
use tipoff_channels::Pace;

/// How soon a message that another overtook tries again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// When messages were sent, and which messages wait.
#[derive(Default)]
pub(crate) struct Pacer(Mutex<PacerState>);

#[derive(Default)]
struct PacerState {
    /// When messages were sent, the latest last, by the key of the pace.
    sent: HashMap<String, VecDeque<Instant>>,
    /// The messages that wait, in no order.
    waiting: Vec<Waiting>,
    /// The last ticket given out.
    ticket: u64,
}

/// The order of waiting messages: the least comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Precedence {
    /// Whether the device is discovered: no person has configured or accepted it.
    pub(crate) is_discovered: bool,
    /// How many messages of its alert this attempt has sent: the tenth album of one alert waits for the first
    /// message of another.
    pub(crate) sent: u32,
}

/// A message that waits.
struct Waiting {
    precedence: Precedence,
    /// Of equal precedence, the lower ticket comes first.
    ticket: u64,
    /// The keys of its paces. Only messages with the same keys wait for each other: another one may wait for a pace
    /// that this one does not have.
    keys: Vec<String>,
}

/// A place in the queue, left when it is dropped.
struct QueuePlace<'a> {
    pacer: &'a Pacer,
    ticket: u64,
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.pacer.lock().waiting.retain(|it| it.ticket != self.ticket);
    }
}

impl Pacer {
    /// Takes one message from all of `paces`, or returns how long until that may be possible.
    pub(crate) fn take(&self, paces: &[Pace], now: Instant) -> Result<(), Duration> {
        self.lock().take(paces, now)
    }

    /// How long until a message may be possible; `None` if it is now.
    pub(crate) fn wait(&self, paces: &[Pace], now: Instant) -> Option<Duration> {
        self.lock().wait(paces, now)
    }

    /// Waits until two messages are possible and takes one: an alert need not wait.
    pub(crate) async fn acquire_spare(&self, paces: &[Pace]) {
        let spare =
            |pace: &Pace| Pace { count: pace.count.saturating_sub(1).max(1), ..pace.clone() };
        let spare: Vec<Pace> = paces.iter().map(spare).collect();
        while let Err(wait) = self.take(&spare, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until a message of an alert is possible, in its order, and takes it.
    pub(crate) async fn acquire(&self, paces: &[Pace], precedence: Precedence) {
        if paces.is_empty() {
            return;
        }
        let keys: Vec<String> = keys(paces).map(str::to_owned).collect();
        let place = self.enqueue(keys.clone(), precedence);
        loop {
            let taken = self.take_in_turn(paces, &keys, precedence, place.ticket);
            let Err(wait) = taken else { return };
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a place in the queue.
    fn enqueue(&self, keys: Vec<String>, precedence: Precedence) -> QueuePlace<'_> {
        let mut state = self.lock();
        state.ticket += 1;
        let ticket = state.ticket;
        state.waiting.push(Waiting { precedence, ticket, keys });
        QueuePlace { pacer: self, ticket }
    }

    /// Takes one message from all of `paces` if no other one comes first; else returns how long to wait.
    fn take_in_turn(
        &self,
        paces: &[Pace],
        keys: &[String],
        precedence: Precedence,
        ticket: u64,
    ) -> Result<(), Duration> {
        let mut state = self.lock();
        let comes_first =
            |it: &Waiting| it.keys == keys && (it.precedence, it.ticket) < (precedence, ticket);
        if state.waiting.iter().any(comes_first) {
            let wait = state.wait(paces, Instant::now()).unwrap_or_default();
            return Err(wait.max(TRY_AGAIN));
        }
        state.take(paces, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, PacerState> {
        lock(&self.0)
    }
}

impl PacerState {
    fn wait(&mut self, paces: &[Pace], now: Instant) -> Option<Duration> {
        paces.iter().filter_map(|pace| wait_for(&mut self.sent, pace, now)).max()
    }

    fn take(&mut self, paces: &[Pace], now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.wait(paces, now) {
            return Err(wait);
        }
        for key in keys(paces) {
            self.sent.entry(key.to_owned()).or_default().push_back(now);
        }
        Ok(())
    }
}

/// Two paces may limit the same key over different periods: a message counts once.
fn keys(paces: &[Pace]) -> impl Iterator<Item = &str> {
    let mut keys: Vec<&str> = paces.iter().map(|pace| pace.key.as_str()).collect();
    keys.dedup();
    keys.into_iter()
}

/// How long until a pace allows another message; `None` if it does now. The message that must be older than the period
/// is the one `count` messages back.
fn wait_for(
    sent: &mut HashMap<String, VecDeque<Instant>>,
    pace: &Pace,
    now: Instant,
) -> Option<Duration> {
    let times = sent.get_mut(&pace.key)?;
    // Another pace of the same key may need older times.
    while times.front().is_some_and(|time| now.duration_since(*time) > LONGEST) {
        times.pop_front();
    }
    let inside = times.iter().filter(|time| now.duration_since(**time) < pace.per).count();
    let count = pace.count.max(1) as usize;
    let oldest_that_counts = times.len().checked_sub(count)?;
    if inside < count {
        return None;
    }
    let free_at = *times.get(oldest_that_counts)? + pace.per;
    Some(free_at.duration_since(now).max(Duration::from_millis(1)))
}

/// The longest period that a pace may have; times of messages are kept for so long.
const LONGEST: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(key: &str, count: u32, seconds: u64) -> Pace {
        Pace { key: key.to_owned(), count, per: Duration::from_secs(seconds) }
    }

    #[test]
    fn no_period_has_more_messages_than_its_count() {
        let pacer = Pacer::default();
        let paces = [pace("chat", 1, 1), pace("group", 20, 60)];
        let start = Instant::now();
        let mut sent = Vec::new();
        for step in 0..1300 {
            let now = start + Duration::from_millis(step * 100);
            if pacer.take(&paces, now).is_ok() {
                sent.push(now);
            }
        }
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1)));
        assert!(sent.windows(21).all(|many| many[20] - many[0] >= Duration::from_secs(60)));
        // And it is not slower than it must be: 20 in the first minute, 20 in the second.
        assert_eq!(sent.len(), 50);
    }

    #[test]
    fn one_key_with_two_paces_counts_a_message_once() {
        let pacer = Pacer::default();
        let paces = [pace("chat", 2, 1), pace("chat", 3, 60)];
        let now = Instant::now();
        assert!(pacer.take(&paces, now).is_ok());
        assert!(pacer.take(&paces, now).is_ok());
        assert_eq!(pacer.wait(&paces, now), Some(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn known_devices_come_first_and_long_albums_last() {
        let pacer = std::sync::Arc::new(Pacer::default());
        let paces = [Pace { key: "chat".to_owned(), count: 1, per: Duration::from_millis(60) }];
        assert!(pacer.take(&paces, Instant::now()).is_ok());
        let order = std::sync::Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for (number, is_discovered, sent) in
            [(1, true, 9), (2, true, 0), (3, false, 1), (4, false, 0)]
        {
            let (pacer, order, paces) = (pacer.clone(), order.clone(), paces.clone());
            tasks.spawn(async move {
                pacer.acquire(&paces, Precedence { is_discovered, sent }).await;
                order.lock().unwrap().push(number);
            });
            tokio::task::yield_now().await;
        }
        tasks.join_all().await;
        assert_eq!(*order.lock().unwrap(), [4, 3, 2, 1]);
        assert!(pacer.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_spare_turn_leaves_a_place_for_an_alert() {
        let pacer = Pacer::default();
        let paces = [pace("chat", 3, 60), pace("group", 20, 60)];
        pacer.acquire_spare(&paces).await;
        pacer.acquire_spare(&paces).await;
        let third = pacer.acquire_spare(&paces);
        assert!(tokio::time::timeout(Duration::from_millis(1), third).await.is_err());
        assert_eq!(pacer.take(&paces, Instant::now()), Ok(()));
    }

    #[test]
    fn without_paces_no_message_waits() {
        assert_eq!(Pacer::default().take(&[], Instant::now()), Ok(()));
    }
}
