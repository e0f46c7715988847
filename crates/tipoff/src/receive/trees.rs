//! The trees that devices see, kept between their sessions: cameras connect anew for each file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tipoff_ftp::{File, FilePath, SharedTree, Tree};
use tipoff_model::Timestamp;
use tipoff_spool::{Spool, Upload};

use super::upload::file_of;

/// Trees kept for devices that are away; one that comes back later gets its uploads from the spool.
const TREES_MAX: usize = 500;
/// How many of a device's uploads are found again after a start.
const UPLOADS_MAX: u32 = 1_000;

/// What the names of trees begin with that only their owner can enter.
const PROVEN: &str = "user/";

/// The name of the tree of whoever logged in: by a password, or from an address.
pub(super) fn name(user: &str, is_proven: bool, peer: IpAddr) -> String {
    let user = user.to_lowercase();
    if is_proven { format!("{PROVEN}{user}") } else { format!("peer/{peer}/{user}") }
}

/// Whether only the owner of a password enters the tree of this name.
pub(super) fn is_proven(name: &str) -> bool {
    name.starts_with(PROVEN)
}

/// Every device's tree.
pub(super) struct Trees {
    spool: Arc<dyn Spool>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    trees: HashMap<String, (u64, SharedTree)>,
    /// Counts up, to tell who was here last.
    turn: u64,
}

impl Trees {
    pub(super) fn new(spool: Arc<dyn Spool>) -> Self {
        Self { spool, kept: Mutex::default() }
    }

    /// The tree of this name; all sessions of a device share one.
    pub(super) async fn of(&self, name: &str) -> SharedTree {
        if let Some(tree) = self.kept().find(name) {
            return tree;
        }
        let tree = self.of_spool(name).await;
        // Another session of the device may have been quicker.
        self.kept().keep(name, tree)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored of it. A tree that cannot be read is an empty one: the device may send.
    async fn of_spool(&self, name: &str) -> Tree {
        let mut tree = Tree::default();
        let uploads = self.spool.uploads(name, UPLOADS_MAX).await.unwrap_or_else(|error| {
            tracing::error!(%error, "A device's earlier uploads could not be read.");
            Vec::new()
        });
        let uploads: Vec<(FilePath, Upload)> =
            uploads.into_iter().map(|upload| (path_of(&upload), upload)).collect();
        for (path, upload) in &uploads {
            let Upload { arrival, size, received_at: modified, torn: may_grow, .. } = *upload;
            tree.put(path, File { arrival, size, modified, may_grow });
        }
        for unfinished in self.spool.blobs().unfinished_of(name) {
            let path = FilePath::from_bytes(&unfinished.path);
            // The device may have sent all of it since.
            let is_latest = uploads.iter().all(|(other, upload)| {
                *other != path || upload.received_at < unfinished.received_at
            });
            if is_latest {
                tree.put(&path, file_of(&unfinished));
            }
        }
        match self.spool.expects_folders(name).await {
            Ok(true) => tree.set_expects_folders(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "What a device expects could not be read."),
        }
        tree
    }

    /// Stores what was found out of a device in a session that has ended.
    pub(super) async fn note_news(&self, name: &str) {
        let tree = self.kept().find(name);
        let has_news = tree
            .is_some_and(|tree| tree.lock().unwrap_or_else(PoisonError::into_inner).take_news());
        if !has_news {
            return;
        }
        let now = Timestamp::from(SystemTime::now());
        if let Err(error) = self.spool.note_expects_folders(name.to_owned(), now).await {
            tracing::warn!(%error, "What a device expects could not be stored.");
        }
    }
}

/// The path in the bytes that the device knows, where they are noted and it was not renamed since.
fn path_of(upload: &Upload) -> FilePath {
    let noted = upload.path_bytes.as_deref().map(FilePath::from_bytes);
    let noted = noted.filter(|noted| noted.to_string() == upload.path);
    noted.unwrap_or_else(|| FilePath::from_bytes(upload.path.as_bytes()))
}

impl Kept {
    fn find(&mut self, name: &str) -> Option<SharedTree> {
        self.turn += 1;
        let (turn, tree) = self.trees.get_mut(name)?;
        *turn = self.turn;
        Some(Arc::clone(tree))
    }

    fn keep(&mut self, name: &str, tree: Tree) -> SharedTree {
        if let Some(tree) = self.find(name) {
            return tree;
        }
        if self.trees.len() >= TREES_MAX {
            let idle = self.trees.iter().filter(|(_, (_, tree))| Arc::strong_count(tree) == 1);
            let oldest = idle.min_by_key(|(_, (turn, _))| *turn).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.trees.remove(&name));
        }
        let tree = Arc::new(Mutex::new(tree));
        self.trees.insert(name.to_owned(), (self.turn, Arc::clone(&tree)));
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_here_last_is_kept() {
        let mut kept = Kept::default();
        let in_use = kept.keep("in use", Tree::default());
        for number in 0..TREES_MAX + 10 {
            kept.keep(&number.to_string(), Tree::default());
        }
        assert_eq!(kept.trees.len(), TREES_MAX);
        assert!(Arc::ptr_eq(&kept.keep("in use", Tree::default()), &in_use));
        assert!(kept.find("0").is_none());
        assert!(kept.find(&(TREES_MAX + 9).to_string()).is_some());
    }
}
