//! Runs one job: probes the source, makes a plan, carries it out, and measures the result. A program that reports
//! success is not trusted: its result is probed again.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::confined_process::{Bounds, Ended, Run, STDOUT_BYTES_MAX};
use crate::error::first_words;
use crate::hichip::{self, Unpacked};
use crate::input::{self, HEADER_BYTES_MAX, Input};
use crate::job::{Audience, Limits, TranscodeJob, VideoOutcome, VideoSource};
use crate::plan::{self, Plan, Recipe, Squeeze};
use crate::probe::{self, Size, VideoProbe};
use crate::programs::Programs;
use crate::progress::Reports;
use crate::temp_file::{self, Copied};
use crate::{TempFile, VideoError, VideoProgress, arguments, isobmff};

/// Number of threads of one program that use the processor at once.
const PROCESSORS: u64 = 2;

/// Names of the files in a job's folder.
const SOURCE: &str = "source";
const UNPACKED: &str = "unpacked.mkv";
const VIDEO: &str = "video.mp4";
const POSTER: &str = "poster.jpg";
/// Longest side of a thumbnail that Telegram accepts, in pixels (Bot API, `sendVideo`).
const POSTER_SIDE_PX_MAX: u32 = 320;
/// Largest thumbnail that Telegram accepts, in bytes.
const POSTER_BYTES_MAX: u64 = 200_000;
/// Latest time of the poster in a video: a camera begins to record when something moves.
const POSTER_AT_MAX: Duration = Duration::from_secs(1);

/// The programs, and the limits that each job keeps.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) programs: Programs,
    /// The folder that contains a folder for each job.
    pub(crate) folder: PathBuf,
    pub(crate) limits: Limits,
}

/// A job that is running, and the folder that contains all its files.
pub(crate) struct RunningJob<'a> {
    tools: &'a Tools,
    folder: Arc<TempDir>,
    /// Path of the source, its copy, or the file that was unpacked from it.
    source: PathBuf,
    /// Keeps that copy until the job ends.
    _copy: Option<TempFile>,
    /// Size of the source in bytes.
    source_bytes: u64,
    /// Largest output of a program in bytes.
    room_bytes: u64,
    /// How the programs open the source.
    input: Input,
    /// Whether the source is an MP4 whose index comes first.
    streamable: bool,
    /// Largest result in bytes.
    bytes_max: u64,
    audience: Audience,
}

/// The limits of one program, which may write `file_bytes`.
pub(crate) fn bounds(limits: &Limits, file_bytes: u64) -> Bounds {
    Bounds {
        memory_bytes: limits.memory_bytes,
        // The job's timeout comes first. This limit is for a program whose job can no longer stop it.
        processor_s: limits.time.as_secs().saturating_mul(PROCESSORS).saturating_add(1),
        file_bytes,
    }
}

/// The result of a job without its poster.
pub(crate) struct Finished {
    pub(crate) video: VideoOutcome,
    pub(crate) size: Size,
    pub(crate) duration: Duration,
    pub(crate) plays_in_browsers: bool,
}

/// A video that a program made, measured.
struct Made {
    file: TempFile,
    size: Size,
    duration: Duration,
    plays_in_browsers: bool,
}

