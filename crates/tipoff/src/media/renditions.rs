//! Videos as a browser plays them ("renditions"), for the dashboard.
//!
//! A video that was converted for a channel is cached here; any other is converted when somebody opens it. One
//! conversion runs at a time, and only while a page asks for it. The cache cannot grow beyond its limit.

mod cache;
mod unplayable;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tipoff_model::{AlertMedia, ArrivalId, Encoding};
use tipoff_spool::{Blobs, Share};
use tipoff_video::{Audience, TranscodeJob, Transcoder, VideoOutcome, VideoProgress, VideoSource};
use tokio::time::Instant;

use crate::runtime::blocking::blocking;
use crate::runtime::clock::Clock;
use crate::runtime::fair_queue::{FairQueue, Owner};
use crate::runtime::lock::lock;
pub(crate) use cache::forget_in;
use cache::{Cache, RenditionKey};
pub(crate) use unplayable::Unplayable;

/// The folder of the cache in the data folder.
pub(crate) const FOLDER: &str = "renditions";
/// Limit of all renditions, in bytes. The device or address with the most gives up the one that was viewed longest ago.
const CACHE_BYTES_MAX: u64 = 1 << 30;
/// … and at most this part of `max_size`, one in eight.
const CACHE_PART: u64 = 8;
/// Limit of one rendition in bytes: a larger one is not streamed to a page.
const RENDITION_BYTES_MAX: u64 = 256 << 20;
/// Limit of the conversions that run or wait: of known devices, and of all others each.
const JOBS_MAX: usize = 16;
/// The same for the discovered devices at one address.
const JOBS_OF_ADDRESS_MAX: usize = 8;
/// Time until a failed conversion may be tried again.
const FAILED_FOR: Duration = Duration::from_secs(600);
/// A conversion is given up when no page has asked for it for this long: the page was closed.
const ASKED_FOR: Duration = Duration::from_secs(60);
/// Failures that are remembered; beyond that all are forgotten.
const FAILURES_MAX: usize = 256;

/// Makes and caches renditions. Clones share them.
#[derive(Clone)]
pub(crate) struct Renditions(Arc<RenditionsShared>);

/// The state behind [`Renditions`].
struct RenditionsShared {
    cache: Cache,
    blobs: Blobs,
    /// `None` if ffmpeg is not installed or `convert` is off.
    transcoder: Option<Transcoder>,
    clock: Clock,
    /// Whose video is converted next.
    queue: FairQueue,
    /// Conversions that run, wait, or have failed lately.
    jobs: Mutex<HashMap<RenditionKey, Arc<Job>>>,
}

/// A conversion that runs, waits, or has failed.
struct Job {
    progress: VideoProgress,
    /// When a page last asked for it.
    asked_at: Mutex<Instant>,
    /// When it failed and why; empty until then.
    failure: OnceLock<(Instant, Unplayable)>,
    /// The device or address that sent the video.
    owner: Owner,
}

/// The state of a rendition.
#[derive(Debug)]
pub(crate) enum Rendition {
    /// It is in this file, with its size in bytes.
    Ready(PathBuf, u64),
    /// It is being made; with its progress in percent, or `None` while it waits or has just begun.
    Making(Option<u8>),
    /// Too many conversions run or wait already: the page asks again later.
    Crowded,
    /// It cannot be made, for this reason.
    None(Unplayable),
}

impl Renditions {
    /// Caches renditions in `folder`. Without a `transcoder` none are made, and those of an earlier run stay.
    ///
    /// # Errors
    /// The folder cannot be made or cleaned up.
    pub(crate) fn open(
        folder: PathBuf,
        transcoder: Option<Transcoder>,
        blobs: Blobs,
        clock: Clock,
    ) -> io::Result<Self> {
        let cache = Cache::open(folder, CACHE_BYTES_MAX)?;
        let (queue, jobs) = (FairQueue::new(1), Mutex::default());
        Ok(Self(Arc::new(RenditionsShared { cache, blobs, transcoder, clock, queue, jobs })))
    }

