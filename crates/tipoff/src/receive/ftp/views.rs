//! The file trees that FTP devices see ("views"), kept in memory between their sessions: cameras connect anew for each
//! file.
//!
//! A view is what a device uploaded and what it did to it; deleting and renaming change the view and nothing that is
//! stored (invariant 5). Its name says who may enter it, and is stored with each upload.

mod memory;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tipoff_ftp::{FilePath, SharedTree, Tree, UploadedFile};
use tipoff_spool::{Spool, Upload};

use self::memory::ViewMemory;
use super::unfinished_upload;
use crate::receive::access::Admission;
use crate::runtime::clock::Clock;
use crate::runtime::lock::lock;
use crate::runtime::per_minute::network;

/// Bytes of memory that all views take together. A forgotten view is read again from the spool when its device
/// connects again.
const VIEWS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that an empty view takes, without its name.
const VIEW_BYTES: usize = 1_024;
/// When they take more, this part of the memory is freed, so that not every login has to look for views to forget.
const FREED_PART: usize = 8;
/// A longer user name, in bytes, is replaced by its hash in a view's name.
const USER_BYTES_MAX: usize = 128;
/// How many of a device's latest uploads its view has after it is read from the spool.
const UPLOADS_MAX: u32 = 1_000;

/// Prefix of the names of views that only the owner of a login can enter.
const OWN: &str = "user/";
/// Prefix of those of the shared login, one for each address.
const SHARED: &str = "shared/";
/// Prefix of those that anybody at an address can enter.
const ANYBODY: &str = "peer/";

/// Whose share of the memory a view counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ViewOwner {
    /// A device that is known by its own login.
    Known,
    /// All others at this address.
    At(IpAddr),
}

/// The name of the view of a device that logged in with its own password, or from an address. It is stored with each
/// upload, and must stay the same after a restart.
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

/// Whether only a device that knows a password enters the view of this name.
pub(super) fn is_proven(name: &str) -> bool {
    name.starts_with(OWN) || name.starts_with(SHARED)
}

/// The address whose share the view of this name counts to; for IPv6, its network. Empty for a device with a login of
/// its own.
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

/// The views of all devices.
pub(super) struct FtpViews {
    spool: Arc<dyn Spool>,
    clock: Clock,
    memory: Mutex<ViewMemory>,
}

impl FtpViews {
    pub(super) fn new(spool: Arc<dyn Spool>, clock: Clock) -> Self {
        Self { spool, clock, memory: Mutex::default() }
    }

    /// The view of this name; all sessions of a device share one.
    pub(super) async fn get(&self, name: &str, owner: ViewOwner) -> SharedTree {
        if let Some(tree) = self.memory().find(name) {
            return tree;
        }
        let tree = self.load(name).await;
        // Another session of the device may have loaded it meanwhile.
        self.memory().insert(name, owner, tree)
    }

    /// Measures the view of this name anew, after a session has worked on it.
    pub(super) fn measure(&self, name: &str) {
        self.memory().measure(name);
    }

    fn memory(&self) -> MutexGuard<'_, ViewMemory> {
        lock(&self.memory)
    }

    /// Reads a view from the spool. If that fails it is empty, so that the device can upload.
    async fn load(&self, name: &str) -> Tree {
        let mut tree = Tree::default();
        let uploads = self.spool.uploads(name, UPLOADS_MAX).await.unwrap_or_else(|error| {
            tracing::error!(%error, "A device's earlier uploads could not be read.");
            Vec::new()
        });
        let uploads: Vec<(FilePath, Upload)> =
            uploads.into_iter().map(|upload| (path_of(&upload), upload)).collect();
        for (path, upload) in &uploads {
            let Upload { arrival, size, received_at: modified, torn: may_grow, .. } = *upload;
            tree.put(path, UploadedFile { arrival, size, modified, may_grow });
        }
        for unfinished in self.spool.blobs().unfinished_of(name) {
            let path = FilePath::from_bytes(&unfinished.path);
            // The device may have uploaded all of it since.
            let is_latest = uploads.iter().all(|(other, upload)| {
                *other != path || upload.received_at < unfinished.received_at
            });
            if is_latest {
                tree.put(&path, unfinished_upload::file(&unfinished));
            }
        }
        match self.spool.expects_folders(name).await {
            Ok(true) => tree.set_expects_folders(),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "Could not read whether a device expects folders to exist.")
            }
        }
        tree
    }

    /// Stores that a device expects folders to exist, if its session has shown so.
    pub(super) async fn store_expectations(&self, name: &str) {
        let tree = self.memory().peek(name);
        let has_news = tree.is_some_and(|tree| lock(&tree).take_news());
        if !has_news {
            return;
        }
        let now = self.clock.now();
        if let Err(error) = self.spool.note_expects_folders(name.to_owned(), now).await {
            tracing::warn!(%error, "Could not store whether a device expects folders to exist.");
        }
    }
}

/// The path in the bytes that the device sent, if they are stored and it was not renamed since; else its text.
fn path_of(upload: &Upload) -> FilePath {
    let noted = upload.path_bytes.as_deref().map(FilePath::from_bytes);
    let noted = noted.filter(|noted| noted.to_string() == upload.path);
    noted.unwrap_or_else(|| FilePath::from_bytes(upload.path.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_belongs_to_a_login_and_an_address_unless_the_login_is_the_device_s_own() {
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