impl<'a> RunningJob<'a> {
    /// Makes the source readable for the programs, by copying or unpacking it if needed, and decides how it is opened.
    pub(crate) async fn begin(
        tools: &'a Tools,
        job: TranscodeJob,
    ) -> Result<RunningJob<'a>, VideoError> {
        let folder = Arc::new(temp_file::job_folder(&tools.folder)?);
        let (mut source, mut copy) = match job.source {
            VideoSource::File(path) => (std::path::absolute(path)?, None),
            VideoSource::Bytes(from) => {
                let copy = copied(&folder, from, tools.limits.scratch_bytes_max).await?;
                (copy.path().to_owned(), Some(copy))
            }
        };
        let metadata = tokio::fs::metadata(&source).await?;
        if !metadata.is_file() {
            // A pipe could block a thread for ever.
            return Err(VideoError::NotAVideo("not a file".to_owned()));
        }
        let looked_at = source.clone();
        let content_type = job.content_type;
        let Look { mut input, streamable, is_hichip } =
            blocking(move || look(&looked_at, &content_type)).await?;
        if is_hichip {
            let unpacked = unpacked(&folder, source, tools.limits.scratch_bytes_max).await?;
            source = unpacked.path().to_owned();
            (input, copy) = (Some(Input::MATROSKA), Some(unpacked));
        }
        let copied_bytes = copy.as_ref().map_or(0, TempFile::size);
        Ok(RunningJob {
            tools,
            folder,
            source,
            _copy: copy,
            source_bytes: metadata.len(),
            room_bytes: tools.limits.scratch_bytes_max.saturating_sub(copied_bytes),
            input: input
                .ok_or_else(|| VideoError::NotAVideo("no known kind of video".to_owned()))?,
            streamable,
            bytes_max: job.bytes_max,
            audience: job.audience,
        })
    }

    /// Makes the video, unless the source already plays or no result would fit.
    pub(crate) async fn video(&self, progress: &VideoProgress) -> Result<Finished, VideoError> {
        let probe = self.probe(self.input, &self.source).await?;
        progress.set_whole(probe.duration);
        let source = plan::SourceFacts {
            streamable: self.streamable,
            bytes: self.source_bytes,
            audience: self.audience,
        };
        let recipe = match plan::decide(&probe, source, self.bytes_max) {
            Plan::AsItIs => return Ok(finished(VideoOutcome::AsItIs, &probe)),
            Plan::DoesNotFit => return Ok(finished(VideoOutcome::DoesNotFit, &probe)),
            Plan::Make(recipe) => recipe,
        };
        let first = self.make_somehow(&probe, recipe, progress).await?;
        let squeezes: &[Squeeze] = if recipe.is_squeezed() {
            &[Squeeze::Second]
        } else {
            &[Squeeze::First, Squeeze::Second]
        };
        self.fit(&probe, first, squeezes, progress).await
    }

    /// Reads the properties of the source and changes nothing.
    pub(crate) async fn probed(&self) -> Result<Finished, VideoError> {
        Ok(finished(VideoOutcome::AsItIs, &self.probe(self.input, &self.source).await?))
    }

    /// The video that was made if it fits, else a smaller one, else none.
    async fn fit(
        &self,
        probe: &VideoProbe,
        mut made: Made,
        squeezes: &[Squeeze],
        progress: &VideoProgress,
    ) -> Result<Finished, VideoError> {
        let mut squeezes = squeezes.iter();
        loop {
            let Made { size, duration, plays_in_browsers, .. } = made;
            let finished = |video| Finished { video, size, duration, plays_in_browsers };
            if made.file.size() <= self.bytes_max {
                return Ok(finished(VideoOutcome::Made(made.file)));
            }
            // The next attempt has the same name.
            drop(made);
            let recipe = squeezes
                .next()
                .and_then(|&squeeze| plan::squeezed(probe, duration, self.bytes_max, squeeze));
            let Some(recipe) = recipe else {
                return Ok(finished(VideoOutcome::DoesNotFit));
            };
            made = self.make_somehow(probe, recipe, progress).await?;
        }
    }

    /// Tries the recipe, then its alternatives. If all fail, the error is that of the recipe itself.
    async fn make_somehow(
        &self,
        probe: &VideoProbe,
        recipe: Recipe,
        progress: &VideoProgress,
    ) -> Result<Made, VideoError> {
        let mut trouble = None;
        for attempt in recipe.attempts(probe) {
            match self.make(attempt, progress).await {
                Ok(made) => return Ok(made),
                Err(error) => {
                    tracing::debug!(?attempt, "a video could not be made this way: {error}");
                    trouble.get_or_insert(error);
                }
            }
        }
        Err(trouble.unwrap_or_else(|| VideoError::Failed("nothing was tried".to_owned())))
    }

    /// Makes the video by one recipe, and probes it.
    async fn make(&self, recipe: Recipe, progress: &VideoProgress) -> Result<Made, VideoError> {
        let words = arguments::make(self.input, &self.source, recipe, VIDEO);
        let mut reports = Reports::new(progress);
        let program = &self.tools.programs.ffmpeg;
        let run = self.run(program, &self.source, Some(VIDEO));
        let ended = run.watched(words, |said| reports.push(said)).await?;
        if !ended.status.success() {
            return Err(VideoError::Failed(self.said(&ended)));
        }
        let file = TempFile::adopt(&self.folder, VIDEO)?;
        let nothing = || VideoError::Failed("nothing in it could be decoded".to_owned());
        let probe = self.probe(Input::MP4, file.path()).await.map_err(|_| nothing())?;
        Ok(Made {
            size: probe.size,
            duration: probe.duration.ok_or_else(nothing)?,
            plays_in_browsers: probe.plays_in_browsers(),
            file,
        })
    }

    /// A still from near the beginning, in the size that services accept; `None` if none could be made.
    pub(crate) async fn poster(&self, finished: &Finished) -> Option<TempFile> {
        let (input, path) = match &finished.video {
            VideoOutcome::Made(made) => (Input::MP4, made.path()),
            VideoOutcome::AsItIs | VideoOutcome::DoesNotFit => (self.input, self.source.as_path()),
        };
        let size = finished.size.within(POSTER_SIDE_PX_MAX, POSTER_SIDE_PX_MAX);
        let middle = POSTER_AT_MAX.min(finished.duration / 3);
        // If the duration is wrong, there may be no frame at that time.
        for at in [middle, Duration::ZERO] {
            let words = arguments::poster(input, path, size, at, POSTER);
            let run = self.run(&self.tools.programs.ffmpeg, path, Some(POSTER));
            match run.words(words).await {
                Ok(ended) if ended.status.success() => {}
                Ok(ended) => tracing::debug!("no poster: {}", self.said(&ended)),
                Err(error) => tracing::debug!("no poster: {error}"),
            }
            if let Ok(poster) = TempFile::adopt(&self.folder, POSTER)
                && (1..=POSTER_BYTES_MAX).contains(&poster.size())
            {
                return Some(poster);
            }
        }
        None
    }

    /// Probes a file. More output than is kept means too many streams.
    async fn probe(&self, input: Input, path: &Path) -> Result<VideoProbe, VideoError> {
        let words = arguments::probe(input, path);
        let ended = self.run(&self.tools.programs.ffprobe, path, None).words(words).await?;
        if !ended.status.success() {
            return Err(VideoError::NotAVideo(self.said(&ended)));
        }
        if ended.stdout.len() >= STDOUT_BYTES_MAX {
            return Err(VideoError::NotAVideo("it has too many streams".to_owned()));
        }
        probe::read(&ended.stdout).map_err(|words| VideoError::NotAVideo(words.to_owned()))
    }

    /// A run of a program that reads one file, and writes at most one in the job's folder.
    fn run<'b>(&'b self, program: &'b Path, reads: &Path, writes: Option<&str>) -> Run<'b> {
        let bounds = bounds(&self.tools.limits, self.room_bytes);
        let mut run = self.tools.programs.run(program, self.folder.path(), bounds);
        run.reads.push(reads.to_owned());
        run.writes.extend(writes.map(|name| self.folder.path().join(name)));
        run
    }

    /// The words of a program that failed.
    fn said(&self, ended: &Ended) -> String {
        first_words(&ended.stderr, &self.source).unwrap_or_else(|| ended.how())
    }
}

