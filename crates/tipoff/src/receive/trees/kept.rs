//! The trees in memory, and which of them are forgotten where they take too much: first those of the address whose
//! trees take most, those of known devices last.

use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tipoff_ftp::{SharedTree, Tree};

use super::{GIVEN_UP_PART, Owner, TREE_BYTES, TREES_BYTES_MAX};
use crate::runtime::per_minute::network;

/// A tree in use is made no smaller than this, in bytes: its newest names stay.
const SHRUNK_BYTES_MIN: usize = 2 * 1024;

/// The trees by their names.
#[derive(Default)]
pub(super) struct Kept {
    trees: HashMap<String, Place>,
    /// Counts up, to tell who was here last.
    turn: u64,
    /// What all trees take.
    bytes: usize,
    /// If what is in use takes too much already: where to look again.
    look_again_at: usize,
}

struct Place {
    tree: SharedTree,
    owner: Owner,
    /// When a session began that uses it.
    turn: u64,
    /// What it took when it was weighed last.
    bytes: usize,
}

impl Place {
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.tree) > 1
    }

    fn weigh(&mut self, name: &str) -> usize {
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        self.bytes = TREE_BYTES + name.len() + tree.bytes();
        self.bytes
    }
}

/// The trees of one address, or of all known devices.
#[derive(Default)]
struct Party {
    bytes: usize,
    /// Those that no session uses, the latest first.
    idle: Vec<(u64, String)>,
    /// The others, the largest first.
    in_use: BinaryHeap<(usize, String)>,
}

impl Kept {
    /// The tree of this name. One that was made smaller is read again when nobody uses it.
    pub(super) fn find(&mut self, name: &str) -> Option<SharedTree> {
        self.turn += 1;
        let turn = self.turn;
        let place = self.trees.get_mut(name)?;
        let is_partial = place.tree.lock().unwrap_or_else(PoisonError::into_inner).is_partial();
        if is_partial && !place.is_in_use() {
            self.forget(name);
            return None;
        }
        place.turn = turn;
        Some(Arc::clone(&place.tree))
    }

    /// The same as it is.
    pub(super) fn peek(&self, name: &str) -> Option<SharedTree> {
        self.trees.get(name).map(|place| Arc::clone(&place.tree))
    }

    pub(super) fn keep(&mut self, name: &str, owner: Owner, tree: Tree) -> SharedTree {
        if let Some(tree) = self.find(name) {
            return tree;
        }
        let tree = Arc::new(Mutex::new(tree));
        let place = Place { tree: Arc::clone(&tree), owner, turn: self.turn, bytes: 0 };
        self.trees.insert(name.to_owned(), place);
        self.weigh(name);
        tree
    }

    /// The tree of this name may have grown.
    pub(super) fn weigh(&mut self, name: &str) {
        let Some(place) = self.trees.get_mut(name) else { return };
        let before = place.bytes;
        self.bytes = (self.bytes + place.weigh(name)).saturating_sub(before);
        if self.bytes > TREES_BYTES_MAX.max(self.look_again_at) {
            self.make_room();
            self.look_again_at = self.bytes + TREES_BYTES_MAX / GIVEN_UP_PART;
        }
    }

    fn forget(&mut self, name: &str) {
        if let Some(place) = self.trees.remove(name) {
            self.bytes = self.bytes.saturating_sub(place.bytes);
        }
    }

    /// Strangers give up first, among them the address whose trees take most, of these the one that was used the
    /// longest ago. One in use is made smaller.
    fn make_room(&mut self) {
        let target = TREES_BYTES_MAX - TREES_BYTES_MAX / GIVEN_UP_PART;
        let mut strangers: HashMap<IpAddr, Party> = HashMap::new();
        let mut known = Party::default();
        for (name, place) in &self.trees {
            let party = match place.owner {
                Owner::Known => &mut known,
                Owner::At(address) => strangers.entry(network(address)).or_default(),
            };
            party.bytes += place.bytes;
            match place.is_in_use() {
                true => party.in_use.push((place.bytes, name.clone())),
                false => party.idle.push((place.turn, name.clone())),
            }
        }
        let mut parties: Vec<Party> = strangers.into_values().collect();
        self.take_from(&mut parties, target);
        self.take_from(&mut [known], target);
    }

