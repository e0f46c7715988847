//! Base64 in a text that escapes some of its letters: JSON writes `\/`, `\n` and `\u002b`, JSON inside of JSON `\\/`, a
//! form `%2B`, XML `&#43;`. No escape begins with a letter of base64, so one decoder reads them all, in any depth.

use super::base64::Base64;

/// Longest reference of XML between `&` and `;`. A longer one is no reference.
const REFERENCE_BYTES_MAX: u8 = 8;

/// Decodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Escaped {
    state: EscapeState,
    data: Base64,
}

#[derive(Clone, Copy, Debug, Default)]
enum EscapeState {
    /// Outside of escapes.
    #[default]
    Plain,
    /// Behind one or more backslashes.
    Backslash,
    /// In the hexadecimal digits of `\u002b` or `%2B`.
    Digits { left: u8, code: u32 },
    /// Behind `&`; `code` is `None` if it is no number, or none that can be read.
    Reference { bytes: u8, radix: u32, code: Option<u32> },
}

impl Escaped {
    pub(super) fn push(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        loop {
            if matches!(self.state, EscapeState::Plain) {
                let end = memchr::memchr3(b'\\', b'%', b'&', input).unwrap_or(input.len());
                let (plain, rest) = input.split_at(end);
                self.data.push(plain, output);
                input = rest;
            }
            let Some((&byte, rest)) = input.split_first() else {
                break;
            };
            // JSON in a form: what the form escapes may itself begin an escape.
            let mut letter = self.step(byte);
            while let Some(escape @ (b'\\' | b'%' | b'&')) = letter {
                letter = self.step(escape);
            }
            if let Some(letter) = letter {
                self.data.push(&[letter], output);
            }
            input = rest;
        }
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        self.data.finish(output);
    }

    /// Takes a byte and returns the letter that it gives.
    fn step(&mut self, byte: u8) -> Option<u8> {
        let (state, letter) = match (self.state, byte) {
            (EscapeState::Backslash, b'u') => (EscapeState::Digits { left: 4, code: 0 }, None),
            (EscapeState::Backslash, b'n' | b'r' | b't' | b'b' | b'f') => {
                (EscapeState::Plain, Some(b'\n'))
            }
            (EscapeState::Digits { left, code }, digit) if digit.is_ascii_hexdigit() => {
                let code = code << 4 | char::from(digit).to_digit(16).unwrap_or(0);
                match left {
                    0 | 1 => (EscapeState::Plain, u8::try_from(code).ok()),
                    _ => (EscapeState::Digits { left: left - 1, code }, None),
                }
            }
            (EscapeState::Reference { code, .. }, b';') => {
                (EscapeState::Plain, code.and_then(|code| u8::try_from(code).ok()))
            }
            (EscapeState::Reference { bytes, radix, code }, byte)
                if bytes < REFERENCE_BYTES_MAX
                    && (byte.is_ascii_alphanumeric() || byte == b'#') =>
            {
                (reference(bytes, radix, code, byte), None)
            }
            (_, b'\\') => (EscapeState::Backslash, None),
            (_, b'%') => (EscapeState::Digits { left: 2, code: 0 }, None),
            (_, b'&') => (EscapeState::Reference { bytes: 0, radix: 10, code: None }, None),
            (_, byte) => (EscapeState::Plain, Some(byte)),
        };
        self.state = state;
        letter
    }
}

/// The state behind one more byte of a reference.
fn reference(bytes: u8, radix: u32, code: Option<u32>, byte: u8) -> EscapeState {
    let (radix, code) = match (bytes, byte) {
        (0, b'#') => (10, Some(0)),
        (1, b'x' | b'X') if code.is_some() => (16, Some(0)),
        (_, digit) => {
            let digit = char::from(digit).to_digit(radix);
            // At most eight digits: less than 2 to the power of 32, but what is more than a byte is no letter anyway.
            (radix, code.zip(digit).map(|(code, digit)| (code * radix + digit).min(0xFFFF)))
        }
    };
    EscapeState::Reference { bytes: bytes + 1, radix, code }
}
