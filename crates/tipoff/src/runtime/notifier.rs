//! Wakes the channels that have something to do.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Notify, watch};

/// The bells of all channels that have a task.
#[derive(Clone, Default)]
pub(crate) struct ChannelNotifier(Arc<Bells>);

#[derive(Default)]
struct Bells {
    channels: RwLock<HashMap<String, Arc<Notify>>>,
    network: watch::Sender<()>,
}

impl ChannelNotifier {
    /// Something has become due for these channels. One without a task finds it when it has one.
    pub(crate) fn wake(&self, channels: &[String]) {
        let bells = self.0.channels.read().unwrap_or_else(PoisonError::into_inner);
        for channel in channels {
            if let Some(notify) = bells.get(channel) {
                notify.notify_one();
            }
        }
    }

    /// This machine's network has changed: what could not be reached may be reachable now.
    pub(crate) fn network_changed(&self) {
        self.0.network.send_replace(());
    }

    /// Where changes of the network are seen from now on.
    pub(crate) fn network(&self) -> watch::Receiver<()> {
        self.0.network.subscribe()
    }

    /// The bell of this channel, which there is from now on.
    pub(crate) fn of(&self, channel: &str) -> Arc<Notify> {
        let mut bells = self.0.channels.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(channel.to_owned()).or_default())
    }

    /// Nobody hears this one any more.
    pub(crate) fn forget(&self, channel: &str) {
        self.0.channels.write().unwrap_or_else(PoisonError::into_inner).remove(channel);
    }
}
