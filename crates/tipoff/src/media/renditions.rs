//! Videos as a browser plays them: what was made for a channel is kept, and what was not is made when
//! somebody looks. One is made at a time and for as long as somebody asks; what is kept cannot grow
//! beyond its limit.

mod cache;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tipoff_model::{AlertMedia, ArrivalId, Encoding};
use tipoff_spool::{Blobs, Share};
use tipoff_video::{
    Audience, TranscodeJob, Transcoder, VideoError, VideoOutcome, VideoProgress, VideoSource,
};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::runtime::fair_queue::{FairQueue, Owner};
use crate::runtime::lock::lock;
use cache::{Cache, Key};

/// All renditions together, in bytes. Of whoever has the most, the one that nobody has looked at for longest makes room.
const CACHE_BYTES_MAX: u64 = 1 << 30;
/// … and at most one part in so many of `max_size`.
const CACHE_PART: u64 = 8;
/// The largest rendition that is made, in bytes: more is not streamed to a page.
const RENDITION_BYTES_MAX: u64 = 256 << 20;
/// So many are made or wait at once: of known devices, and of all others.
const JOBS_MAX: usize = 16;
/// The same of the discovered devices at one address.
const JOBS_OF_ADDRESS_MAX: usize = 8;
/// What cannot be made is tried again after this.
const FAILED_FOR: Duration = Duration::from_secs(600);
/// Nobody has asked for this long: the page was left.
const ASKED_FOR: Duration = Duration::from_secs(60);
/// So many failures are remembered.
const FAILURES_MAX: usize = 256;

/// Makes and keeps renditions. A clone shares them.
#[derive(Clone)]
pub(crate) struct Renditions(Arc<Shared>);

struct Shared {
    cache: Cache,
    blobs: Blobs,
    transcoder: Option<Transcoder>,
    queue: FairQueue,
    jobs: Mutex<HashMap<Key, Arc<Job>>>,
}

/// A rendition that is being made, waits for it, or could not be made.
struct Job {
    progress: VideoProgress,
    asked_at: Mutex<Instant>,
    failure: OnceLock<(Instant, String)>,
    /// Whose video it is.
    owner: Owner,
}

/// What there is of a rendition.
#[derive(Debug)]
pub(crate) enum Rendition {
    /// It is in this file, of so many bytes.
    Ready(PathBuf, u64),
    /// It is being made: so many percent, as far as that is known. `None`: it waits, or has just begun.
    Making(Option<u8>),
    /// Too many are being made already.
    Crowded,
    /// There will be none, and why.
    None(String),
}

impl Renditions {
    /// Keeps them in `folder`. Without a `transcoder` only those of an earlier run are there.
    pub(crate) fn open(
        folder: PathBuf,
        transcoder: Option<Transcoder>,
        blobs: Blobs,
    ) -> io::Result<Self> {
        let cache = Cache::open(folder, CACHE_BYTES_MAX)?;
        let (queue, jobs) = (FairQueue::new(1), Mutex::default());
        Ok(Self(Arc::new(Shared { cache, blobs, transcoder, queue, jobs })))
    }

    /// Keeps what was made for a channel, where a browser plays it.
    pub(crate) async fn keep(
        &self,
        media: &AlertMedia,
        made: &tipoff_video::Rendition,
        share: &Share,
    ) {
        let VideoOutcome::Made(scratch) = &made.video else {
            return;
        };
        if !made.plays_in_browsers || scratch.size() > RENDITION_BYTES_MAX {
            return;
        }
        let (shared, key) = (Arc::clone(&self.0), Key::of(media, share));
        let path = scratch.path().to_owned();
        if let Err(error) = blocking(move || shared.cache.keep(&key, &path)).await {
            tracing::warn!(%error, "A converted video could not be stored for the dashboard.");
        }
    }

    /// The rendition of a video, or how far it is. The first who asks has it made; it is given up when
    /// nobody asks any more.
    pub(crate) async fn ask(&self, media: AlertMedia, owner: Owner) -> io::Result<Rendition> {
        let key = Key::of(&media, &owner.share);
        let (shared, sought) = (Arc::clone(&self.0), key.clone());
        if let Some((path, bytes)) = blocking(move || shared.cache.find(&sought)).await? {
            return Ok(Rendition::Ready(path, bytes));
        }
        let Some(transcoder) = self.0.transcoder.clone() else {
            return Ok(Rendition::None(
                "This kind of video does not play in browsers, and it is not converted because ffmpeg \
                 is not installed or [video] convert is off."
                    .to_owned(),
            ));
        };
        let mut jobs = self.0.jobs();
        jobs.retain(|_, job| job.failure.get().is_none_or(|(at, _)| at.elapsed() < FAILED_FOR));
        if let Some(job) = jobs.get(&key) {
            *lock(&job.asked_at) = Instant::now();
            return Ok(match job.failure.get() {
                Some((_, why)) => Rendition::None(why.clone()),
                None => Rendition::Making(job.progress.percent()),
            });
        }
        let failed = jobs.values().filter(|job| job.failure.get().is_some()).count();
        if is_crowded(jobs.values(), &owner.share) {
            return Ok(Rendition::Crowded);
        }
        if failed >= FAILURES_MAX {
            jobs.retain(|_, job| job.failure.get().is_none());
        }
        let job = Arc::new(Job {
            progress: VideoProgress::default(),
            asked_at: Mutex::new(Instant::now()),
            failure: OnceLock::new(),
            owner,
        });
        jobs.insert(key.clone(), Arc::clone(&job));
        let entry = Entry { shared: Arc::clone(&self.0), key, job };
        tokio::spawn(async move { entry.work(&transcoder, &media).await });
        Ok(Rendition::Making(None))
    }

