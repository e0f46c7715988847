//! An upload that is being received: where its bytes go.
//!
//! The target may change while bytes come: a file that turns out to be an earlier one sent again continues that one,
//! and one that differs gets a blob of its own, with the bytes that were the same.

mod storing;

use std::io::{self, Read};

use tipoff_ftp::UploadedFile;
use tipoff_model::{MediaKind, Timestamp, file_type};
use tipoff_spool::{BlobWriter, Stored};

use super::append_claim::AppendClaim;
use super::file_inspector::FileInspector;
use super::probe::AppendProbe;
use super::resend_comparison::{self, EarlierUpload, ResendComparison};
use super::{STEP_BYTES, UploadStart, Uploads};
use crate::receive::ftp::views;

/// Types of files, other than pictures and videos, that their first bytes show.
const WITH_A_HEAD: [&str; 3] = ["application/pdf", "audio/mp4", "audio/wav"];

/// Where the bytes of an upload go.
pub(super) enum UploadTarget {
    /// Into a blob of their own.
    New(BlobWriter),
    /// To the end of an earlier upload; `is_resent` says that the device sent the bytes of that one again before.
    Append { claim: AppendClaim, writer: BlobWriter, is_resent: bool },
    /// Nowhere: so far they are those of an earlier upload.
    Compare(Box<ResendComparison>),
}

/// An upload that is being received.
pub(in crate::receive::ftp) struct IncomingUpload {
    pub(super) uploads: Uploads,
    pub(super) start: UploadStart,
    /// `None` before the first byte and after a failure.
    pub(super) target: Option<UploadTarget>,
    /// `Some` until it is known whether the bytes continue an earlier upload.
    pub(super) probe: Option<AppendProbe>,
    /// Sees all bytes of the file, those of an earlier upload that it continues included.
    pub(super) inspector: FileInspector,
    /// The digest of the same bytes, by which repetitions are recognised.
    pub(super) hasher: blake3::Hasher,
    pub(super) began_at: Timestamp,
    /// The first error of the disk; nothing is written after it.
    pub(super) failed: Option<io::Error>,
}

/// What is stored of an upload.
pub(in crate::receive::ftp) enum StoreOutcome {
    /// Nothing, because no bytes came.
    Nothing,
    /// Nothing new: the upload broke off, and all its bytes are part of this earlier one.
    Known(UploadedFile),
    /// A file, which is durable.
    Stored(UploadedFile, Stored),
}

impl IncomingUpload {
    /// A blob of its own. Its bytes count to the share of the device or address.
    pub(super) fn new_blob(&self) -> io::Result<BlobWriter> {
        let mut writer = self.uploads.blobs().begin(self.began_at, "upload")?;
        writer.belongs_to(self.uploads.arrivals.sender(&self.start.envelope));
        self.make_resumable(&mut writer);
        Ok(writer)
    }

    /// Lets the device continue the upload after a crash, if nobody else can enter its view.
    pub(super) fn make_resumable(&self, writer: &mut BlobWriter) {
        if views::is_proven(&self.start.view) {
            writer.note(&self.start.view, self.start.path.as_bytes());
        }
    }