fn finished(video: VideoOutcome, probe: &VideoProbe) -> Finished {
    Finished {
        video,
        size: probe.size,
        duration: probe.duration.unwrap_or_default(),
        plays_in_browsers: probe.plays_in_browsers(),
    }
}

/// The facts in the first bytes of a source.
struct Look {
    /// How it is opened; `None` if it is no video.
    input: Option<Input>,
    /// Whether it is an MP4 whose index comes first.
    streamable: bool,
    /// Whether it is Hichip's container, which has to be unpacked.
    is_hichip: bool,
}

fn look(source: &Path, content_type: &str) -> io::Result<Look> {
    let mut file = File::open(source)?;
    let mut head = Vec::with_capacity(HEADER_BYTES_MAX);
    (&mut file).take(HEADER_BYTES_MAX as u64).read_to_end(&mut head)?;
    let input = input::of(content_type, &head);
    let streamable = content_type == "video/mp4" && isobmff::has_index_first(&mut file)?;
    let is_hichip = match content_type {
        hichip::CONTENT_TYPE => true,
        // A recording that begins inside of a frame has no mark, and the name of a raw stream.
        "video/h264" | "video/h265" | "application/octet-stream" => {
            let more = hichip::SEARCH_BYTES_MAX.saturating_sub(head.len());
            (&mut file).take(more as u64).read_to_end(&mut head)?;
            hichip::is_in(&head)
        }
        _ => false,
    };
    Ok(Look { input, streamable, is_hichip })
}

/// Copies a source that has no path. Dropping the future ends the copy.
async fn copied(
    folder: &Arc<TempDir>,
    from: Box<dyn Read + Send>,
    bytes_max: u64,
) -> Result<TempFile, VideoError> {
    let give_up = GiveUp::default();
    let given_up = Arc::clone(&give_up.0);
    let to = folder.path().join(SOURCE);
    match blocking(move || temp_file::copy(from, &to, bytes_max, &given_up)).await? {
        Copied::Whole => Ok(TempFile::adopt(folder, SOURCE)?),
        Copied::TooLarge => Err(VideoError::TooLarge),
        Copied::GivenUp => Err(VideoError::TimedOut),
    }
}

/// Unpacks Hichip's container, which ffmpeg before 8.1 does not read. Dropping the future ends it.
async fn unpacked(
    folder: &Arc<TempDir>,
    source: PathBuf,
    bytes_max: u64,
) -> Result<TempFile, VideoError> {
    let give_up = GiveUp::default();
    let given_up = Arc::clone(&give_up.0);
    let to = folder.path().join(UNPACKED);
    let unpack = move || {
        let to = File::create_new(to)?;
        hichip::unpack(&mut File::open(source)?, to, bytes_max, &given_up)
    };
    match blocking(unpack).await? {
        Unpacked::Whole => Ok(TempFile::adopt(folder, UNPACKED)?),
        Unpacked::NoVideo => {
            Err(VideoError::NotAVideo("no picture in it can be decoded".to_owned()))
        }
        Unpacked::TooLarge => Err(VideoError::TooLarge),
        Unpacked::GivenUp => Err(VideoError::TimedOut),
    }
}

/// Tells the thread of a job to stop when it is dropped.
#[derive(Default)]
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work that blocks, on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
