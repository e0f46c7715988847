//! Splits a multipart (RFC 2046, section 5.1) into its parts while it streams by, without an end: bodies and endless
//! streams alike. Firmware quotes the boundary or not, declares another one or none, leaves out the blank line or the
//! last boundary, and writes `-- boundary`: all of it is read.

use memchr::memchr;

use crate::part_head::{BOUNDARY_BYTES_MAX, PartHead};

/// Bytes of a line that may be a delimiter.
const LINE_BYTES_MAX: usize = BOUNDARY_BYTES_MAX + 32;

/// Bytes of a line of a header. A longer one begins the content.
const FIELD_BYTES_MAX: usize = 1024;

/// Bytes of the name of a field, and its colon.
const NAME_BYTES: usize = 64;

/// Bytes of the header of a part that are read. What follows is skipped.
const HEAD_BYTES_MAX: usize = 4 * 1024;

/// Bytes that are joined to what was held.
const JOIN_BYTES: usize = 2 * FIELD_BYTES_MAX;

/// What a multipart consists of.
#[derive(Debug)]
pub(crate) enum SplitEvent<'a> {
    /// The content of a part begins.
    Begins { head: PartHead, at: u64 },
    /// Bytes of its content.
    Bytes { at: u64, bytes: &'a [u8] },
    /// It has ended.
    Ends,
}

/// A multipart while it streams by.
#[derive(Debug)]
pub(crate) struct Splitter {
    boundaries: Vec<Vec<u8>>,
    /// Whether it is a stream, in which heads of HTTP may be between the parts.
    is_stream: bool,
    state: SplitState,
    /// Whether a part has begun.
    has_parts: bool,
    /// Bytes that are not decided, and the offset of the first of them.
    held: Vec<u8>,
    held_at: u64,
}

#[derive(Debug)]
enum SplitState {
    /// Before, between or behind parts; whether in the middle of a line that is too long.
    Outside { in_line: bool },
    /// In the header of a part.
    Head(Vec<u8>),
    /// In its content; whether at the begin of a line.
    Content { at_line_start: bool },
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// A delimiter: length with the line end, and whether it closes.
    Delimiter {
        bytes: usize,
        closes: bool,
    },
    /// The first line of a head of HTTP.
    Http,
    /// Too short to decide.
    More,
    Other,
}