    /// All that is kept may take so many bytes: renditions take their part of it.
    pub(crate) fn limit(&self, max_size: u64) {
        self.0.cache.limit((max_size / CACHE_PART).min(CACHE_BYTES_MAX));
    }

    /// Removes those of arrivals that are not kept any more.
    pub(crate) fn forget_before(&self, oldest: Option<ArrivalId>) {
        self.0.cache.forget_before(oldest);
    }
}

/// Whether there is no place for another video of this share.
fn is_crowded<'a>(jobs: impl Iterator<Item = &'a Arc<Job>>, share: &Share) -> bool {
    let (mut alike, mut own) = (0, 0);
    for job in jobs.filter(|job| job.failure.get().is_none()) {
        alike += usize::from(job.owner.share.is_known() == share.is_known());
        own += usize::from(job.owner.share == *share);
    }
    alike >= JOBS_MAX || !share.is_known() && own >= JOBS_OF_ADDRESS_MAX
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, HashMap<Key, Arc<Job>>> {
        lock(&self.jobs)
    }
}

/// A job in the list. It leaves the list when this is dropped, unless its failure is to be remembered.
struct Entry {
    shared: Arc<Shared>,
    key: Key,
    job: Arc<Job>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.job.failure.get().is_none() {
            self.shared.jobs().remove(&self.key);
        }
    }
}

impl Entry {
    async fn work(self, transcoder: &Transcoder, media: &AlertMedia) {
        let made = tokio::select! {
            made = self.make(transcoder, media) => made,
            () = self.job.is_left() => {
                tracing::debug!("A conversion was stopped: nobody waits for the video any more.");
                return;
            }
        };
        if let Err(why) = made {
            tracing::info!(arrival = %media.place.arrival, %why, "A video cannot be shown in the dashboard.");
            let _ = self.job.failure.set((Instant::now(), why));
        }
    }

    /// The error is for people.
    async fn make(&self, transcoder: &Transcoder, media: &AlertMedia) -> Result<(), String> {
        let here = |error: io::Error| format!("The video could not be converted here: {error}.");
        let _place = self.shared.queue.acquire(self.job.owner.clone()).await;
        let source = video_source(media, &self.shared.blobs).map_err(here)?;
        let order = TranscodeJob {
            source,
            content_type: media.media.content_type.clone(),
            bytes_max: RENDITION_BYTES_MAX,
            audience: Audience::Browser,
        };
        let made = transcoder.prepare_apart(order, &self.job.progress).await;
        let made = made.map_err(|trouble| unplayable(&trouble))?;
        let VideoOutcome::Made(scratch) = &made.video else {
            return Err("The video is too long to be converted for a page.".to_owned());
        };
        let (shared, key) = (Arc::clone(&self.shared), self.key.clone());
        let path: &Path = scratch.path();
        let path = path.to_owned();
        blocking(move || shared.cache.keep(&key, &path)).await.map_err(here)
    }
}

/// Why a video cannot be played, for the page.
fn unplayable(trouble: &VideoError) -> String {
    if trouble.is_missing_index() {
        let fault = "the recording is incomplete: its index is missing";
        return format!("This video cannot be played: {fault}, so no program can play it.");
    }
    format!("This video cannot be played: {trouble}.")
}

impl Job {
    /// Ends when nobody has asked for a while.
    async fn is_left(&self) {
        loop {
            let asked_at = *lock(&self.asked_at);
            let over = asked_at + ASKED_FOR;
            if Instant::now() >= over {
                return;
            }
            tokio::time::sleep_until(over).await;
        }
    }
}

/// Where the programs read a stored video.
pub(crate) fn video_source(stored: &AlertMedia, blobs: &Blobs) -> io::Result<VideoSource> {
    let AlertMedia { media, blob, .. } = stored;
    if media.encoding == Encoding::Identity && media.range.start == 0 {
        return Ok(VideoSource::File(blobs.path(blob)));
    }
    Ok(VideoSource::Bytes(Box::new(blobs.read(blob, media)?)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
