//! Thumbnails of stored pictures and videos: made at the first request and cached in a folder of limited size.
//!
//! One is made at a time, from a source of limited size and with limited memory. A failure is remembered for a day.
//! A thumbnail that a crash or a power cut has damaged is made again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use tipoff_model::{AlertMedia, ArrivalId, MediaKind, MediaPlace, Timestamp};
use tipoff_spool::{Blobs, Spool, durable};
use tipoff_video::Transcoder;

use crate::media::cache_folder::{files, is_within, remove_before, remove_of};
use crate::media::renditions::video_source;
use crate::media::thumbnail;
use crate::runtime::blocking::blocking;
use crate::runtime::clock::Clock;
use crate::runtime::fair_queue::{FairQueue, Owner};

/// The folder of the cache in the data folder.
pub(crate) const FOLDER: &str = "thumbs";
/// The largest width and height of a thumbnail, and the quality of its JPEG.
const WIDTH_PX: u32 = 480;
const HEIGHT_PX: u32 = 360;
const QUALITY: u8 = 75;
/// The number of folders and the bytes of each: 512 MB in all. A full folder loses its oldest files.
const FOLDERS: i64 = 256;
const FOLDER_BYTES_MAX: u64 = 2 << 20;
/// The time until a failed thumbnail is tried again: the disk may have failed, or ffmpeg may be newer.
const FAILED_FOR: Duration = Duration::from_secs(24 * 3600);
/// Content of the file that records a failure.
const FAILED: &[u8] = b"no small picture can be made\n";

/// Removes the thumbnails of these arrivals from the folder of a cache, which a running program may use.
pub(crate) fn forget_in(folder: &Path, arrivals: &[ArrivalId]) {
    for arrival in arrivals {
        let part = arrival.0.rem_euclid(FOLDERS);
        remove_of(&folder.join(format!("{part:02x}")), &[*arrival]);
    }
}

/// Makes and caches thumbnails. Clones share the queue of those that are made.
#[derive(Clone)]
pub(crate) struct Thumbnails {
    folder: Arc<Path>,
    spool: Arc<dyn Spool>,
    /// Takes stills from videos; `None` without ffmpeg.
    transcoder: Option<Transcoder>,
    /// Decides whether a failure is old enough to try again.
    clock: Clock,
    /// One place: a decoder needs much memory.
    queue: FairQueue,
}

impl Thumbnails {
    /// Caches in `folder`. Thumbnails of videos need a `transcoder`.
    pub(crate) fn new(
        folder: PathBuf,
        spool: Arc<dyn Spool>,
        transcoder: Option<Transcoder>,
        clock: Clock,
    ) -> Self {
        Self { folder: folder.into(), spool, transcoder, clock, queue: FairQueue::strict(1) }
    }

