//! How often somebody may try a wrong password: a few times, then ever more rarely.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tries without a pause.
const FREE: u32 = 5;
/// The pause after the next one; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Addresses remembered; of more, those that failed longest ago are forgotten.
const ADDRESSES_MAX: usize = 4096;

/// Who tried what lately.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, Failed>>);

#[derive(Clone, Copy)]
struct Failed {
    times: u32,
    last: Instant,
}

impl Failed {
    fn pause(self) -> Duration {
        let over = self.times.saturating_sub(FREE);
        if self.times < FREE {
            return Duration::ZERO;
        }
        PAUSE.saturating_mul(1 << over.min(16)).min(PAUSE_MAX)
    }
}

impl Attempts {
    /// Whether `peer` may try now; else in how many seconds.
    pub(super) fn allows(&self, peer: IpAddr) -> Result<(), u64> {
        self.allows_at(peer, Instant::now())
    }

    fn allows_at(&self, peer: IpAddr, now: Instant) -> Result<(), u64> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failed) = table.get(&network(peer)) else {
            return Ok(());
        };
        let rest = failed.pause().saturating_sub(now.saturating_duration_since(failed.last));
        if rest.is_zero() { Ok(()) } else { Err(rest.as_secs() + 1) }
    }

    pub(super) fn failed(&self, peer: IpAddr) {
        self.failed_at(peer, Instant::now());
    }

    fn failed_at(&self, peer: IpAddr, now: Instant) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= ADDRESSES_MAX
            && let Some(oldest) = table.iter().min_by_key(|(_, it)| it.last).map(|(peer, _)| *peer)
        {
            table.remove(&oldest);
        }
        let failed = table.entry(network(peer)).or_insert(Failed { times: 0, last: now });
        failed.times = failed.times.saturating_add(1);
        failed.last = now;
    }

    pub(super) fn succeeded(&self, peer: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&network(peer));
    }
}

/// Whoever has one IPv6 address has 2^64 of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_tries_are_free_and_then_the_pause_doubles() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let peer: IpAddr = "192.168.1.5".parse().unwrap();
        for _ in 0..FREE {
            assert_eq!(attempts.allows_at(peer, now), Ok(()));
            attempts.failed_at(peer, now);
        }
        assert_eq!(attempts.allows_at(peer, now), Err(3));
        assert_eq!(attempts.allows_at(peer, now + PAUSE), Ok(()));
        attempts.failed_at(peer, now);
        assert_eq!(attempts.allows_at(peer, now + PAUSE), Err(3));
        for _ in 0..100 {
            attempts.failed_at(peer, now);
        }
        assert_eq!(attempts.allows_at(peer, now + PAUSE_MAX), Ok(()));
        assert_eq!(attempts.allows_at("192.168.1.6".parse().unwrap(), now), Ok(()));
        attempts.succeeded(peer);
        assert_eq!(attempts.allows_at(peer, now), Ok(()));
    }

    #[test]
    fn addresses_of_one_network_are_one_and_the_table_is_bounded() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for host in 0..FREE {
            attempts.failed_at(format!("2001:db8::{host}").parse().unwrap(), now);
        }
        assert!(attempts.allows_at("2001:db8::ffff".parse().unwrap(), now).is_err());
        for number in 0..=u32::try_from(ADDRESSES_MAX).unwrap() {
            attempts.failed_at(IpAddr::V4(number.into()), now);
        }
        assert_eq!(attempts.0.lock().unwrap().len(), ADDRESSES_MAX);
    }
}
