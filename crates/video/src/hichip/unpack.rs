//! Makes pictures and sound with times from the frames. The file is read twice, the first time to know its content.

use std::io::{self, BufWriter, Read, Seek, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::clock::PictureClock;
use super::demuxer::{Demuxer, Frame, FrameKind};
use super::matroska::{MatroskaWriter, Track};
use super::nal::{self, Unit};
use super::sound::samples;
use super::survey::{Facts, Survey};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// The largest picture with all of its slices and sets, in bytes.
const PICTURE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Frames of sound that are kept until the first picture: ten seconds.
const EARLY_FRAMES_MAX: usize = 500;
/// Greatest gap between the end of the sound and the time of its next frame, in ms. Over a larger gap it is moved.
const DRIFT_MS_MAX: i64 = 200;

/// How unpacking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpacked {
    /// All of it is written.
    Whole,
    /// No picture in it can be decoded.
    NoVideo,
    /// The result would be larger than allowed.
    TooLarge,
    /// The job was dropped.
    GivenUp,
}

/// Writes the content of a file of this container as Matroska of at most `bytes_max` bytes. Sound before the first
/// picture and pictures before the first parameter set are left out: neither can be shown. It checks `given_up`
/// before each read.
pub fn unpack<R: Read + Seek, W: Write + Seek>(
    from: &mut R,
    to: W,
    bytes_max: u64,
    given_up: &AtomicBool,
) -> io::Result<Unpacked> {
    let mut survey = Survey::default();
    let read = frames(from, given_up, |frame| {
        survey.note(frame);
        Ok(true)
    })?;
    let Some(demuxer) = read else {
        return Ok(Unpacked::GivenUp);
    };
    let Some(facts) = survey.facts(&demuxer) else {
        return Ok(Unpacked::NoVideo);
    };
    from.rewind()?;
    let mut unpacker = Unpacker::new(MatroskaWriter::new(BufWriter::new(to), facts)?, facts);
    let read = frames(from, given_up, |frame| {
        unpacker.frame(frame)?;
        Ok(unpacker.writer.written() <= bytes_max)
    })?;
    let room = bytes_max.saturating_sub(unpacker.writer.written());
    match read {
        _ if room == 0 => Ok(Unpacked::TooLarge),
        None => Ok(Unpacked::GivenUp),
        Some(_) => unpacker.finish(),
    }
}

/// Gives every frame to `take` until it returns false. `None` if the job was dropped.
fn frames<R: Read>(
    from: &mut R,
    given_up: &AtomicBool,
    mut take: impl FnMut(Frame<'_>) -> io::Result<bool>,
) -> io::Result<Option<Demuxer>> {
    let mut demuxer = Demuxer::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        if given_up.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let read = match from.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match read {
            0 => demuxer.end(),
            _ => demuxer.push(chunk.get(..read).unwrap_or_default()),
        }
        while let Some(frame) = demuxer.next_frame() {
            if !take(frame)? {
                return Ok(Some(demuxer));
            }
        }
        if read == 0 {
            return Ok(Some(demuxer));
        }
    }
}

/// A picture whose units are still coming.
#[derive(Debug, Default)]
struct PendingPicture {
    bytes: Vec<u8>,
    time_ms: u32,
    is_key: bool,
    /// Whether a slice of it has arrived, and not only units before one.
    has_slice: bool,
}

struct Unpacker<W> {
    writer: MatroskaWriter<W>,
    facts: Facts,
    /// A parameter set was there, so that pictures can be decoded.
    is_open: bool,
    picture: PendingPicture,
    /// Runs from the first picture on.
    clock: Option<PictureClock>,
    /// Sound that came before it.
    early: Vec<(u32, Vec<u8>)>,
    sound: Option<SoundTrack>,
}

/// The position of the sound: when it was last moved, and its samples since then.
#[derive(Debug)]
struct SoundTrack {
    began_ms: u64,
    samples: u64,
}

impl SoundTrack {
    fn end_ms(&self, samples_per_ms: u32) -> u64 {
        self.began_ms + self.samples / u64::from(samples_per_ms.max(1))
    }
}

impl<W: Write + Seek> Unpacker<W> {
    fn new(writer: MatroskaWriter<W>, facts: Facts) -> Self {
        let (picture, early) = (PendingPicture::default(), Vec::new());
        Self { writer, facts, is_open: false, picture, clock: None, early, sound: None }
    }

