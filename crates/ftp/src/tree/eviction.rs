//! The limits of a tree, and what is evicted beyond them: the entries that were not written to for the longest time.
//!
//! An evicted entry only leaves the view. The device then sees a folder or file as missing; what it uploaded stays
//! stored.

use super::Tree;

/// Number of files and folders that a tree remembers.
pub const NODES_MAX: usize = 2_000;
/// Bytes of all names in a tree together.
pub const PATHS_BYTES_MAX: usize = 256 * 1024;

/// Bytes of memory of an entry besides its name, estimated: the node, its place in its folder and in the order.
pub(super) const NODE_BYTES: usize = 224;

impl Tree {
    /// Memory of the tree in bytes, estimated.
    pub fn bytes(&self) -> usize {
        self.nodes.len() * NODE_BYTES + self.nodes.names_bytes()
    }

    /// Evicts the oldest entries until the tree takes at most `bytes` of memory. Callers do this if all trees together
    /// take too much.
    pub fn shrink_to(&mut self, bytes: usize) {
        while self.bytes() > bytes && self.nodes.remove_oldest() {
            self.is_partial = true;
        }
        self.nodes.shrink_to_fit();
    }

    /// Whether entries were evicted to save memory, so that the spool knows more of them.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Evicts the oldest entries until the tree is within its limits.
    pub(super) fn evict_surplus(&mut self) {
        while self.nodes.len() > NODES_MAX || self.nodes.names_bytes() > PATHS_BYTES_MAX {
            if !self.nodes.remove_oldest() {
                return;
            }
        }
    }
}
