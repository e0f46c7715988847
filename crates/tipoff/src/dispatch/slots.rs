//! How many deliveries of a channel may be in flight at once, and of which senders: no address uses up the slots of
//! another, and discovered devices never use those of known ones. Pure.

use std::collections::HashMap;

use tipoff_model::DeliveryId;
use tipoff_spool::{Room, Share};

/// Deliveries of known devices, and of all others, that may prepare videos or pictures without using a slot.
const PREPARING_MAX: usize = 16;
/// The same for one known device, or for one address.
const PREPARING_OF_SHARE_MAX: usize = 8;
/// Attempts at once in all, including stale ones that hang.
const ATTEMPTS_MAX: usize = 64;
/// The part of them that discovered devices may use.
const ATTEMPTS_OF_DISCOVERED_MAX: usize = 48;

/// The slots of a channel. Each delivery in flight uses one.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlotLimits {
    /// For known devices.
    known: usize,
    /// For all discovered devices.
    discovered: usize,
    /// For one known device, or the discovered devices at one address.
    of_share: usize,
}

impl SlotLimits {
    /// No delivery may start.
    pub(super) const NONE: Self = Self { known: 0, discovered: 0, of_share: 0 };
    /// For a service without a pace.
    pub(super) const UNPACED: Self = Self { known: 24, discovered: 24, of_share: 16 };
    /// For a service with a pace: more than one, so that a long upload does not delay the next picture.
    pub(super) const PACED: Self = Self { known: 4, discovered: 4, of_share: 2 };
}

/// An attempt in flight.
pub(super) struct ActiveAttempt<'a> {
    pub(super) share: &'a Share,
    /// Whether it began before the channel last failed or recovered.
    pub(super) is_stale: bool,
    /// Whether it prepares its files.
    pub(super) is_preparing: bool,
}

/// The slots in use.
#[derive(Debug, Default)]
pub(super) struct UsedSlots {
    known: Count,
    discovered: Count,
    /// By the place of the share: the device, or the address.
    by_share: HashMap<String, Count>,
}

/// Attempts of one kind of sender.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// All of them, stale ones included.
    all: usize,
    /// Those that are not stale.
    current: usize,
    /// Those of the current ones that prepare their files.
    preparing: usize,
}

impl Count {
    fn add(&mut self, attempting: &ActiveAttempt<'_>) {
        self.all += 1;
        if !attempting.is_stale {
            self.current += 1;
            self.preparing += usize::from(attempting.is_preparing);
        }
    }

    /// The slots in use, where up to `preparing_max` attempts prepare their files without one.
    fn used(self, preparing_max: usize) -> usize {
        self.current - self.preparing.min(preparing_max)
    }
}

impl UsedSlots {
    /// The slots that these attempts use.
    pub(super) fn by<'a>(attempts: impl Iterator<Item = ActiveAttempt<'a>>) -> Self {
        let mut used = Self::default();
        for attempting in attempts {
            match attempting.share {
                Share::Known(_) => used.known.add(&attempting),
                Share::Address(_) => used.discovered.add(&attempting),
            }
            let place = attempting.share.place().to_owned();
            used.by_share.entry(place).or_default().add(&attempting);
        }
        used
    }

    /// How many attempts may start while the service fails: one, or none if `max` or more are in flight.
    pub(super) fn probes(&self, max: usize) -> usize {
        let used = self.known.used(PREPARING_MAX) + self.discovered.used(PREPARING_MAX);
        let all = self.known.all + self.discovered.all;
        max.saturating_sub(used).min(ATTEMPTS_MAX.saturating_sub(all)).min(1)
    }

    /// Whether an attempt for a discovered device is in flight.
    pub(super) fn has_discovered(&self) -> bool {
        self.discovered.all > 0
    }

    /// The slots of `of` that are free.
    pub(super) fn free(&self, of: SlotLimits) -> FreeSlots {
        let all = ATTEMPTS_MAX.saturating_sub(self.known.all + self.discovered.all);
        let known = of.known.saturating_sub(self.known.used(PREPARING_MAX)).min(all);
        let discovered = of
            .discovered
            .saturating_sub(self.discovered.used(PREPARING_MAX))
            .min(ATTEMPTS_OF_DISCOVERED_MAX.saturating_sub(self.discovered.all))
            .min(all);
        let busy = self.by_share.iter().map(|(place, count)| {
            let used = count.used(PREPARING_OF_SHARE_MAX);
            (place.clone(), u32::try_from(used).unwrap_or(u32::MAX))
        });
        let limit = (known + discovered).min(all);
        FreeSlots { limit, known, discovered, of_share: of.of_share, busy: busy.collect() }
    }
}