    fn take_from(&mut self, parties: &mut [Party], target: usize) {
        for party in parties.iter_mut() {
            party.idle.sort_unstable_by(|one, other| other.cmp(one));
        }
        let mut largest: BinaryHeap<(usize, usize)> =
            parties.iter().enumerate().map(|(number, party)| (party.bytes, number)).collect();
        while self.bytes > target
            && let Some((bytes, number)) = largest.pop()
            && let Some(party) = parties.get_mut(number)
        {
            let before = self.bytes;
            match party.idle.pop() {
                Some((_, name)) => self.forget(&name),
                None => {
                    let Some((_, name)) = party.in_use.pop() else { continue };
                    if let Some(bytes) = self.shrink(&name) {
                        party.in_use.push((bytes, name));
                    }
                }
            }
            largest.push((bytes.saturating_sub(before.saturating_sub(self.bytes)), number));
        }
    }

    /// Makes a tree smaller that is in use. What it takes then; `None` if it is as small as may be.
    fn shrink(&mut self, name: &str) -> Option<usize> {
        let place = self.trees.get_mut(name)?;
        let before = place.bytes;
        let is_smaller = {
            let mut tree = place.tree.lock().unwrap_or_else(PoisonError::into_inner);
            let (bytes, target) = (tree.bytes(), SHRUNK_BYTES_MIN.max(tree.bytes() / 2));
            tree.shrink_to(target);
            bytes > target
        };
        let bytes = place.weigh(name);
        self.bytes = (self.bytes + bytes).saturating_sub(before);
        is_smaller.then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use tipoff_ftp::{File, FilePath, NODES_MAX};
    use tipoff_model::{ArrivalId, Timestamp};

    use super::*;

    fn at(number: u32) -> Owner {
        Owner::At(IpAddr::from([10, 0, 0, number as u8]))
    }

    fn tree(names: usize) -> Tree {
        let mut tree = Tree::default();
        for number in 0..names {
            let file =
                File { arrival: ArrivalId(1), size: 1, modified: Timestamp(0), may_grow: false };
            tree.put(&FilePath::from_bytes(format!("/{number}.jpg").as_bytes()), file);
        }
        tree
    }

    fn weighed(kept: &mut Kept) -> usize {
        kept.trees.iter_mut().map(|(name, place)| place.weigh(name)).sum()
    }

    #[test]
    fn made_up_users_of_one_address_cost_only_that_address() {
        let mut kept = Kept::default();
        kept.keep("user/own", Owner::Known, tree(NODES_MAX));
        kept.keep("honest", at(1), tree(500));
        for number in 0..200 {
            kept.keep(&format!("made up {number}"), at(2), tree(NODES_MAX));
            assert!(kept.bytes <= TREES_BYTES_MAX);
        }
        assert_eq!(weighed(&mut kept), kept.bytes);
        assert!(kept.find("user/own").is_some() && kept.find("honest").is_some());
        assert!(kept.find("made up 0").is_none() && kept.find("made up 199").is_some());
    }

    #[test]
    fn trees_in_use_are_made_smaller_and_read_again_later() {
        let mut kept = Kept::default();
        let own = kept.keep("user/own", Owner::Known, tree(NODES_MAX));
        let honest = kept.keep("honest", at(1), tree(500));
        let sessions: Vec<SharedTree> = (0..100)
            .map(|number| kept.keep(&format!("made up {number}"), at(2), tree(NODES_MAX)))
            .collect();
        assert!(kept.bytes <= TREES_BYTES_MAX && weighed(&mut kept) == kept.bytes);
        let is_partial = |tree: &SharedTree| tree.lock().unwrap().is_partial();
        assert!(!is_partial(&own) && !is_partial(&honest));
        assert!(sessions.iter().filter(|tree| is_partial(tree)).count() > 50);
        let partial = sessions.iter().position(is_partial).unwrap();
        let name = format!("made up {partial}");
        assert!(kept.find(&name).is_some(), "another session uses it");
        drop(sessions);
        assert!(kept.find(&name).is_none(), "the spool knows more of it");
    }

    #[test]
    fn trees_of_known_devices_go_when_nobody_else_has_any() {
        let mut kept = Kept::default();
        for number in 0..100 {
            kept.keep(&format!("user/{number}"), Owner::Known, tree(NODES_MAX));
            assert!(kept.bytes <= TREES_BYTES_MAX);
        }
        assert!(kept.find("user/0").is_none() && kept.find("user/99").is_some());
    }
}
