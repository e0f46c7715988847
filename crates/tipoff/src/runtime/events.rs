//! Live events: published to open pages, the event stream of the API, and tasks of channels.
//!
//! An event is a notice and never the only record: a subscriber that was too slow reads the spool.

use serde::{Deserialize, Serialize};
use tipoff_model::{DeliveryId, DeliveryState, IncidentId};
use tokio::sync::broadcast;

/// Events that wait for a slow subscriber; a slower one misses the oldest.
const KEPT_MAX: usize = 1024;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Somebody removed incidents.
    Removed {
        /// Their numbers.
        incidents: Vec<IncidentId>,
    },
    /// The settings of a device were changed, or it got a notice.
    Device,
    /// A mode was chosen, or all alerts were muted or unmuted.
    HomeState,
    /// The configuration file was read again, with or without faults.
    Config,
    /// Events of other nodes may have been missed: what is shown is read again.
    Gap,
}

/// Publishes events to all subscribers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EventBus {
    all: broadcast::Sender<LiveEvent>,
    /// Those that happened on this node.
    own: broadcast::Sender<LiveEvent>,
}

impl EventBus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self { all: broadcast::Sender::new(KEPT_MAX), own: broadcast::Sender::new(KEPT_MAX) }
    }

    /// Publishes an event of this node. There may be no subscriber.
    pub(crate) fn publish(&self, item: LiveEvent) {
        if self.own.receiver_count() > 0 {
            let _ = self.own.send(item.clone());
        }
        let _ = self.all.send(item);
    }

    /// Publishes what another node has published.
    pub(crate) fn publish_of_others(&self, item: LiveEvent) {
        let _ = self.all.send(item);
    }

    /// Receives the events from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.all.subscribe()
    }

    /// Receives the events of this node from now on.
    pub(crate) fn subscribe_own(&self) -> broadcast::Receiver<LiveEvent> {
        self.own.subscribe()
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

    #[test]
    fn what_others_published_is_heard_and_not_told_to_them() {
        let events = EventBus::new();
        let (mut all, mut own) = (events.subscribe(), events.subscribe_own());
        events.publish_of_others(LiveEvent::Device);
        events.publish(LiveEvent::HomeState);
        assert_eq!(
            [all.try_recv(), all.try_recv()],
            [Ok(LiveEvent::Device), Ok(LiveEvent::HomeState)]
        );
        assert_eq!(own.try_recv(), Ok(LiveEvent::HomeState));
        assert!(own.try_recv().is_err());
    }
}
