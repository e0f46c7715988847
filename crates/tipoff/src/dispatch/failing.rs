//! A service to which nothing can be sent for now, and whether it is the service that fails or what a stranger sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tipoff_model::DeliveryId;
use tipoff_spool::Share;

use super::backoff::{self, Backoff};
use super::places::Free;

/// Deliveries that are remembered because they failed: another one is the next to be attempted, so that
/// one at which the service itself stumbles is in nobody's way.
const PROBED_MAX: usize = 64;
/// Addresses of strangers that have failed before it is taken for certain that the service itself fails.
const SUSPECTS_MAX: usize = 8;
/// After an attempt that failed, one of somebody else waits so long.
const NEXT_SUSPECT: Duration = Duration::from_secs(1);
/// Deliveries that rest because others succeed; of more, the pauses begin anew.
const RESTING_MAX: usize = 1_000;

/// A service to which nothing can be sent for now.
pub(super) struct Failing {
    pub(super) backoff: Backoff,
    pub(super) error: String,
    /// What was attempted since it fails.
    probed: Vec<DeliveryId>,
    /// What has failed, and whose it is.
    failed: HashMap<DeliveryId, Share>,
}

impl Failing {
    pub(super) fn new(backoff: Backoff, error: &str) -> Self {
        Self { backoff, error: error.to_owned(), probed: Vec::new(), failed: HashMap::new() }
    }

    /// What was attempted since it fails.
    pub(super) fn probed(&self) -> &[DeliveryId] {
        &self.probed
    }

    /// All has been attempted: it begins anew.
    pub(super) fn forget_probed(&mut self) {
        self.probed.clear();
    }

    /// An attempt begins.
    pub(super) fn probe(&mut self, delivery: DeliveryId) {
        if self.probed.len() >= PROBED_MAX {
            self.probed.clear();
        }
        self.probed.push(delivery);
    }

    /// An attempt failed.
    pub(super) fn note(&mut self, delivery: DeliveryId, share: &Share) {
        if self.failed.len() < PROBED_MAX {
            self.failed.insert(delivery, share.clone());
        }
    }

    /// Whose delivery may be attempted although the service fails, and how long until then: only deliveries of
    /// strangers have failed, each of which may be what the service stumbles at. `None`: it fails for all.
    pub(super) fn others(&self, now: Instant) -> Option<(Free, Duration)> {
        let mut addresses: Vec<&Share> = self.failed.values().collect();
        addresses.sort_unstable_by_key(|share| match share {
            Share::Known => "",
            Share::Address(address) => address,
        });
        addresses.dedup();
        let are_strangers = addresses.iter().all(|share| !share.is_known());
        let may_be_theirs = !addresses.is_empty() && are_strangers && self.backoff.is_answered();
        let (free, wait) =
            (Free::one_besides(addresses.iter().copied()), self.backoff.rested(NEXT_SUSPECT, now));
        let free = if addresses.len() > SUSPECTS_MAX { free.for_known() } else { free };
        may_be_theirs.then_some((free, wait))
    }
}

/// Deliveries of strangers at which the service failed while it took those of others.
#[derive(Default)]
pub(super) struct Resting(HashMap<DeliveryId, (Instant, u32)>);

impl Resting {
    /// The service took a delivery of `share`: what failed of strangers elsewhere rests for a while.
    pub(super) fn add(&mut self, failing: &Failing, share: &Share, now: Instant) {
        let shares = || failing.failed.values();
        if !failing.backoff.is_answered() || shares().any(|it| it == share || it.is_known()) {
            return;
        }
        if self.0.len() >= RESTING_MAX {
            self.0.clear();
        }
        for delivery in failing.failed.keys() {
            let (until, failures) = self.0.entry(*delivery).or_insert((now, 0));
            *failures = failures.saturating_add(1);
            *until = now + backoff::pause_of_delivery(*failures, backoff::chance());
        }
    }

    /// It has ended.
    pub(super) fn remove(&mut self, delivery: DeliveryId) {
        self.0.remove(&delivery);
    }

    /// Those that rest now.
    pub(super) fn at(&self, now: Instant) -> impl Iterator<Item = DeliveryId> {
        self.0.iter().filter(move |(_, (until, _))| *until > now).map(|(delivery, _)| *delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::Reason;
    use super::*;

    fn failing(reason: Reason, shares: &[Share], now: Instant) -> Failing {
        let mut failing = Failing::new(Backoff::new(reason, now, now, 1.0), "500");
        for (number, share) in (0..).zip(shares) {
            failing.note(DeliveryId(number), share);
        }
        failing
    }

    fn strangers(count: usize) -> Vec<Share> {
        (0..count).map(|number| Share::Address(number.to_string())).collect()
    }

    #[test]
    fn what_strangers_sent_pauses_the_channel_for_nobody_else() {
        let now = Instant::now();
        let answered = Reason::NotNow(None);
        let others = |reason, shares: &[Share]| failing(reason, shares, now).others(now);
        let (free, wait) = others(answered, &strangers(2)).unwrap();
        assert_eq!((free.room(&[]).discovered, wait), (1, NEXT_SUSPECT));
        let (free, _) = others(answered, &strangers(SUSPECTS_MAX + 1)).unwrap();
        assert_eq!((free.room(&[]).known, free.room(&[]).discovered), (1, 0));
        let mixed = [strangers(1), vec![Share::Known]].concat();
        for (reason, shares) in [
            (answered, mixed),
            (answered, Vec::new()),
            (Reason::Unreachable, strangers(1)),
            (Reason::NotNow(Some(NEXT_SUSPECT)), strangers(1)),
        ] {
            assert!(others(reason, &shares).is_none(), "{reason:?} {shares:?}");
        }
    }

    #[test]
    fn what_fails_while_others_succeed_rests_longer_and_longer() {
        let now = Instant::now();
        let failing = failing(Reason::NotNow(None), &strangers(1), now);
        let mut resting = Resting::default();
        resting.add(&failing, &strangers(1)[0], now);
        assert_eq!(resting.at(now).count(), 0, "the service works again");
        for at_least in [0, 1, 2, 5] {
            resting.add(&failing, &Share::Known, now);
            assert_eq!(resting.at(now + Duration::from_secs(at_least)).count(), 1);
        }
        assert_eq!(resting.at(now + Duration::from_secs(301)).count(), 0);
        resting.remove(DeliveryId(0));
        assert_eq!(resting.at(now).count(), 0);
    }
}
