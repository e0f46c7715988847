//! One request on its way into the spool: its bytes go to a blob as they come, and what is news becomes arrivals.
//!
//! The blob is the request as an HTTP message (RFC 9112, section 10.1) with the password of the address masked and the
//! content coding undone, so that pictures are ranges of it. It is read by the parser when it is complete, a few requests
//! at a time, so that thousands of unfinished ones hold no memory.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::net::IpAddr;
use std::path::PathBuf;

use tipoff_alarm::{BodyDecoder, BodyParser, RequestHead};
use tipoff_model::{AddressShare, AlarmReading, AlarmReply, AlarmRequest, Envelope, Timestamp};
use tipoff_spool::{BlobWriter, SpoolError, Stored};

use super::body::{BodyPiece, BodyReceiver};
use super::new_arrivals::{CHUNK_BYTES, Origin, RequestFacts, begin_blob};
use super::target::AlarmTarget;
use super::{AlarmHead, AlarmReceiver};
use crate::net::processor_turns::{Rank, TurnShare};
use crate::receive::arrival_writer::disk_error;
use crate::receive::transcript::{SessionProblem, TranscriptRecorder, grouped};
use crate::runtime::blocking::blocking;

/// A request that is being received.
pub(super) struct IncomingAlarm {
    receiver: AlarmReceiver,
    head: AlarmHead,
    target: AlarmTarget,
    envelope: Envelope,
    writer: BlobWriter,
    /// Where the body begins in the blob.
    body_at: u64,
    began_at: Timestamp,
}

/// What became of a request.
pub(super) struct Outcome {
    pub(super) peer: IpAddr,
    /// The arrivals that it brought.
    pub(super) stored: Vec<Stored>,
    /// Whether the connection broke before the end of the body.
    pub(super) torn: bool,
    /// Whether the body was larger than it may be.
    pub(super) is_too_large: bool,
    /// Whether nothing of the body could be read.
    pub(super) is_unreadable: bool,
    /// What the vendor's devices are answered.
    pub(super) reply: AlarmReply,
}

impl Outcome {
    fn nothing(peer: IpAddr) -> Self {
        let (stored, reply) = (Vec::new(), AlarmReply::default());
        Self { peer, stored, torn: false, is_too_large: false, is_unreadable: false, reply }
    }
}

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    Whole,
    Broken,
    TooLarge,
}

impl IncomingAlarm {
    /// Begins to store a request.
    ///
    /// # Errors
    /// The disk takes no new file.
    pub(super) fn begin(
        receiver: &AlarmReceiver,
        head: &AlarmHead,
        target: AlarmTarget,
        envelope: Envelope,
    ) -> Result<Self, SpoolError> {
        let arrivals = &receiver.0.writer;
        let began_at = arrivals.clock.now();
        let mut writer = begin_blob(receiver, began_at, &envelope)?;
        let message_head = message_head(head, &target);
        writer.write(message_head.as_bytes()).map_err(|error| disk_error(&error))?;
        let (body_at, receiver, head) = (writer.size(), receiver.clone(), head.clone());
        Ok(Self { receiver, head, target, envelope, writer, body_at, began_at })
    }

    /// Receives the body, and stores what is news in it. When this returns, all of that is durable (docs/spool.md, A3).
    pub(super) async fn receive(
        mut self,
        body: &mut BodyReceiver,
        record: &TranscriptRecorder,
    ) -> Result<Outcome, SpoolError> {
        let end = self.write(body).await?;
        let bytes = self.writer.size() - self.body_at;
        if bytes > 0 {
            record.note(&format!("{} bytes of a body.", grouped(bytes)));
        }
        match end {
            BodyEnd::Whole => {}
            BodyEnd::Broken => record.problem(SessionProblem::Torn),
            BodyEnd::TooLarge => {
                record.problem(SessionProblem::TooBig);
                body.skip().await;
            }
        }
        if end == BodyEnd::Broken && bytes == 0 {
            return Ok(Outcome { is_unreadable: true, ..Outcome::nothing(self.head.peer) });
        }
        let (request, _turn) = self.parse(end).await.map_err(|error| disk_error(&error))?;
        let reading = tipoff_vendors::alarms(&request);
        self.store(request, reading, end, record).await
    }