    fn frame(&mut self, frame: Frame<'_>) -> io::Result<()> {
        match frame.kind {
            FrameKind::Video => self.video(frame),
            FrameKind::Sound => self.sound(frame.time_ms, samples(frame.bytes)),
        }
    }

    fn video(&mut self, frame: Frame<'_>) -> io::Result<()> {
        let units = || nal::read(self.facts.codec, frame.bytes);
        self.is_open |= units().any(|unit| unit == Unit::ParameterSet);
        if !self.is_open {
            return Ok(());
        }
        // A frame without a start code continues the unit before it.
        let first =
            units().next().filter(|_| matches!(frame.bytes, [0, 0, 1, ..] | [0, 0, 0, 1, ..]));
        let is_next =
            matches!(first, Some(Unit::ParameterSet | Unit::Before | Unit::Picture { .. }));
        let has_slice = units().any(|unit| matches!(unit, Unit::Picture { .. } | Unit::Slice));
        let is_key = units().any(|unit| unit == Unit::Picture { is_key: true });
        let bytes = self.picture.bytes.len() + frame.bytes.len();
        if self.picture.has_slice && is_next || bytes > PICTURE_BYTES_MAX {
            self.end_picture()?;
        }
        // Parameter sets get the time of the picture behind them.
        if !self.picture.has_slice {
            self.picture.time_ms = frame.time_ms;
        }
        self.picture.bytes.extend_from_slice(frame.bytes);
        self.picture.has_slice |= has_slice;
        self.picture.is_key |= is_key;
        Ok(())
    }

    /// Writes the picture in progress. Behind the first one follows the sound that was kept.
    fn end_picture(&mut self) -> io::Result<()> {
        let PendingPicture { mut bytes, time_ms, is_key, has_slice } =
            std::mem::take(&mut self.picture);
        if has_slice {
            let now_ms = match &mut self.clock {
                Some(clock) => clock.next_ms(time_ms),
                None => self.clock.insert(PictureClock::new(time_ms)).now_ms(),
            };
            self.writer.block(Track::Video, now_ms, is_key, &bytes)?;
            for (time_ms, samples) in std::mem::take(&mut self.early) {
                self.sound(time_ms, samples)?;
            }
        }
        bytes.clear();
        self.picture.bytes = bytes;
        Ok(())
    }

    /// Writes sound behind the sound before it, or at its own time if the gap is too large. Sound before the first
    /// picture is kept.
    fn sound(&mut self, time_ms: u32, samples: Vec<u8>) -> io::Result<()> {
        let (Some(clock), Some(facts)) = (&self.clock, self.facts.sound) else {
            if self.early.len() >= EARLY_FRAMES_MAX {
                self.early.remove(0);
            }
            self.early.push((time_ms, samples));
            return Ok(());
        };
        if samples.is_empty() {
            return Ok(());
        }
        let per_ms = facts.samples_per_ms;
        let now_ms = match (&self.sound, clock.time_ms(time_ms)) {
            (Some(sound), wanted) => {
                let end_ms = sound.end_ms(per_ms);
                let gap = |wanted: &i64| wanted.saturating_sub_unsigned(end_ms) > DRIFT_MS_MAX;
                wanted.filter(gap).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(end_ms)
            }
            (None, Some(wanted)) => match u64::try_from(wanted) {
                Ok(wanted) => wanted,
                // Before the first picture.
                Err(_) => return Ok(()),
            },
            // It has another clock than the pictures.
            (None, None) => clock.now_ms(),
        };
        self.writer.block(Track::Sound, now_ms, true, &samples)?;
        let count = samples.len() as u64;
        match &mut self.sound {
            Some(sound) if sound.end_ms(per_ms) == now_ms => sound.samples += count,
            _ => self.sound = Some(SoundTrack { began_ms: now_ms, samples: count }),
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Unpacked> {
        self.end_picture()?;
        let Some(clock) = &self.clock else {
            return Ok(Unpacked::NoVideo);
        };
        let per_ms = self.facts.sound.map_or(1, |sound| sound.samples_per_ms);
        let sound_ms = self.sound.as_ref().map_or(0, |sound| sound.end_ms(per_ms));
        let duration_ms = (clock.now_ms() + clock.step_ms()).max(sound_ms);
        self.writer.finish(duration_ms)?;
        Ok(Unpacked::Whole)
    }
}
