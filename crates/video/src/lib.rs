//! Videos that play: what a camera recorded becomes an MP4 that a phone shows inside a chat, under
//! a size limit, with a poster frame. Never decodes a byte in this process: ffmpeg does, if present.
//!
//! ```text
//! Order ─► probe (ffprobe) ─► plan ─► make (ffmpeg) ─► probe again ─► Rendition
//!             names only        pure     copy, or encode    size, duration
//! ```
//!
//! The input is hostile. The demuxer is told by the content type and never guessed, only plain files
//! are opened, only listed decoders run, and each program has a bound on time, memory, processor,
//! output and words; the launcher that starts it confines it to this order's files. Dropping an order kills its program and removes its files.

mod arguments;
pub mod hichip;
mod input;
mod isobmff;
mod plan;
mod probe;
mod process;
mod programs;
mod progress;
mod temp_file;
mod transcoder;
mod trouble;
mod work;

pub use isobmff::lacks_index;
pub use progress::Progress;
pub use temp_file::TempFile;
pub use tipoff_confine::{Held, Launcher};
pub use transcoder::{Audience, Limits, Rendition, Source, Still, TranscodeJob, Transcoder, Video};
pub use trouble::Trouble;
