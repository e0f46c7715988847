//! How many deliveries of a channel may be under way at once, and of whom: no address takes the places of another,
//! and no stranger those of a known device. Pure.

use std::collections::HashMap;

use tipoff_model::DeliveryId;
use tipoff_spool::{Room, Share};

/// Deliveries of known devices, and of those at one address, that make videos or pictures ready: they take no place
/// from those that can be sent.
const PREPARING_MAX: usize = 16;
/// The same of one address: others find a place to prepare theirs.
const PREPARING_OF_ADDRESS_MAX: usize = 8;
/// Attempts at once in all, also of those that hang from before the channel last failed.
const ATTEMPTS_MAX: usize = 64;
/// Those of discovered devices among them.
const ATTEMPTS_OF_DISCOVERED_MAX: usize = 48;

/// Places of a channel, each for one delivery under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// For known devices.
    known: usize,
    /// For all discovered devices.
    discovered: usize,
    /// For the discovered devices at one address.
    of_address: usize,
}

impl Places {
    /// Where nothing may begin.
    pub(super) const NONE: Self = Self { known: 0, discovered: 0, of_address: 0 };
    /// Of a service that sets no pace.
    pub(super) const UNPACED: Self = Self { known: 16, discovered: 24, of_address: 16 };
    /// Of one that does: a long upload must not hold the next picture back.
    pub(super) const PACED: Self = Self { known: 2, discovered: 4, of_address: 2 };
}

/// An attempt that is under way.
pub(super) struct Attempting<'a> {
    pub(super) share: &'a Share,
    /// Whether it began before the channel last failed.
    pub(super) is_late: bool,
    /// Whether files are made ready for it.
    pub(super) is_preparing: bool,
}

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    known: Count,
    discovered: Count,
    by_address: HashMap<String, Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: usize,
    current: usize,
    preparing: usize,
}

impl Count {
    fn add(&mut self, attempting: &Attempting<'_>) {
        self.all += 1;
        if !attempting.is_late {
            self.current += 1;
            self.preparing += usize::from(attempting.is_preparing);
        }
    }

    /// Those that take a place, where so many may prepare beside them.
    fn taken(self, preparing_max: usize) -> usize {
        self.current - self.preparing.min(preparing_max)
    }
}

impl Taken {
    /// By these attempts.
    pub(super) fn by<'a>(attempts: impl Iterator<Item = Attempting<'a>>) -> Self {
        let mut taken = Self::default();
        for attempting in attempts {
            match attempting.share {
                Share::Known => taken.known.add(&attempting),
                Share::Address(address) => {
                    taken.discovered.add(&attempting);
                    taken.by_address.entry(address.clone()).or_default().add(&attempting);
                }
            }
        }
        taken
    }

    /// How many attempts may begin while the service fails, at most one at a time.
    pub(super) fn probes(&self, max: usize) -> usize {
        let taken = self.known.taken(PREPARING_MAX) + self.discovered.taken(PREPARING_MAX);
        let all = self.known.all + self.discovered.all;
        max.saturating_sub(taken).min(ATTEMPTS_MAX.saturating_sub(all)).min(1)
    }

    /// Whether an attempt for a discovered device is under way.
    pub(super) fn has_discovered(&self) -> bool {
        self.discovered.all > 0
    }

    /// The places that are free, besides those of the attempts.
    pub(super) fn free(&self, of: Places) -> Free {
        let all = ATTEMPTS_MAX.saturating_sub(self.known.all + self.discovered.all);
        let known = of.known.saturating_sub(self.known.taken(PREPARING_MAX)).min(all);
        let discovered = of
            .discovered
            .saturating_sub(self.discovered.taken(PREPARING_MAX))
            .min(ATTEMPTS_OF_DISCOVERED_MAX.saturating_sub(self.discovered.all))
            .min(all);
        let busy = self.by_address.iter().map(|(address, count)| {
            let taken = count.taken(PREPARING_OF_ADDRESS_MAX);
            (address.clone(), u32::try_from(taken).unwrap_or(u32::MAX))
        });
        let limit = (known + discovered).min(all);
        Free { limit, known, discovered, of_address: of.of_address, busy: busy.collect() }
    }
}

