//! The nodes of a tree, and the order in which they were written to.
//!
//! Each command costs the same in a full tree as in an empty one: a folder knows its entries, and the tree knows its
//! nodes in the order of their latest change. Decides nothing: the files beside this one do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::{Entries, Node, NodeKind, Reach};
use crate::path::FilePath;

/// The number of the root. It has no name, is never removed and is in no order.
pub(super) const ROOT: usize = 0;

/// The nodes of one tree.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// By their numbers; the first is the root. `None`: the number is free.
    nodes: Vec<Option<Node>>,
    /// The free numbers, so that they are used again.
    free: Vec<usize>,
    /// All but the root, by their latest change. An entry of a folder comes before the folder.
    order: BTreeMap<u64, usize>,
    /// Bytes of all names.
    names_bytes: usize,
    /// Number of the latest change; each change counts up.
    turn: u64,
}

impl Default for Nodes {
    fn default() -> Self {
        let root = Node {
            parent: ROOT,
            name: Arc::default(),
            turn: 0,
            reach: Reach::default(),
            kind: NodeKind::Folder(Entries::new()),
        };
        Self {
            nodes: vec![Some(root)],
            free: Vec::new(),
            order: BTreeMap::new(),
            names_bytes: 0,
            turn: 0,
        }
    }
}

impl Nodes {
    /// The number of the node at the path.
    pub(super) fn at(&self, path: &FilePath) -> Option<usize> {
        path.names().try_fold(ROOT, |folder, name| self.child(folder, name))
    }

    /// The number of the entry of this name in a folder.
    pub(super) fn child(&self, folder: usize, name: &[u8]) -> Option<usize> {
        self.entries(folder)?.get(name).copied()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Node> {
        self.nodes.get_mut(number)?.as_mut()
    }

    /// The entries of a folder; `None` if the node is a file.
    pub(super) fn entries(&self, folder: usize) -> Option<&Entries> {
        match &self.get(folder)?.kind {
            NodeKind::Folder(entries) => Some(entries),
            NodeKind::File(_) => None,
        }
    }

    fn entries_mut(&mut self, folder: usize) -> Option<&mut Entries> {
        match &mut self.get_mut(folder)?.kind {
            NodeKind::Folder(entries) => Some(entries),
            NodeKind::File(_) => None,
        }
    }

    /// The number of this folder. Makes it and its parents if they are missing, and turns files at their paths into
    /// folders. The caller has to `touch` it.
    pub(super) fn folder(&mut self, path: &FilePath) -> usize {
        let mut folder = ROOT;
        for name in path.names() {
            folder = match self.child(folder, name) {
                Some(child) => child,
                None => self.add(folder, name, NodeKind::Folder(Entries::new())),
            };
            if let Some(node) = self.get_mut(folder)
                && let NodeKind::File(_) = node.kind
            {
                node.kind = NodeKind::Folder(Entries::new());
            }
        }
        folder
    }

    /// Adds a node to a folder that has no entry of this name. The caller has to `touch` it.
    pub(super) fn add(&mut self, parent: usize, name: &[u8], kind: NodeKind) -> usize {
        let name: Arc<[u8]> = name.into();
        let reach = Reach::default();
        let node = Some(Node { parent, name: Arc::clone(&name), turn: 0, reach, kind });
        self.names_bytes += name.len();
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.nodes.get_mut(number) {
                    *place = node;
                }
                number
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        if let Some(entries) = self.entries_mut(parent) {
            entries.insert(name, number);
        }
        number
    }

    /// Marks a node and its parents as changed now, the node first: a folder is newer than its entries.
    pub(super) fn touch(&mut self, number: usize) {
        let (mut next, mut below) = (number, Reach::default());
        while next != ROOT {
            self.turn += 1;
            let turn = self.turn;
            let Some(node) = self.get_mut(next) else { return };
            let before = std::mem::replace(&mut node.turn, turn);
            let Reach { depth, bytes } = &mut node.reach;
            (*depth, *bytes) = ((*depth).max(below.depth), (*bytes).max(below.bytes));
            below = Reach { depth: *depth + 1, bytes: *bytes + 1 + node.name.len() };
            let parent = node.parent;
            self.order.remove(&before);
            self.order.insert(turn, next);
            next = parent;
        }
    }

    /// Moves a node with its entries to a folder that has no entry of this name. The caller has to `touch` it.
    pub(super) fn relocate(&mut self, number: usize, folder: usize, name: &[u8]) {
        let name: Arc<[u8]> = name.into();
        if let Some(entries) = self.entries_mut(folder) {
            entries.insert(Arc::clone(&name), number);
        }
        if let Some(node) = self.get_mut(number) {
            node.parent = folder;
            let before = std::mem::replace(&mut node.name, Arc::clone(&name));
            self.names_bytes = self.names_bytes - before.len() + name.len();
        }
    }

    /// Takes a node out of its folder. The node keeps its entries.
    pub(super) fn detach(&mut self, number: usize) {
        let Some(Node { parent, name, .. }) = self.get(number) else { return };
        let (parent, name) = (*parent, Arc::clone(name));
        if let Some(entries) = self.entries_mut(parent) {
            entries.remove(&name);
        }
    }

    /// Removes a node with all its entries. Not for the root.
    pub(super) fn remove(&mut self, number: usize) {
        self.detach(number);
        self.discard(number);
    }

    /// Removes the oldest node: a file or an empty folder, because a folder is newer than its entries. False if
    /// there is only the root.
    pub(super) fn remove_oldest(&mut self) -> bool {
        let Some((_, number)) = self.order.first_key_value() else { return false };
        self.remove(*number);
        true
    }

    /// Removes all entries of a folder.
    pub(super) fn clear(&mut self, folder: usize) {
        let entries = self.entries_mut(folder).map(std::mem::take).unwrap_or_default();
        if let Some(node) = self.get_mut(folder) {
            node.reach = Reach::default();
        }
        for number in entries.into_values() {
            self.discard(number);
        }
    }

    /// Frees a detached node with all its entries. Recursion ends at [`crate::PATH_DEPTH_MAX`].
    fn discard(&mut self, number: usize) {
        self.clear(number);
        let Some(node) = self.nodes.get_mut(number).and_then(Option::take) else { return };
        self.order.remove(&node.turn);
        self.names_bytes -= node.name.len();
        self.free.push(number);
    }

    /// Number of nodes besides the root.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Bytes of all names.
    pub(super) fn names_bytes(&self) -> usize {
        self.names_bytes
    }

    /// Number of the latest change.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Gives back the memory of free numbers at the end.
    pub(super) fn shrink_to_fit(&mut self) {
        self.nodes.shrink_to_fit();
    }

    /// Every node, the root too.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().flatten()
    }

    /// Numbers in use or free.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.nodes.len()
    }
}
