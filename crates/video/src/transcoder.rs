//! The entry of this crate: jobs wait here for a permit. Bounds how many jobs run at once, and how long each
//! of them runs.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tipoff_confine::{Held, Launcher};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::job::{Audience, Limits, Rendition, Still, TranscodeJob, VideoSource};
use crate::programs::Programs;
use crate::running_job::{Finished, RunningJob, Tools, bounds};
use crate::{VideoError, VideoProgress, temp_file};

/// A still normally takes a second; the caller does not wait longer than this.
const STILL_TIME_MAX: Duration = Duration::from_secs(20);

/// Number of live streams that are read at once. One mostly waits, and takes 60 MB of memory.
const STREAMS_MAX: usize = 8;

/// Makes videos that play. A clone shares the permits and the folder.
#[derive(Debug, Clone)]
pub struct Transcoder {
    shared: Arc<TranscoderShared>,
}

#[derive(Debug)]
struct TranscoderShared {
    tools: Tools,
    version: String,
    held: Held,
    permits: Semaphore,
    stream_permits: Semaphore,
}

impl Transcoder {
    /// Finds ffmpeg and ffprobe on `PATH`, creates `folder` and removes the files of an earlier run from it.
    /// `launcher` confines both programs. `None` if one of them is not installed or does not run.
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
        let permits = Semaphore::new(limits.processes.clamp(1, Semaphore::MAX_PERMITS));
        let shared = TranscoderShared {
            tools: Tools { programs, folder, limits },
            version,
            held,
            permits,
            stream_permits: Semaphore::new(STREAMS_MAX),
        };
        Ok(Some(Transcoder { shared: Arc::new(shared) }))
    }

    /// The version of ffmpeg, such as `5.1.8`.
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// Which restrictions the kernel enforces on both programs.
    pub fn held(&self) -> Held {
        self.shared.held
    }

    /// A still of a video, and its duration. Takes no permit: the caller bounds how many run at once.
    /// Dropping the future kills the program that works on it.
    pub async fn still(
        &self,
        source: VideoSource,
        content_type: String,
    ) -> Result<Still, VideoError> {
        let deadline = Instant::now() + STILL_TIME_MAX.min(self.shared.tools.limits.time);
        let made = async {
            let job = TranscodeJob { source, content_type, bytes_max: 0, audience: Audience::Chat };
            let running = RunningJob::begin(&self.shared.tools, job).await?;
            let finished = running.probed().await?;
            let poster = running.poster(&finished).await;
            Ok(Still { duration: finished.duration, poster })
        };
        timeout_at(deadline, made).await.map_err(|_| VideoError::TimedOut)?
    }

    /// Waits for a permit, then makes the video and its poster. Dropping the future kills the program that
    /// works on it and removes its files.
    pub async fn prepare(&self, job: TranscodeJob) -> Result<Rendition, VideoError> {
        let _permit = self.shared.permits.acquire().await.map_err(io::Error::other)?;
        self.make(job, &VideoProgress::default(), true).await
    }

    /// Makes the video without a poster, and reports its progress. Takes no permit: the caller bounds how many
    /// run at once. Dropping the future kills the program that works on it and removes its files.
    pub async fn prepare_apart(
        &self,
        job: TranscodeJob,
        progress: &VideoProgress,
    ) -> Result<Rendition, VideoError> {
        self.make(job, progress, false).await
    }

    async fn make(
        &self,
        job: TranscodeJob,
        progress: &VideoProgress,
        wants_poster: bool,
    ) -> Result<Rendition, VideoError> {
        let tools = &self.shared.tools;
        let deadline = Instant::now() + tools.limits.time;
        let made = async {
            let running = RunningJob::begin(tools, job).await?;
            let finished = running.video(progress).await?;
            Ok::<_, VideoError>((running, finished))
        };
        let (running, finished) =
            timeout_at(deadline, made).await.map_err(|_| VideoError::TimedOut)??;
        // The video is finished: a poster that fails or takes too long does not discard it.
        let poster = async {
            match wants_poster {
                true => running.poster(&finished).await,
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

mod streams;
#[cfg(test)]
mod tests;
