//! What an engine answers about the queue of one channel, so that [`super::turns`] can decide whose turn it is.
//! An engine reads rows by an index for this; a test has them in memory.

use tipoff_model::Timestamp;

use crate::Result;

/// A delivery of a device in the queue. The greater one of two is that of the newer device, and of one device the
/// newer delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Queued {
    /// The device's number: newer devices have greater ones.
    pub(crate) device: i64,
    /// The delivery's number: newer deliveries have greater ones.
    pub(crate) delivery: i64,
}

impl Queued {
    /// Less than any delivery of the device: numbers of deliveries begin with 1.
    pub(crate) const fn before_all_of(device: i64) -> Self {
        Self { device, delivery: 0 }
    }
}

/// The ready deliveries of a channel: those that are due and that no earlier one holds back ([`super::delivery::holds_back`]). Those
/// that are being attempted are among them.
pub(crate) trait DueQueue {
    /// The greatest ready delivery below `below` at a place, of a device with a number above `after`.
    fn newest(&self, place: &str, after: i64, below: Queued) -> Result<Option<Queued>>;

    /// The places from `after` (not included) to `until` (included) that have a ready delivery, in the order of
    /// their names, at most `max`.
    fn places(&self, after: &str, until: &str, max: usize) -> Result<Vec<String>>;

    /// When the first device at an address was seen. `None`: no device is there.
    fn first_seen_at(&self, address: &str) -> Result<Option<Timestamp>>;
}
