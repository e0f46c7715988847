//! How long to wait before trying again: growing, jittered, capped. Pure.

use std::time::Duration;

/// The pause after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// No pause is longer, unless the service asks for it.
const LONGEST: Duration = Duration::from_secs(300);

/// The pause after `failures` failures in a row (at least one). `chance`, from 0 to 1, spreads
/// those who failed together, so that they do not all come back together.
pub(crate) fn pause(failures: u32, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// A number from 0 to 1.
pub(crate) fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (1..12).map(|failures| pause(failures, 0.5).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(pause(u32::MAX, 0.5), LONGEST);
    }

    #[test]
    fn chance_moves_a_pause_by_a_quarter_at_most() {
        assert_eq!(pause(3, 0.0), Duration::from_secs(3));
        assert_eq!(pause(3, 1.0), Duration::from_secs(5));
        assert!((0.0..=1.0).contains(&chance()));
    }
}
