//! What is known of the age of incidents besides the wall clock, which may be wrong.

use tipoff_model::{ArrivalId, IncidentId, Timestamp};

/// The newest of what a spool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The newest incident; zero: there is none.
    pub incident: IncidentId,
    /// The newest arrival; zero: there is none.
    pub arrival: ArrivalId,
    /// When the newest arrival was received.
    pub received_at: Option<Timestamp>,
    /// The latest time that was recorded of anything.
    pub recorded_at: Option<Timestamp>,
}

/// Guards against removing what only a wrong clock calls old. The default lets nothing go by age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgeGuard {
    /// The newest when this run began. What came until then goes by age once its deliveries have ended.
    pub before_run: Option<Newest>,
    /// The newest that is known to be of [`crate::RetentionLimits::age`] by a clock that cannot be set. What came
    /// until then goes by age, also undelivered.
    pub counted: Option<Newest>,
}
