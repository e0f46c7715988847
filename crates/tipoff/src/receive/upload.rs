//! A file on its way into the spool: bytes go to the blob as they come, so that nothing is left to
//! do at the end but to make it durable.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_ftp::{File, FilePath, How};
use tipoff_mail::label;
use tipoff_model::{
    AlertMedia, ArrivalId, Content, Encoding, Envelope, Media, MediaKind, MediaPlace, Timestamp,
    sort,
};
use tipoff_spool::{
    Again, BlobWriter, Blobs, Growth, NewArrival, Print, SpoolError, Stored, StoredBlob,
};
use tipoff_vendors::Meaning;

use super::intake::{Intake, disk_error};
use super::look::Look;

/// Bytes of an earlier upload that are read at once.
const STEP_BYTES: usize = 64 * 1024;

/// What FTP hands its uploads to.
#[derive(Clone)]
pub(super) struct Uploads {
    intake: Intake,
    /// How long an alert waits for a lasting name, or for the rest of a file.
    wait: Duration,
    /// Uploads that go on now, each in one session at a time.
    growing: Arc<Mutex<HashSet<ArrivalId>>>,
}

/// Why an upload cannot begin.
pub(super) enum Unready {
    /// Another session adds to this file.
    Busy,
    /// The spool fails.
    Failed(SpoolError),
}

impl From<SpoolError> for Unready {
    fn from(error: SpoolError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Unready {
    fn from(error: io::Error) -> Self {
        Self::Failed(disk_error(&error))
    }
}

impl Uploads {
    pub(super) fn new(intake: Intake, wait: Duration) -> Self {
        Self { intake, wait, growing: Arc::default() }
    }

    /// The same with another wait.
    pub(super) fn with(&self, wait: Duration) -> Self {
        Self { wait, ..self.clone() }
    }

    /// Whether the disk has room.
    pub(super) fn has_room(&self) -> bool {
        self.intake.has_room(0)
    }

    /// The spool's files.
    pub(super) fn blobs(&self) -> &Blobs {
        self.intake.spool.blobs()
    }

    /// Where an earlier upload is stored; none: it is not kept any more.
    pub(super) async fn find(&self, arrival: ArrivalId) -> Result<Option<AlertMedia>, SpoolError> {
        self.intake.spool.media(MediaPlace { arrival, index: None }).await
    }

    /// Starts an upload, or goes on with one.
    pub(super) async fn begin(
        &self,
        envelope: Envelope,
        tree: &str,
        how: How,
    ) -> Result<Uploading, Unready> {
        let began_at = Timestamp::from(SystemTime::now());
        let begin = |writer| Uploading {
            uploads: self.clone(),
            envelope,
            tree: tree.to_owned(),
            writer,
            look: Look::default(),
            hasher: blake3::Hasher::new(),
            began_at,
            onto: None,
            failed: None,
        };
        let new = || self.blobs().begin(began_at, "upload");
        let (file, prefix_bytes) = match how {
            How::New => return Ok(begin(new()?)),
            How::Append(file) => (file, file.size),
            How::Within { file, offset } => (file, offset),
        };
        let Some(stored) = self.find(file.arrival).await? else {
            // What it had is not kept any longer: what comes now is.
            return Ok(begin(new()?));
        };
        let upload = match how {
            How::Append(_) => {
                let onto = self.grow(file.arrival)?;
                if stored.media.size != file.size {
                    return Err(Unready::Busy);
                }
                let writer = self.blobs().resume(&stored.blob, file.size)?;
                Uploading { onto: Some(onto), ..begin(writer) }
            }
            _ => begin(new()?),
        };
        let blobs = self.blobs().clone();
        tokio::task::spawn_blocking(move || upload.after(&blobs, &stored, prefix_bytes))
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(Unready::from)
    }

    fn grow(&self, arrival: ArrivalId) -> Result<Growing, Unready> {
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if !growing.insert(arrival) {
            return Err(Unready::Busy);
        }
        Ok(Growing { arrival, all: Arc::clone(&self.growing) })
    }

    /// An upload has another name, which may tell more.
    pub(super) async fn rename(&self, arrival: ArrivalId, path: &FilePath) {
        let renamed = async {
            let place = MediaPlace { arrival, index: Some(0) };
            let Some(AlertMedia { media, .. }) = self.intake.spool.media(place).await? else {
                return Ok(());
            };
            let path = path.to_string();
            let name = name_of(&path, media.kind, sort::by_type(&media.content_type));
            let event = meaning(&path, media.kind, media.size).event;
            let now = Timestamp::from(SystemTime::now());
            let channels = self.intake.spool.rename(arrival, path, name, event, now).await?;
            self.intake.waker.wake(&channels);
            Ok::<_, SpoolError>(())
        };
        if let Err(error) = renamed.await {
            // The device sees the new name; the alert has the one that it was uploaded under.
            tracing::error!(%arrival, %error, "The new name of an upload could not be noted.");
        }
    }
}

/// The claim of one session to add to an upload.
struct Growing {
    arrival: ArrivalId,
    all: Arc<Mutex<HashSet<ArrivalId>>>,
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.arrival);
    }
}

/// A file whose bytes are coming.
pub(super) struct Uploading {
    uploads: Uploads,
    envelope: Envelope,
    tree: String,
    writer: BlobWriter,
    look: Look,
    hasher: blake3::Hasher,
    began_at: Timestamp,
    /// The upload that this adds to.
    onto: Option<Growing>,
    failed: Option<io::Error>,
}

