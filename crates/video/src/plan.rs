//! Decides how a video is made: ffprobe's facts, a size and a limit become a recipe. Pure functions.

use std::time::Duration;

use crate::job::Audience;
use crate::probe::{Size, VideoProbe};

/// Greatest width of a picture in pixels.
const WIDTH_PX_MAX: u32 = 1920;
/// The same for a browser, which waits for the result.
const BROWSER_WIDTH_PX_MAX: u32 = 1280;
/// Bit rate of encoded sound, in bits per second: speech in mono.
pub(crate) const AUDIO_BITS_PER_S: u64 = 64_000;
/// Part of the limit that is aimed at, in percent: the container takes some, and the encoder is not exact.
const AIM_PERCENT: u64 = 93;
/// Least bit rate of pictures: below it a camera's picture shows nothing.
const VIDEO_BITS_PER_S_MIN: u64 = 120_000;
/// Greatest bit rate of pictures, however large the limit is.
const VIDEO_BITS_PER_S_MAX: u64 = 20_000_000;
/// Width of a picture in pixels by its least bit rate. The last rung is for all lower rates.
const RUNGS: [(u64, u32); 4] =
    [(4_000_000, WIDTH_PX_MAX), (1_500_000, 1280), (500_000, 854), (0, 640)];
/// How far a source may be over the limit to be copied first, in percent. A copy is as large as its source, apart
/// from the container.
const COPY_EXCESS_PERCENT: u64 = 10;

/// What to do with a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing: it plays as it is, and fits.
    AsItIs,
    Make(Recipe),
    /// Nothing: what fits would not be worth watching.
    DoesNotFit,
}

/// How an MP4 is made of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) video: PictureRecipe,
    pub(crate) audio: SoundRecipe,
}

/// How the pictures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureRecipe {
    /// Copied; with the tag `hvc1`, by which phones recognise H.265, or without.
    Copy { hvc1: bool },
    /// Encoded as H.264, with a greatest bit rate if the result has to fit a limit.
    Encode { size: Size, bits_per_s_max: Option<u64> },
}

/// How the sound is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoundRecipe {
    None,
    Copy,
    Encode,
}

/// How much of the limit is used. The second squeeze is for a result that was still too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Squeeze {
    First,
    Second,
}

impl Squeeze {
    fn percent(self) -> u64 {
        match self {
            Squeeze::First => 100,
            Squeeze::Second => 80,
        }
    }
}

impl Recipe {
    /// This recipe and its alternatives, in order: without sound, because it may not be decodable, and with encoded
    /// pictures, because they may not be copyable.
    pub(crate) fn attempts(self, probe: &VideoProbe) -> Vec<Recipe> {
        let mut pictures = vec![self.video];
        if matches!(self.video, PictureRecipe::Copy { .. }) {
            pictures.push(encode(probe));
        }
        let sounds = if self.audio == SoundRecipe::None {
            vec![SoundRecipe::None]
        } else {
            vec![self.audio, SoundRecipe::None]
        };
        pictures
            .into_iter()
            .flat_map(|video| sounds.iter().map(move |&audio| Recipe { video, audio }))
            .collect()
    }

    /// Whether it has to fit a limit.
    pub(crate) fn is_squeezed(self) -> bool {
        let PictureRecipe::Encode { bits_per_s_max, .. } = self.video else {
            return false;
        };
        bits_per_s_max.is_some()
    }
}

/// Facts of a source besides its streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceFacts {
    /// Whether it is an MP4 whose index comes first.
    pub(crate) streamable: bool,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// Where the result is played.
    pub(crate) audience: Audience,
}

/// Decides what to do with a source. Without a duration no bit rate can be computed: the recipe is then tried, and its
/// result measured.
pub(crate) fn decide(probe: &VideoProbe, source: SourceFacts, bytes_max: u64) -> Plan {
    let SourceFacts { streamable, bytes: source_bytes, audience } = source;
    let recipe = unsqueezed(probe, audience);
    let untouched = matches!(recipe.video, PictureRecipe::Copy { hvc1 } if !hvc1 || probe.tag == "hvc1")
        && recipe.audio != SoundRecipe::Encode
        && probe.duration.is_some()
        && audience == Audience::Chat;
    if untouched && streamable && source_bytes <= bytes_max {
        return Plan::AsItIs;
    }
    let copied_max = bytes_max.saturating_add(bytes_max / 100 * COPY_EXCESS_PERCENT);
    match probe.duration {
        Some(duration) if source_bytes > copied_max => {
            match squeezed(probe, duration, bytes_max, Squeeze::First) {
                Some(recipe) => Plan::Make(recipe),
                None => Plan::DoesNotFit,
            }
        }
        _ => Plan::Make(recipe),
    }
}

/// The recipe by which a video of this duration fits; `None` if its bit rate would be below
/// [`VIDEO_BITS_PER_S_MIN`].
pub(crate) fn squeezed(
    probe: &VideoProbe,
    duration: Duration,
    bytes_max: u64,
    squeeze: Squeeze,
) -> Option<Recipe> {
    let bits = u128::from(bytes_max) * 8 * u128::from(AIM_PERCENT) / 100;
    let total = bits * 1000 / duration.as_millis().max(1);
    let total = u64::try_from(total).unwrap_or(u64::MAX) / 100 * squeeze.percent();
    let sound = if probe.audio.is_some() { AUDIO_BITS_PER_S } else { 0 };
    let rate = total.saturating_sub(sound).min(VIDEO_BITS_PER_S_MAX);
    if rate < VIDEO_BITS_PER_S_MIN {
        return None;
    }
    let (_, width_px_max) = RUNGS.into_iter().find(|(from, _)| rate >= *from)?;
    Some(Recipe {
        video: PictureRecipe::Encode {
            size: probe.size.within(width_px_max, u32::MAX),
            bits_per_s_max: Some(rate),
        },
        // Never copied here: the sum of both must be known.
        audio: if sound > 0 { SoundRecipe::Encode } else { SoundRecipe::None },
    })
}

fn unsqueezed(probe: &VideoProbe, audience: Audience) -> Recipe {
    let is_hevc = matches!(
        (probe.codec.as_str(), probe.pixels.as_str()),
        ("hevc", "yuv420p" | "yuvj420p" | "yuv420p10le")
    );
    let video = match audience {
        _ if probe.is_plain_h264() => PictureRecipe::Copy { hvc1: false },
        Audience::Chat if is_hevc => PictureRecipe::Copy { hvc1: true },
        Audience::Chat => encode(probe),
        Audience::Browser => {
            let size = probe.size.within(BROWSER_WIDTH_PX_MAX, u32::MAX);
            PictureRecipe::Encode { size, bits_per_s_max: None }
        }
    };
    let audio = match probe.audio.as_deref() {
        None => SoundRecipe::None,
        Some("aac") => SoundRecipe::Copy,
        Some(_) => SoundRecipe::Encode,
    };
    Recipe { video, audio }
}

fn encode(probe: &VideoProbe) -> PictureRecipe {
    PictureRecipe::Encode { size: probe.size.within(WIDTH_PX_MAX, u32::MAX), bits_per_s_max: None }
}

#[cfg(test)]
mod tests;
