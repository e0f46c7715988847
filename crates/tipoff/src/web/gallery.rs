//! Small pictures of stored pictures and videos: made once, when one is first looked at, and kept
//! in a folder that cannot grow beyond its limit. One is made at a time, out of a source of limited
//! size and with limited memory; what cannot be made is remembered as well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tipoff_model::{AlertMedia, ArrivalId, MediaKind, MediaPlace};
use tipoff_spool::{Blobs, Spool};
use tipoff_video::Studio;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::dispatch::video_source;
use crate::small;

/// How wide and high a small picture is at most, and how well it is kept.
const WIDTH_PX: u32 = 480;
const HEIGHT_PX: u32 = 360;
const QUALITY: u8 = 75;
/// So many folders of so many bytes: 512 MB in all. The oldest in a folder make room.
const FOLDERS: i64 = 256;
const FOLDER_BYTES_MAX: u64 = 2 << 20;

/// Makes and keeps small pictures. A clone shares the place in which they are made.
#[derive(Clone)]
pub(crate) struct Gallery {
    folder: Arc<Path>,
    spool: Arc<dyn Spool>,
    studio: Option<Studio>,
    place: Arc<Semaphore>,
}

impl Gallery {
    /// Keeps them in `folder`; those of videos need a `studio`.
    pub(crate) fn new(folder: PathBuf, spool: Arc<dyn Spool>, studio: Option<Studio>) -> Self {
        Self { folder: folder.into(), spool, studio, place: Arc::new(Semaphore::new(1)) }
    }

    /// A JPEG; none: there is none of this file.
    pub(super) async fn thumbnail(&self, media: AlertMedia) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(&media);
        let jpeg = match kept(&path).await? {
            Some(jpeg) => jpeg,
            None => self.make(media, path).await?,
        };
        Ok(Some(jpeg).filter(|jpeg| !jpeg.is_empty()))
    }

    /// Makes and keeps it, once; empty: none can be made.
    async fn make(&self, media: AlertMedia, path: PathBuf) -> io::Result<Vec<u8>> {
        let _place = self.place.acquire().await.map_err(io::Error::other)?;
        // Whoever was here before may have made it.
        if let Some(jpeg) = kept(&path).await? {
            return Ok(jpeg);
        }
        let made = match (media.media.kind, &self.studio) {
            (MediaKind::Picture | MediaKind::Animation, _) => self.of_picture(media).await,
            (MediaKind::Video, Some(studio)) => self.of_video(studio, media).await?,
            // Nothing was tried, so there is nothing to remember: ffmpeg may be installed later.
            (MediaKind::Video, None) | (MediaKind::File, _) => return Ok(Vec::new()),
        };
        let jpeg = made.unwrap_or_default();
        let keeps = move || keep(&path, &jpeg).map(|()| jpeg);
        spawn_blocking(keeps).await.map_err(io::Error::other)?
    }

    /// Forgets what was made of arrivals that are not kept any more.
    pub(crate) fn forget_before(&self, oldest: Option<ArrivalId>) {
        for folder in 0..FOLDERS {
            for path in files(&self.folder.join(format!("{folder:02x}"))) {
                let arrival = path.file_name().and_then(|name| name.to_str());
                let arrival = arrival.and_then(|name| name.split_once('-')?.0.parse().ok());
                let arrival = arrival.map(ArrivalId);
                if oldest.is_none() || arrival < oldest {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }

    /// A file that has grown since is another one.
    fn path(&self, media: &AlertMedia) -> PathBuf {
        let MediaPlace { arrival, index } = media.place;
        let folder = arrival.0.rem_euclid(FOLDERS);
        let (index, bytes) = (index.unwrap_or_default(), media.media.size);
        self.folder.join(format!("{folder:02x}/{}-{index}-{bytes}.jpg", arrival.0))
    }

    async fn of_picture(&self, media: AlertMedia) -> Option<Vec<u8>> {
        let blobs = self.spool.blobs().clone();
        // A decoder that panics ends its own task only.
        let made = spawn_blocking(move || of_picture(&blobs, &media)).await;
        let made = made.map_err(|error| image::ImageError::from(io::Error::other(error)));
        match made.flatten() {
            Ok(jpeg) => Some(jpeg),
            Err(error) => {
                tracing::debug!(%error, "There is no small picture of this one.");
                None
            }
        }
    }

    async fn of_video(&self, studio: &Studio, media: AlertMedia) -> io::Result<Option<Vec<u8>>> {
        let source = video_source(&media, self.spool.blobs())?;
        let still = match studio.still(source, media.media.content_type.clone()).await {
            Ok(still) => still,
            Err(error) => {
                tracing::debug!(%error, "There is no still of this video.");
                return Ok(None);
            }
        };
        if let Err(error) = self.spool.note_length(media.place, still.duration).await {
            tracing::warn!(%error, "How long a video plays could not be kept.");
        }
        match still.poster {
            Some(poster) => tokio::fs::read(poster.path()).await.map(Some),
            None => Ok(None),
        }
    }
}

fn of_picture(blobs: &Blobs, media: &AlertMedia) -> image::ImageResult<Vec<u8>> {
    let picture = small::decode(blobs.read(&media.blob, &media.media)?)?;
    small::jpeg(&picture, WIDTH_PX, HEIGHT_PX, QUALITY)
}

/// What is kept there; an empty file says that none can be made.
async fn kept(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match tokio::fs::read(path).await {
        Ok(jpeg) => Ok(Some(jpeg)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps it whole or not at all, and makes room for it.
fn keep(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    make_room(folder);
    let unfinished = path.with_extension("new");
    fs::write(&unfinished, jpeg)?;
    fs::rename(&unfinished, path)
}

/// Removes the oldest of a full folder, to three quarters of what it may hold.
fn make_room(folder: &Path) {
    let described = files(folder).filter_map(|path| {
        let metadata = path.metadata().ok()?;
        // An empty one takes room as well.
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

/// The files of a folder; none of one that is not there.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_folder_loses_its_oldest() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let path = folder.path().join(format!("{number}-0-1.jpg"));
            keep(&path, &vec![0; 60_000]).unwrap();
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
