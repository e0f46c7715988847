//! The model of a disk: what is durable, and what was done since and may be lost.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at a recording that the model does not explain"
)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::trace::{Operation, Step};

/// A disk may write part of what it was given: whole sectors of this size, in bytes.
const SECTOR_BYTES: usize = 512;

/// Whether this is SQLite's index of its log: memory that is shared by a file, rebuilt by whoever
/// opens the database after a crash.
pub(super) fn is_index(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"-shm")
}

/// What a power cut leaves of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// Nothing.
    Lost,
    /// Everything, as after the end of the program alone.
    Kept,
    /// All names, and no bytes: new files are empty.
    NamesOnly,
    /// All bytes and no names.
    BytesOnly,
    /// All names and lengths, and zeros for what a file became longer by.
    LengthsOnly,
    /// All names, and zeros in place of the bytes.
    Zeros,
    /// Everything but the second half of the last write to each file.
    Torn,
    /// Each change or not, whole, torn or as zeros, by this seed.
    Random(u64),
}

/// Number of a file or folder.
type Node = usize;

const ROOT: Node = 0;

enum Content {
    File { durable: Vec<u8>, pending: Vec<(usize, Change)> },
    Folder { durable: BTreeMap<String, Node>, now: BTreeMap<String, Node>, pending: Vec<Naming> },
    Index,
}

/// A change of a file's bytes.
#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    SetLength(usize),
}

/// A change of names in one folder, which happens wholly or not at all.
#[derive(Clone)]
struct Naming {
    ended: usize,
    names: Vec<(String, Option<Node>)>,
}

/// A disk to which a recording is applied step by step.
pub(super) struct Disk {
    root: PathBuf,
    nodes: Vec<Content>,
    open: HashMap<usize, Node>,
    positions: HashMap<usize, usize>,
}

/// A disk at a moment.
pub struct Cut<'a> {
    disk: &'a Disk,
    under_way: Vec<&'a Step>,
}

impl Disk {
    pub(super) fn new(root: &Path) -> Self {
        let nodes = vec![folder()];
        Self { root: root.to_owned(), nodes, open: HashMap::new(), positions: HashMap::new() }
    }

    /// The disk now, while these steps have begun and not ended.
    pub(super) fn cut<'a>(&'a self, under_way: Vec<&'a Step>) -> Cut<'a> {
        Cut { disk: self, under_way }
    }

    /// A step that has ended.
    pub(super) fn apply(&mut self, step: &Step) {
        match &step.operation {
            Operation::Open { file, path, create, truncate } => {
                let node = match self.find(path) {
                    Some(node) => node,
                    None if *create => {
                        let content = if is_index(path) {
                            Content::Index
                        } else {
                            Content::File { durable: Vec::new(), pending: Vec::new() }
                        };
                        self.make(path, content, step.ended)
                    }
                    None => panic!("{} is opened and not there", path.display()),
                };
                self.open.insert(*file, node);
                self.positions.insert(*file, 0);
                if *truncate {
                    self.change(node, step.ended, Change::SetLength(0));
                }
            }
            Operation::MakeFolder(path) => {
                self.make(path, folder(), step.ended);
            }
            Operation::Rename(from, to) => self.rename(from, to, step.ended),
            Operation::Link(from, to) => {
                let node = self.find(from);
                let (folder, name) = self.place(to);
                self.name(folder, vec![(name, node)], step.ended);
            }
            Operation::Remove(path) => {
                let (folder, name) = self.place(path);
                self.name(folder, vec![(name, None)], step.ended);
            }
            Operation::Sync { file } => self.sync(self.open[file], step.began),
            Operation::Seek { file, to } => {
                self.positions.insert(*file, *to as usize);
            }
            Operation::Write { .. } | Operation::SetLength { .. } => {
                let (node, change) = self.change_of(&step.operation).unwrap();
                if let Operation::Write { file, at: None, bytes } = &step.operation {
                    *self.positions.get_mut(file).unwrap() += bytes.len();
                }
                self.change(node, step.ended, change);
            }
            Operation::Mark(_) | Operation::Sent(_) => {}
        }
    }

    /// The file that is changed, and how.
    fn change_of(&self, operation: &Operation) -> Option<(Node, Change)> {
        Some(match operation {
            Operation::Write { file, at, bytes } => {
                let at = at.map_or_else(|| self.positions[file], |at| at as usize);
                (*self.open.get(file)?, Change::Write(at, bytes.clone()))
            }
            Operation::SetLength { file, length } => {
                (*self.open.get(file)?, Change::SetLength(*length as usize))
            }
            _ => return None,
        })
    }

    fn change(&mut self, node: Node, ended: usize, change: Change) {
        if let Content::File { pending, .. } = &mut self.nodes[node] {
            pending.push((ended, change));
        }
    }

    fn make(&mut self, path: &Path, content: Content, ended: usize) -> Node {
        let node = self.nodes.len();
        self.nodes.push(content);
        let (folder, name) = self.place(path);
        self.name(folder, vec![(name, Some(node))], ended);
        node
    }

