//! How fast a service may be sent to. Channels that share a bot share its pace.
//!
//! Each pace is kept exactly: never more than its count in any stretch of its length. Of those who wait for the
//! same paces known devices go first, then whoever has sent least of its alert.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tipoff_channels::Pace;

/// How soon one that let another go first looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// When messages were sent, and who waits to send.
#[derive(Default)]
pub(crate) struct Pacer(Mutex<State>);

#[derive(Default)]
struct State {
    /// By the key of what limits them.
    sent: HashMap<String, VecDeque<Instant>>,
    waiting: Vec<Waiting>,
    /// Counts up.
    ticket: u64,
}

/// Where a message stands among those that wait: the least goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Precedence {
    /// Whether no person knows the device.
    pub(crate) is_discovered: bool,
    /// Messages of its alert that this attempt has sent: the tenth album of one alert waits for the first
    /// message of another.
    pub(crate) sent: u32,
}

struct Waiting {
    precedence: Precedence,
    ticket: u64,
    /// Who waits for other paces as well is not waited for.
    keys: Vec<String>,
}

/// A place among those who wait, given up when it is dropped.
struct Place<'a> {
    pacer: &'a Pacer,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pacer.lock().waiting.retain(|it| it.ticket != self.ticket);
    }
}

impl Pacer {
    /// Takes a place for one message in all of `paces`, or tells how long until there may be one.
    pub(crate) fn take(&self, paces: &[Pace], now: Instant) -> Result<(), Duration> {
        self.lock().take(paces, now)
    }

    /// How long until there may be a place: none, if there is one now.
    pub(crate) fn wait(&self, paces: &[Pace], now: Instant) -> Option<Duration> {
        self.lock().wait(paces, now)
    }

    /// Waits until there is a place for one message and another, and takes one: an alert finds its
    /// place free.
    pub(crate) async fn acquire_spare(&self, paces: &[Pace]) {
        let spare =
            |pace: &Pace| Pace { count: pace.count.saturating_sub(1).max(1), ..pace.clone() };
        let spare: Vec<Pace> = paces.iter().map(spare).collect();
        while let Err(wait) = self.take(&spare, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits for a place for a message of an alert and takes it.
    pub(crate) async fn acquire(&self, paces: &[Pace], precedence: Precedence) {
        if paces.is_empty() {
            return;
        }
        let keys: Vec<String> = keys(paces).map(str::to_owned).collect();
        let place = self.line_up(keys.clone(), precedence);
        loop {
            let taken = self.take_in_turn(paces, &keys, precedence, place.ticket);
            let Err(wait) = taken else { return };
            tokio::time::sleep(wait).await;
        }
    }

    fn line_up(&self, keys: Vec<String>, precedence: Precedence) -> Place<'_> {
        let mut state = self.lock();
        state.ticket += 1;
        let ticket = state.ticket;
        state.waiting.push(Waiting { precedence, ticket, keys });
        Place { pacer: self, ticket }
    }

    fn take_in_turn(
        &self,
        paces: &[Pace],
        keys: &[String],
        precedence: Precedence,
        ticket: u64,
    ) -> Result<(), Duration> {
        let mut state = self.lock();
        let goes_first =
            |it: &Waiting| it.keys == keys && (it.precedence, it.ticket) < (precedence, ticket);
        if state.waiting.iter().any(goes_first) {
            let wait = state.wait(paces, Instant::now()).unwrap_or_default();
            return Err(wait.max(LOOK_AGAIN));
        }
        state.take(paces, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is guarded here is whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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

/// Two paces may limit the same key in different lengths: it is one sending.
fn keys(paces: &[Pace]) -> impl Iterator<Item = &str> {
    let mut keys: Vec<&str> = paces.iter().map(|pace| pace.key.as_str()).collect();
    keys.dedup();
    keys.into_iter()
}

fn wait_for(
    sent: &mut HashMap<String, VecDeque<Instant>>,
    pace: &Pace,
    now: Instant,
) -> Option<Duration> {
    let times = sent.get_mut(&pace.key)?;
    // Longer paces of the same key need what is older: a minute is the longest there is.
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

/// The longest stretch that a pace may have.
const LONGEST: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(key: &str, count: u32, seconds: u64) -> Pace {
        Pace { key: key.to_owned(), count, per: Duration::from_secs(seconds) }
    }

    #[test]
    fn no_stretch_holds_more_than_its_count() {
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
    async fn known_devices_go_first_and_long_albums_last() {
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
    async fn what_is_no_alert_leaves_a_place_for_one() {
        let pacer = Pacer::default();
        let paces = [pace("chat", 3, 60), pace("group", 20, 60)];
        pacer.acquire_spare(&paces).await;
        pacer.acquire_spare(&paces).await;
        let third = pacer.acquire_spare(&paces);
        assert!(tokio::time::timeout(Duration::from_millis(1), third).await.is_err());
        assert_eq!(pacer.take(&paces, Instant::now()), Ok(()));
    }

    #[test]
    fn without_paces_nobody_waits() {
        assert_eq!(Pacer::default().take(&[], Instant::now()), Ok(()));
    }
}
