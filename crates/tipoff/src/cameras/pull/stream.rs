//! Reads the stream of a camera until it ends: messages go to whoever stores them, one after the other, so that a camera
//! that sends too much is read no faster than it is stored.

use std::time::Duration;

use hyper::body::Bytes;
use tipoff_alarm::{StreamMessage, StreamParser};
use tipoff_camera::{Answer, CameraError};
use tipoff_model::AlarmRequest;
use tokio::time::{Instant, sleep_until};

use super::leave::{Leave, Left};
use super::room::{MessageRoom, RoomShare};

/// Silence after which a message counts as complete that no delimiter has ended.
const FLUSH_AFTER: Duration = Duration::from_millis(200);
/// The longest that an event waits for the picture behind it, and a text for its end.
const RELEASE_AFTER: Duration = Duration::from_millis(1_500);
/// A buffer that is empty keeps no more than this.
const EMPTY_BYTES_MAX: usize = 4 * 1024;

/// Where the bytes of a stream come from. A call that is dropped loses none.
pub(super) trait Pieces {
    /// The next bytes; `None` at the end.
    fn piece(&mut self) -> impl Future<Output = Result<Option<Bytes>, CameraError>> + Send;
}

impl Pieces for Answer<'_> {
    async fn piece(&mut self) -> Result<Option<Bytes>, CameraError> {
        Answer::piece(self).await
    }
}

/// Where the messages of a stream go.
pub(super) trait MessageSink {
    /// Waits for a turn at the processor.
    fn turn(&mut self) -> impl Future<Output = ()> + Send;
    /// Gives the turn back.
    fn pause(&mut self);
    /// Bytes came.
    fn sign_of_life(&mut self);
    /// Stores a message.
    fn message(&mut self, bytes: &[u8], request: AlarmRequest) -> impl Future<Output = ()> + Send;
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// The camera ended it.
    Ended,
    /// The connection broke.
    Broken(String),
    /// Nothing came for so long.
    Silent(Duration),
    /// A message was larger than there is room for.
    TooLarge,
    /// It is not to be read any more.
    Left(Left),
}

/// Reads a stream until it ends. What came of its last message is stored.
pub(super) async fn read<S: MessageSink>(
    pieces: &mut impl Pieces,
    parser: StreamParser,
    silence: Duration,
    (sink, room): (&mut S, &MessageRoom),
    leave: &mut Leave,
) -> StreamEnd {
    let mut stream = Stream {
        parser,
        messages: Vec::new(),
        bytes: Vec::new(),
        begin: 0,
        given: 0,
        room: room.share(),
    };
    let mut heard_at = Instant::now();
    // Whether bytes came since the last message was completed by silence.
    let mut is_new = false;
    // Since when a message waits for more of it.
    let mut waits_since: Option<Instant> = None;
    let end = loop {
        let may_flush = is_new && stream.parser.is_pending();
        let wait = if may_flush { FLUSH_AFTER } else { silence };
        let release_at = waits_since.map(|since| since + RELEASE_AFTER);
        let piece = tokio::select! {
            biased;
            left = leave.requested() => break StreamEnd::Left(left),
            () = sleep_until(release_at.unwrap_or(heard_at)), if release_at.is_some() => {
                stream.parser.release(&mut stream.messages);
                stream.give(sink).await;
                waits_since = None;
                continue;
            }
            piece = pieces.piece() => Some(piece),
            () = sleep_until(heard_at + wait) => None,
        };
        match piece {
            Some(Ok(Some(piece))) => {
                (heard_at, is_new) = (Instant::now(), true);
                sink.sign_of_life();
                let given = stream.given;
                if !stream.take(&piece, sink).await {
                    break StreamEnd::TooLarge;
                }
                if stream.given > given || !stream.parser.is_waiting() {
                    waits_since = None;
                }
                if stream.parser.is_waiting() {
                    waits_since.get_or_insert(heard_at);
                }
            }
            Some(Ok(None)) => break StreamEnd::Ended,
            Some(Err(error)) => break StreamEnd::Broken(error.to_string()),
            None if may_flush => {
                is_new = false;
                stream.parser.flush(&mut stream.messages);
                stream.give(sink).await;
                waits_since = waits_since.filter(|_| stream.parser.is_waiting());
            }
            None => break StreamEnd::Silent(silence),
        }
    };
    stream.finish(sink).await;
    end
}

struct Stream {
    parser: StreamParser,
    /// Messages that are complete.
    messages: Vec<StreamMessage>,
    /// The bytes of the stream that messages may still need.
    bytes: Vec<u8>,
    /// Offset of the first of them in the stream.
    begin: u64,
    /// Messages that were given away.
    given: u64,
    room: RoomShare,
}

impl Stream {
    /// Takes bytes. Returns `false` if there is no room for them.
    async fn take(&mut self, piece: &[u8], sink: &mut impl MessageSink) -> bool {
        if !self.room.fits(self.bytes.len() + piece.len()) {
            return false;
        }
        self.bytes.extend_from_slice(piece);
        let mut rest = piece;
        while !rest.is_empty() {
            sink.turn().await;
            let taken = self.parser.push(rest, &mut self.messages);
            rest = rest.get(taken..).unwrap_or_default();
            sink.pause();
            self.give(sink).await;
        }
        true
    }

    /// Gives complete messages away, and forgets what no message needs.
    async fn give(&mut self, sink: &mut impl MessageSink) {
        for message in std::mem::take(&mut self.messages) {
            self.given += 1;
            let bytes = self.range(&message).unwrap_or_default();
            sink.message(bytes, message.request).await;
        }
        let gone = self.parser.needed_from().saturating_sub(self.begin);
        let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..gone);
        self.begin += gone as u64;
        if self.bytes.is_empty() && self.bytes.capacity() > EMPTY_BYTES_MAX {
            self.bytes = Vec::new();
        }
        self.room.fits(self.bytes.len());
    }

    fn range(&self, message: &StreamMessage) -> Option<&[u8]> {
        let index = |at: u64| usize::try_from(at.checked_sub(self.begin)?).ok();
        self.bytes.get(index(message.range.start)?..index(message.range.end)?)
    }

    /// Gives away what came of the last message.
    async fn finish(mut self, sink: &mut impl MessageSink) {
        self.parser.flush(&mut self.messages);
        self.give(sink).await;
        let Self { parser, mut messages, bytes, begin, .. } = self;
        parser.finish(true, &mut messages);
        for message in messages {
            let index = |at: u64| usize::try_from(at.checked_sub(begin)?).ok();
            let range = index(message.range.start).zip(index(message.range.end));
            let of_message = range.and_then(|(start, end)| bytes.get(start..end));
            sink.message(of_message.unwrap_or_default(), message.request).await;
        }
    }
}

#[cfg(test)]
mod tests;
