//! What the worker of a channel is told: what to work with, and whether to begin deliveries.

use std::sync::Arc;

use tipoff_channels::Channel;
use tokio::sync::Notify;

use super::Common;
use super::expiry::Expiry;
use super::pace::Pacer;

/// What the task of a channel is to do.
#[derive(Clone)]
pub(super) struct Orders {
    /// What it works with from now on.
    pub(super) parts: Arc<Parts>,
    pub(super) stand: Stand,
}

/// Whether a channel begins deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Goes,
    /// Nothing is begun until it is resumed.
    Paused,
    /// What is under way is ended, and then the task.
    Removed,
}

/// What the task of a channel works with; what is under way keeps what it began with.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) channel: Arc<dyn Channel>,
    pub(super) expiry: Expiry,
    pub(super) pacer: Arc<Pacer>,
    pub(super) common: Arc<Common>,
    pub(super) notify: Arc<Notify>,
}
