//! Makes times for a video from the camera's clock: they begin at zero and never go back. The camera's clock wraps
//! every 49 days, may be set during a recording, and may stop.

/// Longest pause between two pictures that is believed, in ms. A longer one means that the clock was set.
const PAUSE_MS_MAX: u32 = 10_000;
/// Pause after a picture if the clock does not say it, in ms: 25 pictures a second.
const USUAL_STEP_MS: u64 = 40;

/// A clock that only goes forward.
#[derive(Debug)]
pub(super) struct PictureClock {
    /// The camera's clock at the last picture.
    last_raw: u32,
    /// Time of the camera's clock since the first picture, without its jumps.
    counted_ms: u64,
    /// The time that the last picture got.
    last_ms: u64,
    /// The last pause between two pictures.
    step_ms: u64,
}

impl PictureClock {
    /// Starts at zero with the first picture.
    pub(super) fn new(raw: u32) -> Self {
        Self { last_raw: raw, counted_ms: 0, last_ms: 0, step_ms: USUAL_STEP_MS }
    }

    /// The time of the last picture.
    pub(super) fn now_ms(&self) -> u64 {
        self.last_ms
    }

    /// The expected pause after the last picture.
    pub(super) fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// The time of sound with this time of the camera's clock, counted from the first picture. `None` if it is too far
    /// from the last picture to be of the same clock.
    pub(super) fn time_ms(&self, raw: u32) -> Option<i64> {
        let distance = self.distance_ms(raw)?;
        Some(i64::try_from(self.counted_ms).unwrap_or(i64::MAX).saturating_add(distance))
    }

    fn distance_ms(&self, raw: u32) -> Option<i64> {
        let distance = raw.wrapping_sub(self.last_raw).cast_signed();
        (distance.unsigned_abs() <= PAUSE_MS_MAX).then_some(i64::from(distance))
    }

    /// The time of the next picture.
    pub(super) fn next_ms(&mut self, raw: u32) -> u64 {
        let passed = self.distance_ms(raw).and_then(|passed| u64::try_from(passed).ok());
        self.last_raw = raw;
        let now_ms = match passed {
            Some(passed) => {
                self.counted_ms += passed;
                self.counted_ms
            }
            // The clock was set, forward or back.
            None => {
                self.counted_ms = self.last_ms + self.step_ms;
                self.counted_ms
            }
        };
        if now_ms > self.last_ms {
            self.step_ms = now_ms - self.last_ms;
            self.last_ms = now_ms;
        } else {
            self.last_ms += self.step_ms;
        }
        self.last_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(raw: &[u32]) -> Vec<u64> {
        let mut clock = PictureClock::new(raw[0]);
        raw[1..].iter().map(|&raw| clock.next_ms(raw)).collect()
    }

    #[test]
    fn counts_from_the_first_picture() {
        assert_eq!(times(&[7000, 7080, 7160, 7200]), [80, 160, 200]);
        assert_eq!(times(&[0, PAUSE_MS_MAX]), [10_000]);
    }

    #[test]
    fn a_clock_that_wraps_goes_on() {
        assert_eq!(times(&[u32::MAX - 39, 40, 120]), [80, 160]);
    }

    #[test]
    fn a_clock_that_is_set_costs_one_step() {
        assert_eq!(times(&[0, 80, 3_600_000, 3_600_080]), [80, 160, 240]);
        assert_eq!(times(&[9000, 9080, 500, 580]), [80, 160, 240]);
        assert_eq!(times(&[9000, 9080, 9079, 9159]), [80, 160, 240]);
        assert_eq!(times(&[0, PAUSE_MS_MAX + 1]), [40]);
    }

    #[test]
    fn a_clock_that_stands_still_gives_25_pictures_a_second() {
        assert_eq!(times(&[0, 0, 0, 0]), [40, 80, 120]);
        // Two pictures share a time.
        assert_eq!(times(&[0, 0, 80, 80, 160]), [40, 80, 120, 160]);
    }

    proptest! {
        #[test]
        fn never_goes_back(raw in proptest::collection::vec(any::<u32>(), 1..50)) {
            let times = times(&raw);
            prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(times.iter().all(|&ms| ms <= 50 * u64::from(PAUSE_MS_MAX)));
        }
    }
}
