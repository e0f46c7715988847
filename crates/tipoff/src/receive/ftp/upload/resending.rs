//! Remembers the views of devices that send a clip again as it grows. The alert of their next clip waits for the rest
//! of it.
//!
//! In memory only: after a restart the first clip of a device is alerted with its first piece.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crate::receive::ftp::views;
use crate::runtime::lock::lock;

/// Views that are remembered of one address, and of all devices with a login of their own.
const OF_ADDRESS_MAX: usize = 20;
const PROVEN_MAX: usize = 1_000;
/// Addresses whose views are remembered; the one whose latest view is the oldest is forgotten first.
const ADDRESSES_MAX: usize = 1_000;

/// The views by address, so that made-up users push out only each other. Clones share them.
#[derive(Clone, Default)]
pub(super) struct ResendingViews(Arc<Mutex<HashMap<String, OfParty>>>);

/// The views of an address, and when one was noted last: a number that counts up.
#[derive(Default)]
struct OfParty {
    noted: u64,
    views: VecDeque<String>,
}

impl ResendingViews {
    /// Remembers the device of this view.
    pub(super) fn note(&self, view: &str) {
        let mut all = lock(&self.0);
        let party = views::party(view);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&party) {
            let of_addresses = all.iter().filter(|(party, _)| !party.is_empty());
            let oldest =
                of_addresses.min_by_key(|(_, it)| it.noted).map(|(party, _)| party.clone());
            oldest.and_then(|party| all.remove(&party));
        }
        let most = if party.is_empty() { PROVEN_MAX } else { OF_ADDRESS_MAX };
        let latest = all.values().map(|it| it.noted).max().unwrap_or(0);
        let OfParty { noted, views } = all.entry(party).or_default();
        *noted = latest + 1;
        if views.iter().any(|known| known == view) {
            return;
        }
        if views.len() >= most {
            views.pop_front();
        }
        views.push_back(view.to_owned());
    }

    /// Whether the device of this view is remembered.
    pub(super) fn has(&self, view: &str) -> bool {
        let all = lock(&self.0);
        all.get(&views::party(view)).is_some_and(|it| it.views.iter().any(|known| known == view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_users_push_out_only_each_other() {
        let resending = ResendingViews::default();
        for tree in ["user/yard", "peer/10.0.0.1/yard", "shared/10.0.0.3/cams"] {
            resending.note(tree);
        }
        for number in 0..2_000 {
            resending.note(&format!("peer/10.0.0.2/{number}"));
        }
        for tree in
            ["user/yard", "peer/10.0.0.1/yard", "shared/10.0.0.3/cams", "peer/10.0.0.2/1999"]
        {
            assert!(resending.has(tree), "{tree}");
        }
        assert!(!resending.has("peer/10.0.0.2/0"));
    }

    #[test]
    fn of_too_many_addresses_the_one_that_was_noted_last_long_ago_makes_room() {
        let resending = ResendingViews::default();
        resending.note("user/yard");
        for number in 0..1_500 {
            resending.note(&format!("peer/10.0.{}.{}/x", number / 250, number % 250));
            resending.note("peer/192.168.1.20/yard");
        }
        for tree in ["user/yard", "peer/192.168.1.20/yard", "peer/10.0.5.249/x"] {
            assert!(resending.has(tree), "{tree}");
        }
        assert!(!resending.has("peer/10.0.0.0/x"));
        assert!(resending.0.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
