//! Lines of a header that are no fields. Some firmware breaks long subjects and address lists without a blank at the
//! start of the next line; other firmware omits the blank line before the body. They are held until a later line
//! shows which of the two it is.

use super::wrapped::{field_name, is_like, is_strong, is_weak};
use super::{
    HEADER_BYTES_MAX, Header, HeaderStep, LineEnds, LinePlace, NAME_BYTES_MAX, STRANGE_BYTES_MAX,
    STRANGE_LINES_MAX,
};

impl Header {
    /// Whether the bytes of a line that is no field may continue the field above. A boundary never does.
    pub(super) fn may_go_on(&self, body: &[u8]) -> bool {
        self.line_ends == Some(LineEnds::Feed)
            && !self.block.is_empty()
            && !body.is_empty()
            && !body.starts_with(b"--")
    }

    /// Takes a byte of lines that are no fields, or of the line behind them. A known field there makes them part of
    /// the field above; a blank line, a boundary or too many lines make them the body.
    pub(super) fn strange(&mut self, byte: u8) -> HeaderStep {
        let mut strange = self.strange.take().unwrap_or_default();
        strange.push(byte);
        let is_too_long = strange.len() > STRANGE_BYTES_MAX;
        // Only a line end, a colon or a dash can decide.
        if !is_too_long && !b"\n:-".contains(&byte) {
            self.strange = Some(strange);
            return HeaderStep::More;
        }
        let held = strange.strip_suffix(&[byte]).unwrap_or_default();
        // A line longer than a name has no field at its start, so no more of it is searched.
        let seen = if byte == b'\n' { held.len() } else { NAME_BYTES_MAX + 2 };
        let from = held.len().saturating_sub(seen);
        let line_end = held.get(from..).and_then(|it| memchr::memrchr(b'\n', it));
        let line_start = line_end.map_or(0, |at| from + at + 1);
        let (before, line) = strange.split_at_checked(line_start).unwrap_or((&strange, b""));
        let goes_on = match byte {
            b'\n' => self.may_be_strange(before, line),
            b':' if !before.is_empty() => match field_name(line) {
                Some(name) if self.follows(&name, before) => {
                    for line in before.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
                    {
                        self.go_on_with(line.trim_ascii());
                    }
                    self.line = line.to_vec();
                    self.place = LinePlace::Field;
                    return HeaderStep::More;
                }
                Some(_) => false,
                None => true,
            },
            b'-' if line == b"--" => false,
            _ => true,
        };
        if is_too_long || !goes_on {
            return HeaderStep::Ended(strange);
        }
        self.strange = Some(strange);
        HeaderStep::More
    }

    /// Whether the complete `line` may continue the field above, behind the lines in `before`.
    fn may_be_strange(&self, before: &[u8], line: &[u8]) -> bool {
        let lines = || before.iter().filter(|&&byte| byte == b'\n').count();
        !line.trim_ascii().is_empty() && (self.is_like_above(line) || lines() < STRANGE_LINES_MAX)
    }

    /// Whether a field of this name, in lower case, shows that the lines before it belong to the header.
    fn follows(&self, name: &[u8], strange: &[u8]) -> bool {
        let mut lines = strange.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        is_strong(name)
            || is_weak(name) && !self.has(name)
            || lines.all(|line| self.is_like_above(line))
    }

    /// Whether a line is similar to the rest of the field above.
    fn is_like_above(&self, line: &[u8]) -> bool {
        is_like(&self.field_above().unwrap_or_default(), line)
    }

    /// Adds a line to the last field, up to the limit of the header.
    fn go_on_with(&mut self, line: &[u8]) {
        let room = HEADER_BYTES_MAX.saturating_sub(self.block.len() + 2);
        self.cut |= line.len() > room;
        if room == 0 {
            return;
        }
        self.block.push(b' ');
        self.block.extend_from_slice(line.get(..room).unwrap_or(line));
        self.block.push(b'\n');
    }

    /// Whether the header has a field of this name, which is in lower case.
    fn has(&self, name: &[u8]) -> bool {
        self.block.split(|&byte| byte == b'\n').any(|line| {
            let found = line.split(|&byte| byte == b':').next().unwrap_or_default();
            found.trim_ascii_end().eq_ignore_ascii_case(name)
        })
    }
}
