//! Files as Hichip (hi3510) cameras write them, made of a raw stream and of A-law. The layout is that of
//! recordings of 2023 (`A231126_181503_181517.265`): each NAL unit in a frame of its own, sound in frames of
//! 20 ms that come late, an index of 200,000 bytes at the end.

/// What a recording is made of.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// `HXVS` for H.264, `HXVT` for H.265.
    pub tag: &'a [u8; 4],
    /// The raw stream, in Annex B form.
    pub stream: &'a [u8],
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The camera's clock at each picture, in ms.
    pub times_ms: &'a [u32],
    /// A-law at 8 kHz; empty: none.
    pub sound: &'a [u8],
    /// The camera's clock at the first sound, in ms.
    pub sound_ms: u32,
}

/// Samples in a frame of sound: 20 ms.
const SOUND_SAMPLES: usize = 160;
/// Size of the index, in bytes.
const INDEX_BYTES: usize = 200_000;

impl Recording<'_> {
    /// The frames, from the file header to the index.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let mut frames = vec![head(self.tag, [self.size.0, self.size.1, 0])];
        let mut sound = (0_u32..).zip(self.sound.chunks(SOUND_SAMPLES)).peekable();
        let pictures = pictures(self.stream, self.tag == b"HXVT");
        for (units, &time_ms) in pictures.iter().zip(self.times_ms) {
            for unit in units {
                let kind = if units.len() > 1 { 1 } else { 2 };
                frames.push(frame(b"HXVF", time_ms, kind, unit));
            }
            while let Some((number, samples)) = sound.peek() {
                let at = self.sound_ms.wrapping_add(number * 20);
                if at.wrapping_sub(time_ms).cast_signed() > 0 {
                    break;
                }
                frames.push(sound_frame(at, samples));
                sound.next();
            }
        }
        let rest =
            sound.map(|(n, samples)| sound_frame(self.sound_ms.wrapping_add(n * 20), samples));
        frames.extend(rest);
        frames.push(index(&frames));
        frames
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        self.frames().concat()
    }
}

fn sound_frame(time_ms: u32, samples: &[u8]) -> Vec<u8> {
    let half = u8::try_from(samples.len() / 2).unwrap_or(0);
    frame(b"HXAF", time_ms, 0, &[&[0, 1, half, 0], samples].concat())
}

/// The offsets of the key frames; the times do not matter to anybody who reads all of it.
fn index(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut offset = 0_u32;
    for frame in frames {
        if frame.starts_with(b"HXVF") && frame.get(12) == Some(&1) {
            table.extend(offset.to_le_bytes());
            table.extend(0_u32.to_le_bytes());
        }
        offset += u32::try_from(frame.len()).unwrap_or(0);
    }
    table.resize(INDEX_BYTES, 0);
    let bytes = u32::try_from(INDEX_BYTES).unwrap_or(0);
    [head(b"HXFI", [bytes, 0, 0]), table].concat()
}

fn frame(tag: &[u8; 4], time_ms: u32, kind: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(0);
    [head(tag, [length, time_ms, kind]), content.to_vec()].concat()
}

fn head(tag: &[u8; 4], numbers: [u32; 3]) -> Vec<u8> {
    [&tag[..], &numbers.map(u32::to_le_bytes).concat()].concat()
}

/// The NAL units of each picture: those before a slice, and the slices.
fn pictures(stream: &[u8], is_h265: bool) -> Vec<Vec<Vec<u8>>> {
    let mut pictures: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut has_slice = true;
    for unit in units(stream) {
        let (first, slice) = match is_h265 {
            true => (unit.get(2), unit.first().is_some_and(|first| first >> 1 & 0x3F < 32)),
            false => (unit.get(1), unit.first().is_some_and(|first| matches!(first & 0x1F, 1..=5))),
        };
        let is_first = first.is_some_and(|byte| byte & 0x80 != 0);
        if has_slice && (!slice || is_first) {
            pictures.push(Vec::new());
            has_slice = false;
        }
        has_slice |= slice;
        if let Some(picture) = pictures.last_mut() {
            picture.push([&[0, 0, 0, 1], unit].concat());
        }
    }
    pictures
}

/// The bytes between the start codes.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let is_start = |&at: &usize| stream.get(at..at + 3) == Some(&[0, 0, 1]);
    let starts: Vec<usize> = (0..stream.len()).filter(is_start).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let units = starts.iter().zip(ends).filter_map(|(start, end)| stream.get(start + 3..end));
    units.map(without_zeros).filter(|unit| !unit.is_empty()).collect()
}

/// Without padding, and without the first byte of the next start code.
fn without_zeros(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    unit.get(..end).unwrap_or_default()
}