/// How many deliveries may start, and of which senders.
#[derive(Clone, Debug)]
pub(super) struct FreeSlots {
    /// In all.
    limit: usize,
    /// Of known devices.
    known: usize,
    /// Of discovered devices.
    discovered: usize,
    /// Of one device or address, including those that it uses already.
    of_share: usize,
    /// Devices and addresses that use slots, and how many.
    busy: Vec<(String, u32)>,
}

impl FreeSlots {
    /// One delivery of any sender but these.
    pub(super) fn one_besides<'a>(shares: impl Iterator<Item = &'a Share>) -> Self {
        let busy = shares.map(|share| (share.place().to_owned(), 1)).collect();
        Self { limit: 1, known: 1, discovered: 1, of_share: 1, busy }
    }

    /// The part for known devices.
    pub(super) fn for_known(self) -> Self {
        Self { limit: self.known, discovered: 0, ..self }
    }

    /// Whether no delivery may start.
    pub(super) fn is_none(&self) -> bool {
        self.limit == 0
    }

    /// The limits as the spool takes them.
    pub(super) fn room<'a>(&'a self, claimed: &'a [DeliveryId]) -> Room<'a> {
        let count = |slots: usize| u32::try_from(slots).unwrap_or(u32::MAX);
        Room {
            limit: count(self.limit),
            known: count(self.known),
            discovered: count(self.discovered),
            of_share: count(self.of_share),
            busy: &self.busy,
            claimed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(of: SlotLimits, attempts: &[(&Share, bool, bool, usize)]) -> FreeSlots {
        let attempts = attempts.iter().flat_map(|(share, is_stale, is_preparing, count)| {
            let (is_stale, is_preparing) = (*is_stale, *is_preparing);
            (0..*count).map(move |_| ActiveAttempt { share, is_stale, is_preparing })
        });
        UsedSlots::by(attempts).free(of)
    }

    #[test]
    fn discovered_devices_never_use_the_slots_of_known_ones() {
        let addresses: Vec<Share> =
            (0..254).map(|it| Share::Address(format!("10.0.0.{it}"))).collect();
        for of in [SlotLimits::PACED, SlotLimits::UNPACED] {
            for is_preparing in [false, true] {
                let mut taken = Vec::new();
                // Each takes what it gets.
                for address in &addresses {
                    let free = free(of, &taken);
                    let Share::Address(name) = address else { panic!() };
                    let busy = free.busy.iter().find(|(busy, _)| busy == name);
                    assert!(busy.is_none());
                    let count = free.discovered.min(free.of_share);
                    taken.push((address, false, is_preparing, count));
                }
                let free = free(of, &taken);
                assert_eq!(free.discovered, 0);
                assert_eq!((free.known, free.limit), (of.known, of.known), "{of:?}");
            }
        }
    }

    #[test]
    fn an_address_keeps_within_its_slots_and_preparing_uses_none() {
        let (one, two) = (Share::Address("one".to_owned()), Share::Address("two".to_owned()));
        let busy = |free: &FreeSlots, name: &str| {
            let found = free.busy.iter().find(|(address, _)| address == name);
            found.map_or(0, |(_, count)| *count)
        };
        let now = free(SlotLimits::PACED, &[(&one, false, false, 2), (&two, true, false, 5)]);
        assert_eq!((busy(&now, "one"), busy(&now, "two")), (2, 0), "what hangs counts no more");
        assert_eq!(now.discovered, 2);
        let now = free(SlotLimits::PACED, &[(&one, false, true, 8)]);
        assert_eq!((busy(&now, "one"), now.discovered), (0, 4));
        let now = free(SlotLimits::PACED, &[(&one, false, true, 10)]);
        assert_eq!((busy(&now, "one"), now.discovered), (2, 4), "it prepares no more");
        let now = free(SlotLimits::PACED, &[(&one, true, false, 60)]);
        assert_eq!((now.discovered, now.known), (0, 4), "what hangs is bounded too");
        let device = Share::Known("#1".to_owned());
        let now = free(SlotLimits::PACED, &[(&device, false, false, 2)]);
        assert_eq!((busy(&now, "#1"), now.known), (2, 2), "others find a place beside it");
    }
}
