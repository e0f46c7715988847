//! What a device sees of what it uploaded. A view only: nothing that happens here changes what is
//! stored (a device can only add). Bounded: it forgets the oldest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tipoff_model::{ArrivalId, Timestamp, sort};

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
    /// Whether a later upload may bring more of it: it is torn, or nothing shows that it is whole.
    pub may_grow: bool,
}

/// The folders and files of a device.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<FilePath, Node>,
    /// The bytes of all paths.
    paths_bytes: usize,
    /// Counts up, to tell old from new.
    turn: u64,
    /// Whether the device makes no folders, and gives up where one is missing.
    expects_folders: bool,
    /// Whether that was found out here and is not stored yet.
    is_news: bool,
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

    /// Makes the folder and those that it is in. A file in their place goes out of sight.
    pub(crate) fn make_folder(&mut self, path: &FilePath) {
        self.turn += 1;
        let node = Node { file: None, turn: self.turn };
        for folder in path.way() {
            self.insert(folder, node);
        }
        self.forget_the_oldest();
    }

    /// Whether the folder is in the place of a file that the device may still ask for. Empty files are none, and
    /// neither is one that is called like a folder: devices try with them whether they can write.
    pub(crate) fn hides_a_file(&self, folder: &FilePath) -> bool {
        folder.way().iter().any(|path| match self.find(path) {
            Found::File(file) => file.size > 0 && is_called_like_a_file(path.name()),
            Found::Folder | Found::Nothing => false,
        })
    }

    /// Puts a file at the path, in place of what was there, and makes the folders that it names. A folder in its
    /// place goes out of sight with its files: they are stored, and no name is a reason to lose another one.
    pub fn put(&mut self, path: &FilePath, file: File) {
        if path.is_root() {
            return;
        }
        self.take_out(path);
        self.make_folder(&path.parent());
        self.insert(path.clone(), Node { file: Some(file), turn: self.turn });
        self.forget_the_oldest();
    }

    /// Takes what is at the path, and below it, out of sight.
    pub(crate) fn remove(&mut self, path: &FilePath) {
        self.take_out(path);
    }

    /// What is at the path and below it, which is not in the tree any more.
    fn take_out(&mut self, path: &FilePath) -> Vec<(FilePath, Node)> {
        let below: Vec<FilePath> = self.below(path).map(|(path, _)| path.clone()).collect();
        let all = [path.clone()].into_iter().chain(below);
        let taken: Vec<(FilePath, Node)> =
            all.filter_map(|path| self.nodes.remove_entry(&path)).collect();
        let bytes: usize = taken.iter().map(|(path, _)| path.as_bytes().len()).sum();
        self.paths_bytes = self.paths_bytes.saturating_sub(bytes);
        taken
    }

    /// Everything below a folder.
    fn below(&self, folder: &FilePath) -> impl Iterator<Item = (&FilePath, &Node)> {
        let nodes = self.nodes.range(folder.first_below()..);
        nodes.take_while(|(path, _)| path.is_below(folder))
    }

    fn insert(&mut self, path: FilePath, node: Node) {
        let bytes = path.as_bytes().len();
        if self.nodes.insert(path, node).is_none() {
            self.paths_bytes += bytes;
        }
    }

    /// Moves what is at `from`, and below it, in place of what is at `to`. False: it would be in itself, or there
    /// is no name.
    pub(crate) fn rename(&mut self, from: &FilePath, to: &FilePath) -> bool {
        if from == to {
            return true;
        }
        let moves_folder = self.find(from) == Found::Folder;
        if from.is_root() || to.is_root() || (moves_folder && to.is_below(from)) {
            return false;
        }
        let moved = self.take_out(from);
        self.take_out(to);
        self.make_folder(&to.parent());
        for (old, node) in moved {
            self.insert(old.moved(from, to), node);
        }
        self.forget_the_oldest();
        true
    }

    /// The device gave up where a folder was missing, without having made any.
    pub(crate) fn note_giving_up(&mut self) {
        self.is_news |= !self.expects_folders;
        self.expects_folders = true;
    }

    /// Whether it did so before: then what is missing is made.
    pub(crate) fn expects_folders(&self) -> bool {
        self.expects_folders
    }

    /// The same, read from where [`Tree::take_news`] was stored.
    pub fn set_expects_folders(&mut self) {
        self.expects_folders = true;
    }

    /// Whether the device was found to expect folders since this was asked last.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
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

