//! The camera's clock made fit for a video: from zero on and never back. It wraps every 49 days, is set
//! while it records, and may stand still.

/// The longest pause between two pictures that is believed, in ms: more is a clock that was set.
const PAUSE_MS_MAX: u32 = 10_000;
/// The pause after a picture where the clock does not tell: 25 pictures a second.
const USUAL_STEP_MS: u64 = 40;

/// A clock that only goes forward.
#[derive(Debug)]
pub(super) struct PictureClock {
    last_raw: u32,
    /// What the camera's clock says, counted from the first picture on.
    counted_ms: u64,
    last_ms: u64,
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

    /// The pause that is to be expected after the last picture.
    pub(super) fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// Where sound with this time of the camera's clock belongs, from the first picture on; `None`: too
    /// far from the last picture to mean the same clock.
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
            // It was set, either way.
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
