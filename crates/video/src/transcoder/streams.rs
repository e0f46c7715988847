//! Frames and clips of live streams. ffmpeg reads the stream; it gets the login by a list file.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Transcoder;
use crate::confined_process::{Bounds, STDOUT_BYTES_MAX};
use crate::input::Input;
use crate::stream_error::error_of;
use crate::stream_list::{self, SILENCE_MAX, Wanted};
use crate::{LiveStream, StreamError, TempFile, arguments, probe, temp_file};

/// Longest time for a frame: cameras send a key frame every 1 to 10 s.
const FRAME_TIME_MAX: Duration = Duration::from_secs(12);
/// Largest frame in bytes: a JPEG of 8K with much detail.
const FRAME_BYTES_MAX: u64 = 20_000_000;
/// Longest clip.
const CLIP_TIME_MAX: Duration = Duration::from_secs(60);
/// Time for a clip besides its own duration: connecting, the first key frame, and the look at what was recorded.
const CLIP_START_MAX: Duration = Duration::from_secs(12);
/// Largest clip in bytes: a minute of a 4K camera.
const CLIP_BYTES_MAX: u64 = 200_000_000;
/// What the file may have besides, so that ffmpeg can end it.
const CLIP_END_BYTES: u64 = 20_000_000;
/// Processor time of one run besides that of a clip, in seconds.
const PROCESSOR_S: u64 = 30;
/// The oldest version of ffmpeg whose lists take options of a stream.
const VERSION_MIN: u32 = 5;

/// Time that is left of a clip's to look at what was recorded.
const PROBE_TIME_MAX: Duration = Duration::from_secs(2);

/// Names of the files in a job's folder.
const LIST: &str = "stream.list";
const FRAME: &str = "frame.jpg";
const CLIP: &str = "clip.mp4";

/// A stream that is being read.
struct StreamReader<'a> {
    transcoder: &'a Transcoder,
    stream: &'a LiveStream,
    server: SocketAddr,
    folder: Arc<TempDir>,
    deadline: Instant,
    /// Longest time that the caller waits.
    time: Duration,
    _permit: SemaphorePermit<'a>,
}

impl Transcoder {
    /// A JPEG of the next key frame of a live stream, within 12 s. Dropping the future kills ffmpeg and removes its
    /// files.
    pub async fn frame(&self, stream: &LiveStream) -> Result<TempFile, StreamError> {
        let reader = StreamReader::begin(self, stream, FRAME_TIME_MAX).await?;
        let words = arguments::frame(LIST, FRAME);
        let error =
            reader.run(words, Wanted::Frame, FRAME, FRAME_BYTES_MAX, Duration::ZERO).await?;
        let file = TempFile::adopt(&reader.folder, FRAME)?;
        match is_jpeg(&file).await? {
            true => Ok(file),
            false => Err(error.unwrap_or_else(|| reader.silent())),
        }
    }

    /// An MP4 of a live stream's next `duration`, at most a minute, as the camera sends it; the sound is encoded as
    /// AAC. Shorter where the stream ends before. In fragments: chats need it prepared. Dropping the future kills
    /// ffmpeg and removes its files.
    pub async fn clip(
        &self,
        stream: &LiveStream,
        duration: Duration,
    ) -> Result<TempFile, StreamError> {
        let duration = duration.min(CLIP_TIME_MAX);
        let reader = StreamReader::begin(self, stream, duration + CLIP_START_MAX).await?;
        match reader.record(Wanted::All, duration).await {
            // Perhaps its sound has a codec that ffmpeg does not know.
            Err(error) if error.may_be_sound() => {
                reader.record(Wanted::Pictures, duration).await.map_err(|_| error)
            }
            ended => ended,
        }
    }
}

impl<'a> StreamReader<'a> {
    /// Waits for a permit and finds the server.
    async fn begin(
        transcoder: &'a Transcoder,
        stream: &'a LiveStream,
        time: Duration,
    ) -> Result<Self, StreamError> {
        let deadline = Instant::now() + time;
        let shared = &transcoder.shared;
        if version_of(&shared.version).is_some_and(|version| version < VERSION_MIN) {
            return Err(StreamError::OldProgram(shared.version.clone()));
        }
        let permit = timeout_at(deadline, shared.stream_permits.acquire()).await;
        let permit = permit.map_err(|_| StreamError::Busy)?.map_err(io::Error::other)?;
        let unreachable =
            |reason: String| StreamError::Unreachable { camera: stream.to_string(), reason };
        // ffmpeg cannot look up names where it is confined.
        let found = timeout_at(deadline, tokio::net::lookup_host(stream.server())).await;
        let found = found.map_err(|_| unreachable("its name was not found in time".to_owned()))?;
        let server = found
            .map_err(|error| unreachable(error.to_string()))?
            .next()
            .ok_or_else(|| unreachable("its name has no address".to_owned()))?;
        let folder = Arc::new(temp_file::job_folder(&shared.tools.folder)?);
        Ok(Self { transcoder, stream, server, folder, deadline, time, _permit: permit })
    }

