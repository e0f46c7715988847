//! The question that the spool asks while it stores an arrival, and the answer of the rules.
//!
//! The spool knows no rules and the rules know no spool: they meet here.

use crate::{AlertKind, Device, Event, IncidentId, Timestamp};

/// What the rules may know of an arrival that is being stored.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who sent it.
    pub device: &'a Device,
    /// When it was received.
    pub received_at: Timestamp,
    /// What it says has happened.
    pub event: Event,
    /// Whether the connection broke before its end.
    pub torn: bool,
    /// Whether it holds a picture or video from its first to its last byte.
    pub whole_picture: bool,
    /// Whether it brings nothing that was not alerted before: the device sent it again.
    pub repeat: bool,
}

/// The device's latest incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its number.
    pub id: IncidentId,
    /// When its first arrival was received.
    pub began_at: Timestamp,
    /// When its latest arrival was received.
    pub last_arrival_at: Timestamp,
}

/// What the spool remembers that a rule may ask for.
pub trait History {
    /// When an incident of this device was last alerted for the first time on `channel`.
    fn last_first_alert(&self, channel: &str) -> Option<Timestamp>;
}

/// A delivery that an arrival makes due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The channel's configured name.
    pub channel: String,
    /// When it may go out at the earliest.
    pub due_at: Timestamp,
}

/// Decides, inside the transaction that stores an arrival, where it belongs and who hears of it.
pub trait Planner: Send + Sync {
    /// Whether the arrival joins `latest`, the device's latest incident.
    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool;

    /// Which channels hear of it: of a new incident's first arrival with [`AlertKind::First`];
    /// of an arrival that joined, with [`AlertKind::FollowUp`] and only among `told`, the
    /// channels that have a first alert of that incident.
    fn due(
        &self,
        facts: &Facts<'_>,
        kind: AlertKind,
        told: &[String],
        history: &dyn History,
    ) -> Vec<Due>;
}
