//! Alarms of devices that are asked for them, or that a broker passes on: who they are from is sure.

use std::net::IpAddr;

use tipoff_model::{AlarmRequest, Envelope, LoginProof, Protocol};
use tipoff_spool::{Sender, SpoolError, Stored};

use super::AlarmReceiver;
use super::new_arrivals::{Origin, RequestFacts};
use crate::receive::arrival_writer::disk_error;
use crate::receive::transcript::TranscriptRecorder;

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
}

impl AlarmReceiver {
    /// Stores what is news in a message. When this returns, all of that is durable (docs/spool.md, A3).
    ///
    /// # Errors
    /// It could not be stored: the device is to be asked again.
    pub(crate) async fn store_asked(
        &self,
        message: AskedMessage<'_>,
        record: &TranscriptRecorder,
    ) -> Result<Vec<Stored>, SpoolError> {
        let AskedMessage { device, peer, protocol, by_tls, bytes, request } = message;
        let arrivals = &self.0.writer;
        let reading = tipoff_vendors::alarms(&request);
        if reading.alarms.is_empty() {
            return Ok(Vec::new());
        }
        if !arrivals.make_room_for_known(bytes.len() as u64).await {
            arrivals.report_full(peer);
            return Err(SpoolError::Full("there is no room for an alarm".to_owned()));
        }
        let began_at = arrivals.clock.now();
        let begun = arrivals.spool.blobs().begin(began_at, "http");
        let mut writer = begun.map_err(|error| disk_error(&error))?;
        writer.belongs_to(Sender::new(peer, true));
        writer.write(bytes).map_err(|error| disk_error(&error))?;
        let envelope = Envelope {
            protocol,
            peer,
            login: None,
            proof: LoginProof::Proven,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls: by_tls,
            path: None,
        };
        let facts = RequestFacts {
            receiver: self.clone(),
            origin: Origin::Asked(device.to_owned()),
            envelope,
            began_at,
            vendor: reading.vendor,
            torn: request.torn,
        };
        let stored = facts.store_news(writer, reading.alarms, &request.media, record).await?;
        match stored.error {
            Some(error) => Err(error),
            None => Ok(stored.done),
        }
    }
}
