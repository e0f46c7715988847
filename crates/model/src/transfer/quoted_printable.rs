//! Quoted-printable (RFC 2045, section 6.7). A bad escape stands for itself, white space before a
//! line end is dropped, and a soft break may end in CR LF, LF or CR.

/// White space that may still be dropped, if a line end follows. Longer than any line should be
/// (RFC 5322, section 2.1.1): what exceeds it is kept.
const WHITE_BYTES_MAX: usize = 998;

/// Decodes.
#[derive(Clone, Debug, Default)]
pub(super) struct QuotedPrintable {
    state: DecoderState,
    /// Seen, not yet written: white space, or `=` and white space.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum DecoderState {
    #[default]
    Text,
    /// White space is held.
    White,
    /// Behind `=`.
    Escape,
    /// Behind `=` and the first hexadecimal digit.
    HalfEscape(u8),
    /// Behind `=` and white space, all of it held: a soft break, if a line end follows.
    SoftWhite,
    /// Behind `=` and CR: LF still belongs to it.
    SoftReturn,
}

impl QuotedPrintable {
    pub(super) fn push(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        loop {
            if matches!(self.state, DecoderState::Text) {
                input = usual(input, output);
                let plain = memchr::memchr3(b'=', b' ', b'\t', input).unwrap_or(input.len());
                let (text, rest) = input.split_at(plain);
                output.extend_from_slice(text);
                input = rest;
            }
            let Some((&byte, rest)) = input.split_first() else {
                break;
            };
            self.byte(byte, output);
            input = rest;
        }
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        if let DecoderState::HalfEscape(digit) = self.state {
            output.extend([b'=', digit]);
        }
        // The end of the data ends its last line: white space and a soft break are dropped.
        *self = Self::default();
    }

    fn byte(&mut self, byte: u8, output: &mut Vec<u8>) {
        match (self.state, byte) {
            (DecoderState::Text | DecoderState::White, b' ' | b'\t') => {
                self.hold(byte, DecoderState::White, output)
            }
            (DecoderState::Text, b'=') => self.state = DecoderState::Escape,
            (DecoderState::White, b'\r' | b'\n') => {
                self.held.clear();
                self.text(byte, output);
            }
            (DecoderState::Escape | DecoderState::SoftWhite, b'\n') => {
                self.held.clear();
                self.state = DecoderState::Text;
            }
            (DecoderState::Escape | DecoderState::SoftWhite, b'\r') => {
                self.held.clear();
                self.state = DecoderState::SoftReturn;
            }
            (DecoderState::Escape, b' ' | b'\t') => {
                self.held.push(b'=');
                self.hold(byte, DecoderState::SoftWhite, output);
            }
            (DecoderState::SoftWhite, b' ' | b'\t') => {
                self.hold(byte, DecoderState::SoftWhite, output)
            }
            (DecoderState::Escape, digit) if hex(digit).is_some() => {
                self.state = DecoderState::HalfEscape(digit);
            }
            (DecoderState::HalfEscape(first), second) => match (hex(first), hex(second)) {
                (Some(high), Some(low)) => self.text(high << 4 | low, output),
                _ => {
                    output.extend([b'=', first]);
                    self.again(second, output);
                }
            },
            (DecoderState::SoftReturn, b'\n') => self.state = DecoderState::Text,
            (DecoderState::Escape, _) => {
                output.push(b'=');
                self.again(byte, output);
            }
            (DecoderState::White | DecoderState::SoftWhite, _) => {
                output.append(&mut self.held);
                self.again(byte, output);
            }
            (DecoderState::SoftReturn, _) => self.again(byte, output),
            (DecoderState::Text, _) => output.push(byte),
        }
    }

    fn text(&mut self, byte: u8, output: &mut Vec<u8>) {
        output.push(byte);
        self.state = DecoderState::Text;
    }

    /// What was held is settled: the byte counts as the first of ordinary text.
    fn again(&mut self, byte: u8, output: &mut Vec<u8>) {
        self.state = DecoderState::Text;
        self.byte(byte, output);
    }

    fn hold(&mut self, byte: u8, state: DecoderState, output: &mut Vec<u8>) {
        if self.held.len() == WHITE_BYTES_MAX {
            output.append(&mut self.held);
            self.state = DecoderState::White;
        } else {
            self.state = state;
        }
        self.held.push(byte);
    }
}

/// Decodes escapes, soft breaks and blanks that are there whole; what is left. [`QuotedPrintable::byte`] does the same
/// wherever the input may be cut.
fn usual<'a>(mut input: &'a [u8], output: &mut Vec<u8>) -> &'a [u8] {
    loop {
        input = match input {
            [b'=', b'\n', rest @ ..] | [b'=', b'\r', b'\n', rest @ ..] => rest,
            [b'=', high, low, rest @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    output.push(high << 4 | low);
                    rest
                }
                _ => return input,
            },
            [b'=', ..] => return input,
            [b' ' | b'\t', b'\r' | b'\n', ..] => input.get(1..).unwrap_or_default(),
            [b' ' | b'\t', b' ' | b'\t', ..] => return input,
            [byte, b'=' | b' ' | b'\t', rest @ ..] | [byte @ (b' ' | b'\t'), _, rest @ ..] => {
                output.push(*byte);
                input.get(input.len() - rest.len() - 1..).unwrap_or_default()
            }
            _ => return input,
        };
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
