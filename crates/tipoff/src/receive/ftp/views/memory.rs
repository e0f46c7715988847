//! The views in memory, and which of them are forgotten where they take too much: first those of the address whose
//! views take most, those of known devices last.

use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tipoff_ftp::{SharedTree, Tree};

use super::{FREED_PART, VIEW_BYTES, VIEWS_BYTES_MAX, ViewOwner};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::network;

/// A view in use is shrunk to no less than this, in bytes: its newest names stay.
const SHRUNK_BYTES_MIN: usize = 2 * 1024;

/// The views by their names.
#[derive(Default)]
pub(super) struct ViewMemory {
    views: HashMap<String, ViewEntry>,
    /// Counts up, to order the views by their latest use.
    turn: u64,
    /// Bytes that all views take.
    bytes: usize,
    /// Where views in use take too much already: from how many bytes on to try again.
    look_again_at: usize,
}

/// One view in memory.
struct ViewEntry {
    tree: SharedTree,
    /// Whose share it counts to.
    owner: ViewOwner,
    /// The turn of its latest session.
    turn: u64,
    /// Its bytes when it was measured last.
    bytes: usize,
}

impl ViewEntry {
    /// Whether a session has the tree.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.tree) > 1
    }

    /// Measures the view, and returns its bytes.
    fn measure(&mut self, name: &str) -> usize {
        let tree = lock(&self.tree);
        self.bytes = VIEW_BYTES + name.len() + tree.bytes();
        self.bytes
    }
}

/// The views of one address, or of all known devices.
#[derive(Default)]
struct ViewParty {
    bytes: usize,
    /// Views that no session uses, the latest first.
    idle: Vec<(u64, String)>,
    /// The other views, the largest first.
    in_use: BinaryHeap<(usize, String)>,
}

impl ViewMemory {
    /// The view of this name. One that was shrunk is forgotten when no session uses it, and must be loaded again.
    pub(super) fn find(&mut self, name: &str) -> Option<SharedTree> {
        self.turn += 1;
        let turn = self.turn;
        let entry = self.views.get_mut(name)?;
        let is_partial = lock(&entry.tree).is_partial();
        if is_partial && !entry.is_in_use() {
            self.forget(name);
            return None;
        }
        entry.turn = turn;
        Some(Arc::clone(&entry.tree))
    }

    /// The view of this name, without counting as a use.
    pub(super) fn peek(&self, name: &str) -> Option<SharedTree> {
        self.views.get(name).map(|entry| Arc::clone(&entry.tree))
    }

    /// Adds a view that was loaded. If another session has added it meanwhile, that one is returned.
    pub(super) fn insert(&mut self, name: &str, owner: ViewOwner, tree: Tree) -> SharedTree {
        if let Some(tree) = self.find(name) {
            return tree;
        }
        let tree = Arc::new(Mutex::new(tree));
        let entry = ViewEntry { tree: Arc::clone(&tree), owner, turn: self.turn, bytes: 0 };
        self.views.insert(name.to_owned(), entry);
        self.measure(name);
        tree
    }

    /// Measures the view of this name, and frees memory if all take too much.
    pub(super) fn measure(&mut self, name: &str) {
        let Some(entry) = self.views.get_mut(name) else { return };
        let before = entry.bytes;
        self.bytes = (self.bytes + entry.measure(name)).saturating_sub(before);
        if self.bytes > VIEWS_BYTES_MAX.max(self.look_again_at) {
            self.make_room();
            self.look_again_at = self.bytes + VIEWS_BYTES_MAX / FREED_PART;
        }
    }