type Sink<'s> = &'s mut dyn FnMut(SplitEvent<'_>);

impl Splitter {
    /// A multipart with the declared boundary, if one is declared.
    pub(crate) fn new(boundary: Option<Vec<u8>>, is_stream: bool) -> Self {
        Self {
            boundaries: boundary.into_iter().collect(),
            is_stream,
            state: SplitState::Outside { in_line: false },
            has_parts: false,
            held: Vec::new(),
            held_at: 0,
        }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let head = if let SplitState::Head(lines) = &self.state { lines.capacity() } else { 0 };
        self.held.capacity() + head + self.boundaries.len() * BOUNDARY_BYTES_MAX
    }

    /// Takes the next bytes, which begin at this offset.
    pub(crate) fn push(&mut self, mut at: u64, mut bytes: &[u8], sink: Sink<'_>) {
        while !self.held.is_empty() && !bytes.is_empty() {
            let mut held = std::mem::take(&mut self.held);
            let before = held.len();
            let joined = bytes.len().min(JOIN_BYTES);
            held.extend(bytes.iter().take(joined));
            let used = self.run(self.held_at, &held, false, sink);
            let (skipped, is_within) = (used.saturating_sub(before), used >= before);
            if is_within {
                // What is left is among the new bytes.
                at += skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
            } else {
                at += joined as u64;
                bytes = bytes.get(joined..).unwrap_or_default();
                held.drain(..used);
                self.held = held;
                self.held_at += used as u64;
            }
        }
        if !bytes.is_empty() {
            let used = self.run(at, bytes, false, sink);
            self.held = bytes.get(used..).unwrap_or_default().to_vec();
            self.held_at = at + used as u64;
        }
    }

    /// Ends it. What of a delimiter came before the connection broke is no content.
    pub(crate) fn finish(&mut self, torn: bool, sink: Sink<'_>) {
        let held = std::mem::take(&mut self.held);
        if torn && matches!(self.state, SplitState::Content { .. }) && self.may_become(&held) {
            return;
        }
        self.run(self.held_at, &held, true, sink);
        // A header without content.
        if matches!(self.state, SplitState::Head(_)) {
            self.state = SplitState::Outside { in_line: false };
        }
    }

    /// Offset of the first byte that is not decided; `at` if all are.
    pub(crate) fn undecided_from(&self, at: u64) -> u64 {
        if self.held.is_empty() { at } else { self.held_at }
    }

    /// Whether it is the beginning of a delimiter.
    fn may_become(&self, held: &[u8]) -> bool {
        let line = held.strip_prefix(b"\r").unwrap_or(held);
        let line = line.strip_prefix(b"\n").unwrap_or(line);
        let whole = |boundary: &Vec<u8>| [b"--", boundary.as_slice()].concat();
        self.boundaries.iter().any(|boundary| whole(boundary).starts_with(line))
    }

    /// Reads bytes and returns how many; the others are held. `last` says that no more come.
    fn run(&mut self, at: u64, bytes: &[u8], last: bool, sink: Sink<'_>) -> usize {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let rest_at = at + used as u64;
            let (taken, goes_on) = match &self.state {
                SplitState::Outside { .. } => self.outside(rest, last),
                SplitState::Head(_) => self.head(rest_at, rest, last, sink),
                SplitState::Content { .. } => self.content(rest_at, rest, last, sink),
            };
            used += taken;
            if !goes_on {
                return used;
            }
        }
    }

    /// Reads lines outside of parts.
    fn outside(&mut self, bytes: &[u8], last: bool) -> (usize, bool) {
        let SplitState::Outside { in_line } = &mut self.state else {
            return (0, false);
        };
        if bytes.is_empty() {
            return (0, false);
        }
        if *in_line {
            let end = memchr(b'\n', bytes);
            *in_line = end.is_none();
            return (end.map_or(bytes.len(), |end| end + 1), end.is_some());
        }
        let end = memchr(b'\n', bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes));
        if end.is_none() && bytes.len() >= LINE_BYTES_MAX {
            *in_line = true;
            return (LINE_BYTES_MAX, true);
        }
        if end.is_none() && !last {
            return (0, false);
        }
        let (line, bytes) = match end {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
            None => (bytes, bytes.len()),
        };
        let mut closes = self.delimiter(line);
        if closes.is_none()
            && !self.has_parts
            && let Some(boundary) = first_boundary(line)
        {
            self.boundaries.push(boundary.to_vec());
            closes = Some(false);
        }
        if closes == Some(false) {
            self.has_parts = true;
            self.state = SplitState::Head(Vec::new());
        }
        (bytes, true)
    }

    /// Reads lines of a header.
    fn head(&mut self, at: u64, bytes: &[u8], last: bool, sink: Sink<'_>) -> (usize, bool) {
        match self.line(bytes, last) {
            Line::More => return (0, false),
            // A part without anything.
            Line::Delimiter { bytes, closes } => {
                self.state = match closes {
                    true => SplitState::Outside { in_line: false },
                    false => SplitState::Head(Vec::new()),
                };
                return (bytes, true);
            }
            Line::Http => {
                self.state = SplitState::Outside { in_line: false };
                return (0, true);
            }
            Line::Other => {}
        }
        let SplitState::Head(lines) = &mut self.state else {
            return (0, false);
        };
        let content = match bytes {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [] | [b'\r'] if !last => return (0, false),
            _ => match field(bytes, !lines.is_empty(), last) {
                Field::More => return (0, false),
                Field::Whole(taken) => {
                    let room = HEAD_BYTES_MAX.saturating_sub(lines.len());
                    lines.extend(bytes.iter().take(taken.min(room)));
                    return (taken, true);
                }
                // The blank line is missing.
                Field::None => 0,
            },
        };
        let head = PartHead::of_lines(&unfolded(lines));
        self.state = SplitState::Content { at_line_start: true };
        sink(SplitEvent::Begins { head, at: at + content as u64 });
        (content, true)
    }

    /// Reads the content of a part up to the next delimiter.
    fn content(&mut self, at: u64, bytes: &[u8], last: bool, sink: Sink<'_>) -> (usize, bool) {
        let SplitState::Content { at_line_start } = self.state else {
            return (0, false);
        };
        let mut line = if at_line_start { Some(0) } else { next_line(bytes, 0) };
        while let Some(start) = line {
            let rest = bytes.get(start..).unwrap_or_default();
            match self.line(rest, last) {
                Line::Other => line = next_line(bytes, start),
                Line::More => return (self.give(at, bytes, line_end(bytes, start), sink), false),
                found @ (Line::Delimiter { .. } | Line::Http) => {
                    let end = line_end(bytes, start);
                    self.give(at, bytes, end, sink);
                    sink(SplitEvent::Ends);
                    let (taken, closes) = match found {
                        Line::Delimiter { bytes, closes } => (bytes, closes),
                        _ => (0, true),
                    };
                    self.state = match closes {
                        true => SplitState::Outside { in_line: false },
                        false => SplitState::Head(Vec::new()),
                    };
                    return (start + taken, true);
                }
            }
        }
        // A line end may belong to a delimiter.
        let held = if !last && bytes.last() == Some(&b'\r') { 1 } else { 0 };
        (self.give(at, bytes, bytes.len() - held, sink), false)
    }

    /// Gives the first bytes of the content away, and returns their number.
    fn give(&mut self, at: u64, bytes: &[u8], end: usize, sink: Sink<'_>) -> usize {
        if let Some(content @ [_, ..]) = bytes.get(..end) {
            self.state = SplitState::Content { at_line_start: false };
            sink(SplitEvent::Bytes { at, bytes: content });
        }
        end
    }

    /// What the line is that begins here.
    fn line(&self, bytes: &[u8], last: bool) -> Line {
        let may_be = match bytes {
            [] => return if last { Line::Other } else { Line::More },
            [b'-'] | [b'-', b'-', ..] => true,
            [b'H', ..] if self.is_stream => true,
            _ => false,
        };
        if !may_be {
            return Line::Other;
        }
        let end = memchr(b'\n', bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes));
        let line = match end {
            Some(end) => bytes.get(..end).unwrap_or_default(),
            None if bytes.len() >= LINE_BYTES_MAX => return Line::Other,
            None if !last => return Line::More,
            None => bytes,
        };
        match self.delimiter(line) {
            Some(closes) => {
                Line::Delimiter { bytes: line.len() + usize::from(end.is_some()), closes }
            }
            None if self.is_stream && line.starts_with(b"HTTP/1.") => Line::Http,
            None => Line::Other,
        }
    }

    /// Whether a line is a delimiter, and whether it closes.
    fn delimiter(&self, line: &[u8]) -> Option<bool> {
        let line = line.trim_ascii_end();
        let text = line.strip_prefix(b"--")?.trim_ascii_start();
        self.boundaries.iter().find_map(|boundary| {
            let boundary = boundary.as_slice();
            // Some declare the dashes as well.
            if text == boundary || line == boundary {
                return Some(false);
            }
            let closed = text.strip_suffix(b"--").map(<[u8]>::trim_ascii_end);
            (closed == Some(boundary) || line.strip_suffix(b"--") == Some(boundary)).then_some(true)
        })
    }
}

