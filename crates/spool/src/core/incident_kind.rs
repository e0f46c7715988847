//! Which arrivals an incident takes in. Pure.

/// The kind of an incident (`incident.incident_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IncidentKind {
    /// Arrivals opened it, and the rules alert of it.
    Alert,
    /// Arrivals opened it, and the rules alert nobody: housekeeping files, and what a rule drops. Kept apart, so that
    /// such a file never joins an incident of which somebody is alerted.
    Suppressed,
    /// No arrival opened it, and none joins it: an inactivity alert, or a report.
    Notice,
}

impl IncidentKind {
    /// The kind of an incident that an arrival opens or joins.
    pub(crate) const fn of_arrival(is_suppressed: bool) -> Self {
        if is_suppressed { Self::Suppressed } else { Self::Alert }
    }

    /// The number in the database.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Alert => 0,
            Self::Suppressed => 1,
            Self::Notice => 2,
        }
    }

    /// Whether a number in the database is this kind.
    pub(crate) const fn has(self, number: i64) -> bool {
        number == self.number()
    }
}