    /// Reads the bytes of an earlier upload that this one continues; `writes` says to copy them into this one's blob.
    pub(super) fn read_earlier(mut self, mut reader: impl Read, writes: bool) -> io::Result<Self> {
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            let count = reader.read(&mut buffer)?;
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                return Ok(self);
            }
            if writes {
                self.write(piece)?;
            }
            if let Some(probe) = &mut self.probe {
                probe.see_earlier(piece);
            }
            self.inspect(piece);
        }
    }

    /// Shows the next bytes of the file to the inspector and to the digest.
    fn inspect(&mut self, bytes: &[u8]) {
        self.inspector.push(bytes);
        self.hasher.update(bytes);
    }

    /// Takes the next bytes. An error of the disk is returned when the upload is stored: only then the device gets a
    /// reply.
    pub(in crate::receive::ftp) fn push(&mut self, bytes: &[u8]) {
        if let Some(probe) = &mut self.probe {
            if probe.push(bytes) {
                self.settle();
            }
            return;
        }
        if self.failed.is_none()
            && let Err(error) = self.write(bytes)
        {
            self.failed = Some(error);
        }
        self.inspect(bytes);
    }

    /// Waits while too many bytes wait for the disk.
    pub(in crate::receive::ftp) async fn keep_pace(&mut self) {
        if let Some(UploadTarget::New(writer) | UploadTarget::Append { writer, .. }) =
            &mut self.target
        {
            writer.keep_pace().await;
        }
    }

    /// Whether nothing more of it can be stored.
    pub(in crate::receive::ftp) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes bytes to the target. A comparison that ends here becomes a target that is written to.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let comparison = match &mut self.target {
            Some(UploadTarget::New(writer) | UploadTarget::Append { writer, .. }) => {
                return writer.write(bytes);
            }
            Some(UploadTarget::Compare(comparison)) => comparison,
            None => return Ok(()),
        };
        let (same, is_longer) = match comparison.push(bytes)? {
            resend_comparison::Compared::Same => return Ok(()),
            resend_comparison::Compared::Longer(same) => (same, true),
            resend_comparison::Compared::Other(same) => (same, false),
        };
        let Some(UploadTarget::Compare(comparison)) = self.target.take() else { return Ok(()) };
        self.target = Some(match is_longer {
            true => self.append(*comparison)?,
            false => UploadTarget::New(comparison.copy_same(self.new_blob()?)?),
        });
        self.write(bytes.get(same..).unwrap_or_default())
    }

    /// Continues the earlier upload, all of which came again.
    fn append(&self, comparison: ResendComparison) -> io::Result<UploadTarget> {
        let ResendComparison { claim, earlier: EarlierUpload { stored, .. }, .. } = comparison;
        let mut writer = self.uploads.blobs().resume(&stored.blob, stored.media.size)?;
        writer.belongs_to(self.uploads.arrivals.sender(&self.start.envelope));
        Ok(UploadTarget::Append { claim, writer, is_resent: true })
    }

    /// Size of the file so far in bytes.
    pub(in crate::receive::ftp) fn size(&self) -> u64 {
        let written = match &self.target {
            Some(UploadTarget::New(writer) | UploadTarget::Append { writer, .. }) => writer.size(),
            Some(UploadTarget::Compare(comparison)) => comparison.size(),
            None => 0,
        };
        written + self.probe.as_ref().map_or(0, AppendProbe::size)
    }

    /// Whether its content has its end; `None` if the content does not show it.
    pub(in crate::receive::ftp) fn is_complete(&self) -> Option<bool> {
        self.inspector.is_complete()
    }

    /// Whether it may be whole if the control connection ended before the data connection, which was closed: yes,
    /// unless the content lacks its end. A file whose name is a picture's or a video's and whose content does not begin
    /// as one counts as not whole.
    pub(in crate::receive::ftp) fn may_end_so(&self) -> bool {
        if let Some(is_complete) = self.inspector.is_complete() {
            return is_complete;
        }
        let path = self.start.envelope.path.as_deref().unwrap_or_default();
        self.inspector.file_type().is_some()
            || match file_type::by_name(tipoff_vendors::lasting_name(path)) {
                Some(file_type) if file_type.kind == MediaKind::File => {
                    !WITH_A_HEAD.contains(&file_type.content_type)
                }
                Some(_) => self.inspector.may_be_a_stream(),
                None => true,
            } && self.inspector.size() > 0
    }

    /// Decides whether the first bytes continue the earlier upload or begin a file. Called when they are enough, and at
    /// the end.
    pub(in crate::receive::ftp) fn settle(&mut self) {
        let Some(probe) = self.probe.take() else { return };
        let (is_new, head, earlier) = probe.decide(self.inspector.is_complete() == Some(true));
        if is_new && let Err(error) = self.start_over(earlier) {
            self.failed = Some(error);
        }
        self.push(&head);
    }

    /// Begins the file anew, as STOR does.
    fn start_over(&mut self, earlier: Option<EarlierUpload>) -> io::Result<()> {
        let claim = match self.target.take() {
            Some(UploadTarget::Append { claim, .. }) => Some(claim),
            _ => earlier
                .as_ref()
                .and_then(|earlier| self.uploads.append_claims.claim(earlier.stored.place.arrival)),
        };
        // If the earlier one cannot be read, the new one is accepted all the same.
        let comparison = claim
            .zip(earlier)
            .and_then(|(claim, earlier)| ResendComparison::new(claim, earlier).ok());
        (self.inspector, self.hasher) = (FileInspector::default(), blake3::Hasher::new());
        self.target = Some(match comparison {
            Some(comparison) => UploadTarget::Compare(comparison.into()),
            None => UploadTarget::New(self.new_blob()?),
        });
        Ok(())
    }
}
