//! What the supervisor sends to the worker of a channel: the settings to work with, and whether to start deliveries.

use std::sync::Arc;

use tipoff_channels::Channel;
use tipoff_spool::{Lease, LeaseKey};
use tokio::sync::Notify;

use super::DispatchContext;
use super::expiry::Expiry;
use super::pace::Pacer;

/// The latest command replaces those that the worker has not read.
#[derive(Clone)]
pub(super) struct ChannelCommand {
    /// The settings from now on.
    pub(super) context: Arc<WorkerContext>,
    pub(super) state: RunState,
    /// The lease of the channel, under which attempts are recorded. `None` where there is one node.
    pub(super) lease: Option<Lease>,
}

/// Whether a channel starts deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunState {
    Running,
    /// No delivery starts until the channel is resumed.
    Paused,
    /// Attempts in flight are completed, then the channel goes to another node.
    Leaving,
    /// Another node has the channel.
    Elsewhere,
    /// Attempts in flight are completed, then the worker ends.
    Removed,
}

/// What a channel's worker works with. An attempt in flight keeps the one that it started with.
pub(super) struct WorkerContext {
    /// The configured name of the channel.
    pub(super) name: String,
    /// Its name in metrics.
    pub(super) metrics_name: String,
    /// The service with its settings.
    pub(super) channel: Arc<dyn Channel>,
    /// When its deliveries expire.
    pub(super) expiry: Expiry,
    /// The lease that the channel needs, where there are several nodes.
    pub(super) lease_key: LeaseKey,
    /// The pace of all channels: those that share a bot share its pace.
    pub(super) pacer: Arc<Pacer>,
    /// What all channels share.
    pub(super) common: Arc<DispatchContext>,
    /// Wakes the worker: a delivery may be due.
    pub(super) notify: Arc<Notify>,
}