/// Deliveries that may begin.
#[derive(Clone, Debug)]
pub(super) struct Free {
    limit: usize,
    known: usize,
    discovered: usize,
    of_address: usize,
    busy: Vec<(String, u32)>,
}

impl Free {
    /// One delivery, of whomever but the discovered devices at these addresses.
    pub(super) fn one_besides<'a>(addresses: impl Iterator<Item = &'a Share>) -> Self {
        let full = |share: &Share| match share {
            Share::Known => None,
            Share::Address(address) => Some((address.clone(), 1)),
        };
        let busy = addresses.filter_map(full).collect();
        Self { limit: 1, known: 1, discovered: 1, of_address: 1, busy }
    }

    /// The same for known devices only.
    pub(super) fn for_known(self) -> Self {
        Self { limit: self.known, discovered: 0, ..self }
    }

    /// Whether none may begin.
    pub(super) fn is_none(&self) -> bool {
        self.limit == 0
    }

    /// As the spool is asked.
    pub(super) fn room<'a>(&'a self, claimed: &'a [DeliveryId]) -> Room<'a> {
        let count = |places: usize| u32::try_from(places).unwrap_or(u32::MAX);
        Room {
            limit: count(self.limit),
            known: count(self.known),
            discovered: count(self.discovered),
            of_address: count(self.of_address),
            busy: &self.busy,
            claimed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(of: Places, attempts: &[(&Share, bool, bool, usize)]) -> Free {
        let attempts = attempts.iter().flat_map(|(share, is_late, is_preparing, count)| {
            let (is_late, is_preparing) = (*is_late, *is_preparing);
            (0..*count).map(move |_| Attempting { share, is_late, is_preparing })
        });
        Taken::by(attempts).free(of)
    }

    #[test]
    fn strangers_take_no_place_of_a_known_device() {
        let addresses: Vec<Share> =
            (0..254).map(|it| Share::Address(format!("10.0.0.{it}"))).collect();
        for of in [Places::PACED, Places::UNPACED] {
            for is_preparing in [false, true] {
                let mut taken = Vec::new();
                // Each takes what it gets.
                for address in &addresses {
                    let free = free(of, &taken);
                    let Share::Address(name) = address else { panic!() };
                    let busy = free.busy.iter().find(|(busy, _)| busy == name);
                    assert!(busy.is_none());
                    let count = free.discovered.min(free.of_address);
                    taken.push((address, false, is_preparing, count));
                }
                let free = free(of, &taken);
                assert_eq!(free.discovered, 0);
                assert_eq!((free.known, free.limit), (of.known, of.known), "{of:?}");
            }
        }
    }

    #[test]
    fn an_address_keeps_within_its_places_and_videos_are_prepared_beside_them() {
        let (one, two) = (Share::Address("one".to_owned()), Share::Address("two".to_owned()));
        let busy = |free: &Free, name: &str| {
            let found = free.busy.iter().find(|(address, _)| address == name);
            found.map_or(0, |(_, count)| *count)
        };
        let now = free(Places::PACED, &[(&one, false, false, 2), (&two, true, false, 5)]);
        assert_eq!((busy(&now, "one"), busy(&now, "two")), (2, 0), "what hangs counts no more");
        assert_eq!(now.discovered, 2);
        let now = free(Places::PACED, &[(&one, false, true, 8)]);
        assert_eq!((busy(&now, "one"), now.discovered), (0, 4));
        let now = free(Places::PACED, &[(&one, false, true, 10)]);
        assert_eq!((busy(&now, "one"), now.discovered), (2, 4), "it prepares no more");
        let now = free(Places::PACED, &[(&one, true, false, 60)]);
        assert_eq!((now.discovered, now.known), (0, 2), "what hangs is bounded too");
    }
}
