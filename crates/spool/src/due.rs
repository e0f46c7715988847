//! Which due deliveries of a channel are asked for, and whose delivery slots they take.

use tipoff_model::{DeliveryId, Timestamp};

use crate::DueDelivery;

/// Who a delivery's slot in a channel counts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// A known device (configured, added, or named on the dashboard), together with the channels of a recorder:
    /// `#` and its number.
    Known(String),
    /// All discovered devices at an IPv4 address, or in an IPv6 /64.
    Address(String),
}

impl Share {
    /// Reads `delivery.place`.
    pub(crate) fn of_place(place: String) -> Self {
        if place.starts_with('#') { Self::Known(place) } else { Self::Address(place) }
    }

    /// The value of `delivery.place`.
    pub fn place(&self) -> &str {
        match self {
            Self::Known(place) | Self::Address(place) => place,
        }
    }

    /// Whether it is a known device.
    pub const fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

/// How many deliveries of a channel may begin, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// Number of deliveries in all.
    pub limit: u32,
    /// Number of deliveries of known devices.
    pub known: u32,
    /// Number of deliveries of all discovered devices.
    pub discovered: u32,
    /// Number of deliveries of one share, with those in `busy`.
    pub of_share: u32,
    /// Number of slots that shares have taken, by [`Share::place`].
    pub busy: &'a [(String, u32)],
    /// Deliveries that are being attempted: they are left out.
    pub claimed: &'a [DeliveryId],
}

impl<'a> Room<'a> {
    /// Room for `limit` deliveries of any device.
    pub const fn of(limit: u32, claimed: &'a [DeliveryId]) -> Self {
        let (known, discovered, of_share) = (limit, limit, limit);
        Self { limit, known, discovered, of_share, busy: &[], claimed }
    }
}

/// The due deliveries of a channel, and when to look again.
#[derive(Debug, Default)]
pub struct DueBatch {
    /// The deliveries, in the order of their attempts.
    pub deliveries: Vec<DueDelivery>,
    /// When the next delivery becomes due. `None`: no other is pending.
    pub next_due_at: Option<Timestamp>,
}
