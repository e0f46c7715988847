//! A file whose bytes are coming: where they go, and how it is stored at the end.

use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use tipoff_ftp::File;
use tipoff_model::{AlertMedia, ArrivalId, Content, MediaKind, Timestamp, file_type};
use tipoff_spool::{
    BlobWriter, Blobs, DedupPolicy, Digest, Growth, NewArrival, SpoolError, Stored, StoredBlob,
};

use super::probe::Probe;
use super::{Claim, GROWTH_WAIT_MAX, STEP_BYTES, Start, Uploads};
use crate::receive::follow::{self, Following};
use crate::receive::intake::disk_error;
use crate::receive::judge::{Awaits, Judged, judge};
use crate::receive::look::Look;
use crate::receive::trees;

/// Files other than pictures and videos that show in their first bytes what they are.
const WITH_A_HEAD: [&str; 3] = ["application/pdf", "audio/mp4", "audio/wav"];

/// Where the bytes of an upload go.
pub(super) enum Target {
    /// Into a blob of their own.
    New(BlobWriter),
    /// Behind an earlier upload; `again`: its bytes came again before.
    Growing { claim: Claim, writer: BlobWriter, again: bool },
    /// They are there: so far they are those of an earlier upload.
    Following(Box<Following>),
}

/// A file whose bytes are coming.
pub(in crate::receive) struct Uploading {
    pub(super) uploads: Uploads,
    pub(super) start: Start,
    /// `None` before the first and after a failure.
    pub(super) target: Option<Target>,
    /// Until it is known whether it is more of an earlier upload.
    pub(super) probe: Option<Probe>,
    pub(super) look: Look,
    pub(super) hasher: blake3::Hasher,
    pub(super) began_at: Timestamp,
    pub(super) failed: Option<io::Error>,
}

/// What is kept of an upload.
pub(in crate::receive) enum Kept {
    /// Nothing came.
    Nothing,
    /// It broke off, and all that came is part of this earlier one.
    Known(File),
    /// It is durable.
    Stored(File, Stored),
}

impl Uploading {
    pub(super) fn new_blob(&self) -> io::Result<BlobWriter> {
        let mut writer = self.uploads.blobs().begin(self.began_at, "upload")?;
        writer.belongs_to(self.uploads.intake.sender(&self.start.envelope));
        self.note(&mut writer);
        Ok(writer)
    }

    /// The device may go on with it after a crash, if nobody else can pass for it.
    pub(super) fn note(&self, writer: &mut BlobWriter) {
        if trees::is_proven(&self.start.tree) {
            writer.note(&self.start.tree, self.start.path.as_bytes());
        }
    }

    /// Reads what is there of an earlier upload; where this is another file, it begins with it.
    pub(super) fn after(
        mut self,
        blobs: &Blobs,
        stored: &AlertMedia,
        bytes: u64,
        writes: bool,
    ) -> io::Result<Self> {
        let mut reader = blobs.read(&stored.blob, &stored.media)?.take(bytes);
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
            self.see(piece);
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        self.look.push(bytes);
        self.hasher.update(bytes);
    }

    /// The next bytes. A failing disk is told at the end, when there is somebody to tell.
    pub(in crate::receive) fn push(&mut self, bytes: &[u8]) {
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
        self.see(bytes);
    }

    /// Waits where too much waits for the disk.
    pub(in crate::receive) async fn keep_pace(&mut self) {
        if let Some(Target::New(writer) | Target::Growing { writer, .. }) = &mut self.target {
            writer.keep_pace().await;
        }
    }

