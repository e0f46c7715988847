//! Videos as a phone shows them: made of what cameras record, once for all channels with the same
//! limit, before they are sent. Decides nothing about when.

use std::path::Path;
use std::sync::Arc;

use tipoff_channels::{Abilities, Limits};
use tipoff_model::{Alert, AlertMedia, BlobName, Clip, Encoding, Media, MediaKind, MediaPlace};
use tipoff_spool::{Blobs, DueDelivery};
use tipoff_video::{
    Audience, Held, Launcher, Rendition, TempFile, TranscodeJob, Transcoder, Video, VideoError,
    lacks_index,
};

use super::files::DeliveryFiles;
use super::kept::Kept;
use crate::media::renditions::{Renditions, video_source};
use crate::runtime::fair_queue::{FairQueue, Owner};
use crate::{config, programs};

/// Videos that stay ready for other channels, and for the next attempt.
const KEPT_MAX: usize = 8;
/// The types that have their index in boxes.
const MP4_TYPES: &[&str] = &["video/mp4", "video/quicktime", "video/3gpp"];
/// What a message has besides the video: its words and its thumbnail.
const BESIDES_BYTES: u64 = 512 * 1024;

/// Makes videos, where ffmpeg is installed.
pub(crate) struct Videos {
    transcoder: Option<Transcoder>,
    queue: FairQueue,
    /// `None`: nothing could be made of it, and it goes as it is.
    kept: Kept<Key, Made>,
    /// Where the dashboard finds what was made.
    renditions: Option<Renditions>,
}

/// A video and the limit that it is made for. One that has grown is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    arrival: i64,
    index: Option<u32>,
    bytes: u64,
    bytes_max: u64,
}

/// What came of a video.
enum Made {
    Rendition(Arc<Rendition>),
    /// Nothing: it is incomplete or damaged, and plays nowhere.
    Broken,
}

impl Videos {
    /// Looks for ffmpeg; says so where it is missed.
    pub(crate) async fn open(settings: &config::Video, folder: &Path) -> anyhow::Result<Self> {
        let transcoder = match settings.convert {
            true => Transcoder::open(folder, settings.limits(), Launcher::this_program()).await?,
            false => None,
        };
        match &transcoder {
            Some(transcoder) => {
                tracing::info!(ffmpeg = transcoder.version(), "Videos are made to play.");
                say_what_is_missing(transcoder.held());
            }
            None if settings.convert => tracing::warn!(
                "ffmpeg is not installed: videos go as the cameras made them, and not all will play.",
            ),
            None => {}
        }
        let queue = FairQueue::new(settings.processes());
        Ok(Self { transcoder, queue, kept: Kept::new(KEPT_MAX), renditions: None })
    }

    /// What makes them; none: ffmpeg is not installed, or not to be used.
    pub(crate) fn transcoder(&self) -> Option<Transcoder> {
        self.transcoder.clone()
    }

    /// From now on what is made is kept for the dashboard as well.
    pub(crate) fn keep_in(&mut self, renditions: Renditions) {
        self.renditions = Some(renditions);
    }

    /// Whether something is to be made before `alert` can be sent.
    pub(super) fn has_work(&self, alert: &Alert, abilities: &Abilities) -> bool {
        let of_messages = matches!(abilities, Abilities::Messages(_));
        self.transcoder.is_some() && of_messages && alert.media.iter().any(is_video)
    }

    /// Puts what plays in place of what cameras recorded.
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
                true => self.made(transcoder, &recorded, limits, (files.blobs(), &owner)).await,
                false => None,
            };
            match made.as_deref() {
                Some(Made::Rendition(rendition)) => media.extend(shown(recorded, rendition, files)),
                Some(Made::Broken) => media.push(broken(recorded)),
                None => media.push(recorded),
            }
        }
        alert.media = media;
    }

    async fn made(
        &self,
        transcoder: &Transcoder,
        recorded: &AlertMedia,
        limits: &Limits,
        (blobs, owner): (&Blobs, &Owner),
    ) -> Option<Arc<Made>> {
        let MediaPlace { arrival, index } = recorded.place;
        let bytes_max = limits.file_bytes_max.saturating_sub(BESIDES_BYTES);
        let key = Key { arrival: arrival.0, index, bytes: recorded.media.size, bytes_max };
        let slot = self.kept.slot(key);
        let make = async || {
            let _place = self.queue.acquire(owner.clone()).await;
            let made = make(transcoder, recorded, bytes_max, blobs).await?;
            if let (Some(renditions), Made::Rendition(rendition)) = (&self.renditions, &*made) {
                renditions.keep(recorded, rendition, &owner.share).await;
            }
            Some(made)
        };
        slot.get_or_init(make).await.clone()
    }
}

