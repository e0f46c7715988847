//! Bounds messages that others cause, such as warnings about an address: a few a minute for each cause, with the number of
//! events since the last one.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tipoff_model::AddressShare;

use crate::runtime::lock::lock;

/// The period of the limit.
const PERIOD: Duration = Duration::from_secs(60);
/// Causes that are counted apart; all further ones count as one, so that many addresses fill neither log nor memory.
const CAUSES_MAX: usize = 256;

/// Counts what happens and allows `MAX` messages of it a minute.
pub(crate) struct PerMinute<K, const MAX: u32 = 1>(Mutex<CauseTable<K>>);

/// The events of each cause.
struct CauseTable<K> {
    causes: HashMap<K, Happened>,
    /// All causes beyond [`CAUSES_MAX`].
    others: Happened,
}

/// The events of one cause.
struct Happened {
    /// When its present period began.
    began: Instant,
    /// Messages of this period.
    messages: u32,
    /// Events since the last message.
    unreported: u64,
}

impl Happened {
    fn new(now: Instant) -> Self {
        Self { began: now, messages: 0, unreported: 0 }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= PERIOD
    }

    /// Counts an event. The number of events since the last message, if a message is due.
    fn again(&mut self, max: u32, now: Instant) -> Option<u64> {
        if self.is_over(now) {
            (self.began, self.messages) = (now, 0);
        }
        self.unreported += 1;
        if self.messages >= max {
            return None;
        }
        self.messages += 1;
        Some(std::mem::take(&mut self.unreported))
    }
}

impl<K, const MAX: u32> Default for PerMinute<K, MAX> {
    fn default() -> Self {
        let others = Happened::new(Instant::now());
        Self(Mutex::new(CauseTable { causes: HashMap::new(), others }))
    }
}

impl<K: Eq + Hash, const MAX: u32> PerMinute<K, MAX> {
    /// Counts an event. Returns the number of events since the last message of this cause, or `None` if no message is due.
    pub(crate) fn due(&self, cause: K) -> Option<u64> {
        self.due_at(cause, Instant::now())
    }

    fn due_at(&self, cause: K, now: Instant) -> Option<u64> {
        let mut table = lock(&self.0);
        let CauseTable { causes, others } = &mut *table;
        if let Some(happened) = causes.get_mut(&cause) {
            return happened.again(MAX, now);
        }
        if causes.len() >= CAUSES_MAX {
            causes.retain(|_, it| !it.is_over(now));
        }
        match causes.len() < CAUSES_MAX {
            true => causes.entry(cause).or_insert(Happened::new(now)).again(MAX, now),
            false => others.again(MAX, now),
        }
    }
}

/// The address that limits count by: an IPv4 address, or the network (/64) of an IPv6 address, because whoever has one address
/// of a network has all 2^64.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    AddressShare::of(peer).address()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_message_a_minute_with_a_count() {
        let (notes, now) = (PerMinute::<_>::default(), Instant::now());
        assert_eq!(notes.due_at("a", now), Some(1));
        for _ in 0..500 {
            assert_eq!(notes.due_at("a", now), None);
        }
        assert_eq!(notes.due_at("b", now), Some(1), "another cause has its own");
        assert_eq!(notes.due_at("a", now + PERIOD), Some(501));
        assert_eq!(notes.due_at("a", now + PERIOD), None);
    }

    #[test]
    fn causes_without_number_share_one_message() {
        let (notes, now) = (PerMinute::<i32, 2>::default(), Instant::now());
        let messages = (0..100_000).filter_map(|cause| notes.due_at(cause, now)).count();
        assert_eq!(messages, CAUSES_MAX + 2);
        assert_eq!(notes.0.lock().unwrap().causes.len(), CAUSES_MAX);
        assert_eq!(
            notes.due_at(-1, now + PERIOD),
            Some(1),
            "a minute later there is a place again"
        );
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1:2::");
        assert_eq!(of("192.168.1.5"), "192.168.1.5");
        assert_eq!(of("::ffff:192.168.1.5"), "192.168.1.5");
    }
}
