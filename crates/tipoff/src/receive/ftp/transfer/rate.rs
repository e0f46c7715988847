//! Whether an upload makes progress, or only keeps its connection open.

use std::time::Duration;

use tokio::time::Instant;

/// An upload with fewer bytes a second than this, measured over `stall`, is given up. A device that records while it
/// uploads sends far more.
const RATE_BYTES_MIN: f64 = 64.0;

/// Measures the rate of an upload, period by period.
pub(super) struct Rate {
    period: Duration,
    /// When the present period began.
    began: Instant,
    /// Bytes of the present period.
    bytes: usize,
}

impl Rate {
    pub(super) fn new(period: Duration) -> Self {
        Self { period, began: Instant::now(), bytes: 0 }
    }

    /// Adds bytes. Whether too few came in the period that has just ended.
    pub(super) fn is_too_low(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let time = self.began.elapsed();
        if time < self.period {
            return false;
        }
        let is_too_low = (self.bytes as f64) < RATE_BYTES_MIN * time.as_secs_f64();
        *self = Self::new(self.period);
        is_too_low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_next_to_nothing_is_too_slow_and_who_sends_in_bursts_is_not() {
        let minute = Duration::from_secs(60);
        let mut trickle = Rate::new(minute);
        let mut bursts = Rate::new(minute);
        let mut gave_up_after = None;
        for second in 1..=600_u64 {
            tokio::time::advance(Duration::from_secs(1)).await;
            if trickle.is_too_low(1) && gave_up_after.is_none() {
                gave_up_after = Some(second);
            }
            // A recording that grows by a few frames, twice a minute.
            if second % 25 == 0 {
                assert!(!bursts.is_too_low(8_000), "after {second} s");
            }
        }
        assert_eq!(gave_up_after, Some(60));
    }
}
