//! Collects what has to be known of a file before the first byte is written: its codec, and whether it has sound.

use super::demuxer::{Demuxer, Frame, FrameKind};
use super::nal;
use super::sound::{RateCount, samples};
use crate::codec::Codec;

/// The facts so far, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Survey {
    codec: Option<Codec>,
    has_sound: bool,
    rate: RateCount,
}

/// The facts of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) codec: Codec,
    /// Width and height in pixels, where a file header says so.
    pub(super) size: Option<(u32, u32)>,
    pub(super) sound: Option<SoundFacts>,
}

/// Its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SoundFacts {
    pub(super) samples_per_ms: u32,
}

impl Survey {
    pub(super) fn note(&mut self, frame: Frame<'_>) {
        match frame.kind {
            // The stream knows better than the file header: some firmware writes one for both.
            FrameKind::Video => self.codec = self.codec.or_else(|| nal::codec(frame.bytes)),
            FrameKind::Sound => {
                let samples = samples(frame.bytes).len();
                self.has_sound |= samples > 0;
                self.rate.note(frame.time_ms, samples);
            }
        }
    }

    /// The facts; `None` if no picture can be decoded.
    pub(super) fn facts(&self, demuxer: &Demuxer) -> Option<Facts> {
        let samples_per_ms = self.rate.samples_per_ms();
        let sound = self.has_sound.then_some(SoundFacts { samples_per_ms });
        Some(Facts { codec: self.codec?, size: demuxer.size(), sound })
    }
}
