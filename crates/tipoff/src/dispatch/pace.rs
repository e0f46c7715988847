//! How fast a service may be sent to. Channels that share a bot share its pace.
//!
//! Each pace is kept exactly: never more than its count in any stretch of its length.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tipoff_channels::Pace;

/// When messages were sent, by the key of what limits them.
#[derive(Default)]
pub(crate) struct Pacer(Mutex<HashMap<String, VecDeque<Instant>>>);

impl Pacer {
    /// Takes a place for one message in all of `paces`, or tells how long until there may be one.
    pub(crate) fn take(&self, paces: &[Pace], now: Instant) -> Result<(), Duration> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = paces.iter().filter_map(|pace| wait_for(&mut sent, pace, now)).max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        // Two paces may limit the same key in different lengths: it is one sending.
        let mut keys: Vec<&str> = paces.iter().map(|pace| pace.key.as_str()).collect();
        keys.dedup();
        for key in keys {
            sent.entry(key.to_owned()).or_default().push_back(now);
        }
        Ok(())
    }

    /// How long until there may be a place: none, if there is one now.
    pub(crate) fn wait(&self, paces: &[Pace], now: Instant) -> Option<Duration> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paces.iter().filter_map(|pace| wait_for(&mut sent, pace, now)).max()
    }

    /// Waits until there is a place for one message and another, and takes one: an alert finds its
    /// place free.
    pub(crate) async fn acquire_spare(&self, paces: &[Pace]) {
        let spare =
            |pace: &Pace| Pace { count: pace.count.saturating_sub(1).max(1), ..pace.clone() };
        let spare: Vec<Pace> = paces.iter().map(spare).collect();
        self.acquire(&spare).await;
    }

    /// Waits for a place and takes it.
    pub(crate) async fn acquire(&self, paces: &[Pace]) {
        while let Err(wait) = self.take(paces, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }
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
