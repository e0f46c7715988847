//! Wakes the workers of channels that have something to do. It only saves waiting: a worker that misses a notice finds
//! its due deliveries in the spool a few seconds later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, broadcast, watch};

use crate::runtime::lock::lock;

/// Calls that wait for a slow subscriber; a slower one misses the oldest.
const KEPT_MAX: usize = 1024;

/// Notifies the workers of channels. Clones notify the same workers.
#[derive(Clone, Default)]
pub(crate) struct ChannelNotifier(Arc<NotifierShared>);

#[derive(Default)]
struct NotifierShared {
    /// By the name of the channel; one entry for each channel that has a worker.
    workers: Mutex<HashMap<String, Arc<Notify>>>,
    network: watch::Sender<()>,
    /// What this node woke.
    own: Own,
}

/// The channels of each call of [`ChannelNotifier::wake`].
struct Own(broadcast::Sender<Vec<String>>);

impl Default for Own {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT_MAX))
    }
}

impl ChannelNotifier {
    /// Notifies the workers of these channels that a delivery has become due. A channel without a worker is skipped:
    /// its worker reads the spool when it starts.
    pub(crate) fn wake(&self, channels: &[String]) {
        self.wake_here(channels);
        if !channels.is_empty() && self.0.own.0.receiver_count() > 0 {
            let _ = self.0.own.0.send(channels.to_vec());
        }
    }

    /// The same where another node has stored the deliveries.
    pub(crate) fn wake_here(&self, channels: &[String]) {
        let workers = self.workers();
        for channel in channels {
            if let Some(notify) = workers.get(channel) {
                notify.notify_one();
            }
        }
    }

    /// Notifies all workers.
    pub(crate) fn wake_all_here(&self) {
        self.workers().values().for_each(|notify| notify.notify_one());
    }

    /// Receives what this node wakes from now on.
    pub(crate) fn subscribe_own(&self) -> broadcast::Receiver<Vec<String>> {
        self.0.own.0.subscribe()
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