impl Uploading {
    /// Reads what is there of an earlier upload; where this is another file, it begins with it.
    fn after(mut self, blobs: &Blobs, stored: &AlertMedia, bytes: u64) -> io::Result<Self> {
        let mut reader = blobs.read(&stored.blob, &stored.media)?.take(bytes);
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            let count = reader.read(&mut buffer)?;
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                return Ok(self);
            }
            if self.onto.is_none() {
                self.writer.write(piece)?;
            }
            self.see(piece);
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        self.look.push(bytes);
        self.hasher.update(bytes);
    }

    /// The next bytes. A failing disk is told at the end, when there is somebody to tell.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.writer.write(bytes)
        {
            self.failed = Some(error);
        }
        self.see(bytes);
    }

    /// How much there is of the file.
    pub(super) fn size(&self) -> u64 {
        self.writer.size()
    }

    /// Whether its content has an end; none: it does not tell.
    pub(super) fn is_complete(&self) -> Option<bool> {
        self.look.is_complete()
    }

    /// Whether it may be whole where the control connection ended before the data connection did, which ended
    /// well: its content shows its end, or it is a video that plays as far as it goes.
    pub(super) fn may_end_so(&self) -> bool {
        let by_name = || {
            let path = self.envelope.path.as_deref().unwrap_or_default();
            let sort = sort::by_name(tipoff_vendors::lasting_name(path));
            sort.filter(|_| self.look.may_be_a_stream())
        };
        let sort = self.look.sort().or_else(by_name);
        let is_video = sort.is_some_and(|sort| sort.kind == MediaKind::Video);
        self.look.is_complete().unwrap_or(is_video)
    }

    /// Stores it: when this returns it is durable (docs/spool.md, A3). Where the connection broke,
    /// `torn`, and nothing came, there is nothing to store.
    pub(super) async fn store(self, torn: bool) -> Result<Option<(File, Stored)>, SpoolError> {
        if let Some(error) = self.failed {
            return Err(disk_error(&error));
        }
        if torn && self.writer.size() == 0 {
            return Ok(None);
        }
        let received_at = Timestamp::from(SystemTime::now());
        let path = self.envelope.path.clone().unwrap_or_default();
        let judged = judge(&self.look, &path, self.writer.size(), torn);
        let print: Option<Print> = (self.writer.size() > 0).then(|| self.hasher.finalize().into());
        let writer = self.writer;
        let blob = tokio::task::spawn_blocking(move || writer.finish())
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(|error| disk_error(&error))?;
        let may_grow = torn || self.look.is_complete() != Some(true);
        let file = |arrival, blob: &StoredBlob| File {
            arrival,
            size: blob.size,
            modified: received_at,
            may_grow,
        };
        let Meaning { event, artefact } = judged.meaning;
        let wait = if judged.is_ready { Duration::ZERO } else { self.uploads.wait };
        let (began_at, ready_at) = (self.began_at, received_at.after(wait));
        let (content, prints) = (judged.content, vec![print]);
        let intake = &self.uploads.intake;
        if let Some(onto) = self.onto {
            let (arrival, size) = (onto.arrival, blob.size);
            let growth = Growth {
                arrival,
                content,
                event,
                artefact,
                size,
                began_at,
                received_at,
                ready_at,
                torn,
                prints,
            };
            let stored = intake.spool.grow(growth).await?;
            intake.tell(&stored);
            return Ok(Some((file(arrival, &blob), stored)));
        }
        let arrival = NewArrival {
            device: intake.doorkeeper.device(&self.envelope, None),
            envelope: self.envelope,
            content,
            event,
            artefact,
            maker: judged.maker,
            blob: blob.clone(),
            began_at,
            received_at,
            ready_at,
            torn,
            unacknowledged: torn,
            digest: None,
            prints,
            again: Again::Always,
            tree: Some(self.tree),
        };
        let stored = intake.keep(arrival).await?;
        Ok(Some((file(stored.arrival, &blob), stored)))
    }
}

/// What is understood of an uploaded file.
struct Judged {
    content: Content,
    meaning: Meaning,
    /// Whose devices name files so.
    maker: Option<&'static str>,
    /// Whether nothing more need be waited for.
    is_ready: bool,
}

fn judge(look: &Look, path: &str, size: u64, torn: bool) -> Judged {
    let by_content = look.sort();
    let sort = by_content.or_else(|| sort::by_name(tipoff_vendors::lasting_name(path)));
    let kind = sort.map_or(MediaKind::File, |sort| sort.kind);
    let complete = look.is_complete();
    let is_whole = match complete {
        complete if torn => complete == Some(true),
        // A picture without its end is shown as far as it goes; a video is not.
        Some(false) => kind == MediaKind::Picture,
        _ => true,
    };
    let is_told = by_content.is_some() || !tipoff_vendors::is_temporary(path);
    let media = Media {
        name: name_of(path, kind, sort),
        content_type: sort.map_or("application/octet-stream", |sort| sort.content_type).to_owned(),
        kind,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: is_whole,
        repeat: false,
        decoration: false,
    };
    let upload = tipoff_vendors::Upload { path, kind, size };
    Judged {
        content: Content { media: vec![media], ..Content::default() },
        meaning: tipoff_vendors::upload(&upload),
        maker: tipoff_vendors::upload_vendor(&upload),
        is_ready: torn || (is_told && complete != Some(false)),
    }
}

fn name_of(path: &str, kind: MediaKind, sort: Option<&sort::Sort>) -> String {
    let name = tipoff_vendors::lasting_name(path);
    label::label(name, sort).unwrap_or_else(|| label::default_label(kind, sort, 1))
}

fn meaning(path: &str, kind: MediaKind, size: u64) -> Meaning {
    tipoff_vendors::upload(&tipoff_vendors::Upload { path, kind, size })
}