    fn rename(&mut self, from: &Path, to: &Path, ended: usize) {
        let node = self.find(from);
        let ((from_folder, from), (to_folder, to)) = (self.place(from), self.place(to));
        // Between two folders either may become durable first.
        assert_eq!(from_folder, to_folder, "renaming between folders is not modelled");
        self.name(from_folder, vec![(from, None), (to, node)], ended);
    }

    fn name(&mut self, folder: Node, names: Vec<(String, Option<Node>)>, ended: usize) {
        let Content::Folder { now, pending, .. } = &mut self.nodes[folder] else {
            panic!("a name in something that is no folder");
        };
        apply_names(now, &names);
        pending.push(Naming { ended, names });
    }

    /// What had ended before the sync began is durable.
    fn sync(&mut self, node: Node, began: usize) {
        match &mut self.nodes[node] {
            Content::File { durable, pending } => {
                for (_, change) in pending.extract_if(.., |(ended, _)| *ended < began) {
                    apply_change(durable, &change);
                }
            }
            Content::Folder { durable, pending, .. } => {
                for naming in pending.extract_if(.., |naming| naming.ended < began) {
                    apply_names(durable, &naming.names);
                }
            }
            Content::Index => {}
        }
    }

    fn find(&self, path: &Path) -> Option<Node> {
        let below = path.strip_prefix(&self.root).ok()?;
        let mut node = ROOT;
        for name in below {
            let Content::Folder { now, .. } = &self.nodes[node] else {
                return None;
            };
            node = *now.get(name.to_str()?)?;
        }
        Some(node)
    }

    /// Folder and name of a path.
    fn place(&self, path: &Path) -> (Node, String) {
        let folder = path.parent().and_then(|parent| self.find(parent));
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (folder.unwrap_or_else(|| panic!("{} has no folder", path.display())), name)
    }
}

fn folder() -> Content {
    Content::Folder { durable: BTreeMap::new(), now: BTreeMap::new(), pending: Vec::new() }
}

fn apply_names(folder: &mut BTreeMap<String, Node>, names: &[(String, Option<Node>)]) {
    for (name, node) in names {
        match node {
            Some(node) => folder.insert(name.clone(), *node),
            None => folder.remove(name),
        };
    }
}

fn apply_change(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, written) => {
            let end = at + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(written);
        }
        Change::SetLength(length) => bytes.resize(*length, 0),
    }
}

impl Cut<'_> {
    /// Writes the state of the disk into `folder`, which is empty.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn rebuild(&self, folder: &Path, unsynced: Unsynced) -> io::Result<()> {
        let mut chance = Chance(match unsynced {
            Unsynced::Random(seed) => seed,
            _ => 0,
        });
        self.write(ROOT, folder, unsynced, &mut chance)
    }

    fn write(
        &self,
        node: Node,
        path: &Path,
        unsynced: Unsynced,
        chance: &mut Chance,
    ) -> io::Result<()> {
        match &self.disk.nodes[node] {
            Content::File { .. } => fs::write(path, self.bytes(node, unsynced, chance)),
            // Any bytes: whoever opens the database must not read them.
            Content::Index => fs::write(path, vec![0x55; 32 * 1024]),
            Content::Folder { .. } => {
                if !path.exists() {
                    fs::create_dir(path)?;
                }
                for (name, node) in self.names(node, unsynced, chance) {
                    self.write(node, &path.join(name), unsynced, chance)?;
                }
                Ok(())
            }
        }
    }

    fn names(&self, node: Node, unsynced: Unsynced, chance: &mut Chance) -> BTreeMap<String, Node> {
        let Content::Folder { durable, pending, .. } = &self.disk.nodes[node] else {
            return BTreeMap::new();
        };
        let mut names = durable.clone();
        for naming in pending {
            let survives = match unsynced {
                Unsynced::Lost | Unsynced::BytesOnly => false,
                Unsynced::Random(_) => chance.one_in(2),
                _ => true,
            };
            if survives {
                apply_names(&mut names, &naming.names);
            }
        }
        names
    }

    fn bytes(&self, node: Node, unsynced: Unsynced, chance: &mut Chance) -> Vec<u8> {
        let Content::File { durable, pending } = &self.disk.nodes[node] else {
            return Vec::new();
        };
        let under_way = self.under_way.iter().filter_map(|step| {
            let (changed, change) = self.disk.change_of(&step.operation)?;
            (changed == node).then_some(change)
        });
        let pending: Vec<_> =
            pending.iter().map(|(_, change)| change.clone()).chain(under_way).collect();
        let mut bytes = durable.clone();
        for (index, change) in pending.iter().enumerate() {
            let is_last = index + 1 == pending.len();
            let fate = match unsynced {
                Unsynced::Lost | Unsynced::NamesOnly => Fate::Lost,
                Unsynced::Kept | Unsynced::BytesOnly => Fate::Whole,
                Unsynced::LengthsOnly => Fate::Length,
                Unsynced::Zeros => Fate::Zeros,
                Unsynced::Torn if is_last => Fate::Torn(change.bytes() / 2),
                Unsynced::Torn => Fate::Whole,
                Unsynced::Random(_) => chance.fate(change.bytes()),
            };
            apply_damaged(&mut bytes, change, fate);
        }
        bytes
    }
}

