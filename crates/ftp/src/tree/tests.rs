//! The rules of the tree, and a model of it that is as simple as possible.

use std::collections::BTreeMap;

use tipoff_model::{ArrivalId, Timestamp};

use super::eviction::NODE_BYTES;
use super::*;
use crate::path::{PATH_BYTES_MAX, PATH_DEPTH_MAX};

fn path(text: &str) -> FilePath {
    FilePath::from_bytes(text.as_bytes())
}

fn file(number: i64) -> UploadedFile {
    UploadedFile { arrival: ArrivalId(number), size: 1, modified: Timestamp(0), may_grow: false }
}

fn names(tree: &Tree, folder: &str) -> Vec<String> {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    tree.list(&path(folder), None, 0).map(|(name, _)| text(name)).collect()
}

#[test]
fn a_file_makes_its_folders() {
    let mut tree = Tree::default();
    tree.put(&path("/a/b/x.jpg"), file(1));
    assert_eq!(tree.find(&path("/a/b")), Lookup::Folder);
    assert_eq!(names(&tree, "/"), ["a"]);
    assert_eq!(names(&tree, "/a/b"), ["x.jpg"]);
}

#[test]
fn a_folder_gives_way_to_a_file_and_a_file_to_a_folder() {
    let mut tree = Tree::default();
    tree.make_folder(&path("/x.jpg/in"));
    tree.put(&path("/x.jpg"), file(1));
    assert_eq!(tree.find(&path("/x.jpg")), Lookup::File(file(1)));
    assert_eq!(tree.find(&path("/x.jpg/in")), Lookup::Nothing);
    tree.put(&path("/x.jpg/y"), file(2));
    assert_eq!(tree.find(&path("/x.jpg")), Lookup::Folder);
    tree.put(&path("/x.jpg"), file(4));
    assert_eq!(tree.find(&path("/x.jpg")), Lookup::File(file(4)));
    assert_eq!(tree.find(&path("/x.jpg/y")), Lookup::Nothing);
    let beside = path("/x.jpg.txt");
    tree.put(&beside, file(3));
    tree.remove(&path("/x.jpg"));
    assert_eq!(tree.find(&beside), Lookup::File(file(3)));
}

#[test]
fn who_enters_a_folder_hides_no_file_that_may_be_asked_for() {
    let mut tree = Tree::default();
    tree.put(&path("/cam1"), file(1));
    tree.put(&path("/empty.jpg"), UploadedFile { size: 0, ..file(2) });
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
    assert_eq!(tree.find(&path("/ab")), Lookup::File(file(2)));
    assert!(tree.rename(&path("/a"), &path("/new/c")));
    assert_eq!(tree.find(&path("/new/c/x")), Lookup::File(file(1)));
    assert_eq!(tree.find(&path("/a")), Lookup::Nothing);
    assert!(tree.rename(&path("/new/c/x"), &path("/ab")), "a file goes over a file");
    assert_eq!(tree.find(&path("/ab")), Lookup::File(file(1)));
    assert!(tree.rename(&path("/ab"), &path("/new/c")), "and over a folder without files");
    tree.put(&path("/d/y"), file(4));
    assert!(tree.rename(&path("/d"), &path("/new/c")), "a folder goes over a file");
    assert_eq!(tree.find(&path("/new/c/y")), Lookup::File(file(4)));
    assert!(tree.rename(&path("/new/c/y"), &path("/new/c/y/z")), "a file goes into a new folder");
    assert_eq!(tree.find(&path("/new/c/y/z")), Lookup::File(file(4)));
    tree.put(&path("/new/c/y/other"), file(5));
    assert!(
        tree.rename(&path("/new/c/y/z"), &path("/new/c")),
        "and out of its own, over a folder with files"
    );
    assert_eq!(names(&tree, "/new"), ["c"]);
    assert_eq!(tree.find(&path("/new/c")), Lookup::File(file(4)));
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
        assert!(tree.nodes.names_bytes() <= PATHS_BYTES_MAX);
        assert_eq!(tree.find(&to), Lookup::File(file(1)));
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
        let entry = |(name, file): (&[u8], Option<UploadedFile>)| {
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
        assert!(tree.nodes.len() <= NODES_MAX);
    }
    assert_eq!(tree.find(&path(&format!("/new/{}", NODES_MAX - 1))), Lookup::File(file(1)));
    assert_eq!(tree.find(&path("/old/x")), Lookup::Nothing);
    assert_eq!(tree.find(&path("/old")), Lookup::Nothing, "an empty folder goes too");
    let long = "x".repeat(250);
    for number in 0..NODES_MAX {
        tree.make_folder(&path(&format!("/{number}{long}")));
        let bytes: usize = tree.nodes.iter().map(|node| node.name.len()).sum();
        assert_eq!(bytes, tree.nodes.names_bytes());
        assert!(bytes <= PATHS_BYTES_MAX);
    }
    assert!(tree.nodes.len() > 900);
    assert!(tree.nodes.capacity() <= NODES_MAX + 2, "numbers are used again");
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
    assert_eq!(tree.find(&path("/a/999")), Lookup::File(file(999)));
    assert_eq!(tree.find(&path("/a/0")), Lookup::Nothing);
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
    assert_eq!(tree.find(&path("/f/g/x")), Lookup::File(file(1)));
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

/// The effect of each command in the simplest form: each path with its file; `None` for a folder.
#[derive(Default)]
struct Model(BTreeMap<FilePath, Option<UploadedFile>>);

impl Model {
    fn make_folder(&mut self, path: &FilePath) {
        for folder in path.way() {
            self.0.insert(folder, None);
        }
    }

    fn take_out(&mut self, path: &FilePath) -> Vec<(FilePath, Option<UploadedFile>)> {
        let is_in = |it: &FilePath| it == path || it.is_below(path);
        let taken = self.0.iter().filter(|(it, _)| is_in(it)).map(|(it, file)| (it.clone(), *file));
        let taken = taken.collect();
        self.0.retain(|it, _| !is_in(it));
        taken
    }

    fn put(&mut self, path: &FilePath, file: UploadedFile) {
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
            proptest::prop_assert_eq!(tree.nodes.len(), model.0.len());
            for (path, file) in &model.0 {
                let found = file.map_or(Lookup::Folder, Lookup::File);
                proptest::prop_assert_eq!(tree.find(path), found, "{}", path);
            }
            for node in tree.nodes.iter().filter(|node| node.parent != ROOT) {
                let parent = tree.nodes.get(node.parent).map_or(0, |parent| parent.turn);
                proptest::prop_assert!(node.turn < parent, "a folder is newer than what it holds");
            }
        }
    }
}