    /// Writes the body to the blob, with its content coding undone.
    async fn write(&mut self, body: &mut BodyReceiver) -> Result<BodyEnd, SpoolError> {
        let mut decoder = BodyDecoder::new(self.head.content_encoding.as_deref());
        let mut share = self.receiver.0.writer.turns.of(self.head.peer);
        let mut decoded = Vec::new();
        loop {
            let (bytes, end) = match body.next().await {
                Some(BodyPiece::Bytes(bytes)) => (bytes, None),
                Some(BodyPiece::End) => (Default::default(), Some(BodyEnd::Whole)),
                None => (Default::default(), Some(BodyEnd::Broken)),
            };
            let mut rest = &*bytes;
            while !rest.is_empty() {
                share.take().await;
                let taken = decoder.push(rest, &mut decoded);
                self.write_decoded(&mut decoded)?;
                let Ok(taken) = taken else { return Ok(BodyEnd::TooLarge) };
                rest = rest.get(taken..).unwrap_or_default();
            }
            share.pause();
            if self.writer.must_wait() {
                self.writer.keep_pace().await;
            }
            if let Some(end) = end {
                let is_complete = decoder.finish(&mut decoded);
                self.write_decoded(&mut decoded)?;
                return Ok(if is_complete { end } else { BodyEnd::Broken });
            }
        }
    }

    fn write_decoded(&mut self, decoded: &mut Vec<u8>) -> Result<(), SpoolError> {
        let written = self.writer.write(decoded).map_err(|error| disk_error(&error));
        decoded.clear();
        written
    }

    /// Reads the request from the blob, in a turn that lasts until it is stored: what is found is in memory until then.
    async fn parse(&self, end: BodyEnd) -> io::Result<(AlarmRequest, TurnShare)> {
        let arrivals = &self.receiver.0.writer;
        let address = self.envelope.peer;
        let mut turn = arrivals.alarm_turns.of(AddressShare::of(address).address());
        if self.receiver.0.gate.known.contains(address) {
            turn.set_rank(Rank::Known);
        }
        turn.take().await;
        let (path, body_at) = (self.writer.path(), self.body_at);
        let (head, target) = (self.head.clone(), self.target.clone());
        let is_torn = end != BodyEnd::Whole;
        let parsed = blocking(move || parse(path, body_at, (&head, &target), is_torn));
        let mut request = parsed.await?;
        for media in &mut request.media {
            media.range = media.range.start + body_at..media.range.end + body_at;
        }
        Ok((request, turn))
    }

    /// Stores each alarm that is news as an arrival of its own: they may be of several cameras of a recorder.
    async fn store(
        self,
        request: AlarmRequest,
        reading: AlarmReading,
        end: BodyEnd,
        record: &TranscriptRecorder,
    ) -> Result<Outcome, SpoolError> {
        let mut outcome = Outcome {
            torn: end == BodyEnd::Broken,
            is_too_large: end == BodyEnd::TooLarge,
            reply: reading.reply,
            ..Outcome::nothing(self.head.peer)
        };
        let facts = RequestFacts {
            receiver: self.receiver,
            origin: Origin::Sent,
            envelope: self.envelope,
            began_at: self.began_at,
            vendor: reading.vendor,
            torn: outcome.torn,
            digest: None,
        };
        let stored = facts.store_news(self.writer, reading.alarms, &request.media, record).await?;
        outcome.stored = stored.done;
        match stored.error {
            Some(error) => Err(error),
            None => Ok(outcome),
        }
    }
}

/// The head of the stored message, without the password of the address.
fn message_head(head: &AlarmHead, target: &AlarmTarget) -> String {
    let AlarmHead { method, content_type, content_disposition, .. } = head;
    let mut text = format!("{method} {} HTTP/1.1\r\n", target.masked());
    let fields = [("Content-Type", content_type), ("Content-Disposition", content_disposition)];
    for (name, value) in fields {
        if let Some(value) = value {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    text.push_str("\r\n");
    text
}

/// Parses the request whose body begins there in the file. Blocks.
fn parse(
    path: PathBuf,
    body_at: u64,
    (head, target): (&AlarmHead, &AlarmTarget),
    is_torn: bool,
) -> io::Result<AlarmRequest> {
    let mut file = File::open(path)?;
    file.seek(io::SeekFrom::Start(body_at))?;
    let mut parser = BodyParser::new(&RequestHead {
        method: &head.method,
        path: &target.path,
        query: Some(&target.query),
        content_type: head.content_type.as_deref(),
        // It was undone before the body was written.
        content_encoding: None,
        content_disposition: head.content_disposition.as_deref(),
    });
    let (mut piece, mut decoded) = (Vec::with_capacity(CHUNK_BYTES), Vec::new());
    loop {
        piece.clear();
        (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(parser.finish(is_torn, &mut decoded));
        }
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            decoded.clear();
            // It is no larger than it may be, or its end was not written.
            let Ok(taken) = parser.push(rest, &mut decoded) else {
                return Ok(parser.finish(true, &mut decoded));
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }
}
