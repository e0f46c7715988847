//! Undoes the content encoding of a body (RFC 9110, section 8.4). Devices that declare deflate send zlib, raw deflate, gzip,
//! or no encoding at all: the first bytes decide.

use flate2::{Decompress, FlushDecompress, Status};
use tipoff_model::file_type::by_content;

/// Bytes by which the encoding is decided. A header of gzip that is longer is not read.
const OPENING_BYTES: usize = 256;

/// Bytes that are decoded at a time: they become at most a thousand times as many.
const STEP_BYTES: usize = 64;

/// Bytes of decoded output from which decoding pauses.
const OUTPUT_BYTES: usize = 64 * 1024;

/// Bytes of output at once that only a bomb becomes: what follows is not decoded.
pub(crate) const BOMB_BYTES: usize = 1024 * 1024;

/// Memory of one that decodes: its window of 32 KB, its tables, its buffer.
const INFLATER_BYTES: usize = 52 * 1024;

/// Number of encodings of one body. Further ones are not undone.
const LAYERS_MAX: usize = 2;

/// Decodes a body while it streams by.
#[derive(Debug)]
pub(crate) struct ContentDecoder {
    /// In the order in which they are undone.
    layers: Vec<Layer>,
}

#[derive(Debug)]
enum Layer {
    /// Too few bytes to decide.
    Opening(Vec<u8>),
    Deflated(Box<Inflater>),
    /// Not encoded.
    Identity,
    /// What follows cannot be decoded, or is behind the end.
    Ended {
        is_broken: bool,
    },
}

struct Inflater {
    decompress: Decompress,
    output: Box<[u8]>,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl ContentDecoder {
    /// A decoder by the value of the field `Content-Encoding`.
    pub(crate) fn new(declared: &str) -> Self {
        let is_deflated = |name: &str| {
            ["deflate", "gzip", "x-gzip", "zlib"].iter().any(|it| it.eq_ignore_ascii_case(name))
        };
        let names = declared.split(',').map(str::trim).filter(|name| is_deflated(name));
        let layers = names.take(LAYERS_MAX).map(|_| Layer::Opening(Vec::new())).collect();
        Self { layers }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let layers = self.layers.iter().map(|layer| match layer {
            Layer::Opening(opening) => opening.capacity(),
            Layer::Deflated(_) => INFLATER_BYTES,
            Layer::Identity | Layer::Ended { .. } => 0,
        });
        layers.sum()
    }

    /// Takes some of the bytes and returns how many; appends what they become.
    pub(crate) fn push(&mut self, raw: &[u8], decoded: &mut Vec<u8>) -> usize {
        let start = decoded.len();
        if self.layers.is_empty() {
            let taken = raw.len().min(OUTPUT_BYTES);
            decoded.extend(raw.iter().take(taken));
            return taken;
        }
        let mut taken = 0;
        for step in raw.chunks(STEP_BYTES) {
            if decoded.len() - start >= OUTPUT_BYTES {
                break;
            }
            push_through(&mut self.layers, step, decoded);
            taken += step.len();
        }
        taken
    }

    /// Ends the body: appends what was kept back. Returns whether nothing in it was broken.
    pub(crate) fn finish(&mut self, decoded: &mut Vec<u8>) -> bool {
        let mut layers = self.layers.as_mut_slice();
        while let Some((first, rest)) = layers.split_first_mut() {
            let mut output = Vec::new();
            first.finish(&mut output);
            push_through(rest, &output, decoded);
            layers = rest;
        }
        !self.layers.iter().any(|layer| match layer {
            Layer::Ended { is_broken } => *is_broken,
            // Firmware leaves out the last block; a connection that broke is known otherwise.
            Layer::Deflated(_) | Layer::Opening(_) | Layer::Identity => false,
        })
    }
}

fn push_through(layers: &mut [Layer], bytes: &[u8], decoded: &mut Vec<u8>) {
    match layers {
        [] => decoded.extend_from_slice(bytes),
        [last] => last.push(bytes, decoded),
        [first, rest @ ..] => {
            let mut output = Vec::new();
            first.push(bytes, &mut output);
            for step in output.chunks(STEP_BYTES) {
                // Only a bomb in a bomb becomes so much at once.
                if decoded.len() > BOMB_BYTES {
                    break;
                }
                push_through(rest, step, decoded);
            }
        }
    }
}

impl Layer {
    fn push(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        match self {
            Self::Opening(opening) => {
                opening.extend_from_slice(bytes);
                if opening.len() >= OPENING_BYTES {
                    self.open(false, output);
                }
            }
            Self::Identity => output.extend_from_slice(bytes),
            Self::Ended { .. } => {}
            Self::Deflated(inflater) => {
                if let Some(is_broken) = inflater.push(bytes, output) {
                    *self = Self::Ended { is_broken };
                }
            }
        }
    }

