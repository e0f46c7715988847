//! Claims of sessions to append to a stored upload: one session at a time, because two writers would mix their bytes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tipoff_model::ArrivalId;

use crate::runtime::lock::lock;

/// The uploads that sessions append to now. Clones share them.
#[derive(Clone, Default)]
pub(super) struct AppendClaims(Arc<Mutex<HashSet<ArrivalId>>>);

impl AppendClaims {
    /// The claim to append to this upload; `None` if another session has it.
    pub(super) fn claim(&self, arrival: ArrivalId) -> Option<AppendClaim> {
        let is_free = lock(&self.0).insert(arrival);
        is_free.then(|| AppendClaim { arrival, all: self.clone() })
    }
}

/// The claim of one session, until it is dropped.
pub(super) struct AppendClaim {
    /// The upload that is appended to.
    pub(super) arrival: ArrivalId,
    all: AppendClaims,
}

impl Drop for AppendClaim {
    fn drop(&mut self) {
        lock(&self.all.0).remove(&self.arrival);
    }
}
