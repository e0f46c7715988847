//! The trees of devices that were seen to send a clip again as it grew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::receive::trees;

/// Trees that are remembered of one address, and of all devices with a login of their own.
const OF_ADDRESS_MAX: usize = 20;
const PROVEN_MAX: usize = 1_000;
/// Addresses of which trees are remembered.
const ADDRESSES_MAX: usize = 1_000;

/// They are remembered by address, so that made-up users push out only each other. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Resending(Arc<Mutex<HashMap<String, VecDeque<String>>>>);

impl Resending {
    pub(super) fn note(&self, tree: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let party = trees::party(tree);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&party) {
            return;
        }
        let most = if party.is_empty() { PROVEN_MAX } else { OF_ADDRESS_MAX };
        let of_party = all.entry(party).or_default();
        if of_party.iter().any(|known| known == tree) {
            return;
        }
        if of_party.len() >= most {
            of_party.pop_front();
        }
        of_party.push_back(tree.to_owned());
    }

    pub(super) fn has(&self, tree: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&trees::party(tree)).is_some_and(|trees| trees.iter().any(|known| known == tree))
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
}
