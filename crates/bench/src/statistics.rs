//! Medians and percentiles of a handful of figures.
//! It never interpolates: each figure was measured.

/// The value that `percent` of all values do not exceed (nearest rank); `None` of nothing.
pub(crate) fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent.min(100)).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The value in the middle; of an even number of values the lower of the two.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (values, percent, expected) in [
            (&hundred[..], 50, Some(50.0)),
            (&hundred, 95, Some(95.0)),
            (&hundred, 99, Some(99.0)),
            (&hundred, 100, Some(100.0)),
            (&hundred, 0, Some(1.0)),
            (&[3.0, 1.0, 2.0], 50, Some(2.0)),
            (&[7.0], 99, Some(7.0)),
            (&[], 50, None),
        ] {
            assert_eq!(percentile(values, percent), expected, "{percent} of {values:?}");
        }
    }

    #[test]
    fn one_wild_value_does_not_move_the_median() {
        assert_eq!(median(&[1.0, 1_000.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 3.0]), Some(3.0));
    }
}
