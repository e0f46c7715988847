//! Splits a stream of bytes into command lines, as SMTP and FTP have them. Keeps at most one line, and nothing between
//! lines: ten thousand idle connections take no memory here.

use std::borrow::Cow;
use std::mem;

/// A command line as it was received.
#[derive(Debug, PartialEq, Eq)]
pub enum InputLine<'a> {
    /// A line within the limit.
    Whole {
        /// The line without its line end.
        text: Cow<'a, [u8]>,
        /// Whether it ended with LF without CR, as programs of small boards send it.
        bare_lf: bool,
    },
    /// A line beyond the limit. Its bytes are discarded.
    TooLong,
}

/// Splits input into lines, and keeps the beginning of a line from one piece of input to the next.
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The beginning of the current line.
    begun: Vec<u8>,
    /// Whether the current line is beyond the limit.
    overlong: bool,
}

impl LineSplitter {
    /// The next line; `None` if all of `input` was taken and the line has not ended. `bytes_max` includes the line end
    /// (RFC 5321, section 4.5.3.1.4).
    pub fn next<'a>(&mut self, input: &mut &'a [u8], bytes_max: usize) -> Option<InputLine<'a>> {
        let end = memchr::memchr(b'\n', input).map(|at| at + 1);
        let (part, rest) = input.split_at_checked(end.unwrap_or(input.len()))?;
        *input = rest;
        let bytes = self.begun.len() + part.len();
        self.overlong |= bytes > bytes_max;
        if self.overlong {
            self.begun = Vec::new();
        } else if end.is_none() || !self.begun.is_empty() {
            self.begun.extend_from_slice(part);
        }
        end?;
        if mem::take(&mut self.overlong) {
            return Some(InputLine::TooLong);
        }
        let line = match mem::take(&mut self.begun) {
            begun if begun.is_empty() => Cow::Borrowed(part),
            begun => Cow::Owned(begun),
        };
        Some(without_end(line))
    }
}

fn without_end(mut line: Cow<'_, [u8]>) -> InputLine<'_> {
    let bare_lf = !line.ends_with(b"\r\n");
    let text_bytes = line.len().saturating_sub(if bare_lf { 1 } else { 2 });
    match &mut line {
        Cow::Borrowed(bytes) => *bytes = bytes.get(..text_bytes).unwrap_or_default(),
        Cow::Owned(bytes) => bytes.truncate(text_bytes),
    }
    InputLine::Whole { text: line, bare_lf }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pushes: &[&[u8]], bytes_max: usize) -> Vec<Option<(Vec<u8>, bool)>> {
        let mut lines = LineSplitter::default();
        let mut found = Vec::new();
        for mut push in pushes.iter().copied() {
            while let Some(line) = lines.next(&mut push, bytes_max) {
                found.push(match line {
                    InputLine::Whole { text, bare_lf } => Some((text.into_owned(), bare_lf)),
                    InputLine::TooLong => None,
                });
            }
            assert!(push.is_empty());
        }
        found
    }

    #[test]
    fn lines_end_with_crlf_or_lf() {
        let lines = read(&[b"NO", b"OP\r", b"\nRSET\nQU\rIT\r\n\n\r\n"], 512);
        let text = |text: &[u8], bare_lf| Some((text.to_vec(), bare_lf));
        assert_eq!(
            lines,
            [
                text(b"NOOP", false),
                text(b"RSET", true),
                text(b"QU\rIT", false),
                text(b"", true),
                text(b"", false),
            ],
        );
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_the_rest_of_a_longer_one_is_gone() {
        let at: &[u8] = b"NOOP56\r\n";
        let over: &[u8] = b"NOOP567\r\n";
        let far_over = [b'x'; 100];
        for cut in 0..at.len() {
            assert_eq!(read(&[&at[..cut], &at[cut..]], 8), [Some((b"NOOP56".to_vec(), false))]);
        }
        for cut in 0..over.len() {
            assert_eq!(read(&[&over[..cut], &over[cut..]], 8), [None]);
        }
        let after = read(&[&far_over, &far_over, b"\nQUIT\r\n"], 8);
        assert_eq!(after, [None, Some((b"QUIT".to_vec(), false))]);
    }

    #[test]
    fn nothing_is_held_of_a_line_that_is_too_long() {
        let mut lines = LineSplitter::default();
        for _ in 0..1_000 {
            assert_eq!(lines.next(&mut [b'x'; 100].as_slice(), 512), None);
            assert!(lines.begun.capacity() <= 1_024);
        }
    }
}
