//! Lanes to the connections of a node: one address or device has only some of them at a time (invariant 12). Its other
//! transactions wait for their lane before they wait for a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sql::spool::lock;
use crate::{Result, SpoolError};

/// Lanes that are kept before unused ones are removed.
const KEPT_MAX: usize = 1024;

/// The lanes of a node, by the name of their address or device.
pub(super) struct Lanes {
    /// Transactions of a lane at the same time.
    width: usize,
    lanes: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Lanes {
    /// Lanes for so many connections: each has at most a quarter of them.
    pub(super) fn new(connections: usize) -> Self {
        Self { width: (connections / 4).max(1), lanes: Mutex::default() }
    }

    /// A place in a lane, in the order in which it was asked for.
    ///
    /// # Errors
    /// [`SpoolError::Closed`] never happens while the lane is used.
    pub(super) async fn enter(&self, name: &str) -> Result<OwnedSemaphorePermit> {
        let lane = self.lane(name);
        lane.acquire_owned().await.map_err(|_| SpoolError::Closed)
    }

    fn lane(&self, name: &str) -> Arc<Semaphore> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(name).and_then(Weak::upgrade) {
            return lane;
        }
        if lanes.len() >= KEPT_MAX {
            lanes.retain(|_, lane| lane.strong_count() > 0);
        }
        let lane = Arc::new(Semaphore::new(self.width));
        lanes.insert(name.to_owned(), Arc::downgrade(&lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_lane_takes_a_quarter_and_leaves_the_rest_to_others() {
        let lanes = Lanes::new(8);
        let first = lanes.enter("a").await.unwrap();
        let _second = lanes.enter("a").await.unwrap();
        assert!(lanes.enter("a").now_or_never().is_none());
        assert!(lanes.enter("b").now_or_never().is_some());
        drop(first);
        assert!(lanes.enter("a").now_or_never().is_some());
    }

    #[tokio::test]
    async fn unused_lanes_are_removed() {
        let lanes = Lanes::new(1);
        let _used = lanes.enter("used").await.unwrap();
        for name in 0..KEPT_MAX * 3 {
            drop(lanes.enter(&name.to_string()).await.unwrap());
        }
        assert!(lock(&lanes.lanes).len() <= KEPT_MAX);
        assert!(lanes.enter("used").now_or_never().is_none());
    }
}
