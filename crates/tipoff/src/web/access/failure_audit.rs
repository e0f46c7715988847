//! Wrong passwords and codes in the audit log: summed up, so that guessing does not cause a write for each attempt.
//!
//! An attacker decides how often this runs. So memory, entries and writes are limited whatever arrives, and no count is lost:
//! addresses beyond the limit share one entry.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use tipoff_model::Timestamp;
use tipoff_spool::{Actor, AuditEntry};
use tokio::sync::Notify;

use super::Access;
use crate::audit::{self, AuditAction};
use crate::runtime::lock::lock;
use crate::runtime::shutdown::{Phase, Shutdown};

/// Failures within this time make one entry for each address.
const PERIOD: Duration = Duration::from_secs(10);
/// Maximum number of entries of one period. All other addresses share one more.
const ENTRIES_MAX: usize = 20;
/// Maximum number of addresses that are counted separately in a period.
const ADDRESSES_MAX: usize = 1_000;

/// Failures since the last entries were written.
#[derive(Default)]
pub(super) struct LoginFailures {
    counts: Mutex<FailureCounts>,
    /// Wakes the task that writes the entries.
    new: Notify,
}

/// The counts of one period.
#[derive(Default)]
struct FailureCounts {
    by_address: HashMap<IpAddr, u32>,
    /// Failures of addresses above the limit.
    others: u32,
}

impl LoginFailures {
    /// FailureCounts a wrong password or code.
    pub(super) fn note(&self, peer: IpAddr) {
        let mut counts = lock(&self.counts);
        let is_full = counts.by_address.len() >= ADDRESSES_MAX;
        match counts.by_address.get_mut(&peer) {
            Some(count) => *count = count.saturating_add(1),
            None if is_full => counts.others = counts.others.saturating_add(1),
            None => {
                counts.by_address.insert(peer, 1);
            }
        }
        drop(counts);
        self.new.notify_one();
    }

    /// The entries of a period, and begins a new one. Addresses with most failures get their own entry.
    fn take(&self, now: Timestamp) -> Vec<AuditEntry> {
        let counts = std::mem::take(&mut *lock(&self.counts));
        let mut by_address: Vec<(IpAddr, u32)> = counts.by_address.into_iter().collect();
        by_address.sort_unstable_by_key(|(address, count)| (std::cmp::Reverse(*count), *address));
        let rest = by_address.split_off(by_address.len().min(ENTRIES_MAX));
        let others = rest.iter().fold(counts.others, |sum, (_, count)| sum.saturating_add(*count));
        let of_address =
            |(address, count): (IpAddr, u32)| failure(now, &address.to_string(), count);
        let mut entries: Vec<AuditEntry> = by_address.into_iter().map(of_address).collect();
        if others > 0 {
            entries.push(failure(now, "further addresses", others));
        }
        entries
    }
}

/// An entry that counts several failures.
fn failure(now: Timestamp, from: &str, count: u32) -> AuditEntry {
    let actor = Actor::Stranger(from.to_owned());
    let detail = "wrong password or code";
    AuditEntry { count, ..audit::entry(now, actor, AuditAction::LoginFailed, "dashboard", detail) }
}

impl Access {
    /// Writes failures to the audit log until the end of the program.
    pub(in super::super) async fn report_failures(&self, mut shutdown: Shutdown) {
        loop {
            let mut is_over = false;
            tokio::select! {
                () = self.0.failures.new.notified() => {}
                () = shutdown.reached(Phase::Ending) => is_over = true,
            }
            if !is_over {
                tokio::select! {
                    () = tokio::time::sleep(PERIOD) => {}
                    () = shutdown.reached(Phase::Ending) => is_over = true,
                }
            }
            for entry in self.0.failures.take(self.now()) {
                audit::note(&*self.0.spool, entry).await;
            }
            if is_over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_guess_there_are_few_entries() {
        let failures = LoginFailures::default();
        let guesser: IpAddr = "192.168.1.66".parse().unwrap();
        for _ in 0..500 {
            failures.note(guesser);
        }
        for number in 0..5_000 {
            failures.note(IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + number)));
        }
        let entries = failures.take(Timestamp::from_ms(0));
        assert_eq!(entries.len(), ENTRIES_MAX + 1);
        assert_eq!(entries[0].actor, Actor::Stranger("192.168.1.66".to_owned()));
        assert_eq!(entries[0].count, 500);
        assert_eq!(entries.iter().map(|entry| entry.count).sum::<u32>(), 5_500, "none is lost");
        assert!(failures.take(Timestamp::from_ms(0)).is_empty());
    }
}
