//! `[video]`: whether and how the videos that cameras record are converted.
//!
//! Reads the section. `dispatch/video_converter.rs` decides which videos are converted; `tipoff_video` runs ffmpeg.
//! Edits take effect after a restart.

use std::time::Duration;

use tipoff_video::Limits;

use super::section::Section;
use crate::runtime::fair_queue::FairQueue;

/// The settings of video conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Video {
    /// Whether videos are converted, if ffmpeg is installed.
    pub(crate) convert: bool,
    /// Conversions at a time, of known devices and of all others each.
    processes: usize,
    /// Limit of the time of one conversion.
    max_time: Duration,
}

impl Video {
    /// The limits of the transcoder. It counts all processes at once, those of the reserves included.
    pub(crate) fn limits(&self) -> Limits {
        let processes = FairQueue::at_once(self.processes);
        Limits { processes, time: self.max_time, ..Limits::default() }
    }

    /// Conversions at a time of known devices, and of all others: the places of the fair queue.
    pub(crate) const fn processes(&self) -> usize {
        self.processes
    }
}

/// What the reference says of the section.
pub(super) const DOC: &str = "Videos for services that show them. Cameras record in formats that \
                              no phone plays. If ffmpeg is installed, Tipoff converts them to MP4.";

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> Video {
    Video {
        convert: section.flag(
            "convert",
            true,
            "Whether Tipoff converts videos that would not play or not fit. Without ffmpeg they \
             are sent unchanged.",
        ),
        processes: section.count(
            "processes",
            1,
            1..=64,
            "The number of videos that are converted at a time: this many of known devices, and \
             this many of all others. One more of each is for a device or an address that has none \
             among them, so that one sender does not delay others.",
        ) as usize,
        max_time: section.duration(
            "max_time",
            "5 min",
            Duration::from_secs(1)..,
            "A video whose conversion takes longer is sent unchanged.",
        ),
    }
}
