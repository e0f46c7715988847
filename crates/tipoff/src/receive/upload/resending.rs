//! The trees of devices that were seen to send a clip again as it grew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::receive::trees;

/// Trees that are remembered of one address, and of all devices with a login of their own.
const OF_ADDRESS_MAX: usize = 20;
const PROVEN_MAX: usize = 1_000;
/// Addresses of which trees are remembered; the one of which none was noted for longest makes room.
const ADDRESSES_MAX: usize = 1_000;

/// They are remembered by address, so that made-up users push out only each other. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Resending(Arc<Mutex<HashMap<String, OfParty>>>);

/// The trees of an address, and when one was noted last: a number that counts up.
#[derive(Default)]
struct OfParty {
    noted: u64,
    trees: VecDeque<String>,
}

impl Resending {
    pub(super) fn note(&self, tree: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let party = trees::party(tree);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&party) {
            let of_addresses = all.iter().filter(|(party, _)| !party.is_empty());
            let oldest =
                of_addresses.min_by_key(|(_, it)| it.noted).map(|(party, _)| party.clone());
            oldest.and_then(|party| all.remove(&party));
        }
        let most = if party.is_empty() { PROVEN_MAX } else { OF_ADDRESS_MAX };
        let latest = all.values().map(|it| it.noted).max().unwrap_or(0);
        let OfParty { noted, trees } = all.entry(party).or_default();
        *noted = latest + 1;
        if trees.iter().any(|known| known == tree) {
            return;
        }
        if trees.len() >= most {
            trees.pop_front();
        }
        trees.push_back(tree.to_owned());
    }

    pub(super) fn has(&self, tree: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&trees::party(tree)).is_some_and(|it| it.trees.iter().any(|known| known == tree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_users_push_out_only_each_other() {
        let resending = Resending::default();
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
        let resending = Resending::default();
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
