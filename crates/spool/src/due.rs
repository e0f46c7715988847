//! Which deliveries of a channel are wanted, and whose turn each takes.

use tipoff_model::{DeliveryId, Timestamp};

use crate::DueDelivery;

/// Whose places in a channel a delivery takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// Those of a device that people know (configured, added, or named on the dashboard), with the channels of a
    /// recorder: `#` and its number.
    Known(String),
    /// Those of all discovered devices at an address, or in a /64.
    Address(String),
}

impl Share {
    /// As it stands in the spool.
    pub(crate) fn of_place(place: String) -> Self {
        if place.starts_with('#') { Self::Known(place) } else { Self::Address(place) }
    }

    /// As it stands in the spool.
    pub fn place(&self) -> &str {
        match self {
            Self::Known(place) | Self::Address(place) => place,
        }
    }

    /// Whether people know the device.
    pub const fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
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
    /// Of one share, with those in `busy`.
    pub of_share: u32,
    /// How many places shares have taken, by [`Share::place`].
    pub busy: &'a [(String, u32)],
    /// Deliveries that are not wanted: they are being attempted.
    pub claimed: &'a [DeliveryId],
}

impl<'a> Room<'a> {
    /// For so many deliveries, of whomever.
    pub const fn of(limit: u32, claimed: &'a [DeliveryId]) -> Self {
        let (known, discovered, of_share) = (limit, limit, limit);
        Self { limit, known, discovered, of_share, busy: &[], claimed }
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
