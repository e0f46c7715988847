//! As much of Matroska (RFC 9559) as one video and one sound need, times in milliseconds. Its pictures stay
//! in Annex B form, which ffmpeg reads and other programs need not. Its clusters have no sizes, so that
//! nothing is held back.

use std::io::{self, Seek, SeekFrom, Write};

use super::survey::Facts;
use crate::codec::Codec;

/// How far a block may be from the beginning of its cluster, in ms: the offset has 16 bits.
const CLUSTER_MS_MAX: u64 = 30_000;
/// What a size of eight bytes means that is not known (RFC 8794 section 6.2).
const UNKNOWN_SIZE: [u8; 8] = [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
/// Size of the pictures if no header says it. The stream has the right one, which decoders use.
const USUAL_SIZE_PX: (u32, u32) = (1280, 720);

/// The two tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Track {
    Video = 1,
    Sound = 2,
}

/// Writes the file from its first byte to its last, and then its duration into the first ones.
pub(super) struct MatroskaWriter<W> {
    to: W,
    facts: Facts,
    written: u64,
    cluster_ms: Option<u64>,
}

impl<W: Write + Seek> MatroskaWriter<W> {
    pub(super) fn new(mut to: W, facts: Facts) -> io::Result<Self> {
        let head = head(&facts, 0);
        to.write_all(&head)?;
        Ok(Self { to, facts, written: head.len() as u64, cluster_ms: None })
    }

    /// How many bytes there are.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Adds a picture, or some sound. What is in one track comes in order of time.
    pub(super) fn block(
        &mut self,
        track: Track,
        time_ms: u64,
        is_key: bool,
        bytes: &[u8],
    ) -> io::Result<()> {
        let offset = self.cluster_ms.and_then(|began| offset(began, time_ms));
        let offset = match offset {
            Some(offset) if !(is_key && track == Track::Video) => offset,
            _ => {
                self.cluster_ms = Some(time_ms);
                let stamp = element(&[0xE7], &time_ms.to_be_bytes());
                self.put(&[&[0x1F, 0x43, 0xB6, 0x75], &UNKNOWN_SIZE[..], &stamp].concat())?;
                0
            }
        };
        // A SimpleBlock: the track, the offset in its cluster, and whether it needs no other.
        let [high, low] = offset.to_be_bytes();
        let flags = if is_key { 0x80 } else { 0 };
        let head = [0x80 | track as u8, high, low, flags];
        self.put(&[0xA3])?;
        self.put(&size(head.len() + bytes.len()))?;
        self.put(&head)?;
        self.put(bytes)
    }

    /// Writes the duration, which was not known at the beginning of the file.
    pub(super) fn finish(mut self, duration_ms: u64) -> io::Result<()> {
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&head(&self.facts, duration_ms))?;
        self.to.flush()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.to.write_all(bytes)
    }
}

/// Offset of a time from the beginning of its cluster; `None` if it is too far away. Sound may be earlier.
fn offset(began_ms: u64, time_ms: u64) -> Option<i16> {
    let near = time_ms.abs_diff(began_ms) <= CLUSTER_MS_MAX;
    near.then(|| i16::try_from(time_ms.wrapping_sub(began_ms).cast_signed()).ok()).flatten()
}

/// Everything before the first cluster. It has the same length for every duration, so that it can be overwritten.
fn head(facts: &Facts, duration_ms: u64) -> Vec<u8> {
    let ebml = [
        element(&[0x42, 0x86], &[1]),
        element(&[0x42, 0xF7], &[1]),
        element(&[0x42, 0xF2], &[4]),
        element(&[0x42, 0xF3], &[8]),
        element(&[0x42, 0x82], b"matroska"),
        element(&[0x42, 0x87], &[4]),
        element(&[0x42, 0x85], &[2]),
    ];
    let info = [
        // One millisecond, in nanoseconds.
        element(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes()),
        element(&[0x44, 0x89], &(duration_ms as f64).to_be_bytes()),
        element(&[0x4D, 0x80], b"tipoff"),
        element(&[0x57, 0x41], b"tipoff"),
    ];
    let mut tracks = video(facts);
    if let Some(sound) = facts.sound {
        tracks.extend(self::sound(sound.samples_per_ms));
    }
    [
        element(&[0x1A, 0x45, 0xDF, 0xA3], &ebml.concat()),
        [&[0x18, 0x53, 0x80, 0x67], &UNKNOWN_SIZE[..]].concat(),
        element(&[0x15, 0x49, 0xA9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xAE, 0x6B], &tracks),
    ]
    .concat()
}

/// The track of the pictures, without the parameter sets: ffmpeg finds them in the stream.
fn video(facts: &Facts) -> Vec<u8> {
    let (width_px, height_px) = facts.size.unwrap_or(USUAL_SIZE_PX);
    let codec: &[u8] = match facts.codec {
        Codec::H264 => b"V_MPEG4/ISO/AVC",
        Codec::H265 => b"V_MPEGH/ISO/HEVC",
    };
    let sides =
        [element(&[0xB0], &width_px.to_be_bytes()), element(&[0xBA], &height_px.to_be_bytes())];
    track(Track::Video, codec, &element(&[0xE0], &sides.concat()))
}

/// A-law as WAV has it: a WAVEFORMATEX.
fn sound(samples_per_ms: u32) -> Vec<u8> {
    const A_LAW: u16 = 6;
    let rate = samples_per_ms * 1000;
    let wave = [
        &A_LAW.to_le_bytes()[..],
        &1_u16.to_le_bytes(),
        &rate.to_le_bytes(),
        &rate.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &8_u16.to_le_bytes(),
        &[0; 2],
    ];
    let format = [
        element(&[0xB5], &f64::from(rate).to_be_bytes()),
        element(&[0x9F], &[1]),
        element(&[0x62, 0x64], &[8]),
    ];
    let private = element(&[0x63, 0xA2], &wave.concat());
    track(Track::Sound, b"A_MS/ACM", &[private, element(&[0xE1], &format.concat())].concat())
}

fn track(track: Track, codec: &[u8], rest: &[u8]) -> Vec<u8> {
    let number = track as u8;
    let entry = [
        element(&[0xD7], &[number]),
        element(&[0x73, 0xC5], &[number]),
        // Matroska numbers the kinds of tracks as we do ours.
        element(&[0x83], &[number]),
        element(&[0x9C], &[0]),
        element(&[0x86], codec),
        rest.to_vec(),
    ];
    element(&[0xAE], &entry.concat())
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &size(content.len()), content].concat()
}

/// A size in four bytes (RFC 8794 section 4): enough for 256 MB, and no block is as large.
fn size(bytes: usize) -> [u8; 4] {
    const SIZE_MAX: u32 = (1 << 28) - 2;
    let bytes = u32::try_from(bytes).unwrap_or(SIZE_MAX).min(SIZE_MAX);
    (bytes | 1 << 28).to_be_bytes()
}
