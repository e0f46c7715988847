//! Changes of accounts, logins and tokens, after which somebody may have lost a right: whatever stays open checks it.

use tokio::sync::watch;

use crate::runtime::reload_requests::ReloadRequests;

/// Counts the changes.
pub(crate) struct AccountChanges(watch::Sender<Changes>, ReloadRequests);

/// Numbers of changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes {
    all: u64,
    /// Those that were made on this node.
    own: u64,
}

impl AccountChanges {
    /// With an account, the browsers that its user subscribed may end.
    pub(super) fn new(reload_requests: ReloadRequests) -> Self {
        Self(watch::Sender::default(), reload_requests)
    }

    /// A change on this node.
    pub(super) fn note(&self) {
        self.0.send_modify(|count| {
            count.all = count.all.wrapping_add(1);
            count.own = count.own.wrapping_add(1);
        });
        self.1.read_soon();
    }

    /// A change on another node.
    pub(crate) fn note_elsewhere(&self) {
        self.0.send_modify(|count| count.all = count.all.wrapping_add(1));
    }

    /// Notices of all changes from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Changes> {
        self.0.subscribe()
    }

    /// Waits for a change on this node after the first `known` ones. Returns how many there were by then.
    pub(crate) async fn made_here(&self, known: u64) -> u64 {
        let mut changes = self.0.subscribe();
        // The sender is part of `self`: it is not dropped before.
        let changed = changes.wait_for(|count| count.own != known).await;
        changed.map_or(known, |count| count.own)
    }
}