    /// Caches a video that was converted for a channel, if browsers play it. An error is logged: the video can be made
    /// again.
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
        let (shared, key) = (Arc::clone(&self.0), RenditionKey::of(media, share));
        let path = scratch.path().to_owned();
        if let Err(error) = blocking(move || shared.cache.keep(&key, &path)).await {
            tracing::warn!(%error, "A converted video could not be stored for the dashboard.");
        }
    }

    /// The rendition of a video, or its progress. The first call starts the conversion; a page calls again as long as
    /// it is open, and the conversion is given up when none does.
    pub(crate) async fn ask(&self, media: AlertMedia, owner: Owner) -> io::Result<Rendition> {
        let key = RenditionKey::of(&media, &owner.share);
        let (shared, sought, now) = (Arc::clone(&self.0), key.clone(), self.0.clock.now());
        if let Some((path, bytes)) = blocking(move || shared.cache.find(&sought, now)).await? {
            return Ok(Rendition::Ready(path, bytes));
        }
        let Some(transcoder) = self.0.transcoder.clone() else {
            return Ok(Rendition::None(Unplayable::NotConverted));
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
        let entry = JobEntry { shared: Arc::clone(&self.0), key, job };
        tokio::spawn(async move { entry.work(&transcoder, &media).await });
        Ok(Rendition::Making(None))
    }

    /// Sets the limit of the cache to its part of `max_size`, which the configuration may have changed.
    pub(crate) fn limit(&self, max_size: u64) {
        self.0.cache.limit((max_size / CACHE_PART).min(CACHE_BYTES_MAX));
    }

    /// Removes the renditions of these arrivals, which are no longer stored.
    pub(crate) fn forget(&self, arrivals: &[ArrivalId]) {
        self.0.cache.forget(arrivals);
    }

    /// Removes the renditions of arrivals before `oldest`, which are no longer stored; all with `None`.
    pub(crate) fn forget_before(&self, oldest: Option<ArrivalId>) {
        self.0.cache.forget_before(oldest);
    }
}

/// Whether no further conversion may wait for this device or address. Failed ones do not count.
fn is_crowded<'a>(jobs: impl Iterator<Item = &'a Arc<Job>>, share: &Share) -> bool {
    let (mut alike, mut own) = (0, 0);
    for job in jobs.filter(|job| job.failure.get().is_none()) {
        alike += usize::from(job.owner.share.is_known() == share.is_known());
        own += usize::from(job.owner.share == *share);
    }
    alike >= JOBS_MAX || !share.is_known() && own >= JOBS_OF_ADDRESS_MAX
}

impl RenditionsShared {
    fn jobs(&self) -> MutexGuard<'_, HashMap<RenditionKey, Arc<Job>>> {
        lock(&self.jobs)
    }
}

/// A job in the list. It leaves the list when this is dropped, unless its failure is remembered.
struct JobEntry {
    shared: Arc<RenditionsShared>,
    key: RenditionKey,
    job: Arc<Job>,
}

impl Drop for JobEntry {
    fn drop(&mut self) {
        if self.job.failure.get().is_none() {
            self.shared.jobs().remove(&self.key);
        }
    }
}

impl JobEntry {
    /// Converts the video until it is done or nobody asks for it any more. Dropping the conversion kills ffmpeg.
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

    /// Waits for its turn, converts the video and caches the result.
    async fn make(&self, transcoder: &Transcoder, media: &AlertMedia) -> Result<(), Unplayable> {
        let _place = self.shared.queue.acquire(self.job.owner.clone()).await;
        let source = video_source(media, &self.shared.blobs)?;
        let order = TranscodeJob {
            source,
            content_type: media.media.content_type.clone(),
            bytes_max: RENDITION_BYTES_MAX,
            audience: Audience::Browser,
        };
        let made = transcoder.prepare_apart(order, &self.job.progress).await;
        let made = made.map_err(|error| Unplayable::from(&error))?;
        let VideoOutcome::Made(scratch) = &made.video else {
            return Err(Unplayable::TooLong);
        };
        let (shared, key) = (Arc::clone(&self.shared), self.key.clone());
        let path: &Path = scratch.path();
        let path = path.to_owned();
        Ok(blocking(move || shared.cache.keep(&key, &path)).await?)
    }
}

impl Job {
    /// Returns when no page has asked for [`ASKED_FOR`].
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

/// A stored video as ffmpeg reads it: the blob itself if it is the whole blob without an encoding, else its decoded
/// bytes, which are copied for ffmpeg.
pub(crate) fn video_source(stored: &AlertMedia, blobs: &Blobs) -> io::Result<VideoSource> {
    let AlertMedia { media, blob, .. } = stored;
    if media.encoding == Encoding::Identity
        && media.range.start == 0
        && let Some(path) = blobs.path(blob)
    {
        return Ok(VideoSource::File(path));
    }
    Ok(VideoSource::Bytes(Box::new(blobs.read(blob, media)?)))
}
