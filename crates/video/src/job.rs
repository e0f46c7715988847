//! A job as its caller gives it, and its result. Values only.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use crate::TempFile;

/// What the transcoder may take from the machine.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Number of jobs that run at once.
    pub processes: usize,
    /// Longest time of one job, once it has a permit.
    pub time: Duration,
    /// Memory (address space) of one program, in bytes.
    pub memory_bytes: u64,
    /// Size of a file of one job, together with the copy of its source, in bytes.
    pub scratch_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            processes: 2,
            time: Duration::from_secs(300),
            memory_bytes: 1 << 30,
            scratch_bytes_max: 4 << 30,
        }
    }
}

/// A video that has to play on a phone or in a browser.
#[derive(Debug)]
pub struct TranscodeJob {
    /// The video as the camera made it.
    pub source: VideoSource,
    /// The content type by its first bytes, such as `video/x-msvideo`; `application/octet-stream` for an
    /// unknown header before raw H.264 or H.265.
    pub content_type: String,
    /// Largest size of the result in bytes.
    pub bytes_max: u64,
    /// Where the result is played.
    pub audience: Audience,
}

/// Where a video is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// On a phone, inside a chat: H.265 is kept, and a source that already plays is not changed.
    Chat,
    /// In any browser: the result is always a new file, in H.264.
    Browser,
}

/// Where the bytes of a video come from.
pub enum VideoSource {
    /// A file, which is only read.
    File(PathBuf),
    /// A reader, which is read once and copied to a scratch file.
    Bytes(Box<dyn Read + Send>),
}

impl fmt::Debug for VideoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VideoSource::File(path) => f.debug_tuple("File").field(path).finish(),
            VideoSource::Bytes(_) => f.write_str("Bytes"),
        }
    }
}

/// The result of a job.
#[derive(Debug)]
pub struct Rendition {
    /// The video itself.
    pub video: VideoOutcome,
    /// Width as shown, in pixels.
    pub width_px: u32,
    /// Height as shown, in pixels.
    pub height_px: u32,
    /// Duration.
    pub duration: Duration,
    /// Whether it is H.264, which every browser plays.
    pub plays_in_browsers: bool,
    /// A JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<TempFile>,
}

/// The duration of a video, and a frame of it.
#[derive(Debug)]
pub struct Still {
    /// Duration.
    pub duration: Duration,
    /// A JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<TempFile>,
}

/// Which file to send.
#[derive(Debug)]
pub enum VideoOutcome {
    /// The source: an MP4 that plays, streams and fits.
    AsItIs,
    /// This MP4.
    Made(TempFile),
    /// None: what fits under the limit would not be worth watching.
    DoesNotFit,
}
