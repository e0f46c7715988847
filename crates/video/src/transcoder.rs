//! The door of this room: orders wait here for a free place. Never works on more of them than it has
//! places, and never longer on one than its time.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tipoff_confine::{Held, Launcher};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::process::Bounds;
use crate::programs::Programs;
use crate::work::{Finished, Work};
use crate::{Progress, TempFile, Trouble, temp_file};

/// How many threads of one program may use the processor at once.
const PROCESSORS: u64 = 2;

/// A still is there in a second, or not worth waiting for.
const STILL_TIME_MAX: Duration = Duration::from_secs(20);

/// What the work on videos may take from the machine.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many programs run at once.
    pub processes: usize,
    /// How long one job may take, once it has a place.
    pub time: Duration,
    /// How much memory (address space) one program may have.
    pub memory_bytes: u64,
    /// How large a file of one job may grow, together with the copy of its source.
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

/// A video that is to play on a phone.
#[derive(Debug)]
pub struct TranscodeJob {
    /// The video as the camera made it.
    pub source: Source,
    /// What its first bytes say it is, such as `video/x-msvideo`; `application/octet-stream` for an
    /// unknown header before raw H.264 or H.265.
    pub content_type: String,
    /// How large the result may be, in bytes.
    pub bytes_max: u64,
    /// Who is to play it.
    pub audience: Audience,
}

/// What plays a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A phone, inside a chat: H.265 stays what it is, and a source that plays is not touched.
    Chat,
    /// Any browser: always a file of its own, in H.264.
    Browser,
}

/// Where the bytes of a video are.
pub enum Source {
    /// A file, which is only read.
    File(PathBuf),
    /// Anything that can be read, once; it is copied to a scratch file.
    Bytes(Box<dyn Read + Send>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => f.debug_tuple("File").field(path).finish(),
            Source::Bytes(_) => f.write_str("Bytes"),
        }
    }
}

/// What came of a job.
#[derive(Debug)]
pub struct Rendition {
    /// The video itself.
    pub video: Video,
    /// How wide it is shown.
    pub width_px: u32,
    /// How high it is shown.
    pub height_px: u32,
    /// How long it plays.
    pub duration: Duration,
    /// It is H.264, which every browser plays.
    pub plays_in_browsers: bool,
    /// A JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<TempFile>,
}

/// A look at a video.
#[derive(Debug)]
pub struct Still {
    /// How long it plays.
    pub duration: Duration,
    /// A JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<TempFile>,
}

/// Which file is the one to send.
#[derive(Debug)]
pub enum Video {
    /// The source: an MP4 that plays, streams and fits.
    AsItIs,
    /// This MP4.
    Made(TempFile),
    /// None: what fits under the limit would not be worth watching.
    DoesNotFit,
}

/// Makes videos that play. A clone shares the places and the folder.
#[derive(Debug, Clone)]
pub struct Transcoder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) programs: Programs,
    pub(crate) folder: PathBuf,
    pub(crate) limits: Limits,
    version: String,
    held: Held,
    places: Semaphore,
}

impl Shared {
    /// What a program may use that has so much scratch space left.
    pub(crate) fn bounds(&self, file_bytes: u64) -> Bounds {
        bounds(&self.limits, file_bytes)
    }
}

fn bounds(limits: &Limits, file_bytes: u64) -> Bounds {
    Bounds {
        memory_bytes: limits.memory_bytes,
        // The clock kills first; this holds should nobody be left to look at it.
        processor_s: limits.time.as_secs().saturating_mul(PROCESSORS).saturating_add(1),
        file_bytes,
    }
}

impl Transcoder {
    /// Looks for ffmpeg and ffprobe on `PATH`, makes `folder` and removes what an earlier run left in
    /// it. `launcher` confines what is started. `None`: one of both is not installed, or does not run.
    pub async fn open(
        folder: &Path,
        limits: Limits,
        launcher: Launcher,
    ) -> io::Result<Option<Transcoder>> {
        let wanted = folder.to_owned();
        let folder =
            spawn_blocking(move || temp_file::open(&wanted)).await.map_err(io::Error::other)??;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let Some(programs) = Programs::find(&path, launcher) else {
            return Ok(None);
        };
        let Some(version) = programs.version(&folder, bounds(&limits, 0)).await else {
            return Ok(None);
        };
        let held = programs.held(&folder, bounds(&limits, 0)).await;
        let places = Semaphore::new(limits.processes.clamp(1, Semaphore::MAX_PERMITS));
        let shared = Shared { programs, folder, limits, version, held, places };
        Ok(Some(Transcoder { shared: Arc::new(shared) }))
    }

    /// The version of ffmpeg, such as `5.1.8`.
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// Which restrictions the kernel lays upon both programs.
    pub fn held(&self) -> Held {
        self.shared.held
    }

    /// A still of a video, and how long it plays. Takes no place from the orders: whoever asks sees
    /// to it that they are few. Dropping the future kills the program that works on it.
    pub async fn still(&self, source: Source, content_type: String) -> Result<Still, Trouble> {
        let deadline = Instant::now() + STILL_TIME_MAX.min(self.shared.limits.time);
        let made = async {
            let job = TranscodeJob { source, content_type, bytes_max: 0, audience: Audience::Chat };
            let work = Work::begin(&self.shared, job).await?;
            let finished = work.look().await?;
            let poster = work.poster(&finished).await;
            Ok(Still { duration: finished.duration, poster })
        };
        timeout_at(deadline, made).await.map_err(|_| Trouble::TimedOut)?
    }

    /// Waits for a free place, then makes the video and its poster. Dropping the future kills the
    /// program that works on it and removes its files.
    pub async fn prepare(&self, job: TranscodeJob) -> Result<Rendition, Trouble> {
        let _place = self.shared.places.acquire().await.map_err(io::Error::other)?;
        self.make(job, &Progress::default(), true).await
    }

    /// Makes the video without a poster, and reports how far it is. Takes no place from the orders:
    /// whoever asks sees to it that they are few. Dropping the future kills the program that works on
    /// it and removes its files.
    pub async fn prepare_apart(
        &self,
        job: TranscodeJob,
        progress: &Progress,
    ) -> Result<Rendition, Trouble> {
        self.make(job, progress, false).await
    }

    async fn make(
        &self,
        job: TranscodeJob,
        progress: &Progress,
        wants_poster: bool,
    ) -> Result<Rendition, Trouble> {
        let shared = &self.shared;
        let deadline = Instant::now() + shared.limits.time;
        let made = async {
            let work = Work::begin(shared, job).await?;
            let finished = work.video(progress).await?;
            Ok::<_, Trouble>((work, finished))
        };
        let (work, finished) =
            timeout_at(deadline, made).await.map_err(|_| Trouble::TimedOut)??;
        // A video without a poster is a video: neither an error nor the clock takes it away now.
        let poster = async {
            match wants_poster {
                true => work.poster(&finished).await,
                false => None,
            }
        };
        let poster = timeout_at(deadline, poster).await.ok().flatten();
        let Finished { video, size, duration, plays_in_browsers } = finished;
        Ok(Rendition {
            video,
            width_px: size.width_px,
            height_px: size.height_px,
            duration,
            plays_in_browsers,
            poster,
        })
    }
}

#[cfg(test)]
mod tests;
