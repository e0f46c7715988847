//! Resizes pictures that are too large for a service, or of a type that it does not show, before they are sent. The
//! spool keeps the original.
//!
//! A picture that cannot be resized is sent as received: the service may take it. Decoding is bounded in
//! `thumbnail.rs`, and one picture is decoded at a time, because a decoded picture takes up to 128 MB.

use std::io;
use std::sync::Arc;

use image::{DynamicImage, ImageResult};
use tipoff_channels::{Abilities, Limits, sides};
use tipoff_model::{Alert, AlertMedia, BlobName, MediaKind, MediaPlace};
use tipoff_spool::Blobs;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::files::DeliveryFiles;
use super::single_flight::SingleFlight;
use crate::media::{thumbnail, whole_file};

/// Resized pictures that stay ready for other channels and for the next attempt.
const READY_MAX: usize = 4;
/// A resized picture has at most this many bytes: more detail than a phone shows.
const BYTES_MAX: u64 = 4 << 20;
/// Longest sides, tried in this order until the picture fits, and the quality of the JPEG.
const SIDES_PX: [u32; 6] = [4096, 2560, 1920, 1280, 960, 640];
const QUALITY: u8 = 85;
/// A picture whose sides are too large for a service has more bytes than this.
const LARGE_SIDES_BYTES_MIN: u64 = 200 * 1024;

/// Resizes pictures, one at a time.
pub(crate) struct PictureResizer {
    /// The latest JPEGs; `None` inside if a picture could not be made to fit.
    results: SingleFlight<PictureKey, Vec<u8>>,
    /// One permit.
    permits: Semaphore,
}

/// A picture and the limits that it is resized for. An upload that has grown has another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PictureKey {
    arrival: i64,
    index: Option<u32>,
    /// Size of the original.
    bytes: u64,
    fit: Fit,
}

/// The limits of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fit {
    bytes_max: u64,
    /// Limit of width plus height, in pixels, as Telegram has it.
    sides_px_max: usize,
}

impl Fit {
    /// The limits of a service. A service without a limit of its own gets [`BYTES_MAX`].
    fn of(limits: &Limits) -> Self {
        let bytes_max = limits.picture.bytes_max.min(limits.file_bytes_max).min(BYTES_MAX);
        Self { bytes_max, sides_px_max: limits.picture.sides_px_max }
    }
}

impl PictureResizer {
    pub(crate) fn new() -> Self {
        Self { results: SingleFlight::new(READY_MAX), permits: Semaphore::new(1) }
    }

    /// Whether `alert` may have pictures to resize before it can be sent.
    pub(super) fn has_work(&self, alert: &Alert, abilities: &Abilities) -> bool {
        let Abilities::Messages(limits) = abilities else {
            return false;
        };
        alert.media.iter().any(|it| is_unfit(it, limits) || may_have_large_sides(it, limits))
    }

    /// Replaces the pictures that do not fit by smaller ones.
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
            if unfit && let Some(jpeg) = self.resized(picture, limits, files.blobs()).await {
                *picture = replacement(picture, &jpeg);
                files.add_picture(&picture.blob, jpeg);
            }
        }
    }

    /// The JPEG that replaces a picture; `None` if none can be made. Made once for all channels with the same limits.
    async fn resized(
        &self,
        picture: &AlertMedia,
        limits: &Limits,
        blobs: &Blobs,
    ) -> Option<Arc<Vec<u8>>> {
        let MediaPlace { arrival, index } = picture.place;
        let fit = Fit::of(limits);
        let key = PictureKey { arrival: arrival.0, index, bytes: picture.media.size, fit };
        let slot = self.results.slot(key);
        let making = async {
            let _permit = self.permits.acquire().await.ok()?;
            let (blobs, picture) = (blobs.clone(), picture.clone());
            let making = move || {
                resize(&thumbnail::decode(blobs.read(&picture.blob, &picture.media)?)?, fit)
            };
            // A decoder that panics ends its own task only.
            let made = spawn_blocking(making).await.map_err(io::Error::other);
            match made.map_err(image::ImageError::from).flatten() {
                Ok(jpeg) => jpeg.map(Arc::new),
                Err(error) => {
                    tracing::debug!(%arrival, %error, "A picture could not be resized; it is sent as received.");
                    None
                }
            }
        };
        slot.get_or_init(|| making).await.clone()
    }
}

/// Whether a complete picture does not fit, as far as its entry shows: by its type and its bytes. A service that shows
/// no pictures takes them as files, of any type.
fn is_unfit(picture: &AlertMedia, limits: &Limits) -> bool {
    let media = &picture.media;
    let is_shown = limits.picture.types.contains(&media.content_type.as_str());
    let takes_pictures = !limits.picture.types.is_empty();
    media.kind == MediaKind::Picture
        && media.whole
        && takes_pictures
        && (!is_shown || media.size > limits.picture.bytes_max.min(limits.file_bytes_max))
}

/// Whether the picture has so many bytes that its sides may exceed the limit: then its header is read.
fn may_have_large_sides(picture: &AlertMedia, limits: &Limits) -> bool {
    let media = &picture.media;
    limits.picture.sides_px_max < usize::MAX
        && media.kind == MediaKind::Picture
        && media.whole
        && media.size > LARGE_SIDES_BYTES_MIN
}

/// Whether width plus height exceeds the limit, by the header of the file.
async fn has_large_sides(picture: AlertMedia, limits: &Limits, blobs: &Blobs) -> bool {
    let (blobs, max) = (blobs.clone(), limits.picture.sides_px_max);
    let looking = move || {
        let (width, height) = sides(blobs.read(&picture.blob, &picture.media).ok()?)?;
        Some(width.saturating_add(height) > max)
    };
    // If the sides cannot be read, the picture is sent as it is: the service may take it.
    spawn_blocking(looking).await.ok().flatten().unwrap_or(false)
}

/// The largest JPEG that fits; `None` if even the smallest does not.
fn resize(picture: &DynamicImage, fit: Fit) -> ImageResult<Option<Vec<u8>>> {
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

/// The entry of the resized picture.
fn replacement(picture: &AlertMedia, jpeg: &[u8]) -> AlertMedia {
    let AlertMedia { media, place, url, .. } = picture;
    let stem = media.name.rsplit_once('.').map_or(&*media.name, |(stem, _)| stem);
    let (arrival, index) = (place.arrival, place.index.unwrap_or_default());
    AlertMedia {
        media: whole_file(
            format!("{stem}.jpg"),
            "image/jpeg",
            MediaKind::Picture,
            jpeg.len() as u64,
        ),
        place: *place,
        blob: BlobName(format!("made/picture-{arrival}-{index}")),
        url: url.clone(),
        clip: None,
    }
}
