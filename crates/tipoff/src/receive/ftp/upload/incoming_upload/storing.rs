//! Stores an upload at its end: as a new arrival, or as more of an earlier one.
//!
//! The blob is made durable first, then the arrival is committed (docs/spool.md, A2 and A3). The time until the alert
//! (`ready_at`) is decided here: by what the file still lacks, and by what the device is known to send next.

use std::time::Duration;

use tipoff_ftp::UploadedFile;
use tipoff_model::{ArrivalId, Content, MediaKind, Timestamp};
use tipoff_spool::{BlobWriter, DedupPolicy, Digest, Growth, NewArrival, SpoolError};

use super::{IncomingUpload, StoreOutcome, UploadTarget};
use crate::receive::arrival_writer::disk_error;
use crate::receive::ftp::upload::append_claim::AppendClaim;
use crate::receive::ftp::upload::classify::{Awaits, Classified, classify};
use crate::receive::ftp::upload::resend_comparison::ResendComparison;
use crate::receive::ftp::upload::{APPEND_WAIT_MAX, UploadStart};
use crate::runtime::blocking::blocking;

impl IncomingUpload {
    /// Stores the upload. When this returns it is durable (docs/spool.md, A3). If its connection broke (`torn`) and
    /// nothing new came, nothing is stored.
    pub(in crate::receive::ftp) async fn store(
        mut self,
        torn: bool,
    ) -> Result<StoreOutcome, SpoolError> {
        if let Some(error) = self.failed {
            return Err(disk_error(&error));
        }
        if torn && self.size() == 0 {
            return Ok(StoreOutcome::Nothing);
        }
        match self.target.take() {
            Some(UploadTarget::New(writer)) => self.store_new(writer, torn).await,
            Some(UploadTarget::Append { claim, writer, is_resent }) => {
                self.store_append(claim, writer, is_resent, torn).await
            }
            Some(UploadTarget::Compare(comparison)) => self.store_resent(*comparison, torn).await,
            None => Err(SpoolError::Closed),
        }
    }

    /// Stores an upload whose bytes are all the beginning of an earlier one.
    async fn store_resent(
        self,
        comparison: ResendComparison,
        torn: bool,
    ) -> Result<StoreOutcome, SpoolError> {
        if torn && let Some(earlier) = self.start.earlier {
            return Ok(StoreOutcome::Known(earlier));
        }
        if comparison.is_at_end() && !comparison.earlier.stored.media.whole {
            let target = self.append(comparison).map_err(|error| disk_error(&error))?;
            let UploadTarget::Append { claim, writer, .. } = target else {
                return Err(SpoolError::Closed);
            };
            return self.store_append(claim, writer, true, torn).await;
        }
        // The device ended it as a file of its own.
        let writer = self.new_blob().map_err(|error| disk_error(&error))?;
        let copied = blocking(move || comparison.copy_same(writer)).await;
        let writer = copied.map_err(|error| disk_error(&error))?;
        self.store_new(writer, torn).await
    }

    /// What the upload is, with this size in bytes.
    fn classified(&self, size: u64, torn: bool) -> Classified {
        classify(
            &self.inspector,
            self.start.envelope.path.as_deref().unwrap_or_default(),
            size,
            torn,
        )
    }

    /// The file that the device sees from now on.
    fn file(&self, arrival: ArrivalId, received_at: Timestamp, may_grow: bool) -> UploadedFile {
        UploadedFile { arrival, size: self.inspector.size(), modified: received_at, may_grow }
    }

    /// Whether a later upload of its name may bring more of it. Only for pictures and videos: a log that is sent again
    /// with more lines is a new arrival.
    fn may_grow(&self, content: &Content, torn: bool) -> bool {
        let is_shot = content.media.iter().any(|media| media.kind != MediaKind::File);
        torn || (is_shot && self.inspector.may_go_on())
    }

    /// The digest of the file as the spool takes it: one for each file of the arrival. An empty file has none, because
    /// all empty files are equal.
    fn digests(&self, size: u64) -> Vec<Option<Digest>> {
        vec![(size > 0).then(|| self.hasher.finalize().into())]
    }

    /// Stores more of an earlier upload: the arrival grows. `is_resent` says that the device sent the earlier bytes
    /// again; such a device sends the next clip in the same way, and is remembered for that.
    async fn store_append(
        self,
        claim: AppendClaim,
        writer: BlobWriter,
        is_resent: bool,
        torn: bool,
    ) -> Result<StoreOutcome, SpoolError> {
        let received_at = self.uploads.arrivals.clock.now();
        let (size, arrival) = (writer.size(), claim.arrival);
        let Classified { content, meaning, awaits, .. } = self.classified(size, torn);
        let wait = match is_resent {
            true if !torn && self.inspector.may_go_on() => self.wait_for_more(),
            _ => self.uploads.wait_for(awaits),
        };
        let may_grow = self.may_grow(&content, torn);
        if is_resent && !torn {
            self.uploads.resending.note(&self.start.view);
        }
        let blob = writer.commit().await.map_err(|error| disk_error(&error))?;
        let growth = Growth {
            arrival,
            content,
            event: meaning.event,
            housekeeping: meaning.housekeeping,
            blob,
            began_at: self.began_at,
            received_at,
            ready_at: received_at.after(wait),
            torn,
            digests: self.digests(size),
        };
        let stored = self.uploads.arrivals.spool.grow(growth).await?;
        self.uploads.arrivals.announce(&stored);
        Ok(StoreOutcome::Stored(self.file(arrival, received_at, may_grow), stored))
    }

    /// How long the alert of a file that the device sends again and again as it grows waits for the next piece.
    fn wait_for_more(&self) -> Duration {
        let wait = self.uploads.wait;
        let pause = self.start.earlier.map(|file| self.began_at.since(file.modified));
        let expected = pause.unwrap_or_default().saturating_mul(2).min(APPEND_WAIT_MAX);
        if wait.is_zero() { wait } else { wait.max(expected) }
    }

    /// Stores the upload as a new arrival.
    async fn store_new(self, writer: BlobWriter, torn: bool) -> Result<StoreOutcome, SpoolError> {
        let received_at = self.uploads.arrivals.clock.now();
        let size = writer.size();
        let Classified { content, meaning, vendor, awaits } = self.classified(size, torn);
        let digests = self.digests(size);
        let blob = writer.commit().await.map_err(|error| disk_error(&error))?;
        let may_grow = self.may_grow(&content, torn);
        let wait = match awaits {
            // A device that sends one clip again as it grows does so with all: nothing shows that this one is whole.
            Awaits::Nothing
                if !torn && may_grow && self.uploads.resending.has(&self.start.view) =>
            {
                self.uploads.wait_for(Awaits::Rest)
            }
            awaits => self.uploads.wait_for(awaits),
        };
        let (arrivals, UploadStart { envelope, view, path, .. }) =
            (&self.uploads.arrivals, &self.start);
        let arrival = NewArrival {
            device: arrivals.resolver.device(envelope, None),
            envelope: envelope.clone(),
            content,
            event: meaning.event,
            housekeeping: meaning.housekeeping,
            vendor,
            blob,
            began_at: self.began_at,
            received_at,
            ready_at: received_at.after(wait),
            torn,
            unacknowledged: torn,
            digest: None,
            same_as: None,
            digests,
            again: DedupPolicy::Always,
            tree: Some(view.clone()),
        };
        let stored = arrivals.store(arrival).await?;
        self.uploads.store_path_bytes(stored.arrival, path).await;
        Ok(StoreOutcome::Stored(self.file(stored.arrival, received_at, may_grow), stored))
    }
}
