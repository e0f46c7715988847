//! What a tree is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use tipoff_model::{ArrivalId, Timestamp, file_type};

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

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: usize,
    pub(super) name: Arc<[u8]>,
    /// When it was last written to; 0: it is being made.
    pub(super) turn: u64,
    /// The depth of the deepest path that was ever in it, from here, and the bytes of the longest.
    pub(super) reach: Reach,
    pub(super) kind: Kind,
}

/// How far paths reach below a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    pub(super) depth: usize,
    pub(super) bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Folder(BTreeMap<Arc<[u8]>, usize>),
    File(File),
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Folder,
    File(File),
}

/// Whether a name ends as those of known sorts of files do.
pub(super) fn is_called_like_a_file(name: &[u8]) -> bool {
    file_type::by_name(&String::from_utf8_lossy(name)).is_some()
}