    /// The thumbnail as a JPEG; `None` if this file has none, or if it could not be made within the last day.
    ///
    /// # Errors
    /// The cache cannot be read or written, or the spool does not answer.
    pub(crate) async fn thumbnail(&self, media: AlertMedia) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(&media);
        match self.cached(path.clone()).await? {
            Cached::Jpeg(jpeg) => Ok(Some(jpeg)),
            Cached::Failed => Ok(None),
            Cached::Nothing => self.make_in_turn(media, path).await,
        }
    }

    /// Waits for a place in the queue, then makes the thumbnail in a task of its own.
    ///
    /// A client that hangs up while it waits leaves the queue. One that hangs up later loses nothing: the place stays
    /// taken until the work ends, and the next request finds the thumbnail in the cache.
    async fn make_in_turn(&self, media: AlertMedia, path: PathBuf) -> io::Result<Option<Vec<u8>>> {
        let owner = Owner::of(&*self.spool, media.place.arrival).await.map_err(io::Error::other)?;
        let place = self.queue.acquire(owner).await;
        let this = self.clone();
        let making = async move {
            let _place = place;
            this.make(media, path).await
        };
        tokio::spawn(making).await.map_err(io::Error::other)?
    }

    /// Makes the thumbnail and caches it, or records that this failed.
    async fn make(&self, media: AlertMedia, path: PathBuf) -> io::Result<Option<Vec<u8>>> {
        // An earlier request may have made it meanwhile.
        match self.cached(path.clone()).await? {
            Cached::Jpeg(jpeg) => return Ok(Some(jpeg)),
            Cached::Failed => return Ok(None),
            Cached::Nothing => {}
        }
        let made = match (media.media.kind, &self.transcoder) {
            (MediaKind::Picture | MediaKind::Animation, _) => self.of_picture(media).await,
            (MediaKind::Video, Some(transcoder)) => self.of_video(transcoder, media).await?,
            // Nothing was tried, so no failure is recorded: ffmpeg may be installed later.
            (MediaKind::Video, None) | (MediaKind::File, _) => return Ok(None),
        };
        blocking(move || store(&path, made.as_deref()).map(|()| made)).await
    }

    /// What the cache has at this path now.
    async fn cached(&self, path: PathBuf) -> io::Result<Cached> {
        let now = self.clock.now();
        blocking(move || find(&path, now)).await
    }

    /// Removes the thumbnails of arrivals before `oldest`, which are no longer stored; all with `None`.
    pub(crate) fn forget_before(&self, oldest: Option<ArrivalId>) {
        for folder in 0..FOLDERS {
            remove_before(&self.folder.join(format!("{folder:02x}")), oldest);
        }
    }

    /// Removes the thumbnails of these arrivals, which are no longer stored.
    pub(crate) fn forget(&self, arrivals: &[ArrivalId]) {
        forget_in(&self.folder, arrivals);
    }

    /// The path contains the size: an upload that has grown gets another thumbnail.
    fn path(&self, media: &AlertMedia) -> PathBuf {
        let MediaPlace { arrival, index } = media.place;
        let folder = arrival.0.rem_euclid(FOLDERS);
        let (index, bytes) = (index.unwrap_or_default(), media.media.size);
        self.folder.join(format!("{folder:02x}/{}-{index}-{bytes}.jpg", arrival.0))
    }

    async fn of_picture(&self, media: AlertMedia) -> Option<Vec<u8>> {
        let blobs = self.spool.blobs().clone();
        // A decoder that panics ends only its own task.
        match blocking(move || of_picture(&blobs, &media).map_err(io::Error::other)).await {
            Ok(jpeg) => Some(jpeg),
            Err(error) => {
                tracing::debug!(%error, "A thumbnail of a picture could not be made.");
                None
            }
        }
    }

    /// A still of a video. Its duration, which is found on the way, is stored for the timeline.
    async fn of_video(
        &self,
        transcoder: &Transcoder,
        media: AlertMedia,
    ) -> io::Result<Option<Vec<u8>>> {
        let source = video_source(&media, self.spool.blobs())?;
        let still = match transcoder.still(source, media.media.content_type.clone()).await {
            Ok(still) => still,
            Err(error) => {
                tracing::debug!(%error, "A thumbnail of a video could not be made.");
                return Ok(None);
            }
        };
        if let Err(error) = self.spool.note_length(media.place, still.duration).await {
            tracing::warn!(%error, "The duration of a video could not be stored.");
        }
        match still.poster {
            Some(poster) => tokio::fs::read(poster.path()).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Decodes and scales a picture. Blocks.
fn of_picture(blobs: &Blobs, media: &AlertMedia) -> image::ImageResult<Vec<u8>> {
    let picture = thumbnail::decode(blobs.read(&media.blob, &media.media)?)?;
    thumbnail::jpeg(&picture, WIDTH_PX, HEIGHT_PX, QUALITY)
}

/// What the cache has for a file.
#[derive(Debug, PartialEq, Eq)]
enum Cached {
    Jpeg(Vec<u8>),
    /// A thumbnail could not be made.
    Failed,
    /// Nothing usable.
    Nothing,
}

/// Looks for a thumbnail in the cache, or for the record of a failure. A damaged file counts as absent.
fn find(path: &Path, now: Timestamp) -> io::Result<Cached> {
    match fs::read(path) {
        Ok(jpeg) if is_whole(&jpeg) => return Ok(Cached::Jpeg(jpeg)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let failed = failed(path);
    let is_valid = fs::read(&failed).is_ok_and(|bytes| bytes == FAILED)
        && (failed.metadata().and_then(|file| file.modified()))
            .is_ok_and(|noted| is_within(noted, now, FAILED_FOR));
    Ok(if is_valid { Cached::Failed } else { Cached::Nothing })
}

/// Whether these bytes are a JPEG from its first marker to its last (ITU-T T.81, section B.1.1.3).
fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9])
}

/// The file that records that a thumbnail could not be made.
fn failed(path: &Path) -> PathBuf {
    path.with_extension("failed")
}

/// Caches a thumbnail, or records that it could not be made, and makes room for it. Even after a power cut the file
/// is complete or absent. Its name is not synced, because it can be made again.
fn store(path: &Path, jpeg: Option<&[u8]>) -> io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    make_room(folder);
    match jpeg {
        Some(jpeg) => durable::write_cached_file(path, jpeg),
        None => durable::write_cached_file(&failed(path), FAILED),
    }
}

