//! The lines of a transcript, bounded in number and size: of too many, the first and the last are kept.

use std::collections::VecDeque;

use tipoff_spool::{Speaker, TranscriptLine};

use super::grouped;

/// A longer line is cut, in bytes.
const LINE_BYTES_MAX: usize = 600;
/// Lines kept from the beginning of a session, and bytes of them.
const HEAD_LINES_MAX: usize = 200;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The same from its end. One more line says how many are left out between.
const TAIL_LINES_MAX: usize = 199;
const TAIL_BYTES_MAX: usize = 16 * 1024;
/// Bytes that a line takes in addition to its text.
const ENTRY_BYTES: usize = size_of::<LogEntry>() + 16;

/// The lines of a transcript; of too many, the first and the last.
#[derive(Default)]
pub(super) struct Log {
    /// The first lines.
    head: Vec<LogEntry>,
    head_bytes: usize,
    /// The last lines; empty until the head is full.
    tail: VecDeque<LogEntry>,
    tail_bytes: usize,
    /// Lines that were dropped between head and tail.
    left_out: u64,
}

/// One line.
struct LogEntry {
    /// Milliseconds since the session began.
    at_ms: u32,
    speaker: Speaker,
    /// Whether the line was longer.
    is_cut: bool,
    /// As it came; it need not be UTF-8.
    text: Box<[u8]>,
}

impl Log {
    /// Adds a line, within the limits of one transcript.
    pub(super) fn push(&mut self, at_ms: u32, speaker: Speaker, text: &[u8]) {
        self.push_within(at_ms, speaker, text, HEAD_BYTES_MAX.max(TAIL_BYTES_MAX));
    }

    /// Adds a line; keeps no more than `bytes_max` of the beginning and of the end.
    pub(super) fn push_within(
        &mut self,
        at_ms: u32,
        speaker: Speaker,
        text: &[u8],
        bytes_max: usize,
    ) {
        let is_cut = text.len() > LINE_BYTES_MAX;
        let text = text.get(..LINE_BYTES_MAX).unwrap_or(text);
        let entry = LogEntry { at_ms, speaker, is_cut, text: text.into() };
        let bytes = entry.text.len();
        let fits_head = self.tail.is_empty()
            && self.head.len() < HEAD_LINES_MAX
            && self.head_bytes + bytes <= HEAD_BYTES_MAX.min(bytes_max);
        if fits_head {
            self.head_bytes += bytes;
            return self.head.push(entry);
        }
        self.tail_bytes += bytes;
        self.tail.push_back(entry);
        while (self.tail.len() > TAIL_LINES_MAX
            || self.tail_bytes > TAIL_BYTES_MAX.min(bytes_max) && self.tail.len() > 1)
            && let Some(oldest) = self.tail.pop_front()
        {
            self.tail_bytes -= oldest.text.len();
            self.left_out += 1;
        }
    }

    /// Bytes in memory, without the spare capacity of collections.
    pub(super) fn held_bytes(&self) -> usize {
        let entries = self.head.len() + self.tail.len();
        self.head_bytes + self.tail_bytes + entries * ENTRY_BYTES
    }

    /// The lines as they are shown, with one that says how many are left out.
    pub(super) fn lines(&self) -> Vec<TranscriptLine> {
        let gap = (self.left_out > 0).then(|| TranscriptLine {
            at_ms: self.tail.front().map_or(0, |entry| entry.at_ms),
            speaker: Speaker::Note,
            text: format!("{} lines are left out here.", grouped(self.left_out)),
        });
        let head = self.head.iter().map(LogEntry::line);
        head.chain(gap).chain(self.tail.iter().map(LogEntry::line)).collect()
    }
}

impl LogEntry {
    /// The line as text, without control characters: it moves no cursor and forges no line.
    fn line(&self) -> TranscriptLine {
        let mut text: String = String::from_utf8_lossy(&self.text)
            .chars()
            .map(|character| if character.is_control() { '.' } else { character })
            .collect();
        if self.is_cut {
            text.push('…');
        }
        TranscriptLine { at_ms: self.at_ms, speaker: self.speaker, text }
    }
}
