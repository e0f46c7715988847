//! The sound of a frame: A-law, in HiSilicon's voice frames.

/// The A-law in a frame: each of HiSilicon's voice frames in it without its header, which is 0, 1 (data),
/// half the length in bytes, and a number that stays 0.
pub(super) fn samples(mut frame: &[u8]) -> Vec<u8> {
    let mut samples = Vec::with_capacity(frame.len());
    while let [0, 1, half, 0, rest @ ..] = frame {
        let length = usize::from(*half) * 2;
        // One whose length is not what follows is another firmware's: all of it is sound.
        let (voice, behind) = match length {
            0 => (rest, &[][..]),
            _ => rest.split_at_checked(length).unwrap_or((rest, &[])),
        };
        samples.extend_from_slice(voice);
        frame = behind;
    }
    samples.extend_from_slice(frame);
    samples
}

/// Measures the sample rate of the sound, by the number of samples in each frame and the time between frames.
#[derive(Debug, Default)]
pub(super) struct RateCount {
    last: Option<(u32, usize)>,
    narrow: u32,
    wide: u32,
}

impl RateCount {
    /// Notes the size of a frame without its headers.
    pub(super) fn note(&mut self, time_ms: u32, samples: usize) {
        const PASSED_MS_MAX: u32 = 1000;
        if let Some((last_ms, samples)) = self.last.replace((time_ms, samples)) {
            let passed = time_ms.wrapping_sub(last_ms);
            if (1..=PASSED_MS_MAX).contains(&passed) {
                // 12 kHz is in the middle between both.
                let is_wide = samples as u64 >= u64::from(passed) * 12;
                let count = if is_wide { &mut self.wide } else { &mut self.narrow };
                *count = count.saturating_add(1);
            }
        }
    }

    /// Samples in a millisecond: 8, or 16 where most frames say so.
    pub(super) fn samples_per_ms(&self) -> u32 {
        if self.wide > self.narrow { 16 } else { 8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_headers_of_voice_frames_off() {
        let voice = |n: u8| [&[0, 1, n, 0][..], &vec![0xD5; usize::from(n) * 2]].concat();
        assert_eq!(samples(&voice(80)), [0xD5; 160]);
        assert_eq!(samples(&[voice(80), voice(40)].concat()), [0xD5; 240]);
        assert_eq!(samples(&[0xD5; 320]), [0xD5; 320]);
        assert_eq!(samples(&[&[0, 1, 80, 0][..], &[7; 100]].concat()), [7; 100]);
        assert_eq!(samples(&[&[0, 1, 0, 0][..], &[7; 100]].concat()), [7; 100]);
        assert!(samples(&[0, 1, 80, 0]).is_empty() && samples(&[]).is_empty());
    }

    #[test]
    fn tells_the_rate_from_the_times() {
        let rate = |samples: usize, times: &[u32]| {
            let mut count = RateCount::default();
            times.iter().for_each(|&time_ms| count.note(time_ms, samples));
            count.samples_per_ms()
        };
        assert_eq!(rate(160, &[0, 20, 40, 60]), 8);
        assert_eq!(rate(320, &[0, 20, 40, 60]), 16);
        // One jump, and one frame without any other.
        assert_eq!(rate(320, &[u32::MAX - 19, 0, 20, 9_000_000, 9_000_020]), 16);
        assert_eq!(rate(320, &[7]), 8);
    }
}
