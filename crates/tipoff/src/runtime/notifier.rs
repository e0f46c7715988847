//! Wakes the workers of channels that have something to do. It only saves waiting: a worker that misses a notice finds
//! its due deliveries in the spool a few seconds later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, watch};

use crate::runtime::lock::lock;

/// Notifies the workers of channels. Clones notify the same workers.
#[derive(Clone, Default)]
pub(crate) struct ChannelNotifier(Arc<NotifierShared>);

#[derive(Default)]
struct NotifierShared {
    /// By the name of the channel; one entry for each channel that has a worker.
    workers: Mutex<HashMap<String, Arc<Notify>>>,
    network: watch::Sender<()>,
}

impl ChannelNotifier {
    /// Notifies the workers of these channels that a delivery has become due. A channel without a worker is skipped:
    /// its worker reads the spool when it starts.
    pub(crate) fn wake(&self, channels: &[String]) {
        let workers = self.workers();
        for channel in channels {
            if let Some(notify) = workers.get(channel) {
                notify.notify_one();
            }
        }
    }

    /// Reports a change of this machine's network: a service that could not be reached may be reachable now.
    pub(crate) fn network_changed(&self) {
        self.0.network.send_replace(());
    }

    /// Receives each later change of the network.
    pub(crate) fn network(&self) -> watch::Receiver<()> {
        self.0.network.subscribe()
    }

    /// What the worker of this channel waits on; made at the first call.
    pub(crate) fn of(&self, channel: &str) -> Arc<Notify> {
        Arc::clone(self.workers().entry(channel.to_owned()).or_default())
    }

    /// Removes a channel whose worker has ended.
    pub(crate) fn forget(&self, channel: &str) {
        self.workers().remove(channel);
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        lock(&self.0.workers)
    }
}
