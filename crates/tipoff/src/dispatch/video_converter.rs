//! Converts recorded videos into ones that phones play, before they are sent: once for all channels with the same size
//! limit.
//!
//! `attempt.rs` calls it before a delivery is sent; the fair queue decides whose video is converted next. A video that
//! cannot be converted is sent as recorded, so that ffmpeg never stands between an alert and the phone.

use std::path::Path;
use std::sync::Arc;

use tipoff_channels::{Abilities, Limits};
use tipoff_model::{Alert, AlertMedia, BlobName, Clip, Encoding, MediaKind, MediaPlace};
use tipoff_spool::{Blobs, DueDelivery};
use tipoff_video::{
    Audience, Held, Launcher, Rendition, TempFile, TranscodeJob, Transcoder, VideoError,
    VideoOutcome, lacks_index,
};

use super::files::DeliveryFiles;
use super::single_flight::SingleFlight;
use crate::media::renditions::{Renditions, video_source};
use crate::media::whole_file;
use crate::runtime::fair_queue::{FairQueue, Owner};
use crate::{config, programs};

/// Converted videos that stay ready for other channels and for the next attempt.
const READY_MAX: usize = 8;
/// The types that are made of boxes (ISO 14496-12): without their index no program plays them.
const MP4_TYPES: &[&str] = &["video/mp4", "video/quicktime", "video/3gpp"];
/// Bytes of a message besides the video: its text and its thumbnail.
const OVERHEAD_BYTES: u64 = 512 * 1024;

/// Converts videos if ffmpeg is installed.
pub(crate) struct VideoConverter {
    transcoder: Option<Transcoder>,
    /// Whose video is converted next.
    queue: FairQueue,
    /// `None` inside: the video could not be converted and is sent as recorded.
    conversions: SingleFlight<ConversionKey, Conversion>,
    /// Where the dashboard finds the converted videos.
    renditions: Option<Renditions>,
}

/// A video and the size limit of its conversion. An upload that has grown has another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ConversionKey {
    arrival: i64,
    index: Option<u32>,
    bytes: u64,
    bytes_max: u64,
}

/// The result of a conversion.
enum Conversion {
    /// The converted video, or the finding that it plays as recorded.
    Rendition(Arc<Rendition>),
    /// The video is incomplete or damaged and plays nowhere.
    Broken,
}

impl VideoConverter {
    /// Looks for ffmpeg, and logs whether it was found.
    pub(crate) async fn open(settings: &config::Video, folder: &Path) -> anyhow::Result<Self> {
        let transcoder = match settings.convert {
            true => Transcoder::open(folder, settings.limits(), Launcher::this_program()).await?,
            false => None,
        };
        match &transcoder {
            Some(transcoder) => {
                tracing::info!(ffmpeg = transcoder.version(), "Videos are converted with ffmpeg.");
                warn_if_unconfined(transcoder.held());
            }
            None if settings.convert => tracing::warn!(
                "ffmpeg is not installed: videos are sent as recorded, and some may not play.",
            ),
            None => {}
        }
        let queue = FairQueue::new(settings.processes());
        Ok(Self { transcoder, queue, conversions: SingleFlight::new(READY_MAX), renditions: None })
    }

    /// `None` if ffmpeg is not installed or `convert` is off.
    pub(crate) fn transcoder(&self) -> Option<Transcoder> {
        self.transcoder.clone()
    }

    /// Stores each converted video for the dashboard too.
    pub(crate) fn keep_in(&mut self, renditions: Renditions) {
        self.renditions = Some(renditions);
    }

    /// Whether `alert` has videos to convert before it can be sent.
    pub(super) fn has_work(&self, alert: &Alert, abilities: &Abilities) -> bool {
        let of_messages = matches!(abilities, Abilities::Messages(_));
        self.transcoder.is_some() && of_messages && alert.media.iter().any(is_video)
    }

    /// Replaces each recorded video of the alert by one that plays.
    pub(super) async fn prepare(
        &self,
        due: &mut DueDelivery,
        abilities: &Abilities,
        files: &mut DeliveryFiles,
    ) {
        let owner = Owner { share: due.share.clone(), device: due.alert.device_id };
        let alert = &mut due.alert;
        let Abilities::Messages(limits) = abilities else {
            return;
        };
        let Some(transcoder) = &self.transcoder else {
            return mark_broken(alert, files.blobs()).await;
        };
        let mut media = Vec::with_capacity(alert.media.len());
        for recorded in std::mem::take(&mut alert.media) {
            let made = match is_video(&recorded) {
                true => {
                    self.conversion(transcoder, &recorded, limits, (files.blobs(), &owner)).await
                }
                false => None,
            };
            match made.as_deref() {
                Some(Conversion::Rendition(rendition)) => {
                    media.extend(replace_video(recorded, rendition, files))
                }
                Some(Conversion::Broken) => media.push(broken(recorded)),
                None => media.push(recorded),
            }
        }
        alert.media = media;
    }