impl Change {
    fn bytes(&self) -> usize {
        match self {
            Self::Write(_, bytes) => bytes.len(),
            Self::SetLength(_) => 0,
        }
    }
}

/// What becomes of a change.
enum Fate {
    Lost,
    Whole,
    /// Of a write this many bytes are on the disk.
    Torn(usize),
    /// The file is as long as after the change.
    Length,
    Zeros,
}

fn apply_damaged(bytes: &mut Vec<u8>, change: &Change, fate: Fate) {
    let Change::Write(at, written) = change else {
        if !matches!(fate, Fate::Lost) {
            apply_change(bytes, change);
        }
        return;
    };
    match fate {
        Fate::Lost => {}
        Fate::Whole => apply_change(bytes, change),
        Fate::Torn(count) => {
            let count = count / SECTOR_BYTES * SECTOR_BYTES;
            apply_change(bytes, &Change::Write(*at, written[..count].to_vec()));
        }
        Fate::Length => {
            let length = bytes.len().max(at + written.len());
            bytes.resize(length, 0);
        }
        Fate::Zeros => apply_change(bytes, &Change::Write(*at, vec![0; written.len()])),
    }
}

/// Chance that is the same at every run: SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }

    fn fate(&mut self, bytes: usize) -> Fate {
        match self.next() % 8 {
            0..3 => Fate::Lost,
            3..5 => Fate::Whole,
            5 => Fate::Torn(self.next() as usize % (bytes + 1)),
            6 => Fate::Length,
            _ => Fate::Zeros,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(began: usize, ended: usize, operation: Operation) -> Step {
        Step { began, ended, operation }
    }

    fn open(at: usize, file: usize, path: &str) -> Step {
        let path = PathBuf::from(path);
        step(at, at, Operation::Open { file, path, create: true, truncate: false })
    }

    fn write(at: usize, file: usize, bytes: &[u8]) -> Step {
        step(at, at, Operation::Write { file, at: None, bytes: bytes.to_vec() })
    }

    /// The files with their sizes after these steps and a cut.
    fn after(steps: &[Step], unsynced: Unsynced) -> Vec<(String, Vec<u8>)> {
        let mut disk = Disk::new(Path::new("/r"));
        steps.iter().for_each(|step| disk.apply(step));
        let folder = tempfile::tempdir().unwrap();
        disk.cut(Vec::new()).rebuild(folder.path(), unsynced).unwrap();
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        files.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn only_a_synced_name_with_synced_bytes_survives_for_certain() {
        let mut steps = vec![open(0, 1, "/r/a"), write(1, 1, b"abc")];
        assert_eq!(after(&steps, Unsynced::Lost), []);
        assert_eq!(after(&steps, Unsynced::NamesOnly), [("a".to_owned(), Vec::new())]);
        assert_eq!(after(&steps, Unsynced::Zeros), [("a".to_owned(), vec![0; 3])]);
        steps.push(step(2, 3, Operation::Sync { file: 1 }));
        assert_eq!(after(&steps, Unsynced::Lost), [], "the folder was not synced");
        let folder = Operation::Open { file: 2, path: "/r".into(), create: false, truncate: false };
        steps.extend([step(4, 4, folder), step(5, 6, Operation::Sync { file: 2 })]);
        assert_eq!(after(&steps, Unsynced::Lost), [("a".to_owned(), b"abc".to_vec())]);
        steps.push(write(7, 1, b"def"));
        assert_eq!(after(&steps, Unsynced::Lost), [("a".to_owned(), b"abc".to_vec())]);
        assert_eq!(after(&steps, Unsynced::Kept), [("a".to_owned(), b"abcdef".to_vec())]);
        assert_eq!(after(&steps, Unsynced::LengthsOnly)[0].1, b"abc\0\0\0");
    }

    #[test]
    fn a_sync_covers_only_what_had_ended_when_it_began() {
        let steps = [
            open(0, 1, "/r/a"),
            step(2, 4, Operation::Write { file: 1, at: Some(0), bytes: b"abc".to_vec() }),
            step(3, 5, Operation::Sync { file: 1 }),
        ];
        assert_eq!(after(&steps, Unsynced::NamesOnly), [("a".to_owned(), Vec::new())]);
    }

    #[test]
    fn a_rename_happens_wholly_or_not_at_all() {
        let steps = [
            open(0, 1, "/r/a"),
            step(
                1,
                1,
                Operation::Open { file: 2, path: "/r".into(), create: false, truncate: false },
            ),
            step(2, 3, Operation::Sync { file: 2 }),
            step(4, 4, Operation::Rename("/r/a".into(), "/r/b".into())),
        ];
        let names = |unsynced| after(&steps, unsynced).into_iter().map(|(name, _)| name);
        assert_eq!(names(Unsynced::Lost).collect::<Vec<_>>(), ["a"]);
        assert_eq!(names(Unsynced::Kept).collect::<Vec<_>>(), ["b"]);
        for seed in 0..20 {
            assert_eq!(names(Unsynced::Random(seed)).count(), 1);
        }
    }
}
