//! What is kept, and what a sweep removed.

use std::time::Duration;

use tipoff_model::ArrivalId;

use crate::AgeGuard;

/// What is kept for how long.
#[derive(Clone, Copy, Debug)]
pub struct RetentionLimits {
    /// Incidents older than this go.
    pub age: Duration,
    /// Which of them are that old by more than the wall clock.
    pub guard: AgeGuard,
    /// Incidents go until [`crate::Usage::bytes`] is at most this: of those who hold more than their share, the
    /// delivered and the oldest first.
    pub bytes_max: u64,
}

/// What a sweep removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Incidents removed.
    pub incidents: u64,
    /// Bytes of blobs removed.
    pub bytes: u64,
    /// Deliveries that ended undelivered because their incident had to go.
    pub undelivered: u64,
    /// The oldest arrival that is left.
    pub oldest: Option<ArrivalId>,
}
