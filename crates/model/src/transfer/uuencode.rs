//! The data lines of uuencode (POSIX, `uuencode`), between `begin` and `end`. Each line begins with its length. Spaces
//! that a mailer removed from the end of a line are put back.

const LETTERS: std::ops::RangeInclusive<u8> = b' '..=b'`';

/// Decodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Uuencode {
    line: LineState,
}

#[derive(Clone, Debug, Default)]
enum LineState {
    /// The next byte is a line's length.
    #[default]
    Start,
    Data {
        /// Bytes that the line still owes.
        owed: u8,
        bits: u32,
        letters: u8,
    },
    /// All was read, or it is no data line: up to the line end (checksums of some encoders).
    Rest,
}

impl Uuencode {
    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) {
        for &byte in input {
            self.byte(byte, output);
        }
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        // Cut off in the midst of a line: only bytes that are there whole, none put back.
        if let LineState::Data { owed, bits, letters } = self.line {
            let whole = (letters * 6 / 8).min(owed);
            let [_, bytes @ ..] = (bits << (6 * (4 - u32::from(letters)))).to_be_bytes();
            output.extend(bytes.into_iter().take(usize::from(whole)));
        }
        self.line = LineState::Start;
    }

    fn byte(&mut self, byte: u8, output: &mut Vec<u8>) {
        if matches!(byte, b'\r' | b'\n') {
            while matches!(self.line, LineState::Data { .. }) {
                self.letter(0, output);
            }
            self.line = LineState::Start;
        } else if matches!(self.line, LineState::Start) {
            let owed = if LETTERS.contains(&byte) { sextet(byte) } else { 0 };
            self.line = if owed == 0 {
                LineState::Rest
            } else {
                LineState::Data { owed, bits: 0, letters: 0 }
            };
        } else if LETTERS.contains(&byte) {
            self.letter(sextet(byte), output);
        }
    }

    fn letter(&mut self, value: u8, output: &mut Vec<u8>) {
        let LineState::Data { owed, bits, letters } = &mut self.line else {
            return;
        };
        *bits = *bits << 6 | u32::from(value);
        *letters += 1;
        if *letters < 4 {
            return;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        output.extend(bytes.into_iter().take(usize::from(*owed)));
        *owed = owed.saturating_sub(3);
        (*bits, *letters) = (0, 0);
        if *owed == 0 {
            self.line = LineState::Rest;
        }
    }
}

fn sextet(letter: u8) -> u8 {
    letter.wrapping_sub(b' ') & 0x3f
}
