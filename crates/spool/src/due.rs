//! Which deliveries of a channel are wanted, and whose turn each takes.

use tipoff_model::{DeliveryId, Timestamp};

use crate::DueDelivery;

/// Whose places in a channel a delivery takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Share {
    /// Those of the devices that people know: configured, added, or named on the dashboard.
    #[default]
    Known,
    /// Those of all discovered devices at an address, or in a /64.
    Address(String),
}

impl Share {
    /// Whether people know the device.
    pub const fn is_known(&self) -> bool {
        matches!(self, Self::Known)
    }
}

/// How many deliveries of a channel may begin, and of whom.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// In all.
    pub limit: u32,
    /// Of known devices.
    pub known: u32,
    /// Of all discovered devices.
    pub discovered: u32,
    /// Of the discovered devices at one address, with those in `busy`.
    pub of_address: u32,
    /// How many places addresses have taken.
    pub busy: &'a [(String, u32)],
    /// Deliveries that are not wanted: they are being attempted.
    pub claimed: &'a [DeliveryId],
}

impl<'a> Room<'a> {
    /// For so many deliveries, of whomever.
    pub const fn of(limit: u32, claimed: &'a [DeliveryId]) -> Self {
        let (known, discovered, of_address) = (limit, limit, limit);
        Self { limit, known, discovered, of_address, busy: &[], claimed }
    }
}

/// The due deliveries of a channel, and when to look again.
#[derive(Debug, Default)]
pub struct DueBatch {
    /// In the order in which they are to be attempted.
    pub deliveries: Vec<DueDelivery>,
    /// When the next one becomes due that is not due yet.
    pub next_due_at: Option<Timestamp>,
}
