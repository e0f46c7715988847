//! Which arrivals belong to one incident.

use std::time::Duration;

use tipoff_model::{OpenIncident, Timestamp};

/// The times of grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// An incident is over when nothing arrived for so long; zero: every arrival is one.
    pub quiet: Duration,
    /// And when it began so long ago.
    pub longest: Duration,
    /// What follows gathers for so long, to be told together.
    pub settle: Duration,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(20),
            longest: Duration::from_secs(300),
            settle: Duration::from_secs(2),
        }
    }
}

impl Grouping {
    /// Whether what was received at `at` belongs to `latest`.
    pub fn joins(&self, at: Timestamp, latest: &OpenIncident) -> bool {
        !self.quiet.is_zero()
            && at.since(latest.last_arrival_at) <= self.quiet
            && at.since(latest.began_at) <= self.longest
    }
}
