//! The folders and files that a device sees over FTP. A view only: no command changes what is stored (a device can
//! only add).
//!
//! Here is what a path leads to and what an upload, MKD and DELE change. `rename.rs` has RNTO, `entries.rs` what a
//! listing shows, `expectation.rs` whether missing folders are made, `eviction.rs` the limits of memory, and
//! `nodes.rs` the nodes themselves. The session (`session/folders.rs`) decides which of these a command means.

mod entries;
mod eviction;
mod expectation;
mod node;
mod nodes;
mod rename;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::eviction::{NODES_MAX, PATHS_BYTES_MAX};
use self::expectation::FolderExpectation;
pub(crate) use self::node::Lookup;
pub use self::node::UploadedFile;
use self::node::{Node, NodeKind, has_known_extension};
use self::nodes::{Nodes, ROOT};
use crate::path::FilePath;

/// A tree that several sessions of a device share.
pub type SharedTree = Arc<Mutex<Tree>>;

/// Locks a tree. A tree is complete after every call, so a panic in another session does not spoil it.
pub(crate) fn lock(tree: &SharedTree) -> MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folders and files of a device.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Nodes,
    expectation: FolderExpectation,
    /// Whether entries were evicted to save memory.
    is_partial: bool,
}

impl Tree {
    /// What is at the path.
    pub(crate) fn find(&self, path: &FilePath) -> Lookup {
        match self.nodes.at(path).and_then(|number| self.nodes.get(number)) {
            None => Lookup::Nothing,
            Some(Node { kind: NodeKind::Folder(_), .. }) => Lookup::Folder,
            Some(Node { kind: NodeKind::File(file), .. }) => Lookup::File(*file),
        }
    }

    /// Makes the folder and its parents. A file at one of these paths is replaced in the view.
    pub(crate) fn make_folder(&mut self, path: &FilePath) {
        let folder = self.nodes.folder(path);
        self.nodes.touch(folder);
        self.evict_surplus();
    }

    /// Whether a file that the device may still ask for has the path of this folder or of a parent. Empty files and
    /// files without an extension do not count: devices upload them to test whether they can write.
    pub(crate) fn hides_a_file(&self, folder: &FilePath) -> bool {
        let mut number = ROOT;
        for name in folder.names() {
            let Some(child) = self.nodes.child(number, name) else { return false };
            number = child;
            if let Some(Node { kind: NodeKind::File(file), name, .. }) = self.nodes.get(number) {
                return file.size > 0 && has_known_extension(name);
            }
        }
        false
    }

    /// Puts a file at the path, and makes its folders. It replaces a file or a folder at the path in the view only: the
    /// replaced files stay stored. The root stays a folder.
    pub fn put(&mut self, path: &FilePath, file: UploadedFile) {
        if path.is_root() {
            return;
        }
        let folder = self.nodes.folder(&path.parent());
        let number = match self.nodes.child(folder, path.name()) {
            Some(number) => {
                self.nodes.clear(number);
                if let Some(node) = self.nodes.get_mut(number) {
                    node.kind = NodeKind::File(file);
                }
                number
            }
            None => self.nodes.add(folder, path.name(), NodeKind::File(file)),
        };
        self.nodes.touch(number);
        self.evict_surplus();
    }

    /// Removes the entry at the path, and all below it, from the view. Of the root only the entries.
    pub(crate) fn remove(&mut self, path: &FilePath) {
        match self.nodes.at(path) {
            Some(ROOT) => self.nodes.clear(ROOT),
            Some(number) => self.nodes.remove(number),
            None => {}
        }
    }

    /// Number of the latest change. A listing of a session that may not read shows what is newer.
    pub(crate) fn turn(&self) -> u64 {
        self.nodes.turn()
    }
}
