//! How much of a period is counted and marked. Pure.

/// Incidents of a period that are counted, and among which unseen ones are looked for: the newest ones. A night of a house has hundreds, one of ten thousand cameras
/// has more than people look through.
pub(crate) const COUNTED_MAX: u32 = 50_000;
/// Incidents marked as seen in one transaction, so that arrivals never wait long for it.
pub(crate) const SEEN_STEP: u32 = 2_000;
/// Periods that one statement looks into.
pub(crate) const PERIODS_MAX: usize = 62;

/// Whether another step may find more that is not seen.
pub(crate) fn goes_on(seen_in_step: u64, seen: u64) -> bool {
    seen_in_step == u64::from(SEEN_STEP) && seen < u64::from(COUNTED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marking_ends_with_a_step_that_is_not_full_or_at_the_limit() {
        assert!(goes_on(2_000, 2_000) && goes_on(2_000, 48_000));
        assert!(!goes_on(1_999, 3_999) && !goes_on(0, 0) && !goes_on(2_000, 50_000));
    }
}