    /// Records into a file, which may be shorter than wanted where the stream or the time ended.
    async fn record(&self, wanted: Wanted, duration: Duration) -> Result<TempFile, StreamError> {
        let words = arguments::clip(LIST, duration, CLIP_BYTES_MAX, CLIP);
        let bytes_max = CLIP_BYTES_MAX + CLIP_END_BYTES;
        let error = self.run(words, wanted, CLIP, bytes_max, duration).await?;
        let file = TempFile::adopt(&self.folder, CLIP)?;
        match file.size() > 0 && self.plays(&file).await? {
            true => Ok(file),
            false => Err(error.unwrap_or_else(|| self.silent())),
        }
    }

    /// Runs ffmpeg to its end or to the deadline. Its error is returned beside: what it wrote may be of use.
    async fn run(
        &self,
        words: Vec<OsString>,
        wanted: Wanted,
        output: &str,
        file_bytes: u64,
        duration: Duration,
    ) -> Result<Option<StreamError>, StreamError> {
        let tools = &self.transcoder.shared.tools;
        let list = self.folder.path().join(LIST);
        stream_list::write(&list, &self.stream.address(&self.server.to_string()), wanted)?;
        let bounds = Bounds {
            memory_bytes: tools.limits.memory_bytes,
            processor_s: PROCESSOR_S + duration.as_secs(),
            file_bytes,
        };
        let programs = &tools.programs;
        let mut run = programs.run(&programs.ffmpeg, self.folder.path(), bounds);
        run.reads.push(list.clone());
        run.writes.push(self.folder.path().join(output));
        run.port = Some(self.server.port());
        // Time is left to look at what was recorded.
        let end = self.deadline.checked_sub(PROBE_TIME_MAX).unwrap_or(self.deadline);
        let begin = Instant::now();
        let ended = match timeout_at(end, run.words(words)).await {
            Ok(ended) => ended?,
            Err(_) => return Ok(Some(self.silent())),
        };
        let how = ended.how();
        if ended.status.success() {
            return Ok(None);
        }
        let error = error_of(self.stream, &ended.stderr, &list, how);
        // ffmpeg has no words for a server that sends nothing.
        let time = begin.elapsed();
        let is_silent = matches!(error, StreamError::Unusable { .. }) && time >= SILENCE_MAX;
        let silent = StreamError::Silent { camera: self.stream.to_string(), time };
        Ok(Some(if is_silent { silent } else { error }))
    }

    /// Whether a recording has pictures and a duration.
    async fn plays(&self, file: &TempFile) -> Result<bool, StreamError> {
        let tools = &self.transcoder.shared.tools;
        let bounds = Bounds {
            memory_bytes: tools.limits.memory_bytes,
            processor_s: PROCESSOR_S,
            file_bytes: 0,
        };
        let mut run = tools.programs.run(&tools.programs.ffprobe, self.folder.path(), bounds);
        run.reads.push(file.path().to_owned());
        let asked = run.words(arguments::probe(Input::MP4, file.path()));
        let Ok(ended) = timeout_at(self.deadline, asked).await else {
            return Ok(false);
        };
        let ended = ended?;
        let is_whole = ended.status.success() && ended.stdout.len() < STDOUT_BYTES_MAX;
        let probe = probe::read(&ended.stdout).ok().filter(|_| is_whole);
        Ok(probe.is_some_and(|probe| probe.duration.is_some_and(|duration| !duration.is_zero())))
    }

    fn silent(&self) -> StreamError {
        StreamError::Silent { camera: self.stream.to_string(), time: self.time }
    }
}

async fn is_jpeg(file: &TempFile) -> io::Result<bool> {
    use tokio::io::AsyncReadExt;
    let mut mark = [0; 3];
    let mut opened = tokio::fs::File::open(file.path()).await?;
    Ok(opened.read_exact(&mut mark).await.is_ok() && mark == [0xff, 0xd8, 0xff])
}

/// The first number of `5.1.9` or `n7.1`; `None` for a build between releases (`N-112345-g…`).
fn version_of(version: &str) -> Option<u32> {
    version.trim_start_matches('n').split('.').next()?.parse().ok()
}
