//! How far a video is, as ffmpeg reports it while it works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest line of a report that is read, in bytes.
const LINE_BYTES_MAX: usize = 128;

/// How much of a video is made.
#[derive(Debug, Default)]
pub struct VideoProgress {
    made_us: AtomicU64,
    whole_us: AtomicU64,
}

impl VideoProgress {
    /// From 0 to 100; `None` until the duration of the source is known.
    pub fn percent(&self) -> Option<u8> {
        let whole = self.whole_us.load(Ordering::Relaxed);
        let made = self.made_us.load(Ordering::Relaxed).min(whole);
        let percent = made.saturating_mul(100).checked_div(whole)?;
        u8::try_from(percent).ok()
    }

    pub(crate) fn set_whole(&self, duration: Option<Duration>) {
        let whole = duration.map_or(0, |it| u64::try_from(it.as_micros()).unwrap_or(0));
        self.whole_us.store(whole, Ordering::Relaxed);
    }

    fn set_made(&self, made_us: u64) {
        self.made_us.store(made_us, Ordering::Relaxed);
    }
}

/// Reads what `ffmpeg -progress` writes: lines of `key=value`.
pub(crate) struct Reports<'a> {
    progress: &'a VideoProgress,
    line: Vec<u8>,
}

impl<'a> Reports<'a> {
    pub(crate) fn new(progress: &'a VideoProgress) -> Self {
        // An attempt that follows another begins anew.
        progress.set_made(0);
        Self { progress, line: Vec::new() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.read();
                self.line.clear();
            } else if self.line.len() < LINE_BYTES_MAX {
                self.line.push(byte);
            }
        }
    }

    fn read(&self) {
        // Before the first picture it is "N/A".
        let made = self.line.strip_prefix(b"out_time_us=").map(<[u8]>::trim_ascii);
        let made = made.and_then(|made| std::str::from_utf8(made).ok()?.parse().ok());
        if let Some(made_us) = made {
            self.progress.set_made(made_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_reports_in_any_pieces() {
        let said =
            b"frame=0\nout_time_us=N/A\nprogress=continue\nframe=7\nout_time_us=2500000\nprogress=";
        for step in [1, 7, 500] {
            let progress = VideoProgress::default();
            assert_eq!(progress.percent(), None);
            progress.set_whole(Some(Duration::from_secs(10)));
            let mut reports = Reports::new(&progress);
            assert_eq!(progress.percent(), Some(0));
            said.chunks(step).for_each(|piece| reports.push(piece));
            assert_eq!(progress.percent(), Some(25));
        }
    }

    #[test]
    fn is_never_more_than_all() {
        let progress = VideoProgress::default();
        progress.set_whole(Some(Duration::from_micros(3)));
        let mut reports = Reports::new(&progress);
        for (said, percent) in [("out_time_us=9", 100), ("out_time_us=-1", 100), ("x", 100)] {
            reports.push(said.as_bytes());
            reports.push(&[b'y'; 3 * LINE_BYTES_MAX][..usize::from(said == "x") * 300]);
            reports.push(b"\n");
            assert_eq!(progress.percent(), Some(percent), "{said}");
        }
        progress.set_whole(None);
        assert_eq!(progress.percent(), None);
    }
}
