//! Live events: published to open pages, the event stream of the API, and tasks of channels.
//!
//! An event is a notice and never the only record: a subscriber that was too slow reads the spool.

use tipoff_model::{DeliveryId, DeliveryState, IncidentId};
use tokio::sync::broadcast;

/// Events that wait for a slow subscriber; a slower one misses the oldest.
const KEPT_MAX: usize = 1024;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LiveEvent {
    /// An arrival is stored.
    Arrival {
        /// The incident that it belongs to.
        incident: IncidentId,
        /// Whether it opened the incident.
        opened: bool,
    },
    /// An attempt at a delivery is recorded.
    Delivery {
        /// Its number.
        delivery: DeliveryId,
        /// The incident that it alerts.
        incident: IncidentId,
        /// The name of the channel.
        channel: String,
        /// Its state after the attempt.
        state: DeliveryState,
    },
    /// A channel fails, works again, is paused, or has been changed.
    Channel {
        /// Its name.
        name: String,
    },
    /// The settings of a device were changed, or it got a notice.
    Device,
    /// A mode was chosen, or all alerts were muted or unmuted.
    HomeState,
    /// The configuration file was read again, with or without faults.
    Config,
}

/// Publishes events to all subscribers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EventBus(broadcast::Sender<LiveEvent>);

impl EventBus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(KEPT_MAX))
    }

    /// Publishes an event. There may be no subscriber.
    pub(crate) fn publish(&self, item: LiveEvent) {
        let _ = self.0.send(item);
    }

    /// Receives the events from now on.
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
