//! Alarms of devices that are asked for them, or that a broker passes on: who they are from is sure.

use std::net::IpAddr;
use std::time::Instant;

use tipoff_model::{AlarmReading, AlarmRequest, Envelope, Protocol};
use tipoff_spool::{MailDigest, Sender, SpoolError, Stored};

use super::AlarmReceiver;
use super::new_arrivals::{Origin, RequestFacts};
use crate::net::processor_turns::{Rank, TurnShare};
use crate::receive::arrival_writer::disk_error;
use crate::receive::transcript::{SessionProblem, TranscriptRecorder};

/// A message of a device that was asked.
pub(crate) struct AskedMessage<'a> {
    /// The name of the device in the configuration.
    pub(crate) device: &'a str,
    /// Where it was asked.
    pub(crate) peer: IpAddr,
    /// How it was asked.
    pub(crate) protocol: Protocol,
    /// Whether the connection is encrypted.
    pub(crate) by_tls: bool,
    /// Its bytes, as they came.
    pub(crate) bytes: &'a [u8],
    /// What it says; media are ranges of the bytes.
    pub(crate) request: AlarmRequest,
    /// Whether it happened long before: stored, not alerted. `None`: as it says itself.
    pub(crate) late: Option<bool>,
}

impl AlarmReceiver {
    /// Stores what is news in a message. When this returns, all of that is durable (docs/spool.md, A3).
    ///
    /// # Errors
    /// It could not be stored: the device is to be asked again.
    pub(in crate::receive) async fn store_asked(
        &self,
        message: AskedMessage<'_>,
        record: &TranscriptRecorder,
    ) -> Result<Vec<Stored>, SpoolError> {
        let reading = tipoff_vendors::alarms(&message.request);
        self.store_read(message, reading, None, record).await
    }

    /// Stores what is news in a reading of a message. `digest` finds the message if it comes again.
    pub(super) async fn store_read(
        &self,
        message: AskedMessage<'_>,
        mut reading: AlarmReading,
        digest: Option<MailDigest>,
        record: &TranscriptRecorder,
    ) -> Result<Vec<Stored>, SpoolError> {
        let AskedMessage { device, peer, protocol, by_tls, bytes, request, late } = message;
        let arrivals = &self.0.writer;
        if reading.alarms.is_empty() {
            return Ok(Vec::new());
        }
        for alarm in &mut reading.alarms {
            alarm.late = late.unwrap_or(alarm.late);
        }
        if !arrivals.make_room_for_known(bytes.len() as u64).await {
            arrivals.report_full(peer);
            return Err(SpoolError::Full("there is no room for an alarm".to_owned()));
        }
        let began_at = arrivals.clock.now();
        let begun = arrivals.spool.blobs().begin(began_at, protocol.as_str());
        let mut writer = begun.map_err(|error| disk_error(&error))?;
        writer.belongs_to(Sender::new(peer, true));
        writer.write(bytes).map_err(|error| disk_error(&error))?;
        let envelope = Envelope::asked(protocol, peer, by_tls);
        let facts = RequestFacts {
            receiver: self.clone(),
            origin: Origin::Asked(device.to_owned()),
            envelope,
            began_at,
            vendor: reading.vendor,
            torn: request.torn,
            digest,
        };
        let stored = facts.store_news(writer, reading.alarms, &request.media, record).await?;
        match stored.error {
            Some(error) => Err(error),
            None => Ok(stored.done),
        }
    }

    /// Begins the session of a connection to a device that is asked for its events.
    pub(crate) fn begin_asked(&self, device: &str, peer: IpAddr, by_tls: bool) -> AskedSession {
        let shared = &self.0;
        shared.metrics.session_began();
        let mut share = shared.writer.turns.of(peer);
        share.set_rank(Rank::Known);
        AskedSession {
            receiver: self.clone(),
            record: shared.transcripts.begin(Protocol::Http, peer),
            device: device.to_owned(),
            peer,
            by_tls,
            share,
        }
    }
}

/// The session of a connection to a device that is asked for its events. It ends when this is dropped.
pub(crate) struct AskedSession {
    receiver: AlarmReceiver,
    record: TranscriptRecorder,
    device: String,
    peer: IpAddr,
    by_tls: bool,
    share: TurnShare,
}

impl AskedSession {
    /// Notes what Tipoff asks for. It contains no secret.
    pub(crate) fn asked(&self, line: &str) {
        self.record.replied(line.as_bytes());
    }

    /// Notes what happened.
    pub(crate) fn note(&self, text: &str) {
        self.record.note(text);
    }

    /// The device refuses the password of this user.
    pub(crate) fn refused(&self, user: &str, words: &str) {
        self.record.note(words);
        self.record.problem(SessionProblem::RefusedByDevice { user: user.to_owned() });
    }

    /// Waits for a turn at the processor.
    pub(crate) async fn turn(&mut self) {
        self.share.take().await;
    }

    /// Gives the turn back, before anything else is awaited.
    pub(crate) fn pause(&mut self) {
        self.share.pause();
    }

    /// Stores what is news in a message, in a turn: what is found in a message is in memory until it is stored.
    ///
    /// # Errors
    /// As [`AlarmReceiver::store_asked`].
    pub(crate) async fn store(
        &self,
        bytes: &[u8],
        request: AlarmRequest,
        late: Option<bool>,
    ) -> Result<(), SpoolError> {
        let shared = &self.receiver.0;
        let (began, torn) = (Instant::now(), request.torn);
        let mut turn = shared.writer.alarm_turns.of(self.peer);
        turn.set_rank(Rank::Known);
        turn.take().await;
        let message = AskedMessage {
            device: &self.device,
            peer: self.peer,
            protocol: Protocol::Http,
            by_tls: self.by_tls,
            bytes,
            request,
            late,
        };
        for stored in self.receiver.store_asked(message, &self.record).await? {
            shared.metrics.arrival(Protocol::Http, torn, began.elapsed());
            tracing::info!(
                device = self.device,
                peer = %self.peer,
                arrival = %stored.arrival,
                incident = %stored.incident,
                channels = stored.channels.join(", "),
                torn,
                "An alarm is stored.",
            );
        }
        Ok(())
    }
}

impl Drop for AskedSession {
    fn drop(&mut self) {
        self.receiver.0.metrics.session_ended();
    }
}
