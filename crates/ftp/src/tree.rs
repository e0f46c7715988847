//! The folders and files that a device sees over FTP. A view only: no command changes what is stored (a device can
//! only add). Bounded: the tree forgets the oldest entries.
//!
//! Each command costs the same in a full tree as in an empty one: a folder knows what is in it, and a tree knows
//! its nodes in the order in which they were written to.

mod node;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

pub use self::node::File;
pub(crate) use self::node::Found;
use self::node::{Kind, Node, Reach, is_called_like_a_file};
use crate::path::{FilePath, PATH_BYTES_MAX, PATH_DEPTH_MAX};

/// Number of files and folders that a tree remembers.
pub const NODES_MAX: usize = 2_000;
/// Bytes of all names in a tree together.
pub const PATHS_BYTES_MAX: usize = 256 * 1024;

/// Bytes of memory of an entry besides its name: the node, and its entries in its folder and in the order.
const NODE_BYTES: usize = 224;

/// A tree that several sessions of a device share.
pub type SharedTree = Arc<Mutex<Tree>>;

/// The folders and files of a device.
#[derive(Clone, Debug)]
pub struct Tree {
    /// By their numbers; the first is the root. `None`: free.
    nodes: Vec<Option<Node>>,
    /// The free numbers.
    free: Vec<usize>,
    /// All but the root, by when they were last written to. What a folder holds stands before the folder.
    order: BTreeMap<u64, usize>,
    /// The bytes of all names.
    names_bytes: usize,
    /// Number of the latest change; each change counts up.
    turn: u64,
    /// Whether the device gives up if a folder is missing, instead of making it.
    expects_folders: bool,
    /// Whether `expects_folders` was found out in this tree and is not stored yet.
    is_news: bool,
    /// Whether entries were forgotten to save memory.
    is_partial: bool,
}

/// The number of the root.
const ROOT: usize = 0;

impl Default for Tree {
    fn default() -> Self {
        let root = Node {
            parent: ROOT,
            name: Arc::default(),
            turn: 0,
            reach: Reach::default(),
            kind: Kind::Folder(BTreeMap::new()),
        };
        Self {
            nodes: vec![Some(root)],
            free: Vec::new(),
            order: BTreeMap::new(),
            names_bytes: 0,
            turn: 0,
            expects_folders: false,
            is_news: false,
            is_partial: false,
        }
    }
}

impl Tree {
    pub(crate) fn find(&self, path: &FilePath) -> Found {
        match self.at(path).and_then(|number| self.node(number)) {
            None => Found::Nothing,
            Some(Node { kind: Kind::Folder(_), .. }) => Found::Folder,
            Some(Node { kind: Kind::File(file), .. }) => Found::File(*file),
        }
    }

    /// The number of the node at the path.
    fn at(&self, path: &FilePath) -> Option<usize> {
        path.names().try_fold(ROOT, |folder, name| self.child(folder, name))
    }

    fn child(&self, folder: usize, name: &[u8]) -> Option<usize> {
        self.inside(folder)?.get(name).copied()
    }

    fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)?.as_ref()
    }

    fn node_mut(&mut self, number: usize) -> Option<&mut Node> {
        self.nodes.get_mut(number)?.as_mut()
    }

    /// The entries of a folder; `None` if the node is a file.
    fn inside(&self, folder: usize) -> Option<&BTreeMap<Arc<[u8]>, usize>> {
        match &self.node(folder)?.kind {
            Kind::Folder(inside) => Some(inside),
            Kind::File(_) => None,
        }
    }

    fn inside_mut(&mut self, folder: usize) -> Option<&mut BTreeMap<Arc<[u8]>, usize>> {
        match &mut self.node_mut(folder)?.kind {
            Kind::Folder(inside) => Some(inside),
            Kind::File(_) => None,
        }
    }

    /// Makes the folder and its parents. A file at one of these paths is replaced in the view.
    pub(crate) fn make_folder(&mut self, path: &FilePath) {
        let folder = self.folder(path);
        self.touch(folder);
        self.forget_the_oldest();
    }

    /// The number of this folder, which is made if it is missing.
    fn folder(&mut self, path: &FilePath) -> usize {
        let mut folder = ROOT;
        for name in path.names() {
            folder = match self.child(folder, name) {
                Some(child) => child,
                None => self.add(folder, name, Kind::Folder(BTreeMap::new())),
            };
            if let Some(node) = self.node_mut(folder)
                && let Kind::File(_) = node.kind
            {
                node.kind = Kind::Folder(BTreeMap::new());
            }
        }
        folder
    }

    /// Adds a node to a folder that has no entry of this name. The caller has to `touch` it.
    fn add(&mut self, parent: usize, name: &[u8], kind: Kind) -> usize {
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
        if let Some(inside) = self.inside_mut(parent) {
            inside.insert(name, number);
        }
        number
    }

    /// Marks a node and its parents as written to now. A folder is newer than its entries.
    fn touch(&mut self, number: usize) {
        let (mut next, mut below) = (number, Reach::default());
        while next != ROOT {
            self.turn += 1;
            let turn = self.turn;
            let Some(node) = self.node_mut(next) else { return };
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

    /// Whether a file that the device may still ask for has the path of this folder or of a parent. Empty files and
    /// files without an extension do not count: devices upload them to test whether they can write.
    pub(crate) fn hides_a_file(&self, folder: &FilePath) -> bool {
        let mut number = ROOT;
        for name in folder.names() {
            let Some(child) = self.child(number, name) else { return false };
            number = child;
            if let Some(Node { kind: Kind::File(file), name, .. }) = self.node(number) {
                return file.size > 0 && is_called_like_a_file(name);
            }
        }
        false
    }

    /// Puts a file at the path, and makes its folders. It replaces a file or a folder at the path in the view only: the
    /// replaced files stay stored.
    pub fn put(&mut self, path: &FilePath, file: File) {
        if path.is_root() {
            return;
        }
        let folder = self.folder(&path.parent());
        let number = match self.child(folder, path.name()) {
            Some(number) => {
                self.drop_inside(number);
                if let Some(node) = self.node_mut(number) {
                    node.kind = Kind::File(file);
                }
                number
            }
            None => self.add(folder, path.name(), Kind::File(file)),
        };
        self.touch(number);
        self.forget_the_oldest();
    }

    /// Removes the entry at the path, and all below it, from the view.
    pub(crate) fn remove(&mut self, path: &FilePath) {
        match self.at(path) {
            Some(ROOT) => self.drop_inside(ROOT),
            Some(number) => {
                self.detach(number);
                self.drop_node(number);
            }
            None => {}
        }
    }

    /// Removes a node from its folder. The node keeps its entries.
    fn detach(&mut self, number: usize) {
        let Some(Node { parent, name, .. }) = self.node(number) else { return };
        let (parent, name) = (*parent, Arc::clone(name));
        if let Some(inside) = self.inside_mut(parent) {
            inside.remove(&name);
        }
    }

    /// Drops a detached node with all its entries.
    fn drop_node(&mut self, number: usize) {
        self.drop_inside(number);
        let Some(node) = self.nodes.get_mut(number).and_then(Option::take) else { return };
        self.order.remove(&node.turn);
        self.names_bytes -= node.name.len();
        self.free.push(number);
    }

    /// Drops all entries of a folder. Recursion ends at [`PATH_DEPTH_MAX`].
    fn drop_inside(&mut self, folder: usize) {
        let inside = self.inside_mut(folder).map(std::mem::take).unwrap_or_default();
        if let Some(node) = self.node_mut(folder) {
            node.reach = Reach::default();
        }
        for number in inside.into_values() {
            self.drop_node(number);
        }
    }

    /// Moves the entry at `from`, and all below it, to `to`, and replaces the entry there. False if nothing is at
    /// `from`, if a folder would move into itself, if one of the paths is the root, or if a path below it would become
    /// too long or too deep.
    pub(crate) fn rename(&mut self, from: &FilePath, to: &FilePath) -> bool {
        let Some(number) = self.at(from) else { return false };
        if from == to {
            return true;
        }
        let moves_folder = self.inside(number).is_some();
        if from.is_root() || to.is_root() || (moves_folder && to.is_below(from)) {
            return false;
        }
        let reach = self.node(number).map(|node| node.reach).unwrap_or_default();
        let (depth, bytes) = (to.depth() + reach.depth, to.as_bytes().len() + reach.bytes);
        let is_further = to.depth() > from.depth() || to.as_bytes().len() > from.as_bytes().len();
        if is_further && (depth > PATH_DEPTH_MAX || bytes > PATH_BYTES_MAX) {
            return false;
        }
        self.detach(number);
        self.remove(to);
        let folder = self.folder(&to.parent());
        let name: Arc<[u8]> = to.name().into();
        if let Some(inside) = self.inside_mut(folder) {
            inside.insert(Arc::clone(&name), number);
        }
        if let Some(node) = self.node_mut(number) {
            node.parent = folder;
            let before = std::mem::replace(&mut node.name, Arc::clone(&name));
            self.names_bytes = self.names_bytes - before.len() + name.len();
        }
        self.touch(number);
        self.forget_the_oldest();
        true
    }

    /// Notes that the device gave up because a folder was missing, and made none itself.
    pub(crate) fn note_giving_up(&mut self) {
        self.is_news |= !self.expects_folders;
        self.expects_folders = true;
    }

    /// Whether the device gave up before: then missing folders are made for it.
    pub(crate) fn expects_folders(&self) -> bool {
        self.expects_folders
    }

    /// Sets what was stored after [`Tree::take_news`].
    pub fn set_expects_folders(&mut self) {
        self.expects_folders = true;
    }

    /// Whether `expects_folders` became true since the last call. The caller stores it.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }

    /// The entries of a folder behind the name `after`, in order, that were written to after the turn `since`.
    pub(crate) fn list<'a>(
        &'a self,
        folder: &FilePath,
        after: Option<&[u8]>,
        since: u64,
    ) -> impl Iterator<Item = (&'a [u8], Option<File>)> {
        let inside = self.at(folder).and_then(|number| self.inside(number));
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = inside.map(|inside| inside.range::<[u8], _>((begin, Bound::Unbounded)));
        let nodes = names.into_iter().flatten().filter_map(|(_, number)| self.node(*number));
        nodes.filter(move |node| node.turn > since).map(|node| match &node.kind {
            Kind::Folder(_) => (&*node.name, None),
            Kind::File(file) => (&*node.name, Some(*file)),
        })
    }

    /// A number that grows with each change.
    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    /// Memory of the tree in bytes, estimated.
    pub fn bytes(&self) -> usize {
        self.order.len() * NODE_BYTES + self.names_bytes
    }

    /// Forgets the oldest entries until the tree takes at most `bytes` of memory.
    pub fn shrink_to(&mut self, bytes: usize) {
        while self.bytes() > bytes && self.forget_one() {
            self.is_partial = true;
        }
        self.nodes.shrink_to_fit();
    }

    /// Whether entries were forgotten to save memory, so that the spool knows more of them.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Forgets the oldest entries until the tree is within its limits.
    fn forget_the_oldest(&mut self) {
        while self.order.len() > NODES_MAX || self.names_bytes > PATHS_BYTES_MAX {
            if !self.forget_one() {
                return;
            }
        }
    }

    /// Forgets the oldest node: a file or an empty folder, because a folder is newer than its entries.
    fn forget_one(&mut self) -> bool {
        let Some((_, number)) = self.order.first_key_value() else { return false };
        let number = *number;
        self.detach(number);
        self.drop_node(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{ArrivalId, Timestamp};

    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::from_bytes(text.as_bytes())
    }

    fn file(number: i64) -> File {
        File { arrival: ArrivalId(number), size: 1, modified: Timestamp(0), may_grow: false }
    }

    fn names(tree: &Tree, folder: &str) -> Vec<String> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        tree.list(&path(folder), None, 0).map(|(name, _)| text(name)).collect()
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
    fn a_rename_to_the_same_path_changes_nothing_and_one_to_another_counts_its_bytes() {
        let mut tree = Tree::default();
        tree.put(&path("/a/x"), file(1));
        let turn = tree.turn();
        assert!(tree.rename(&path("/a/x"), &path("/a/x")));
        assert!(!tree.rename(&path("/b"), &path("/b")), "nothing is there");
        assert_eq!((tree.turn(), tree.bytes()), (turn, 2 * NODE_BYTES + 2));
        assert!(tree.rename(&path("/a/x"), &path("/a/longer.jpg")));
        assert_eq!(tree.bytes(), 2 * NODE_BYTES + 1 + 10);
        assert!(tree.turn() > turn);
        assert!(tree.rename(&path("/a"), &path("/folder")));
        assert_eq!(tree.bytes(), 2 * NODE_BYTES + 6 + 10);
        tree.remove(&FilePath::ROOT);
        assert_eq!((tree.bytes(), names(&tree, "/").len()), (0, 0), "the root stays, empty");
    }

    #[test]
    fn many_long_names_by_rename_are_forgotten_too() {
        let mut tree = Tree::default();
        let long = "x".repeat(250);
        for number in 0..NODES_MAX {
            let (from, to) = (path("/new"), path(&format!("/{number}{long}")));
            tree.put(&from, file(1));
            assert!(tree.rename(&from, &to));
            assert!(tree.names_bytes <= PATHS_BYTES_MAX);
            assert_eq!(tree.find(&to), Found::File(file(1)));
        }
    }

    #[test]
    fn a_listing_begins_behind_a_name_and_shows_what_is_newer_than_a_turn() {
        let mut tree = Tree::default();
        for (number, name) in ["a", "b", "c"].into_iter().enumerate() {
            tree.put(&path(&format!("/{name}")), file(number as i64));
        }
        tree.make_folder(&path("/d"));
        let found = |tree: &Tree, after: Option<&[u8]>, since: u64| {
            let entry = |(name, file): (&[u8], Option<File>)| {
                (String::from_utf8_lossy(name).into_owned(), file.map(|it| it.arrival.0))
            };
            tree.list(&FilePath::ROOT, after, since).map(entry).collect::<Vec<_>>()
        };
        let entry = |name: &str, number: Option<i64>| (name.to_owned(), number);
        let (c, d) = (entry("c", Some(2)), entry("d", None));
        assert_eq!(found(&tree, Some(b"b"), 0), [c.clone(), d.clone()]);
        assert_eq!(found(&tree, Some(b"bb"), 0), [c, d.clone()], "the name need not be there");
        let turn = tree.turn();
        assert_eq!(found(&tree, None, turn - 1), [d]);
        assert_eq!(found(&tree, None, turn), []);
        tree.put(&path("/a"), file(7));
        assert_eq!(found(&tree, None, turn), [entry("a", Some(7))]);
        assert_eq!(tree.list(&path("/a"), None, 0).count(), 0, "a file has nothing in it");
    }

    #[test]
    fn that_a_device_gave_up_is_news_once() {
        let mut tree = Tree::default();
        assert!(!tree.expects_folders() && !tree.take_news());
        tree.note_giving_up();
        assert!(tree.expects_folders() && tree.take_news());
        assert!(!tree.take_news(), "it was taken");
        tree.note_giving_up();
        assert!(!tree.take_news(), "it was known");
        let mut stored = Tree::default();
        stored.set_expects_folders();
        stored.note_giving_up();
        assert!(stored.expects_folders() && !stored.take_news(), "it was stored before");
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut tree = Tree::default();
        tree.put(&path("/old/x"), file(0));
        for number in 0..NODES_MAX {
            tree.put(&path(&format!("/new/{number}")), file(1));
            assert!(tree.order.len() <= NODES_MAX);
        }
        assert_eq!(tree.find(&path(&format!("/new/{}", NODES_MAX - 1))), Found::File(file(1)));
        assert_eq!(tree.find(&path("/old/x")), Found::Nothing);
        assert_eq!(tree.find(&path("/old")), Found::Nothing, "an empty folder goes too");
        let long = "x".repeat(250);
        for number in 0..NODES_MAX {
            tree.make_folder(&path(&format!("/{number}{long}")));
            let bytes: usize = tree.nodes.iter().flatten().map(|node| node.name.len()).sum();
            assert_eq!(bytes, tree.names_bytes);
            assert!(bytes <= PATHS_BYTES_MAX);
        }
        assert!(tree.order.len() > 900);
        assert!(tree.nodes.len() <= NODES_MAX + 2, "numbers are used again");
    }

    #[test]
    fn a_tree_that_must_save_memory_keeps_the_newest() {
        let mut tree = Tree::default();
        for number in 0..1_000 {
            tree.put(&path(&format!("/a/{number}")), file(number));
        }
        assert!(!tree.is_partial());
        tree.shrink_to(50_000);
        assert!(tree.bytes() <= 50_000 && tree.is_partial());
        assert_eq!(tree.find(&path("/a/999")), Found::File(file(999)));
        assert_eq!(tree.find(&path("/a/0")), Found::Nothing);
        tree.shrink_to(0);
        assert_eq!((tree.bytes(), names(&tree, "/").len()), (0, 0));
    }

    #[test]
    fn what_is_renamed_deeper_must_have_room_for_all_that_is_in_it() {
        let mut tree = Tree::default();
        let deep = "/d".repeat(PATH_DEPTH_MAX - 1);
        tree.put(&path(&format!("{deep}/x")), file(1));
        assert!(!tree.rename(&path("/d"), &path("/e/d")));
        assert!(tree.rename(&path("/d"), &path("/e")));
        assert!(tree.rename(&path(&format!("/e{}", &deep[2..])), &path("/f/g")));
        assert_eq!(tree.find(&path("/f/g/x")), Found::File(file(1)));
    }

    #[test]
    fn a_shallow_file_beside_a_deep_one_does_not_make_a_folder_less_deep() {
        let mut tree = Tree::default();
        let deep = "/d".repeat(PATH_DEPTH_MAX - 1);
        tree.put(&path(&format!("{deep}/x")), file(1));
        tree.put(&path("/d/y"), file(2));
        assert!(!tree.rename(&path("/d"), &path("/e/d")));
        tree.put(&path("/d"), file(3));
        assert!(tree.rename(&path("/d"), &path("/e/d")), "what was in it is gone");
    }

    #[test]
    fn what_is_renamed_longer_must_have_room_for_all_that_is_in_it() {
        let mut tree = Tree::default();
        let inside = format!("{0}{0}{0}/x", format!("/{}", "y".repeat(250)));
        tree.put(&path(&format!("/a{inside}")), file(1));
        let room = PATH_BYTES_MAX - inside.len();
        let to = |bytes: usize| path(&format!("/{}/{}", "z".repeat(250), "z".repeat(bytes - 252)));
        assert!(!tree.rename(&path("/a"), &to(room + 1)));
        assert!(tree.rename(&path("/a"), &to(room)));
    }

    /// Only the time that it takes shows it: what each of these commands costs does not grow with the tree.
    #[test]
    fn a_command_in_a_full_tree_costs_what_it_costs_in_an_empty_one() {
        let mut full = Tree::default();
        for number in 0..NODES_MAX - 10 {
            full.put(&path(&format!("/all/{number}")), file(1));
        }
        let commands = |tree: &mut Tree| {
            let began = std::time::Instant::now();
            for _ in 0..500 {
                tree.remove(&path("/x"));
                tree.make_folder(&path("/b"));
                tree.rename(&path("/all"), &path("/every"));
                tree.rename(&path("/every"), &path("/all"));
                tree.list(&path("/b"), None, 0).count();
                tree.put(&path("/b/c"), file(2));
                tree.remove(&path("/b"));
            }
            began.elapsed()
        };
        let best = |tree: &mut Tree| (0..5).map(|_| commands(tree)).min();
        let empty = best(&mut Tree::default()).unwrap_or_default();
        let full = best(&mut full).unwrap_or_default();
        assert!(full < empty * 10, "{full:?} and {empty:?}");
    }

    /// What every command does, told as simply as possible: each path with its file.
    #[derive(Default)]
    struct Model(BTreeMap<FilePath, Option<File>>);

    impl Model {
        fn make_folder(&mut self, path: &FilePath) {
            for folder in path.way() {
                self.0.insert(folder, None);
            }
        }

        fn take_out(&mut self, path: &FilePath) -> Vec<(FilePath, Option<File>)> {
            let is_in = |it: &FilePath| it == path || it.is_below(path);
            let taken =
                self.0.iter().filter(|(it, _)| is_in(it)).map(|(it, file)| (it.clone(), *file));
            let taken = taken.collect();
            self.0.retain(|it, _| !is_in(it));
            taken
        }

        fn put(&mut self, path: &FilePath, file: File) {
            self.take_out(path);
            self.make_folder(&path.parent());
            self.0.insert(path.clone(), Some(file));
        }

        fn rename(&mut self, from: &FilePath, to: &FilePath) {
            let is_folder = self.0.get(from).is_some_and(Option::is_none);
            if from == to || !self.0.contains_key(from) || (is_folder && to.is_below(from)) {
                return;
            }
            let moved = self.take_out(from);
            self.take_out(to);
            self.make_folder(&to.parent());
            for (old, file) in moved {
                let text = String::from_utf8_lossy(old.as_bytes()).into_owned();
                let rest = text.strip_prefix(&from.to_string()).unwrap_or_default().to_owned();
                self.0.insert(path(&format!("{to}{rest}")), file);
            }
        }
    }

    fn some_path() -> impl proptest::strategy::Strategy<Value = FilePath> {
        use proptest::strategy::Strategy;
        let name = proptest::sample::select(vec!["a", "b", "a-", "x.jpg"]);
        proptest::collection::vec(name, 1..4).prop_map(|names| path(&names.join("/")))
    }

    proptest::proptest! {
        #[test]
        fn a_tree_shows_what_its_commands_made_of_it(
            commands in proptest::collection::vec((0..4, some_path(), some_path()), 0..40),
        ) {
            let (mut tree, mut model) = (Tree::default(), Model::default());
            for (number, (command, one, other)) in commands.into_iter().enumerate() {
                let file = file(number as i64);
                match command {
                    0 => {
                        tree.put(&one, file);
                        model.put(&one, file);
                    }
                    1 => {
                        tree.make_folder(&one);
                        model.make_folder(&one);
                    }
                    2 => {
                        tree.remove(&one);
                        model.take_out(&one);
                    }
                    _ => {
                        tree.rename(&one, &other);
                        model.rename(&one, &other);
                    }
                }
                proptest::prop_assert_eq!(tree.order.len(), model.0.len());
                for (path, file) in &model.0 {
                    let found = file.map_or(Found::Folder, Found::File);
                    proptest::prop_assert_eq!(tree.find(path), found, "{}", path);
                }
                for node in tree.nodes.iter().flatten().filter(|node| node.parent != ROOT) {
                    let parent = tree.node(node.parent).map_or(0, |parent| parent.turn);
                    proptest::prop_assert!(node.turn < parent, "a folder is newer than what it holds");
                }
            }
        }
    }
}