/// Removes the oldest files of a full folder until it has three quarters of its limit.
fn make_room(folder: &Path) {
    let described = files(folder).filter_map(|path| {
        let metadata = path.metadata().ok()?;
        // An empty file takes space too.
        Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len() + 4096, path))
    });
    let mut described: Vec<_> = described.collect();
    let mut total: u64 = described.iter().map(|(_, bytes, _)| bytes).sum();
    if total <= FOLDER_BYTES_MAX {
        return;
    }
    described.sort();
    for (_, bytes, path) in described {
        if total <= FOLDER_BYTES_MAX / 4 * 3 {
            return;
        }
        let _ = fs::remove_file(path);
        total -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use base64::Engine as _;

    use super::*;
    use crate::media::cache_folder::file_time;
    use crate::testing::TestServer;

    fn jpeg() -> Vec<u8> {
        crate::media::test_image::draw(tipoff_model::Timestamp::from_ms(0)).unwrap()
    }

    /// A stored picture, and the thumbnails of its server.
    async fn scene(server: &TestServer) -> (Thumbnails, AlertMedia) {
        let head =
            "Subject: Motion\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64";
        let body = base64::engine::general_purpose::STANDARD.encode(jpeg());
        server.mail("yard@example.com", format!("{head}\r\n\r\n{body}\r\n").as_bytes()).await;
        let place = MediaPlace { arrival: ArrivalId(1), index: Some(0) };
        let media = server.spool.media(place).await.unwrap().unwrap();
        let folder = server.folder.path().join("thumbs");
        (Thumbnails::new(folder, Arc::clone(&server.spool), None, Clock::system()), media)
    }

    /// Lets a request go on as far as it can now.
    async fn poll_once(request: Pin<&mut impl Future>) {
        let mut request = Some(request);
        std::future::poll_fn(|context| {
            let _ = request.take().map(|request| request.poll(context));
            std::task::Poll::Ready(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_thumbnail_is_finished_after_its_client_has_hung_up() {
        let server = TestServer::new("");
        let (thumbnails, media) = scene(&server).await;
        let owner = Owner::of(&*server.spool, media.place.arrival).await.unwrap();
        let place = thumbnails.queue.acquire(owner).await;
        let mut request = Box::pin(thumbnails.thumbnail(media.clone()));
        while thumbnails.queue.waiting() == 0 {
            poll_once(request.as_mut()).await;
            tokio::task::yield_now().await;
        }
        drop(place);
        poll_once(request.as_mut()).await;
        drop(request);
        let path = thumbnails.path(&media);
        tokio::time::timeout(Duration::from_secs(30), async {
            while find(&path, thumbnails.clock.now()).unwrap() == Cached::Nothing {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("a cached thumbnail");
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_while_it_waits_leaves_the_queue() {
        let server = TestServer::new("");
        let (thumbnails, media) = scene(&server).await;
        let owner = Owner::of(&*server.spool, media.place.arrival).await.unwrap();
        let _place = thumbnails.queue.acquire(owner).await;
        let mut request = Box::pin(thumbnails.thumbnail(media));
        while thumbnails.queue.waiting() == 0 {
            poll_once(request.as_mut()).await;
            tokio::task::yield_now().await;
        }
        drop(request);
        assert_eq!(thumbnails.queue.waiting(), 0);
    }

    #[test]
    fn a_thumbnail_damaged_by_a_power_cut_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("00/256-0-1.jpg");
        let find = |path: &Path| find(path, Clock::system().now());
        assert_eq!(find(&path).unwrap(), Cached::Nothing);
        store(&path, Some(&jpeg())).unwrap();
        assert_eq!(find(&path).unwrap(), Cached::Jpeg(jpeg()));
        for damaged in
            [vec![], vec![0; 900], jpeg()[..900].to_vec(), [&jpeg()[..900], &[0; 90]].concat()]
        {
            fs::write(&path, damaged).unwrap();
            assert_eq!(find(&path).unwrap(), Cached::Nothing);
        }
        store(&path, None).unwrap();
        assert_eq!(find(&path).unwrap(), Cached::Failed);
        for damaged in [vec![], vec![0; FAILED.len()], FAILED[..5].to_vec()] {
            fs::write(failed(&path), damaged).unwrap();
            assert_eq!(find(&path).unwrap(), Cached::Nothing);
        }
    }

    #[test]
    fn a_failed_thumbnail_is_tried_again_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("256-0-1.jpg");
        store(&path, None).unwrap();
        let file = fs::File::options().write(true).open(failed(&path)).unwrap();
        let now = Timestamp::from_ms(1_700_000_000_000);
        let minute = Duration::from_secs(60);
        for (noted, expected) in [
            (now.before(FAILED_FOR).after(minute), Cached::Failed),
            (now.before(FAILED_FOR), Cached::Nothing),
            // By a clock that was 40 days ahead.
            (now.after(Duration::from_secs(40 * 24 * 3600)), Cached::Nothing),
        ] {
            file.set_modified(file_time(noted)).unwrap();
            assert_eq!(find(&path, now).unwrap(), expected, "{noted:?}");
        }
    }

    #[test]
    fn a_full_folder_loses_its_oldest_files() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let path = folder.path().join(format!("{number}-0-1.jpg"));
            store(&path, Some(&vec![0; 60_000])).unwrap();
            let age = std::time::Duration::from_secs(1000 - number);
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        let total: u64 = files(folder.path()).map(|path| path.metadata().unwrap().len()).sum();
        assert!(total <= FOLDER_BYTES_MAX, "{total}");
        assert!(folder.path().join("39-0-1.jpg").exists());
        assert!(!folder.path().join("0-0-1.jpg").exists());
    }
}