    fn forget(&mut self, name: &str) {
        if let Some(entry) = self.views.remove(name) {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    /// Frees memory: first the views of strangers, among them of the address whose views take most, of these the one
    /// that was used longest ago. A view in use is shrunk.
    fn make_room(&mut self) {
        let target = VIEWS_BYTES_MAX - VIEWS_BYTES_MAX / FREED_PART;
        let mut strangers: HashMap<IpAddr, ViewParty> = HashMap::new();
        let mut known = ViewParty::default();
        for (name, entry) in &self.views {
            let party = match entry.owner {
                ViewOwner::Known => &mut known,
                ViewOwner::At(address) => strangers.entry(network(address)).or_default(),
            };
            party.bytes += entry.bytes;
            match entry.is_in_use() {
                true => party.in_use.push((entry.bytes, name.clone())),
                false => party.idle.push((entry.turn, name.clone())),
            }
        }
        let mut parties: Vec<ViewParty> = strangers.into_values().collect();
        self.take_from(&mut parties, target);
        self.take_from(&mut [known], target);
    }

    /// Forgets or shrinks views of these parties until `target` bytes are left. The party whose views take most gives
    /// first.
    fn take_from(&mut self, parties: &mut [ViewParty], target: usize) {
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

    /// Shrinks a view in use, and returns its bytes; `None` if it cannot be shrunk further.
    fn shrink(&mut self, name: &str) -> Option<usize> {
        let entry = self.views.get_mut(name)?;
        let before = entry.bytes;
        let is_smaller = {
            let mut tree = lock(&entry.tree);
            let (bytes, target) = (tree.bytes(), SHRUNK_BYTES_MIN.max(tree.bytes() / 2));
            tree.shrink_to(target);
            bytes > target
        };
        let bytes = entry.measure(name);
        self.bytes = (self.bytes + bytes).saturating_sub(before);
        is_smaller.then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use tipoff_ftp::{FilePath, NODES_MAX, UploadedFile};
    use tipoff_model::{ArrivalId, Timestamp};

    use super::*;

    fn at(number: u32) -> ViewOwner {
        ViewOwner::At(IpAddr::from([10, 0, 0, number as u8]))
    }

    fn tree(names: usize) -> Tree {
        let mut tree = Tree::default();
        for number in 0..names {
            let file = UploadedFile {
                arrival: ArrivalId(1),
                size: 1,
                modified: Timestamp(0),
                may_grow: false,
            };
            tree.put(&FilePath::from_bytes(format!("/{number}.jpg").as_bytes()), file);
        }
        tree
    }

    fn measured(memory: &mut ViewMemory) -> usize {
        memory.views.iter_mut().map(|(name, entry)| entry.measure(name)).sum()
    }

    #[test]
    fn made_up_users_of_one_address_cost_only_that_address() {
        let mut memory = ViewMemory::default();
        memory.insert("user/own", ViewOwner::Known, tree(NODES_MAX));
        memory.insert("honest", at(1), tree(500));
        for number in 0..200 {
            memory.insert(&format!("made up {number}"), at(2), tree(NODES_MAX));
            assert!(memory.bytes <= VIEWS_BYTES_MAX);
        }
        assert_eq!(measured(&mut memory), memory.bytes);
        assert!(memory.find("user/own").is_some() && memory.find("honest").is_some());
        assert!(memory.find("made up 0").is_none() && memory.find("made up 199").is_some());
    }

    #[test]
    fn trees_in_use_are_made_smaller_and_read_again_later() {
        let mut memory = ViewMemory::default();
        let own = memory.insert("user/own", ViewOwner::Known, tree(NODES_MAX));
        let honest = memory.insert("honest", at(1), tree(500));
        let sessions: Vec<SharedTree> = (0..100)
            .map(|number| memory.insert(&format!("made up {number}"), at(2), tree(NODES_MAX)))
            .collect();
        assert!(memory.bytes <= VIEWS_BYTES_MAX && measured(&mut memory) == memory.bytes);
        let is_partial = |tree: &SharedTree| tree.lock().unwrap().is_partial();
        assert!(!is_partial(&own) && !is_partial(&honest));
        assert!(sessions.iter().filter(|tree| is_partial(tree)).count() > 50);
        let partial = sessions.iter().position(is_partial).unwrap();
        let name = format!("made up {partial}");
        assert!(memory.find(&name).is_some(), "another session uses it");
        drop(sessions);
        assert!(memory.find(&name).is_none(), "the spool knows more of it");
    }

    #[test]
    fn trees_of_known_devices_go_when_nobody_else_has_any() {
        let mut memory = ViewMemory::default();
        for number in 0..100 {
            memory.insert(&format!("user/{number}"), ViewOwner::Known, tree(NODES_MAX));
            assert!(memory.bytes <= VIEWS_BYTES_MAX);
        }
        assert!(memory.find("user/0").is_none() && memory.find("user/99").is_some());
    }
}