/// ffmpeg reads what devices send: how far the kernel confines it is said once.
fn say_what_is_missing(held: Held) {
    if let Some(missing) = programs::missing(held) {
        tracing::warn!(missing, "ffmpeg is confined only in part by this kernel.");
    }
}

fn is_video(stored: &AlertMedia) -> bool {
    stored.media.kind == MediaKind::Video && stored.media.size > 0
}

async fn make(
    transcoder: &Transcoder,
    recorded: &AlertMedia,
    bytes_max: u64,
    blobs: &Blobs,
) -> Option<Arc<Made>> {
    let made = match video_source(recorded, blobs) {
        Ok(source) => {
            let content_type = recorded.media.content_type.clone();
            let audience = Audience::Chat;
            transcoder.prepare(TranscodeJob { source, content_type, bytes_max, audience }).await
        }
        Err(error) => Err(VideoError::from(error)),
    };
    match made {
        Ok(rendition) => Some(Arc::new(Made::Rendition(Arc::new(rendition)))),
        Err(error) => {
            let arrival = recorded.place.arrival;
            tracing::warn!(%arrival, %error, "Nothing that plays could be made of a video; it goes as it is.");
            error.is_of_the_file().then(|| Arc::new(Made::Broken))
        }
    }
}

/// Without ffmpeg nothing is known of a video but whether an MP4 has its index. Of an upload that was noted
/// while it streamed by; a mail's file is looked at here.
async fn mark_broken(alert: &mut Alert, blobs: &Blobs) {
    for stored in &mut alert.media {
        let is_mp4 = MP4_TYPES.contains(&stored.media.content_type.as_str());
        if !is_mp4 || !stored.media.whole || stored.media.encoding == Encoding::Identity {
            continue;
        }
        let (media, blob, blobs) = (stored.media.clone(), stored.blob.clone(), blobs.clone());
        let looks = move || lacks_index(&mut blobs.read(&blob, &media)?);
        let lacks = tokio::task::spawn_blocking(looks).await.map_err(std::io::Error::other);
        // One that cannot be read now fails when it is sent.
        stored.media.whole = !lacks.flatten().unwrap_or(false);
    }
}

/// A video that plays nowhere is sent as the file that it is, and the alert says so.
fn broken(mut recorded: AlertMedia) -> AlertMedia {
    recorded.media.whole = false;
    recorded
}

/// What is sent for a video: itself with what is known of it; what was made of it; or, where it does
/// not fit, a picture of it beside the words that say where it is.
fn shown(
    mut recorded: AlertMedia,
    rendition: &Arc<Rendition>,
    files: &mut DeliveryFiles,
) -> Vec<AlertMedia> {
    let stem = recorded.media.name.rsplit_once('.').map_or(&*recorded.media.name, |(stem, _)| stem);
    let stem = stem.to_owned();
    let mut made = |scratch: &TempFile, name: String, content_type: &str, kind| {
        let blob = BlobName(format!("made/{}", scratch.path().display()));
        files.add_video(&blob, scratch.path(), rendition);
        let media = Media {
            name,
            content_type: content_type.to_owned(),
            kind,
            range: 0..scratch.size(),
            encoding: Encoding::Identity,
            size: scratch.size(),
            whole: true,
            repeat: false,
            decoration: false,
        };
        AlertMedia { media, place: recorded.place, blob, url: recorded.url.clone(), clip: None }
    };
    let poster = rendition
        .poster
        .as_ref()
        .map(|poster| made(poster, format!("{stem}.jpg"), "image/jpeg", MediaKind::Picture));
    let video = match &rendition.video {
        Video::DoesNotFit => return poster.into_iter().chain([recorded]).collect(),
        Video::Made(scratch) => {
            Some(made(scratch, format!("{stem}.mp4"), "video/mp4", MediaKind::Video))
        }
        Video::AsItIs => None,
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
