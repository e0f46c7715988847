//! Videos that play: what a camera recorded becomes an MP4 that a phone shows inside a chat, under
//! a size limit, with a poster frame. Also frames and clips of live streams (RTSP). Never decodes a byte in this process: ffmpeg does, if present.
//!
//! ```text
//! TranscodeJob ─► probe (ffprobe) ─► plan ─► make (ffmpeg) ─► probe again ─► Rendition
//!                    names only        pure     copy, or encode    size, duration
//! ```
//!
//! The input is hostile. The content type chooses the demuxer, ffmpeg never guesses it; only plain files are
//! opened, only listed decoders run, and each program has a bound on time, memory, processor and output. The
//! launcher that starts it confines it to the files of its job; only for a live stream it may connect to the camera's port. Dropping a job kills its program and removes
//! its files.

mod arguments;
mod codec;
mod confined_process;
mod error;
pub mod hichip;
mod input;
mod isobmff;
mod job;
mod live_stream;
mod plan;
mod probe;
mod programs;
mod progress;
mod running_job;
mod stream_error;
mod stream_list;
mod temp_file;
mod transcoder;

pub use codec::Codec;
pub use error::VideoError;
pub use isobmff::lacks_index;
pub use job::{Audience, Limits, Rendition, Still, TranscodeJob, VideoOutcome, VideoSource};
pub use live_stream::LiveStream;
pub use progress::VideoProgress;
pub use stream_error::StreamError;
pub use temp_file::TempFile;
pub use tipoff_confine::{Held, Launcher};
pub use transcoder::Transcoder;
