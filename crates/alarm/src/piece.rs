//! Bytes of a text with their place in the body, so that a file inside of escaped text still has a byte range.

/// Bytes without escapes, and where they come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// Offset in the body where they begin.
    pub(crate) at: u64,
    /// Offset behind them: further away than they are long if they were escaped. Before `at` where the text of another
    /// charset has become longer.
    pub(crate) end: u64,
    /// The bytes.
    pub(crate) text: &'a [u8],
}

impl<'a> Piece<'a> {
    /// Bytes that stand in the body as they are.
    pub(crate) fn plain(at: u64, text: &'a [u8]) -> Self {
        Self { at, end: at + text.len() as u64, text }
    }

    /// Whether the bytes stand in the body as they are.
    pub(crate) fn is_plain(&self) -> bool {
        self.spans(self.text.len())
    }

    /// Whether the bytes take so many in the body.
    pub(crate) fn spans(&self, bytes: usize) -> bool {
        self.end.checked_sub(self.at) == Some(bytes as u64)
    }

    /// The bytes of a range. Those of an escape have the place of the whole escape.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Self {
        let text = self.text.get(from..to).unwrap_or_default();
        if self.is_plain() {
            Self::plain(self.at + from as u64, text)
        } else {
            Self { text, ..*self }
        }
    }

    /// The bytes from an offset in them.
    pub(crate) fn from(&self, from: usize) -> Self {
        self.slice(from, self.text.len())
    }
}

/// The beginning of a text that is held until it is known what it is.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) text: Vec<u8>,
    /// The pieces: length, begin and end. Plain neighbours are one.
    runs: Vec<(usize, u64, u64)>,
}

/// Number of pieces whose places are kept. An opening of more escapes is text.
const RUNS_MAX: usize = 256;

impl Held {
    /// Takes a piece as far as `bytes_max` in all allow.
    pub(crate) fn push(&mut self, piece: Piece<'_>, bytes_max: usize) {
        let room = bytes_max.saturating_sub(self.text.len()).min(piece.text.len());
        let piece = piece.slice(0, room);
        if piece.text.is_empty() {
            return;
        }
        self.text.extend_from_slice(piece.text);
        let has_room = self.is_placed();
        match self.runs.last_mut() {
            Some((bytes, at, end))
                if piece.is_plain()
                    && *end == piece.at
                    && end.checked_sub(*at) == Some(*bytes as u64) =>
            {
                *bytes += piece.text.len();
                *end = piece.end;
            }
            _ if has_room => {
                self.runs.push((piece.text.len(), piece.at, piece.end));
            }
            _ => {}
        }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.text.capacity() + self.runs.capacity() * size_of::<(usize, u64, u64)>()
    }

    /// Whether the places of all bytes are known.
    pub(crate) fn is_placed(&self) -> bool {
        self.runs.len() <= RUNS_MAX
    }

    /// Forgets the places, and what is not text.
    pub(crate) fn forget_places(&mut self) {
        self.runs = Vec::new();
    }

    /// The pieces from an offset in the text.
    pub(crate) fn pieces(&self, from: usize) -> impl Iterator<Item = Piece<'_>> {
        let mut start = 0;
        self.runs.iter().filter_map(move |&(bytes, at, end)| {
            let text = self.text.get(start..start + bytes).unwrap_or_default();
            let skipped = from.saturating_sub(start).min(bytes);
            start += bytes;
            let piece = Piece { at, end, text }.from(skipped);
            (!piece.text.is_empty()).then_some(piece)
        })
    }
}
