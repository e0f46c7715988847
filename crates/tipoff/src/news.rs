//! What has just happened, for those who look at it: a notice that something is new, never the thing
//! itself. Whoever is slow misses some and looks again.

use tipoff_model::IncidentId;
use tokio::sync::broadcast;

/// Notices kept for those who are slow.
const NOTICES_MAX: usize = 1024;

/// What is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Something arrived for an incident.
    Arrival { incident: IncidentId, opened: bool },
    /// A delivery of it stands otherwise.
    Delivery { incident: IncidentId, channel: String },
    /// A channel stands otherwise.
    Channel { name: String },
    /// A device was changed.
    Device,
    /// The configuration was read again.
    Config,
}

/// Where notices are told and heard.
#[derive(Clone, Debug)]
pub(crate) struct News(broadcast::Sender<Item>);

impl News {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(NOTICES_MAX).0)
    }

    /// Tells whoever listens; nobody need.
    pub(crate) fn tell(&self, item: Item) {
        let _ = self.0.send(item);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Item> {
        self.0.subscribe()
    }
}