/// The begin of the line behind the next line end.
fn next_line(bytes: &[u8], from: usize) -> Option<usize> {
    memchr(b'\n', bytes.get(from..)?).map(|end| from + end + 1)
}

/// Where the line before ends, without its line end.
fn line_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(..start) {
        Some([.., b'\r', b'\n']) => start - 2,
        Some([.., b'\n']) => start - 1,
        _ => start,
    }
}

/// The boundary in the first line of a multipart whose header declares none.
pub(crate) fn first_boundary(opening: &[u8]) -> Option<&[u8]> {
    let line = opening.split(|&byte| byte == b'\n').next()?.trim_ascii_end();
    let text = line.strip_prefix(b"--")?.trim_ascii_start();
    let is_boundary = (1..=BOUNDARY_BYTES_MAX).contains(&text.len())
        && text.iter().all(u8::is_ascii_graphic)
        && text.iter().any(|&byte| byte != b'-');
    is_boundary.then_some(text)
}

/// A line of a header.
enum Field {
    /// With its line end.
    Whole(usize),
    More,
    None,
}

/// The line of a header at the beginning: a name, a colon, a value. `may_fold` says that a line before can go on.
fn field(bytes: &[u8], may_fold: bool, last: bool) -> Field {
    let is_folded = may_fold && matches!(bytes, [b' ' | b'\t', ..]);
    if !is_folded {
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let name = bytes.iter().take_while(|byte| is_of_name(byte)).count();
        match bytes.get(name) {
            Some(b':') if (1..NAME_BYTES).contains(&name) => {}
            None if !last && name < NAME_BYTES => return Field::More,
            _ => return Field::None,
        }
    }
    match memchr(b'\n', bytes) {
        Some(end) if end < FIELD_BYTES_MAX => Field::Whole(end + 1),
        None if last && bytes.len() < FIELD_BYTES_MAX => Field::Whole(bytes.len()),
        None if bytes.len() < FIELD_BYTES_MAX => Field::More,
        _ => Field::None,
    }
}

/// The lines of a header with folded lines joined.
fn unfolded(lines: &[u8]) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(lines.len());
    for line in lines.split(|&byte| byte == b'\n') {
        if !matches!(line, [b' ' | b'\t', ..]) {
            unfolded.push(b'\n');
        }
        unfolded.extend(line.iter().filter(|&&byte| byte != b'\r'));
    }
    unfolded
}
