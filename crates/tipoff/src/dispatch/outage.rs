//! An outage of a service, and whether the service itself fails or only what discovered devices sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tipoff_model::DeliveryId;
use tipoff_spool::Share;

use super::backoff::{self, Backoff};
use super::slots::FreeSlots;

/// Deliveries of an outage that are remembered as tried or failed. Another one is the next to be tried, so that
/// a delivery that makes the service fail delays no other.
const TRIED_MAX: usize = 64;
/// Addresses of discovered devices that have failed before the service itself counts as failing.
const SUSPECTS_MAX: usize = 8;
/// The pause between a failed attempt and one for another sender.
const NEXT_SUSPECT: Duration = Duration::from_secs(1);
/// Deliveries in quarantine; if there are more, their pauses start anew.
const QUARANTINE_MAX: usize = 1_000;

/// A service that takes no delivery for now.
pub(super) struct Outage {
    /// When the next attempt begins.
    pub(super) backoff: Backoff,
    /// Why the latest attempt failed, in plain words.
    pub(super) error: String,
    /// The deliveries that were tried in this outage.
    tried: Vec<DeliveryId>,
    /// The deliveries that have failed, and their senders.
    failed: HashMap<DeliveryId, Share>,
}

impl Outage {
    /// An outage that begins with the failure of an attempt.
    pub(super) fn new(backoff: Backoff, error: &str) -> Self {
        Self { backoff, error: error.to_owned(), tried: Vec::new(), failed: HashMap::new() }
    }

    /// The deliveries that were tried in this outage.
    pub(super) fn tried(&self) -> &[DeliveryId] {
        &self.tried
    }

    /// All due deliveries were tried: the next one may be any of them.
    pub(super) fn forget_tried(&mut self) {
        self.tried.clear();
    }

    /// Remembers a delivery that is tried now. Beyond the limit all begin anew, so that each gets its turn.
    pub(super) fn add_tried(&mut self, delivery: DeliveryId) {
        if self.tried.len() >= TRIED_MAX {
            self.tried.clear();
        }
        self.tried.push(delivery);
    }

    /// Remembers a delivery that has failed, and its sender. Those beyond the limit do not count.
    pub(super) fn add_failed(&mut self, delivery: DeliveryId, share: &Share) {
        if self.failed.len() < TRIED_MAX {
            self.failed.insert(delivery, share.clone());
        }
    }

    /// A slot for a delivery of another sender, and how long until it may be used. `None` if the service fails
    /// for all: a known device has failed too, or the service is unreachable or asked for a pause. Otherwise
    /// each failed delivery of a discovered device may be what makes the service fail.
    pub(super) fn slots_for_others(&self, now: Instant) -> Option<(FreeSlots, Duration)> {
        let mut addresses: Vec<&Share> = self.failed.values().collect();
        addresses.sort_unstable_by_key(|share| share.place());
        addresses.dedup();
        let are_strangers = addresses.iter().all(|share| !share.is_known());
        let may_be_theirs = !addresses.is_empty() && are_strangers && self.backoff.is_answered();
        let free = FreeSlots::one_besides(addresses.iter().copied());
        let wait = self.backoff.rested(NEXT_SUSPECT, now);
        let free = if addresses.len() > SUSPECTS_MAX { free.for_known() } else { free };
        may_be_theirs.then_some((free, wait))
    }
}

/// Deliveries of discovered devices that failed while the service took those of others. They pause, so that they
/// do not stop the channel again.
#[derive(Default)]
///
/// The value is the time until which a delivery pauses, and how often it has paused: the pauses grow as those of a
/// delivery that fails by itself.
pub(super) struct Quarantine(HashMap<DeliveryId, (Instant, u32)>);

impl Quarantine {
    /// The service took a delivery of `share`: the deliveries of other discovered devices that failed pause.
    pub(super) fn add(&mut self, outage: &Outage, share: &Share, now: Instant) {
        let shares = || outage.failed.values();
        if !outage.backoff.is_answered() || shares().any(|it| it == share || it.is_known()) {
            return;
        }
        if self.0.len() >= QUARANTINE_MAX {
            self.0.clear();
        }
        for delivery in outage.failed.keys() {
            let (until, failures) = self.0.entry(*delivery).or_insert((now, 0));
            *failures = failures.saturating_add(1);
            *until = now + backoff::pause_of_delivery(*failures, backoff::chance());
        }
    }

    /// The delivery has ended.
    pub(super) fn remove(&mut self, delivery: DeliveryId) {
        self.0.remove(&delivery);
    }

    /// The deliveries that pause at `now`.
    pub(super) fn at(&self, now: Instant) -> impl Iterator<Item = DeliveryId> {
        self.0.iter().filter(move |(_, (until, _))| *until > now).map(|(delivery, _)| *delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::Reason;
    use super::*;

    fn outage(reason: Reason, shares: &[Share], now: Instant) -> Outage {
        let mut outage = Outage::new(Backoff::new(reason, now, now, 1.0), "500");
        for (number, share) in (0..).zip(shares) {
            outage.add_failed(DeliveryId(number), share);
        }
        outage
    }

    fn strangers(count: usize) -> Vec<Share> {
        (0..count).map(|number| Share::Address(number.to_string())).collect()
    }

    #[test]
    fn failed_deliveries_of_discovered_devices_pause_the_channel_for_no_other_sender() {
        let now = Instant::now();
        let answered = Reason::NotNow(None);
        let others = |reason, shares: &[Share]| outage(reason, shares, now).slots_for_others(now);
        let (free, wait) = others(answered, &strangers(2)).unwrap();
        assert_eq!((free.room(&[]).discovered, wait), (1, NEXT_SUSPECT));
        let (free, _) = others(answered, &strangers(SUSPECTS_MAX + 1)).unwrap();
        assert_eq!((free.room(&[]).known, free.room(&[]).discovered), (1, 0));
        let mixed = [strangers(1), vec![Share::Known("#1".to_owned())]].concat();
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
    fn a_delivery_that_fails_while_others_succeed_pauses_longer_and_longer() {
        let now = Instant::now();
        let outage = outage(Reason::NotNow(None), &strangers(1), now);
        let mut quarantine = Quarantine::default();
        quarantine.add(&outage, &strangers(1)[0], now);
        assert_eq!(quarantine.at(now).count(), 0, "the service works again");
        for at_least in [0, 1, 2, 5] {
            quarantine.add(&outage, &Share::Known("#1".to_owned()), now);
            assert_eq!(quarantine.at(now + Duration::from_secs(at_least)).count(), 1);
        }
        assert_eq!(quarantine.at(now + Duration::from_secs(301)).count(), 0);
        quarantine.remove(DeliveryId(0));
        assert_eq!(quarantine.at(now).count(), 0);
    }
}
