//! Base64 (RFC 2045, section 6.8). Bytes outside the alphabet are passed over, padding may be
//! missing, a lone last sextet is dropped.
//!
//! What follows padding: cameras that encode their file piece by piece pad in its middle, and
//! relays put a footer behind its end. So a run of [`RUN_BYTES`] letters of the alphabet
//! right behind the padding (line ends apart), or a shorter one that is padded itself, goes on;
//! anything else ends the data, and all of the rest is passed over.

use std::mem::take;

use super::len;

/// As many letters in a row behind padding are data: hardly a word of a footer.
const RUN_BYTES: usize = 16;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// In a table: not of the alphabet. Above all 24 bits of a group.
const OTHER: u32 = 1 << 24;

type Table = [u32; 256];

/// The bits of a letter at each of the four places of a group, so that a group is an `or`.
static PLACES: [Table; 4] = [table(18), table(12), table(6), table(0)];

#[allow(clippy::indexing_slicing)] // In a constant: wrong would not compile.
const fn table(shift: u32) -> Table {
    let mut table = [OTHER; 256];
    let mut value = 0;
    while value < 64 {
        table[ALPHABET[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    table
}

fn look_up(table: &Table, letter: u8) -> u32 {
    table.get(usize::from(letter)).copied().unwrap_or(OTHER)
}

/// Without branches, because the compiler makes vectors of it.
fn is_letter(byte: u8) -> bool {
    (byte | 0x20).is_ascii_lowercase() | byte.is_ascii_digit() | (byte == b'+') | (byte == b'/')
}

/// What the input is made of, to one who decodes and to one who counts.
enum Piece<'a> {
    /// Letters of the alphabet, and bytes to pass over.
    Data(&'a [u8]),
    /// Padding: the group ends, however long it is.
    Padding,
}

/// Where padding is, and what follows it.
#[derive(Clone, Debug, Default)]
enum Scanner {
    #[default]
    Data,
    Padded {
        run: [u8; RUN_BYTES],
        run_bytes: usize,
    },
    Ended,
}

const PADDED: Scanner = Scanner::Padded { run: [0; RUN_BYTES], run_bytes: 0 };

impl Scanner {
    fn push(&mut self, mut input: &[u8], mut give: impl FnMut(Piece<'_>)) {
        loop {
            if matches!(self, Self::Data) {
                let Some(at) = memchr::memchr(b'=', input) else {
                    break give(Piece::Data(input));
                };
                let (data, rest) = input.split_at(at);
                give(Piece::Data(data));
                give(Piece::Padding);
                *self = PADDED;
                input = rest;
            }
            if matches!(self, Self::Ended) {
                break;
            }
            let Some((&byte, rest)) = input.split_first() else {
                break;
            };
            self.behind_padding(byte, &mut give);
            input = rest;
        }
    }

    fn behind_padding(&mut self, byte: u8, give: &mut impl FnMut(Piece<'_>)) {
        let Self::Padded { run, run_bytes } = self else {
            return;
        };
        let letters = *run_bytes;
        match byte {
            b'=' if letters == 0 => {}
            b'=' if letters > 1 => {
                give(Piece::Data(run.get(..letters).unwrap_or_default()));
                give(Piece::Padding);
                *run_bytes = 0;
            }
            b'\r' | b'\n' | b' ' | b'\t' if letters == 0 => {}
            letter if is_letter(letter) => {
                if let Some(place) = run.get_mut(letters) {
                    *place = letter;
                }
                *run_bytes += 1;
                if *run_bytes == RUN_BYTES {
                    give(Piece::Data(run));
                    *self = Self::Data;
                }
            }
            _ => *self = Self::Ended,
        }
    }
}

/// Decodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Base64 {
    scanner: Scanner,
    group: Group,
}

impl Base64 {
    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let start = output.len();
        // A run kept back, or an open group, adds to what the input itself gives.
        let most = (input.len() + RUN_BYTES) / 4 * 3 + 3;
        output.resize(start + most, 0);
        let mut free = output.get_mut(start..).unwrap_or_default();
        let Self { scanner, group } = self;
        scanner.push(input, |piece| match piece {
            Piece::Data(data) => group.data(data, &mut free),
            Piece::Padding => group.close(&mut free),
        });
        let unused = free.len();
        output.truncate(start + most - unused);
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        let mut last = [0; 2];
        let mut free = last.as_mut_slice();
        self.group.close(&mut free);
        let used = 2 - free.len();
        output.extend(last.into_iter().take(used));
    }
}

/// Up to three letters whose group is not yet full.
#[derive(Clone, Debug, Default)]
struct Group {
    bits: u32,
    letters: u8,
}

impl Group {
    fn data(&mut self, mut input: &[u8], free: &mut &mut [u8]) {
        loop {
            if self.letters == 0 {
                input = full_groups(input, free);
            }
            let Some((&byte, rest)) = input.split_first() else {
                break;
            };
            self.letter(byte, free);
            input = rest;
        }
    }

    fn letter(&mut self, byte: u8, free: &mut &mut [u8]) {
        let [.., last_place] = &PLACES;
        let value = look_up(last_place, byte);
        if value == OTHER {
            return;
        }
        self.bits = self.bits << 6 | value;
        self.letters += 1;
        if self.letters == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            put(free, [first, second, third]);
            *self = Self::default();
        }
    }

    /// The bytes of which all bits are there; a lone sextet is less than one.
    fn close(&mut self, free: &mut &mut [u8]) {
        let Self { bits, letters } = take(self);
        match letters {
            2 => put(free, [(bits >> 4) as u8]),
            3 => put(free, [(bits >> 10) as u8, (bits >> 2) as u8]),
            _ => {}
        }
    }
}

/// Decodes groups of four until one has a byte that is not of the alphabet; what is left.
fn full_groups<'a>(mut input: &'a [u8], free: &mut &mut [u8]) -> &'a [u8] {
    let [p0, p1, p2, p3] = &PLACES;
    let mut room = take(free);
    while let Some((&[a, b, c, d], rest)) = input.split_first_chunk() {
        let bits = look_up(p0, a) | look_up(p1, b) | look_up(p2, c) | look_up(p3, d);
        if bits >= OTHER {
            break;
        }
        let [_, first, second, third] = bits.to_be_bytes();
        put(&mut room, [first, second, third]);
        input = rest;
    }
    *free = room;
    input
}