    /// Whether nothing more of it can be kept.
    pub(in crate::receive) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let following = match &mut self.target {
            Some(Target::New(writer) | Target::Growing { writer, .. }) => {
                return writer.write(bytes);
            }
            Some(Target::Following(following)) => following,
            None => return Ok(()),
        };
        let (step, is_longer) = match following.push(bytes)? {
            follow::Step::Same => return Ok(()),
            follow::Step::Longer(same) => (same, true),
            follow::Step::Other(same) => (same, false),
        };
        let Some(Target::Following(following)) = self.target.take() else { return Ok(()) };
        self.target = Some(match is_longer {
            true => self.grow(*following)?,
            false => Target::New(following.part(self.uploads.blobs(), self.new_blob()?)?),
        });
        self.write(bytes.get(step..).unwrap_or_default())
    }

    /// All of the earlier upload came again.
    fn grow(&self, following: Following) -> io::Result<Target> {
        let Following { claim, stored, .. } = following;
        let mut writer = self.uploads.blobs().resume(&stored.blob, stored.media.size)?;
        writer.belongs_to(self.uploads.intake.sender(&self.start.envelope));
        Ok(Target::Growing { claim, writer, again: true })
    }

    /// How much there is of the file.
    pub(in crate::receive) fn size(&self) -> u64 {
        let written = match &self.target {
            Some(Target::New(writer) | Target::Growing { writer, .. }) => writer.size(),
            Some(Target::Following(following)) => following.size(),
            None => 0,
        };
        written + self.probe.as_ref().map_or(0, Probe::size)
    }

    /// Whether its content has an end; `None`: it does not tell.
    pub(in crate::receive) fn is_complete(&self) -> Option<bool> {
        self.look.is_complete()
    }

    /// Whether it may be whole where the control connection ended before the data connection did, which ended
    /// well: yes, unless it is known that its end is missing. A file that is called a picture or a video and does
    /// not begin as one is not known to be whole.
    pub(in crate::receive) fn may_end_so(&self) -> bool {
        if let Some(is_complete) = self.look.is_complete() {
            return is_complete;
        }
        let path = self.start.envelope.path.as_deref().unwrap_or_default();
        self.look.file_type().is_some()
            || match file_type::by_name(tipoff_vendors::lasting_name(path)) {
                Some(file_type) if file_type.kind == MediaKind::File => {
                    !WITH_A_HEAD.contains(&file_type.content_type)
                }
                Some(_) => self.look.may_be_a_stream(),
                None => true,
            } && self.look.size() > 0
    }

    /// Stores it: when this returns it is durable (docs/spool.md, A3). Where the connection broke,
    /// `torn`, and nothing new came, there is nothing to store.
    pub(in crate::receive) async fn store(mut self, torn: bool) -> Result<Kept, SpoolError> {
        if let Some(error) = self.failed {
            return Err(disk_error(&error));
        }
        if torn && self.size() == 0 {
            return Ok(Kept::Nothing);
        }
        match self.target.take() {
            Some(Target::New(writer)) => self.store_new(writer, torn).await,
            Some(Target::Growing { claim, writer, again }) => {
                self.store_growth(claim, writer, again, torn).await
            }
            Some(Target::Following(following)) => self.store_again(*following, torn).await,
            None => Err(SpoolError::Closed),
        }
    }

    /// All that came is the beginning of an earlier upload.
    async fn store_again(self, following: Following, torn: bool) -> Result<Kept, SpoolError> {
        if torn && let Some(earlier) = self.start.earlier {
            return Ok(Kept::Known(earlier));
        }
        if following.is_at_end() && !following.stored.media.whole {
            let target = self.grow(following).map_err(|error| disk_error(&error))?;
            let Target::Growing { claim, writer, .. } = target else {
                return Err(SpoolError::Closed);
            };
            return self.store_growth(claim, writer, true, torn).await;
        }
        // The device says that it is a file of its own.
        let (blobs, writer) = (self.uploads.blobs().clone(), self.new_blob());
        let writer = writer.map_err(|error| disk_error(&error))?;
        let writer = tokio::task::spawn_blocking(move || following.part(&blobs, writer))
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(|error| disk_error(&error))?;
        self.store_new(writer, torn).await
    }

    fn judged(&self, size: u64, torn: bool) -> Judged {
        judge(&self.look, self.start.envelope.path.as_deref().unwrap_or_default(), size, torn)
    }

    /// As the device sees it from now on.
    fn file(&self, arrival: ArrivalId, received_at: Timestamp, may_grow: bool) -> File {
        File { arrival, size: self.look.size(), modified: received_at, may_grow }
    }

    /// Whether a later upload of its name may bring more of it. A log that is sent again with more lines is news.
    fn may_grow(&self, content: &Content, torn: bool) -> bool {
        let is_shot = content.media.iter().any(|media| media.kind != MediaKind::File);
        torn || (is_shot && self.look.may_go_on())
    }

    fn digests(&self, size: u64) -> Vec<Option<Digest>> {
        vec![(size > 0).then(|| self.hasher.finalize().into())]
    }

    async fn store_growth(
        self,
        claim: Claim,
        writer: BlobWriter,
        again: bool,
        torn: bool,
    ) -> Result<Kept, SpoolError> {
        let received_at = Timestamp::from(SystemTime::now());
        let (size, arrival) = (writer.size(), claim.arrival);
        let Judged { content, meaning, awaits, .. } = self.judged(size, torn);
        let wait = match again {
            true if !torn && self.look.may_go_on() => self.wait_for_more(),
            _ => self.uploads.wait_for(awaits),
        };
        let may_grow = self.may_grow(&content, torn);
        if again && !torn {
            self.uploads.note_resending(&self.start.tree);
        }
        let growth = Growth {
            arrival,
            content,
            event: meaning.event,
            housekeeping: meaning.housekeeping,
            size,
            began_at: self.began_at,
            received_at,
            ready_at: received_at.after(wait),
            torn,
            digests: self.digests(size),
        };
        finish(writer).await?;
        let stored = self.uploads.intake.spool.grow(growth).await?;
        self.uploads.intake.tell(&stored);
        Ok(Kept::Stored(self.file(arrival, received_at, may_grow), stored))
    }

    /// How long the next piece of a file may take that is sent again and again as it grows.
    fn wait_for_more(&self) -> Duration {
        let wait = self.uploads.wait;
        let pause = self.start.earlier.map(|file| self.began_at.since(file.modified));
        let expected = pause.unwrap_or_default().saturating_mul(2).min(GROWTH_WAIT_MAX);
        if wait.is_zero() { wait } else { wait.max(expected) }
    }

    async fn store_new(self, writer: BlobWriter, torn: bool) -> Result<Kept, SpoolError> {
        let received_at = Timestamp::from(SystemTime::now());
        let size = writer.size();
        let Judged { content, meaning, vendor, awaits } = self.judged(size, torn);
        let digests = self.digests(size);
        let blob = finish(writer).await?;
        let may_grow = self.may_grow(&content, torn);
        let wait = match awaits {
            Awaits::Nothing if !torn && may_grow && self.uploads.resends(&self.start.tree) => {
                self.uploads.wait_for(Awaits::Rest)
            }
            awaits => self.uploads.wait_for(awaits),
        };
        let (intake, Start { envelope, tree, path, .. }) = (&self.uploads.intake, &self.start);
        let arrival = NewArrival {
            device: intake.doorkeeper.device(envelope, None),
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
            tree: Some(tree.clone()),
        };
        let stored = intake.keep(arrival).await?;
        self.uploads.note_path(stored.arrival, path).await;
        Ok(Kept::Stored(self.file(stored.arrival, received_at, may_grow), stored))
    }
}

async fn finish(writer: BlobWriter) -> Result<StoredBlob, SpoolError> {
    tokio::task::spawn_blocking(move || writer.finish())
        .await
        .map_err(|_| SpoolError::Closed)?
        .map_err(|error| disk_error(&error))
}
