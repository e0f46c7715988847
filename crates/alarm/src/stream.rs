//! The endless multipart answer of a device that is asked for its events: one message for each event, with the pictures that
//! follow it.

use std::ops::Range;

use tipoff_model::AlarmRequest;

use crate::body_decoder::BODY_BYTES_MAX;
use crate::found::{Found, MEDIA_MAX};
use crate::part::Part;
use crate::part_head::PartHead;
use crate::splitter::{SplitEvent, Splitter};

/// Bytes that are read at a time, so that few messages come at once.
const STEP_BYTES: usize = 512;

/// Number of messages from which reading pauses.
const MESSAGES_MAX: usize = 16;

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamMessage {
    /// Its bytes in the stream. What is stored; the ranges of media count from its begin.
    pub range: Range<u64>,
    /// What it says, without a method and a path.
    pub request: AlarmRequest,
}

/// Reads a stream. The caller keeps the bytes from [`Self::needed_from`] on.
#[derive(Debug)]
pub struct StreamParser {
    splitter: Splitter,
    at: u64,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Reader {
    part: Option<OpenPart>,
    /// The message that may get pictures.
    pending: Option<Pending>,
}

#[derive(Debug)]
struct OpenPart {
    part: Part,
    found: Found,
    range: Range<u64>,
    /// The length that its head says.
    length: Option<u64>,
}

impl OpenPart {
    /// The bytes that begin at this offset, without blank lines behind the content.
    fn within<'a>(&self, at: u64, bytes: &'a [u8]) -> &'a [u8] {
        let end = self.length.and_then(|length| self.range.start.checked_add(length));
        let room = end.map(|end| usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX));
        match room.and_then(|room| bytes.split_at_checked(room)) {
            Some((within, behind)) if behind.iter().all(|it| matches!(it, b'\r' | b'\n')) => within,
            _ => bytes,
        }
    }
}

#[derive(Debug)]
struct Pending {
    found: Found,
    range: Range<u64>,
    torn: bool,
}

impl StreamParser {
    /// A parser at the begin of an answer, by its field `Content-Type`.
    pub fn new(content_type: Option<&str>) -> Self {
        let head = PartHead::of_request(content_type, None);
        let splitter = Splitter::new(head.boundary, true);
        Self { splitter, at: 0, reader: Reader::default() }
    }

    /// Takes some of the next bytes and returns how many: at least one, so that the rest is pushed again. Appends the
    /// messages that are complete, a hundred or so at a time.
    pub fn push(&mut self, bytes: &[u8], messages: &mut Vec<StreamMessage>) -> usize {
        let Self { splitter, at, reader } = self;
        let (start, before) = (*at, messages.len());
        for step in bytes.chunks(STEP_BYTES) {
            splitter.push(*at, step, &mut |event| reader.take(event, messages));
            *at += step.len() as u64;
            if messages.len() - before >= MESSAGES_MAX {
                break;
            }
        }
        usize::try_from(*at - start).unwrap_or(bytes.len())
    }

    /// Whether [`Self::flush`] may give a message.
    pub fn is_pending(&self) -> bool {
        self.reader.pending.is_some() || self.reader.part.is_some()
    }

    /// Whether a message has begun that [`Self::release`] would give: an event, or a text. A picture alone is none.
    pub fn is_waiting(&self) -> bool {
        let is_text = |open: &OpenPart| !open.part.is_file() && !open.range.is_empty();
        self.reader.pending.is_some() || self.reader.part.as_ref().is_some_and(is_text)
    }

    /// Offset in the stream of the first byte that a coming message may have. What is before it may be forgotten.
    pub fn needed_from(&self) -> u64 {
        let pending = self.reader.pending.as_ref().map(|pending| pending.range.start);
        let part = self.reader.part.as_ref().map(|part| part.range.start);
        pending.or(part).unwrap_or_else(|| self.splitter.undecided_from(self.at))
    }

    /// Ends what is complete, because nothing came for a while: the last message, unless its picture is on its way.
    pub fn flush(&mut self, messages: &mut Vec<StreamMessage>) {
        let reader = &mut self.reader;
        if let Some(open) = &mut reader.part {
            if !open.part.is_complete(&mut open.found) {
                // An event that a picture may still be coming for waits for it, but not for the next event.
                if !open.part.is_file() {
                    reader.emit(messages);
                }
                return;
            }
            reader.end_part(false, messages);
        }
        reader.emit(messages);
    }

    /// Ends the event that waits for its picture, because that takes too long; the picture, when it has come, is a message
    /// of its own. A text that does not end is given as far as it came.
    pub fn release(&mut self, messages: &mut Vec<StreamMessage>) {
        let reader = &mut self.reader;
        if reader.part.as_ref().is_some_and(|open| !open.part.is_file()) {
            reader.end_part(true, messages);
        }
        reader.emit(messages);
    }

    /// Ends the stream; `torn` says that the connection broke.
    pub fn finish(mut self, torn: bool, messages: &mut Vec<StreamMessage>) {
        let Self { splitter, reader, .. } = &mut self;
        splitter.finish(torn, &mut |event| reader.take(event, messages));
        reader.end_part(torn, messages);
        reader.emit(messages);
    }
}

impl Reader {
    fn take(&mut self, event: SplitEvent<'_>, messages: &mut Vec<StreamMessage>) {
        match event {
            SplitEvent::Begins { head, at } => {
                let is_text = head.content_type.starts_with("text/")
                    || head.content_type.ends_with("xml")
                    || head.content_type.ends_with("json");
                if is_text {
                    self.emit(messages);
                }
                let length = head.length;
                let part = Part::new(head, 1);
                self.part = Some(OpenPart { part, found: Found::default(), range: at..at, length });
            }
            SplitEvent::Bytes { at, bytes } => {
                let Some(open) = &mut self.part else {
                    return;
                };
                let bytes = open.within(at, bytes);
                if bytes.is_empty() {
                    return;
                }
                open.part.push(at, bytes, &mut open.found);
                open.range.end = at + bytes.len() as u64;
                if open.range.end - open.range.start > BODY_BYTES_MAX {
                    self.end_part(true, messages);
                    self.emit(messages);
                }
            }
            SplitEvent::Ends => self.end_part(false, messages),
        }
    }

    /// Ends the part that is open. Files belong to the event before them.
    fn end_part(&mut self, torn: bool, messages: &mut Vec<StreamMessage>) {
        let Some(OpenPart { part, mut found, range, .. }) = self.part.take() else {
            return;
        };
        part.finish(torn, !torn, &mut found);
        found.finish_form();
        if found.is_empty() {
            return;
        }
        match &mut self.pending {
            Some(pending)
                if found.documents.is_empty()
                    && range.end - pending.range.start <= BODY_BYTES_MAX =>
            {
                let room = MEDIA_MAX.saturating_sub(pending.found.media.len());
                pending.found.media.extend(found.media.into_iter().take(room));
                pending.range.end = range.end;
                pending.torn |= torn;
            }
            _ => {
                self.emit(messages);
                self.pending = Some(Pending { found, range, torn });
            }
        }
    }

    /// Gives the message away that may have got pictures.
    fn emit(&mut self, messages: &mut Vec<StreamMessage>) {
        let Some(Pending { found: Found { documents, mut media, .. }, range, torn }) =
            self.pending.take()
        else {
            return;
        };
        for media in &mut media {
            media.range = media.range.start - range.start..media.range.end - range.start;
        }
        let request = AlarmRequest {
            path: "/".to_owned(),
            documents,
            media,
            has_body: true,
            torn,
            ..AlarmRequest::default()
        };
        messages.push(StreamMessage { range, request });
    }
}