    fn finish(&mut self, output: &mut Vec<u8>) {
        if matches!(self, Self::Opening(_)) {
            self.open(true, output);
        }
    }

    /// Decides by the first bytes; `last` says that they are all.
    fn open(&mut self, last: bool, output: &mut Vec<u8>) {
        let Self::Opening(opening) = self else {
            return;
        };
        let opening = std::mem::take(opening);
        let tried = candidates(&opening).into_iter().flatten().map(|(skipped, has_header)| {
            let mut inflater = Inflater::new(has_header);
            let mut output = Vec::new();
            let bytes = opening.get(skipped..).unwrap_or_default();
            let ended = inflater.push(bytes, &mut output);
            (inflater, output, ended)
        });
        // Whichever works; else the one that gives most.
        let best = tried.max_by_key(|(_, output, ended)| (*ended != Some(true), output.len()));
        let Some((inflater, mut inflated, ended)) = best else {
            output.extend(opening);
            *self = Self::Identity;
            return;
        };
        let gives_nothing = inflated.is_empty() && (ended == Some(true) || last && ended.is_none());
        if is_plain(&opening) || gives_nothing {
            output.extend(opening);
            *self = Self::Identity;
            return;
        }
        output.append(&mut inflated);
        *self = match ended {
            Some(is_broken) => Self::Ended { is_broken },
            None => Self::Deflated(Box::new(inflater)),
        };
    }
}

/// The ways in which the bytes may be deflated: bytes before the stream, and whether zlib's header is before it.
fn candidates(opening: &[u8]) -> [Option<(usize, bool)>; 2] {
    if let Some(header) = gzip_header(opening) {
        return [Some((header, false)), None];
    }
    let is_zlib = match opening {
        [method, flags, ..] => {
            method & 0x0F == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0
        }
        _ => false,
    };
    [Some((0, false)), is_zlib.then_some((0, true))]
}

/// Bytes of the header of gzip (RFC 1952, section 2.3).
fn gzip_header(opening: &[u8]) -> Option<usize> {
    let &[0x1F, 0x8B, 8, flags, ..] = opening else {
        return None;
    };
    let mut at = 10;
    if flags & 4 != 0 {
        let length = opening.get(at..at + 2)?;
        at += 2 + length.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            at += 1 + memchr::memchr(0, opening.get(at..)?)?;
        }
    }
    Some(at + if flags & 2 != 0 { 2 } else { 0 })
}

/// Whether the bytes are those of a body without encoding: no deflated bytes are all printable or those of a picture.
fn is_plain(opening: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    by_content(opening).is_some_and(|it| it.content_type.starts_with("image/jpeg"))
        || opening.len() >= 8 && opening.iter().all(is_text)
        || opening.starts_with(b"<?xml")
        || opening.starts_with(b"{\"")
}

impl Inflater {
    fn new(has_header: bool) -> Self {
        let output = vec![0; 8 * 1024].into_boxed_slice();
        Self { decompress: Decompress::new(has_header), output }
    }

    /// Decodes bytes. `Some` if the stream has ended: whether it is broken.
    fn push(&mut self, mut bytes: &[u8], output: &mut Vec<u8>) -> Option<bool> {
        let Self { decompress, output: buffer } = self;
        loop {
            let (read, written) = (decompress.total_in(), decompress.total_out());
            let status = decompress.decompress(bytes, buffer, FlushDecompress::None);
            let read = usize::try_from(decompress.total_in() - read).unwrap_or(usize::MAX);
            let written = usize::try_from(decompress.total_out() - written).unwrap_or(usize::MAX);
            output.extend_from_slice(buffer.get(..written).unwrap_or_default());
            bytes = bytes.get(read..).unwrap_or_default();
            match status {
                Err(_) => return Some(true),
                Ok(Status::StreamEnd) => return Some(false),
                Ok(_) if written == buffer.len() => {}
                Ok(_) if bytes.is_empty() || read == 0 && written == 0 => return None,
                Ok(_) => {}
            }
        }
    }
}
