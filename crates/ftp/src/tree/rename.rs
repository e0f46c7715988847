//! RNFR and RNTO: what may be renamed to what.

use super::Tree;
use crate::path::{FilePath, PATH_BYTES_MAX, PATH_DEPTH_MAX};

impl Tree {
    /// Moves the entry at `from`, and all below it, to `to`, and replaces the entry there. False if nothing is at
    /// `from`, if a folder would move into itself, if one of the paths is the root, or if a path below it would become
    /// too long or too deep.
    pub(crate) fn rename(&mut self, from: &FilePath, to: &FilePath) -> bool {
        let Some(number) = self.nodes.at(from) else { return false };
        if from == to {
            return true;
        }
        let is_of_root = from.is_root() || to.is_root();
        let moves_into_itself = self.nodes.entries(number).is_some() && to.is_below(from);
        if is_of_root || moves_into_itself || !self.has_room(number, to) {
            return false;
        }
        // Detached first: a file may move to a path below its own, and out of a folder that it replaces.
        self.nodes.detach(number);
        self.remove(to);
        let folder = self.nodes.folder(&to.parent());
        self.nodes.relocate(number, folder, to.name());
        self.nodes.touch(number);
        self.evict_surplus();
        true
    }

    /// Whether all paths below a node stay within the limits if it moves to `to`.
    fn has_room(&self, number: usize, to: &FilePath) -> bool {
        let reach = self.nodes.get(number).map(|node| node.reach).unwrap_or_default();
        to.depth() + reach.depth <= PATH_DEPTH_MAX
            && to.as_bytes().len() + reach.bytes <= PATH_BYTES_MAX
    }
}
