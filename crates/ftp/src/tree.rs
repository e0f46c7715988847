//! What a device sees of what it uploaded. A view only: nothing that happens here changes what is
//! stored (a device can only add). Bounded: it forgets the oldest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tipoff_model::{ArrivalId, Timestamp};

use crate::path::FilePath;

/// How many files and folders of a device are remembered.
pub const NODES_MAX: usize = 2_000;
/// And how many bytes their paths have together.
pub const PATHS_BYTES_MAX: usize = 256 * 1024;

/// Of a tree that is full, one part in so many is forgotten.
const FORGOTTEN_PART: usize = 8;

/// A tree that several sessions of a device share.
pub type SharedTree = Arc<Mutex<Tree>>;

/// A file in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is stored.
    pub arrival: ArrivalId,
    /// In bytes.
    pub size: u64,
    /// When its last byte came.
    pub modified: Timestamp,
}

/// The folders and files of a device.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<FilePath, Node>,
    /// The bytes of all paths.
    paths_bytes: usize,
    /// Counts up, to tell old from new.
    turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// None: a folder.
    file: Option<File>,
    /// When it was last written to.
    turn: u64,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Folder,
    File(File),
}

impl Tree {
    pub(crate) fn find(&self, path: &FilePath) -> Found {
        match self.nodes.get(path) {
            _ if path.is_root() => Found::Folder,
            None => Found::Nothing,
            Some(Node { file: None, .. }) => Found::Folder,
            Some(Node { file: Some(file), .. }) => Found::File(*file),
        }
    }

    /// Makes the folder and those that it is in. False: a file is in the way.
    pub(crate) fn make_folder(&mut self, path: &FilePath) -> bool {
        let way = path.way();
        if way.iter().any(|folder| matches!(self.find(folder), Found::File(_))) {
            return false;
        }
        self.turn += 1;
        let node = Node { file: None, turn: self.turn };
        for folder in way {
            self.insert(folder, node);
        }
        self.forget_the_oldest();
        true
    }

    /// Whether a file may stand at the path.
    pub(crate) fn takes_file(&self, path: &FilePath) -> bool {
        let mut way = path.way();
        way.pop();
        !path.is_root()
            && self.find(path) != Found::Folder
            && !way.iter().any(|folder| matches!(self.find(folder), Found::File(_)))
    }

    /// Puts a file at the path, in place of one that was there, and makes the folders it names.
    pub fn put(&mut self, path: &FilePath, file: File) {
        if self.takes_file(path) {
            // Not possible to fail: no file is in the way.
            self.make_folder(&path.parent());
            self.insert(path.clone(), Node { file: Some(file), turn: self.turn });
            self.forget_the_oldest();
        }
    }

    /// Takes what is at the path, and below it, out of sight.
    pub(crate) fn remove(&mut self, path: &FilePath) {
        self.nodes.retain(|other, _| other != path && !other.is_below(path));
        self.count_bytes();
    }

    fn insert(&mut self, path: FilePath, node: Node) {
        let bytes = path.as_bytes().len();
        if self.nodes.insert(path, node).is_none() {
            self.paths_bytes += bytes;
        }
    }

    /// Moves what is at `from`, and below it. False: it would be in the way, or in itself.
    pub(crate) fn rename(&mut self, from: &FilePath, to: &FilePath) -> bool {
        if from == to {
            return true;
        }
        let moves_folder = self.find(from) == Found::Folder;
        let taken =
            if moves_folder { self.find(to) != Found::Nothing } else { !self.takes_file(to) };
        if taken || to.is_below(from) || from.is_root() {
            return false;
        }
        let is_moved = |path: &FilePath| path == from || path.is_below(from);
        let moved: Vec<FilePath> =
            self.nodes.keys().filter(|path| is_moved(path)).cloned().collect();
        if !self.make_folder(&to.parent()) {
            return false;
        }
        for old in moved {
            let node = self.nodes.remove(&old);
            self.paths_bytes = self.paths_bytes.saturating_sub(old.as_bytes().len());
            if let (Ok(new), Some(node)) = (old.moved(from, to), node) {
                self.insert(new, node);
            }
        }
        self.forget_the_oldest();
        true
    }

