//! What a listing of a folder shows.

use std::ops::Bound;

use super::Tree;
use super::node::{NodeKind, UploadedFile};
use crate::path::FilePath;

impl Tree {
    /// The entries of a folder whose names come after `after`, in order, and that changed after the turn `since`: each
    /// name with its file, `None` for a folder. A file has no entries.
    pub(crate) fn list<'a>(
        &'a self,
        folder: &FilePath,
        after: Option<&[u8]>,
        since: u64,
    ) -> impl Iterator<Item = (&'a [u8], Option<UploadedFile>)> {
        let entries = self.nodes.at(folder).and_then(|number| self.nodes.entries(number));
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = entries.map(|entries| entries.range::<[u8], _>((begin, Bound::Unbounded)));
        let nodes = names.into_iter().flatten().filter_map(|(_, number)| self.nodes.get(*number));
        nodes.filter(move |node| node.turn > since).map(|node| match &node.kind {
            NodeKind::Folder(_) => (&*node.name, None),
            NodeKind::File(file) => (&*node.name, Some(*file)),
        })
    }
}
