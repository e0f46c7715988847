//! The message of an SMTP connection: begun, stored, or kept as far as it came.

use std::time::{Duration, Instant};

use tipoff_model::{Envelope, LoginProof, Protocol};
use tipoff_smtp::{Failure, Transaction};
use tipoff_spool::{SpoolError, Stored};

use super::{Conversation, Room};
use crate::receive::intake::Kept;
use crate::receive::transcript::{Trouble, grouped};

impl Conversation<'_> {
    pub(super) async fn begin(&mut self, transaction: Transaction) {
        self.content_bytes = 0;
        self.began = Instant::now();
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: self.control.peer,
            // A login that STARTTLS made forgotten proves nothing.
            proof: match transaction.login {
                Some(_) => self.proof,
                None => LoginProof::Unproven,
            },
            login: transaction.login,
            greeting: transaction.greeting,
            sender: transaction.sender,
            recipients: transaction.recipients,
            tls: transaction.tls,
            path: None,
        };
        if let Room::Undecided(bytes) = self.room {
            let has_room = self.receiver.intake.make_room(bytes, &envelope).await;
            self.room = if has_room { Room::Made } else { Room::None };
        }
        if self.room == Room::None {
            // What comes is passed over, and the device is asked at the end to come again.
            return;
        }
        match self.receiver.intake.begin(envelope) {
            Ok(incoming) => self.incoming = Some(incoming),
            Err(error) => tracing::error!(%error, "The spool cannot take a new file."),
        }
    }

    /// The message is complete: only when it is durable is the device told so.
    pub(super) async fn store(&mut self) {
        self.share.pause();
        let began = Instant::now();
        self.began = began;
        self.note_content();
        if self.room == Room::None {
            self.put_off();
            return self.session.not_stored(Failure::SpoolFull);
        }
        let stored = match self.incoming.take() {
            Some(incoming) => incoming.complete().await,
            None => Err(SpoolError::File("no file could be made".to_owned())),
        };
        match stored {
            Ok(stored) => {
                self.tell(&stored, false);
                self.receiver.metrics.arrival(Protocol::Smtp, false, began.elapsed());
                self.session.stored(&stored.arrival.to_string());
            }
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "A mail could not be stored; the device is asked to try again.");
                let (failure, trouble) = match error {
                    SpoolError::Full(_) => (Failure::SpoolFull, Trouble::DiskFull),
                    _ => (Failure::Temporary, Trouble::NotStored),
                };
                self.control.record.trouble(trouble);
                self.session.not_stored(failure);
            }
        }
    }

    /// What came of a message that will not be completed is kept (invariant 7).
    pub(super) async fn keep_what_came(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        self.share.pause();
        self.note_content();
        match incoming.torn(self.session.may_have_ended()).await {
            Ok(Some(Kept { stored, torn })) => {
                self.receiver.metrics.arrival(Protocol::Smtp, torn, Duration::ZERO);
                self.tell(&stored, torn);
                if !torn {
                    self.control
                        .record
                        .note("It lacked only its end, and is alerted as a whole mail.");
                }
                self.control.record.trouble(Trouble::Torn);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "What came before a connection broke could not be kept.");
            }
        }
    }

    /// What a message says is not for the transcript.
    fn note_content(&self) {
        let bytes = grouped(self.content_bytes);
        self.control.record.note(&format!("{bytes} bytes of a message."));
    }

    fn tell(&self, stored: &Stored, torn: bool) {
        self.control.record.stored(stored, torn);
        tracing::info!(
            peer = %self.control.peer,
            arrival = %stored.arrival,
            incident = %stored.incident,
            channels = stored.channels.join(", "),
            torn,
            "A mail is stored.",
        );
    }
}
