//! The message of an SMTP session: begun, stored, or stored torn as far as it came.
//!
//! The state machine says when; here the message goes to the spool, and the outcome goes to the device, the transcript,
//! the metrics and the log.

use std::time::{Duration, Instant};

use tipoff_model::{Envelope, LoginProof, Protocol};
use tipoff_smtp::{StoreFailure, Transaction};
use tipoff_spool::{SpoolError, Stored};

use super::{DiskRoom, SmtpSession};
use crate::receive::arrival_writer::StoredMail;
use crate::receive::transcript::{SessionProblem, grouped};

impl SmtpSession<'_> {
    /// Begins to store a message. If that is not possible, its content is skipped; the reply is due only at its end
    /// (RFC 5321, section 4.1.1.4).
    pub(super) async fn begin(&mut self, transaction: Transaction) {
        self.content_bytes = 0;
        self.began = Instant::now();
        // A login before STARTTLS is forgotten (RFC 3207, section 4.2), and proves nothing.
        let proof = match transaction.login {
            Some(_) => self.proof,
            None => LoginProof::Unproven,
        };
        let envelope = Envelope {
            greeting: transaction.greeting,
            sender: transaction.sender,
            recipients: transaction.recipients,
            tls: transaction.tls,
            ..self.control.envelope(Protocol::Smtp, transaction.login, proof)
        };
        if let DiskRoom::Undecided(bytes) = self.room {
            let has_room = self.receiver.writer.make_room(bytes, &envelope).await;
            self.room = if has_room { DiskRoom::Made } else { DiskRoom::None };
        }
        if self.room == DiskRoom::None {
            // The reply at the end of the content asks the device to try again.
            return;
        }
        match self.receiver.writer.begin(envelope) {
            Ok(incoming) => self.incoming = Some(incoming),
            Err(error) => tracing::error!(%error, "The spool cannot take a new file."),
        }
    }

    /// Stores a complete message. The device gets its reply when the message is durable (invariant 1).
    pub(super) async fn store(&mut self) {
        self.share.pause();
        let began = Instant::now();
        self.began = began;
        self.note_content();
        if self.room == DiskRoom::None {
            self.report_full();
            return self.session.not_stored(StoreFailure::SpoolFull);
        }
        let stored = match self.incoming.take() {
            Some(incoming) => incoming.complete().await,
            None => Err(SpoolError::File("no file could be made".to_owned())),
        };
        match stored {
            Ok(stored) => {
                self.report(&stored, false);
                self.receiver.metrics.arrival(Protocol::Smtp, false, began.elapsed());
                self.session.stored(&stored.arrival.to_string());
            }
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "A mail could not be stored; the device is asked to try again.");
                let (failure, problem) = match error {
                    SpoolError::Full(_) => (StoreFailure::SpoolFull, SessionProblem::DiskFull),
                    _ => (StoreFailure::Temporary, SessionProblem::NotStored),
                };
                self.control.record.problem(problem);
                self.session.not_stored(failure);
            }
        }
    }

    /// Stores what came of a message that will not be completed (invariant 7).
    pub(super) async fn store_torn(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        self.share.pause();
        self.note_content();
        match incoming.torn(self.session.may_have_ended()).await {
            Ok(Some(StoredMail { stored, torn })) => {
                self.receiver.metrics.arrival(Protocol::Smtp, torn, Duration::ZERO);
                self.report(&stored, torn);
                if !torn {
                    self.control
                        .record
                        .note("It lacked only its end, and is alerted as a whole mail.");
                }
                self.control.record.problem(SessionProblem::Torn);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "What came before a connection broke could not be kept.");
            }
        }
    }

    /// Notes the size of a message. Its content does not belong in the transcript.
    fn note_content(&self) {
        let bytes = grouped(self.content_bytes);
        self.control.record.note(&format!("{bytes} bytes of a message."));
    }

    /// Notes a stored mail in the transcript and in the log.
    fn report(&self, stored: &Stored, torn: bool) {
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
