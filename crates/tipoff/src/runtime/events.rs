//! What happens, told to whoever listens: the dashboard's live view.
//!
//! It is a notice and never the only record: who was too slow looks into the spool.

use tipoff_model::{DeliveryId, DeliveryState, IncidentId};
use tokio::sync::broadcast;

/// Notices that are kept for a listener who is slow; one who is slower misses the oldest.
const KEPT_MAX: usize = 1024;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LiveEvent {
    /// An arrival is stored.
    Arrival {
        /// Where it belongs.
        incident: IncidentId,
        /// Whether it is the first of it.
        opened: bool,
    },
    /// An attempt at a delivery is recorded.
    Delivery {
        /// Its number.
        delivery: DeliveryId,
        /// What it tells of.
        incident: IncidentId,
        /// Where it goes.
        channel: String,
        /// Its state from now on.
        state: DeliveryState,
    },
    /// A channel fails, works again, is paused, or has been changed.
    Channel {
        /// Its name.
        name: String,
    },
    /// What people say of a device was changed.
    Device,
    /// A mode was chosen, or everything muted or heard again.
    HomeState,
    /// The configuration file was read again, whatever came of it.
    Config,
}

/// Where notices are told.
#[derive(Clone, Debug)]
pub(crate) struct EventBus(broadcast::Sender<LiveEvent>);

impl EventBus {
    /// Without listeners.
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(KEPT_MAX))
    }

    /// Tells all listeners; nobody may be listening.
    pub(crate) fn publish(&self, item: LiveEvent) {
        let _ = self.0.send(item);
    }

    /// What is told from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_hears_and_a_slow_one_misses_the_oldest() {
        let events = EventBus::new();
        events.publish(LiveEvent::Config);
        let mut listeners = [events.subscribe(), events.subscribe()];
        for _ in 0..KEPT_MAX {
            events.publish(LiveEvent::Config);
        }
        for listener in &mut listeners {
            assert_eq!(listener.try_recv(), Ok(LiveEvent::Config));
            assert_eq!(listener.len(), KEPT_MAX - 1);
        }
        events.publish(LiveEvent::Channel { name: "me".to_owned() });
        events.publish(LiveEvent::Channel { name: "me".to_owned() });
        assert_eq!(listeners[0].try_recv(), Err(broadcast::error::TryRecvError::Lagged(1)));
    }
}
