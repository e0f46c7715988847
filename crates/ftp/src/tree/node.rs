//! The values that a tree is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use tipoff_model::{ArrivalId, Timestamp, file_type};

/// An uploaded file as the device sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadedFile {
    /// The arrival that it is stored as.
    pub arrival: ArrivalId,
    /// Size in bytes.
    pub size: u64,
    /// When its last byte was received, or the time that the device set (MFMT).
    pub modified: Timestamp,
    /// Whether a later upload may continue it: the file is torn, or nothing shows that it is complete.
    pub may_grow: bool,
}

/// The entries of a folder: the number of each node, by its name.
pub(super) type Entries = BTreeMap<Arc<[u8]>, usize>;

/// A file or folder.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The number of its folder; the root is in itself.
    pub(super) parent: usize,
    pub(super) name: Arc<[u8]>,
    /// Number of its latest change; 0 while it is being made.
    pub(super) turn: u64,
    /// How far paths below it ever reached. Entries that were removed since still count.
    pub(super) reach: Reach,
    pub(super) kind: NodeKind,
}

/// How far paths reach below a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// Number of names in the deepest path.
    pub(super) depth: usize,
    /// Bytes of the longest path, with its slashes.
    pub(super) bytes: usize,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Folder(Entries),
    File(UploadedFile),
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Nothing,
    Folder,
    File(UploadedFile),
}

/// Whether a name ends as those of known types of files do: `.jpg`, `.mp4`.
pub(super) fn has_known_extension(name: &[u8]) -> bool {
    file_type::by_name(&String::from_utf8_lossy(name)).is_some()
}
