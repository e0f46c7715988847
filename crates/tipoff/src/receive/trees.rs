//! The trees that devices see, kept between their sessions: cameras connect anew for each file.

mod kept;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tipoff_ftp::{File, FilePath, SharedTree, Tree};
use tipoff_model::Timestamp;
use tipoff_spool::{Spool, Upload};

use self::kept::Kept;
use super::access::Admission;
use super::upload::file_of;
use crate::runtime::per_minute::network;

/// Bytes of memory that all trees take together. What is forgotten is read again from the spool when its device
/// comes back.
const TREES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that an empty tree takes, without its name.
const TREE_BYTES: usize = 1_024;
/// When that is too much, this part of it is given up, so that not every login has to look for what to forget.
const GIVEN_UP_PART: usize = 8;
/// A longer user name is shortened in a tree's name, in bytes.
const USER_BYTES_MAX: usize = 128;
/// How many of a device's uploads are found again after a start.
const UPLOADS_MAX: u32 = 1_000;

/// What the names of trees begin with that only the owner of a login can enter.
const OWN: &str = "user/";
/// The same for those whose login others have too, but at another address.
const SHARED: &str = "shared/";
/// The same for those that anybody at an address can enter.
const ANYBODY: &str = "peer/";

/// Whose share of the memory a tree takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Of a device that is known by its own login.
    Known,
    /// Of whoever is at this address.
    At(IpAddr),
}

/// The name of the tree of whoever logged in: by its own password, or from an address. It is the same after a new
/// start, because uploads are found again by it.
pub(super) fn name(user: &str, admission: Admission, peer: IpAddr) -> String {
    let user = user.to_lowercase();
    let user = match user.len() {
        0..=USER_BYTES_MAX => user,
        _ => format!("~{}", blake3::hash(user.as_bytes()).to_hex()),
    };
    let peer = peer.to_canonical();
    match admission {
        Admission::Proven => format!("{OWN}{user}"),
        Admission::Shared => format!("{SHARED}{peer}/{user}"),
        Admission::Unproven | Admission::Refused => format!("{ANYBODY}{peer}/{user}"),
    }
}

/// Whether only who knows a password enters the tree of this name.
pub(super) fn is_proven(name: &str) -> bool {
    name.starts_with(OWN) || name.starts_with(SHARED)
}

/// Whose share the tree of this name is counted to: an address, of IPv6 a network; empty for a device with a login
/// of its own.
pub(super) fn party(name: &str) -> String {
    let mut parts = name.splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some("user"), _) | (_, None) => String::new(),
        (_, Some(peer)) => match peer.parse().map(network) {
            Ok(network) => network.to_string(),
            Err(_) => peer.to_owned(),
        },
    }
}

/// Every device's tree.
pub(super) struct Trees {
    spool: Arc<dyn Spool>,
    kept: Mutex<Kept>,
}

impl Trees {
    pub(super) fn new(spool: Arc<dyn Spool>) -> Self {
        Self { spool, kept: Mutex::default() }
    }

    /// The tree of this name; all sessions of a device share one.
    pub(super) async fn of(&self, name: &str, owner: Owner) -> SharedTree {
        if let Some(tree) = self.kept().find(name) {
            return tree;
        }
        let tree = self.of_spool(name).await;
        // Another session of the device may have been quicker.
        self.kept().keep(name, owner, tree)
    }

    /// A session has worked on the tree of this name, which may have grown.
    pub(super) fn weigh(&self, name: &str) {
        self.kept().weigh(name);
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
        let tree = self.kept().peek(name);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_belongs_to_a_login_and_an_address_unless_the_login_is_the_device_s_own() {
        let [one, other] = ["192.168.1.20", "::ffff:192.168.1.21"].map(|it| it.parse().unwrap());
        assert_eq!(name("Yard", Admission::Proven, one), "user/yard");
        assert_eq!(name("Yard", Admission::Proven, other), "user/yard");
        assert_eq!(name("cams", Admission::Shared, one), "shared/192.168.1.20/cams");
        assert_eq!(name("cams", Admission::Shared, other), "shared/192.168.1.21/cams");
        assert_eq!(name("yard", Admission::Unproven, other), "peer/192.168.1.21/yard");
        let long = name(&"x".repeat(8_000), Admission::Unproven, one);
        assert!(long.len() < 100 && long != name(&"x".repeat(8_001), Admission::Unproven, one));
    }
}