    /// The conversion of one video; `None` if it failed for a reason that is not in the file. Waits for its turn, or
    /// for the conversion that another channel has begun.
    async fn conversion(
        &self,
        transcoder: &Transcoder,
        recorded: &AlertMedia,
        limits: &Limits,
        (blobs, owner): (&Blobs, &Owner),
    ) -> Option<Arc<Conversion>> {
        let MediaPlace { arrival, index } = recorded.place;
        let bytes_max = limits.file_bytes_max.saturating_sub(OVERHEAD_BYTES);
        let key =
            ConversionKey { arrival: arrival.0, index, bytes: recorded.media.size, bytes_max };
        let slot = self.conversions.slot(key);
        let convert_in_turn = async || {
            let _turn = self.queue.acquire(owner.clone()).await;
            let made = convert(transcoder, recorded, bytes_max, blobs).await?;
            if let (Some(renditions), Conversion::Rendition(rendition)) = (&self.renditions, &*made)
            {
                renditions.keep(recorded, rendition, &owner.share).await;
            }
            Some(made)
        };
        slot.get_or_init(convert_in_turn).await.clone()
    }
}

/// ffmpeg reads bytes from devices: logs what part of its confinement this kernel lacks.
fn warn_if_unconfined(held: Held) {
    if let Some(missing) = programs::missing(held) {
        tracing::warn!(missing, "ffmpeg is confined only in part by this kernel.");
    }
}

/// Whether a file is a video with content.
fn is_video(stored: &AlertMedia) -> bool {
    stored.media.kind == MediaKind::Video && stored.media.size > 0
}

/// Converts one video for a chat. A file that is damaged is remembered as broken; any other failure may not occur
/// again.
async fn convert(
    transcoder: &Transcoder,
    recorded: &AlertMedia,
    bytes_max: u64,
    blobs: &Blobs,
) -> Option<Arc<Conversion>> {
    let made = match video_source(recorded, blobs) {
        Ok(source) => {
            let content_type = recorded.media.content_type.clone();
            let audience = Audience::Chat;
            transcoder.prepare(TranscodeJob { source, content_type, bytes_max, audience }).await
        }
        Err(error) => Err(VideoError::from(error)),
    };
    match made {
        Ok(rendition) => Some(Arc::new(Conversion::Rendition(Arc::new(rendition)))),
        Err(error) => {
            let arrival = recorded.place.arrival;
            tracing::warn!(%arrival, %error, "Nothing that plays could be made of a video; it is sent as recorded.");
            error.is_of_the_file().then(|| Arc::new(Conversion::Broken))
        }
    }
}

/// Without ffmpeg only one thing is known about a video: whether an MP4 has its index. For an upload this was
/// noted while it was received; a file in a mail is read here.
async fn mark_broken(alert: &mut Alert, blobs: &Blobs) {
    for stored in &mut alert.media {
        let is_mp4 = MP4_TYPES.contains(&stored.media.content_type.as_str());
        if !is_mp4 || !stored.media.whole || stored.media.encoding == Encoding::Identity {
            continue;
        }
        let (media, blob, blobs) = (stored.media.clone(), stored.blob.clone(), blobs.clone());
        let looks = move || lacks_index(&mut blobs.read(&blob, &media)?);
        let lacks = tokio::task::spawn_blocking(looks).await.map_err(std::io::Error::other);
        // A file that cannot be read now fails when it is sent.
        stored.media.whole = !lacks.flatten().unwrap_or(false);
    }
}

/// A video that plays nowhere is sent as a file, and the alert says so.
fn broken(mut recorded: AlertMedia) -> AlertMedia {
    recorded.media.whole = false;
    recorded
}

/// The media that replace a recorded video: itself with its size and duration; the converted video; or, if that
/// exceeds the limit, its poster beside the video's link.
fn replace_video(
    mut recorded: AlertMedia,
    rendition: &Arc<Rendition>,
    files: &mut DeliveryFiles,
) -> Vec<AlertMedia> {
    let stem = recorded.media.name.rsplit_once('.').map_or(&*recorded.media.name, |(stem, _)| stem);
    let stem = stem.to_owned();
    let mut made = |scratch: &TempFile, name: String, content_type: &str, kind| {
        let blob = BlobName(format!("made/{}", scratch.path().display()));
        files.add_video(&blob, scratch.path(), rendition);
        let media = whole_file(name, content_type, kind, scratch.size());
        AlertMedia { media, place: recorded.place, blob, url: recorded.url.clone(), clip: None }
    };
    let poster = rendition
        .poster
        .as_ref()
        .map(|poster| made(poster, format!("{stem}.jpg"), "image/jpeg", MediaKind::Picture));
    let video = match &rendition.video {
        VideoOutcome::DoesNotFit => return poster.into_iter().chain([recorded]).collect(),
        VideoOutcome::Made(scratch) => {
            Some(made(scratch, format!("{stem}.mp4"), "video/mp4", MediaKind::Video))
        }
        VideoOutcome::AsItIs => None,
    };
    if let Some(video) = video {
        recorded = video;
    }
    recorded.clip = Some(Clip {
        width_px: rendition.width_px,
        height_px: rendition.height_px,
        duration: rendition.duration,
        poster: poster.map(Box::new),
    });
    vec![recorded]
}