/// Writes where there is room: `push` makes room for all that its input can give.
#[inline]
fn put<const N: usize>(free: &mut &mut [u8], bytes: [u8; N]) {
    match take(free).split_first_chunk_mut() {
        Some((place, rest)) => {
            *place = bytes;
            *free = rest;
        }
        None => debug_assert!(false, "no room for what is decoded"),
    }
}

/// Counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Base64Count {
    scanner: Scanner,
    /// Bytes of the groups that padding has ended.
    closed: u64,
    /// Letters since.
    letters: u64,
}

impl Base64Count {
    pub(super) fn push(&mut self, input: &[u8]) {
        let Self { scanner, closed, letters } = self;
        scanner.push(input, |piece| match piece {
            Piece::Data(data) => *letters += count_letters(data),
            Piece::Padding => {
                *closed += bytes_of(*letters);
                *letters = 0;
            }
        });
    }

    pub(super) fn size(&self) -> u64 {
        self.closed + bytes_of(self.letters)
    }
}

fn bytes_of(letters: u64) -> u64 {
    letters / 4 * 3 + (letters % 4).saturating_sub(1)
}

/// In pieces whose count fits a byte, for the compiler's vectors again: a check of each sum would keep it from them.
fn count_letters(data: &[u8]) -> u64 {
    let (pieces, rest) = data.as_chunks::<128>();
    let in_pieces: u64 = pieces
        .iter()
        .map(|piece| {
            let count = |sum: u8, &byte: &u8| sum.wrapping_add(u8::from(is_letter(byte)));
            u64::from(piece.iter().fold(0, count))
        })
        .sum();
    in_pieces + len(rest) - rest.iter().fold(0, |sum, &byte| sum + u64::from(!is_letter(byte)))
}