/// Whether a name ends as those of known sorts of files do.
fn is_called_like_a_file(name: &[u8]) -> bool {
    sort::by_name(&String::from_utf8_lossy(name)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::from_bytes(text.as_bytes())
    }

    fn file(number: i64) -> File {
        File { arrival: ArrivalId(number), size: 1, modified: Timestamp(0), may_grow: false }
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
    }

    #[test]
    fn a_folder_gives_way_to_a_file_and_a_file_to_a_folder() {
        let mut tree = Tree::default();
        tree.make_folder(&path("/x.jpg/in"));
        tree.put(&path("/x.jpg"), file(1));
        assert_eq!(tree.find(&path("/x.jpg")), Found::File(file(1)));
        assert_eq!(tree.find(&path("/x.jpg/in")), Found::Nothing);
        tree.put(&path("/x.jpg/y"), file(2));
        assert_eq!(tree.find(&path("/x.jpg")), Found::Folder);
        tree.put(&path("/x.jpg"), file(4));
        assert_eq!(tree.find(&path("/x.jpg")), Found::File(file(4)));
        assert_eq!(tree.find(&path("/x.jpg/y")), Found::Nothing);
        let beside = path("/x.jpg.txt");
        tree.put(&beside, file(3));
        tree.remove(&path("/x.jpg"));
        assert_eq!(tree.find(&beside), Found::File(file(3)));
    }

    #[test]
    fn who_enters_a_folder_hides_no_file_that_may_be_asked_for() {
        let mut tree = Tree::default();
        tree.put(&path("/cam1"), file(1));
        tree.put(&path("/empty.jpg"), File { size: 0, ..file(2) });
        tree.put(&path("/x.jpg"), file(3));
        assert!(!tree.hides_a_file(&path("/cam1/a")) && !tree.hides_a_file(&path("/empty.jpg")));
        assert!(tree.hides_a_file(&path("/x.jpg")) && tree.hides_a_file(&path("/x.jpg/a")));
    }

    #[test]
    fn what_is_renamed_takes_what_is_in_it_along() {
        let mut tree = Tree::default();
        tree.put(&path("/a/x"), file(1));
        tree.put(&path("/ab"), file(2));
        assert!(!tree.rename(&path("/a"), &path("/a/b")), "not into itself");
        assert!(!tree.rename(&path("/ab"), &FilePath::ROOT), "not without a name");
        assert_eq!(tree.find(&path("/ab")), Found::File(file(2)));
        assert!(tree.rename(&path("/a"), &path("/new/c")));
        assert_eq!(tree.find(&path("/new/c/x")), Found::File(file(1)));
        assert_eq!(tree.find(&path("/a")), Found::Nothing);
        assert!(tree.rename(&path("/new/c/x"), &path("/ab")), "a file goes over a file");
        assert_eq!(tree.find(&path("/ab")), Found::File(file(1)));
        assert!(tree.rename(&path("/ab"), &path("/new/c")), "and over a folder without files");
        tree.put(&path("/d/y"), file(4));
        assert!(tree.rename(&path("/d"), &path("/new/c")), "a folder goes over a file");
        assert_eq!(tree.find(&path("/new/c/y")), Found::File(file(4)));
        assert!(
            tree.rename(&path("/new/c/y"), &path("/new/c/y/z")),
            "a file goes into a new folder"
        );
        assert_eq!(tree.find(&path("/new/c/y/z")), Found::File(file(4)));
        tree.put(&path("/new/c/y/other"), file(5));
        assert!(
            tree.rename(&path("/new/c/y/z"), &path("/new/c")),
            "and out of its own, over a folder with files"
        );
        assert_eq!(names(&tree, "/new"), ["c"]);
        assert_eq!(tree.find(&path("/new/c")), Found::File(file(4)));
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
        let long = "x".repeat(250);
        for number in 0..NODES_MAX {
            tree.make_folder(&path(&format!("/{long}/{number}")));
            let bytes: usize = tree.nodes.keys().map(|path| path.as_bytes().len()).sum();
            assert_eq!(bytes, tree.paths_bytes);
            assert!(bytes <= PATHS_BYTES_MAX);
        }
        assert!(tree.nodes.len() > 800);
    }
}
