//! Pictures as a service takes them: those that are too large for it, or of a form that it does not
//! show, are made smaller before they are sent. The spool keeps what came.

use std::io;
use std::sync::Arc;

use image::{DynamicImage, ImageResult};
use tipoff_channels::{Abilities, Limits, sides};
use tipoff_model::{Alert, AlertMedia, BlobName, Encoding, Media, MediaKind, MediaPlace};
use tipoff_spool::Blobs;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::files::DeliveryFiles;
use super::kept::Kept;
use crate::media::thumbnail;

/// Pictures that stay ready for other channels, and for the next attempt.
const KEPT_MAX: usize = 4;
/// What is made smaller at all becomes no larger than this: more than a phone shows.
const BYTES_MAX: u64 = 4 << 20;
/// Longest sides, one after the other, until it fits; and how well each is kept.
const SIDES_PX: [u32; 6] = [4096, 2560, 1920, 1280, 960, 640];
const QUALITY: u8 = 85;
/// A picture with sides that no service takes has more bytes than this.
const LARGE_SIDES_BYTES_MIN: u64 = 200 * 1024;

/// Makes pictures smaller, one at a time.
pub(crate) struct Pictures {
    kept: Kept<Key, Vec<u8>>,
    place: Semaphore,
}

/// A picture and the limits that it is made for. One that has grown is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    arrival: i64,
    index: Option<u32>,
    bytes: u64,
    fit: Fit,
}

/// What is asked of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fit {
    bytes_max: u64,
    sides_px_max: usize,
}

impl Fit {
    fn of(limits: &Limits) -> Self {
        let bytes_max = limits.picture.bytes_max.min(limits.file_bytes_max).min(BYTES_MAX);
        Self { bytes_max, sides_px_max: limits.picture.sides_px_max }
    }
}

impl Pictures {
    /// With nothing made yet.
    pub(crate) fn new() -> Self {
        Self { kept: Kept::new(KEPT_MAX), place: Semaphore::new(1) }
    }

    /// Whether something may have to be made before `alert` can be sent.
    pub(super) fn has_work(&self, alert: &Alert, abilities: &Abilities) -> bool {
        let Abilities::Messages(limits) = abilities else {
            return false;
        };
        alert.media.iter().any(|it| is_unfit(it, limits) || may_have_large_sides(it, limits))
    }

    /// Puts smaller pictures in place of those that do not fit.
    pub(super) async fn prepare(
        &self,
        alert: &mut Alert,
        abilities: &Abilities,
        files: &mut DeliveryFiles,
    ) {
        let Abilities::Messages(limits) = abilities else {
            return;
        };
        for picture in &mut alert.media {
            let unfit = is_unfit(picture, limits)
                || (may_have_large_sides(picture, limits)
                    && has_large_sides(picture.clone(), limits, files.blobs()).await);
            if unfit && let Some(jpeg) = self.smaller(picture, limits, files.blobs()).await {
                *picture = put_in_place(picture, &jpeg);
                files.add_picture(&picture.blob, jpeg);
            }
        }
    }

    async fn smaller(
        &self,
        picture: &AlertMedia,
        limits: &Limits,
        blobs: &Blobs,
    ) -> Option<Arc<Vec<u8>>> {
        let MediaPlace { arrival, index } = picture.place;
        let fit = Fit::of(limits);
        let key = Key { arrival: arrival.0, index, bytes: picture.media.size, fit };
        let slot = self.kept.slot(key);
        let making = async {
            let _place = self.place.acquire().await.ok()?;
            let (blobs, picture) = (blobs.clone(), picture.clone());
            let making =
                move || make(&thumbnail::decode(blobs.read(&picture.blob, &picture.media)?)?, fit);
            // A decoder that panics ends its own task only.
            let made = spawn_blocking(making).await.map_err(io::Error::other);
            match made.map_err(image::ImageError::from).flatten() {
                Ok(jpeg) => jpeg.map(Arc::new),
                Err(error) => {
                    tracing::debug!(%arrival, %error, "A picture cannot be made smaller.");
                    None
                }
            }
        };
        slot.get_or_init(|| making).await.clone()
    }
}

/// Whether a picture that is whole cannot be shown as it is, as far as its entry tells.
fn is_unfit(picture: &AlertMedia, limits: &Limits) -> bool {
    let media = &picture.media;
    let is_shown = limits.picture.types.contains(&media.content_type.as_str());
    let takes_pictures = !limits.picture.types.is_empty();
    media.kind == MediaKind::Picture
        && media.whole
        && takes_pictures
        && (!is_shown || media.size > limits.picture.bytes_max.min(limits.file_bytes_max))
}

fn may_have_large_sides(picture: &AlertMedia, limits: &Limits) -> bool {
    let media = &picture.media;
    limits.picture.sides_px_max < usize::MAX
        && media.kind == MediaKind::Picture
        && media.whole
        && media.size > LARGE_SIDES_BYTES_MIN
}

async fn has_large_sides(picture: AlertMedia, limits: &Limits, blobs: &Blobs) -> bool {
    let (blobs, max) = (blobs.clone(), limits.picture.sides_px_max);
    let looking = move || {
        let (width, height) = sides(blobs.read(&picture.blob, &picture.media).ok()?)?;
        Some(width.saturating_add(height) > max)
    };
    // Where the sides cannot be found the service is asked.
    spawn_blocking(looking).await.ok().flatten().unwrap_or(false)
}

/// The largest JPEG that fits; none: not even the smallest does.
fn make(picture: &DynamicImage, fit: Fit) -> ImageResult<Option<Vec<u8>>> {
    let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
    for side in SIDES_PX {
        let longest = u64::from(side).min(width.max(height));
        let sum = (width + height).saturating_mul(longest) / width.max(height).max(1);
        if usize::try_from(sum).unwrap_or(usize::MAX) > fit.sides_px_max {
            continue;
        }
        let jpeg = thumbnail::jpeg(picture, side, side, QUALITY)?;
        if jpeg.len() as u64 <= fit.bytes_max {
            return Ok(Some(jpeg));
        }
    }
    Ok(None)
}

/// The entry of what was made in place of what came.
fn put_in_place(picture: &AlertMedia, jpeg: &[u8]) -> AlertMedia {
    let AlertMedia { media, place, url, .. } = picture;
    let stem = media.name.rsplit_once('.').map_or(&*media.name, |(stem, _)| stem);
    let (arrival, index, size) = (place.arrival, place.index.unwrap_or_default(), jpeg.len());
    AlertMedia {
        media: Media {
            name: format!("{stem}.jpg"),
            content_type: "image/jpeg".to_owned(),
            kind: MediaKind::Picture,
            range: 0..size as u64,
            encoding: Encoding::Identity,
            size: size as u64,
            whole: true,
            repeat: false,
            decoration: false,
        },
        place: *place,
        blob: BlobName(format!("made/picture-{arrival}-{index}")),
        url: url.clone(),
        clip: None,
    }
}
