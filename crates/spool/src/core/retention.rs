//! Which incidents are removed, how many at once, and which removals are logged. Pure. Whose incident is
//! evicted when room is needed: [`crate::core::eviction`].

use tipoff_model::{ArrivalId, IncidentId};

use crate::AgeGuard;

/// Incidents removed in one transaction, so that arrivals never wait long for it.
pub(crate) const STEP_INCIDENTS: u32 = 100;
/// Old incidents that one transaction looks at: some are kept, because only the wall clock calls them old.
pub(crate) const STEP_LOOKED_AT: u32 = 1_000;
/// Files removed in one transaction, about: an incident may have thousands.
const STEP_BLOBS: usize = 1_000;
/// Undelivered alerts of one step that are each logged.
const LOGGED_MAX: u64 = 5;

/// An unlocked incident that is old by the wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OldIncident {
    pub(crate) id: IncidentId,
    /// Its newest arrival; 0 if it has none.
    pub(crate) newest: ArrivalId,
    /// Whether it has a pending delivery.
    pub(crate) is_pending: bool,
}

/// Whether an old incident is removed. The wall clock alone makes nothing old: the incident must have been stored
/// as long by a clock that cannot be set, or since before this run and be delivered.
pub(crate) fn expires(incident: &OldIncident, guard: &AgeGuard) -> bool {
    let is_within = |newest: Option<crate::Newest>| {
        newest.is_some_and(|it| incident.id <= it.incident && incident.newest <= it.arrival)
    };
    is_within(guard.counted) || is_within(guard.before_run) && !incident.is_pending
}

/// Whether a step has removed so many incidents or files that it ends.
pub(crate) fn is_step_full(incidents: u64, files: usize) -> bool {
    incidents >= u64::from(STEP_INCIDENTS) || files >= STEP_BLOBS
}

/// Whether the undelivered alert of this number, counted from 1, is logged by itself.
pub(crate) fn is_logged(undelivered: u64) -> bool {
    undelivered <= LOGGED_MAX
}

/// Number of undelivered alerts that are only counted in the log; `None` if each was logged.
pub(crate) fn only_counted(undelivered: u64) -> Option<u64> {
    undelivered.checked_sub(LOGGED_MAX).filter(|more| *more > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Newest;

    fn newest(incident: i64, arrival: i64) -> Option<Newest> {
        let (incident, arrival) = (IncidentId(incident), ArrivalId(arrival));
        Some(Newest { incident, arrival, received_at: None, recorded_at: None })
    }

    #[test]
    fn the_wall_clock_alone_makes_nothing_old() {
        let old = |id, newest, is_pending| OldIncident {
            id: IncidentId(id),
            newest: ArrivalId(newest),
            is_pending,
        };
        let guard = AgeGuard { before_run: newest(20, 40), counted: newest(10, 30) };
        let expires = |id, arrival, is_pending| expires(&old(id, arrival, is_pending), &guard);
        assert!(expires(10, 30, true) && expires(10, 30, false), "stored long enough");
        assert!(!expires(11, 30, true) && !expires(10, 31, true), "pending since this run");
        assert!(expires(11, 30, false) && expires(10, 31, false) && expires(20, 40, false));
        assert!(!expires(21, 40, false) && !expires(20, 41, false), "of this run");
        let unguarded = AgeGuard { before_run: None, counted: None };
        assert!(!super::expires(&old(1, 1, false), &unguarded));
    }

    #[test]
    fn a_step_ends_when_it_has_removed_enough() {
        assert!(!is_step_full(99, 999));
        assert!(is_step_full(100, 0) && is_step_full(0, 1_000));
    }

    #[test]
    fn five_undelivered_alerts_are_logged_and_the_rest_is_counted() {
        assert!(is_logged(5) && !is_logged(6));
        assert_eq!([0, 5, 6, 9].map(only_counted), [None, None, Some(1), Some(4)]);
    }
}