    /// What is in a folder, by name.
    pub(crate) fn list(&self, folder: &FilePath) -> impl Iterator<Item = (&[u8], Option<File>)> {
        self.nodes
            .iter()
            .filter(move |(path, _)| path.parent() == *folder)
            .map(|(path, node)| (path.name(), node.file))
    }

    /// What was written to last stays. Folders are as new as the newest in them. A part goes at a
    /// time, so that not every upload has to look for the oldest.
    fn forget_the_oldest(&mut self) {
        while self.nodes.len() > NODES_MAX || self.paths_bytes > PATHS_BYTES_MAX {
            let mut turns: Vec<u64> = self.nodes.values().map(|node| node.turn).collect();
            turns.sort_unstable();
            // A node is never newer than the folder that it is in, so what stays has its folders.
            let last_to_go = turns.get(turns.len() / FORGOTTEN_PART).copied().unwrap_or_default();
            self.nodes.retain(|_, node| node.turn > last_to_go);
            self.count_bytes();
        }
    }

    fn count_bytes(&mut self) {
        self.paths_bytes = self.nodes.keys().map(|path| path.as_bytes().len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::from_bytes(text.as_bytes()).unwrap()
    }

    fn file(number: i64) -> File {
        File { arrival: ArrivalId(number), size: 1, modified: Timestamp(0) }
    }

    fn names(tree: &Tree, folder: &str) -> Vec<String> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        tree.list(&path(folder)).map(|(name, _)| text(name)).collect()
    }

    #[test]
    fn a_file_makes_its_folders() {
        let mut tree = Tree::default();
        tree.put(&path("/a/b/x.jpg"), file(1));
        assert_eq!(tree.find(&path("/a/b")), Found::Folder);
        assert_eq!(names(&tree, "/"), ["a"]);
        assert_eq!(names(&tree, "/a/b"), ["x.jpg"]);
        assert!(!tree.make_folder(&path("/a/b/x.jpg/c")), "a file is no folder");
        assert!(!tree.takes_file(&path("/a/b")), "a folder is no file");
        assert!(!tree.takes_file(&path("/a/b/x.jpg/y")));
    }

    #[test]
    fn what_is_renamed_takes_what_is_in_it_along() {
        let mut tree = Tree::default();
        tree.put(&path("/a/x"), file(1));
        tree.put(&path("/ab"), file(2));
        assert!(!tree.rename(&path("/a"), &path("/a/b")), "not into itself");
        assert!(!tree.rename(&path("/a"), &path("/ab")), "not over a file");
        assert!(tree.rename(&path("/a"), &path("/new/c")));
        assert_eq!(tree.find(&path("/new/c/x")), Found::File(file(1)));
        assert_eq!(tree.find(&path("/a")), Found::Nothing);
        assert!(tree.rename(&path("/new/c/x"), &path("/ab")), "a file goes over a file");
        assert_eq!(tree.find(&path("/ab")), Found::File(file(1)));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut tree = Tree::default();
        tree.put(&path("/old/x"), file(0));
        for number in 0..NODES_MAX {
            tree.put(&path(&format!("/new/{number}")), file(1));
            assert!(tree.nodes.len() <= NODES_MAX);
        }
        assert_eq!(tree.find(&path(&format!("/new/{}", NODES_MAX - 1))), Found::File(file(1)));
        assert_eq!(tree.find(&path("/old/x")), Found::Nothing);
        let long = "x".repeat(500);
        for number in 0..NODES_MAX {
            tree.make_folder(&path(&format!("/{long}/{number}")));
            let bytes: usize = tree.nodes.keys().map(|path| path.as_bytes().len()).sum();
            assert_eq!(bytes, tree.paths_bytes);
            assert!(bytes <= PATHS_BYTES_MAX);
        }
        assert!(tree.nodes.len() > 400);
    }
}
