//! Bar charts: counts as bars of an SVG drawing.

/// A bar, in units of the drawing.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: u64,
    pub(super) height: u64,
    /// Whether its count is 0.
    pub(super) none: bool,
}

/// From the left edge of a bar to that of the next one.
const STEP: usize = 10;
/// Height of a bar whose count is 0, so that it can be seen.
const HEIGHT_MIN: u64 = 2;

/// A bar for each count in a drawing of this height; the largest count fills it.
pub(super) fn bars(counts: &[u64], drawing_height: u64) -> Vec<Bar> {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |(index, count): (usize, &u64)| {
        let height = (count * drawing_height).div_ceil(most).max(HEIGHT_MIN);
        Bar { x: index * STEP, y: drawing_height - height, height, none: *count == 0 }
    };
    counts.iter().enumerate().map(bar).collect()
}

/// The counts as text, for screen readers.
pub(super) fn listed(counts: &[u64]) -> String {
    counts.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
