//! Alarms of devices that a broker passes on.

use std::net::IpAddr;
use std::time::Instant;

use tipoff_alarm::{BodyParser, RequestHead};
use tipoff_model::{AlarmRequest, Protocol};
use tipoff_spool::{MailDigest, SpoolError, Stored};
use tipoff_vendors::{MessageRules, published_alarms};

use super::AlarmReceiver;
use super::asked::AskedMessage;
use crate::receive::arrival_writer::disk_error;
use crate::receive::transcript::TranscriptRecorder;
use crate::runtime::blocking::blocking;

/// What the alert of a late message says.
const LATE: &str = "The broker kept this message while Tipoff was away.";

/// A message of a device's topic.
pub(in crate::receive) struct PublishedMessage<'a> {
    /// The name of the device in the configuration.
    pub(in crate::receive) device: &'a str,
    /// What the owner says of its messages.
    pub(in crate::receive) rules: &'a MessageRules,
    /// Address of the broker.
    pub(in crate::receive) peer: IpAddr,
    /// Whether the connection is encrypted.
    pub(in crate::receive) by_tls: bool,
    /// The topic.
    pub(in crate::receive) topic: &'a str,
    /// The content.
    pub(in crate::receive) payload: &'a [u8],
    /// The broker's number of it; 0 without one.
    pub(in crate::receive) number: u16,
    /// Whether the broker has sent it before.
    pub(in crate::receive) is_again: bool,
    /// Whether the broker had kept it.
    pub(in crate::receive) is_late: bool,
}

impl AlarmReceiver {
    /// Stores what is news in a message. When this returns, all of that is durable (docs/spool.md, A3).
    ///
    /// # Errors
    /// It could not be stored: the broker is to send it again.
    pub(in crate::receive) async fn store_published(
        &self,
        message: PublishedMessage<'_>,
        record: &TranscriptRecorder,
    ) -> Result<Vec<Stored>, SpoolError> {
        let arrivals = &self.0.writer;
        let (digest, began) = (digest(&message), Instant::now());
        if message.is_again
            && let Some((arrival, _)) = arrivals.spool.known_mail(&digest, arrivals.clock.now())
        {
            record.note(&format!("The broker sent it again: it is stored as arrival {arrival}."));
            return Ok(Vec::new());
        }
        let head = format!("MQTT {}\r\n\r\n", message.topic.replace(char::is_control, "?"));
        let bytes = [head.as_bytes(), message.payload].concat();
        let (topic, head_bytes) = (message.topic.to_owned(), head.len());
        let parsed = blocking(move || Ok((parse(&topic, &bytes, head_bytes), bytes)));
        let (request, bytes) = parsed.await.map_err(|error| disk_error(&error))?;
        let mut reading = published_alarms(&request, message.rules);
        if reading.alarms.is_empty() {
            record.note("It says nothing that is an alarm.");
            return Ok(Vec::new());
        }
        for alarm in reading.alarms.iter_mut().filter(|_| message.is_late) {
            let lines = [alarm.text.as_str(), LATE];
            alarm.text =
                lines.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n");
        }
        let asked = AskedMessage {
            device: message.device,
            peer: message.peer,
            protocol: Protocol::Mqtt,
            by_tls: message.by_tls,
            bytes: &bytes,
            request,
            late: None,
        };
        let stored = self.store_read(asked, reading, Some(digest), record).await?;
        self.report_published(message.peer, &stored, began.elapsed());
        Ok(stored)
    }
}

/// By what a message is recognised that the broker sends again because no acknowledgement reached it.
fn digest(message: &PublishedMessage<'_>) -> MailDigest {
    let mut hasher = blake3::Hasher::new();
    for part in [b"mqtt", message.device.as_bytes(), message.topic.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.update(&message.number.to_le_bytes()).update(message.payload);
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    MailDigest { digest, has_message_id: true }
}

/// Parses a message whose payload begins at `begin`. Media are ranges of all bytes.
fn parse(topic: &str, bytes: &[u8], begin: usize) -> AlarmRequest {
    let mut parser = BodyParser::new(&RequestHead {
        method: "",
        path: topic,
        query: None,
        content_type: None,
        content_encoding: None,
        content_disposition: None,
    });
    let mut rest = bytes.get(begin..).unwrap_or_default();
    let mut decoded = Vec::new();
    while !rest.is_empty() {
        decoded.clear();
        // A packet is no larger than a body may be.
        let Ok(taken) = parser.push(rest, &mut decoded) else {
            return parser.finish(true, &mut decoded);
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    decoded.clear();
    let mut request = parser.finish(false, &mut decoded);
    let begin = begin as u64;
    for media in &mut request.media {
        media.range = media.range.start + begin..media.range.end + begin;
    }
    request
}
