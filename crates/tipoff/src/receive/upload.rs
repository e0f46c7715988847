//! A file on its way into the spool: bytes go to the blob as they come, so that nothing is left to
//! do at the end but to make it durable.

mod probe;
mod resending;
mod uploading;

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_ftp::{File, FilePath, UploadMode};
use tipoff_model::{
    AlertMedia, ArrivalId, Encoding, Envelope, Media, MediaKind, MediaPlace, Timestamp, file_type,
};
use tipoff_spool::{Blobs, SpoolError, Unfinished};

use super::follow::Following;
use super::intake::{Intake, disk_error};
use super::judge::{Awaits, meaning, name_of};
use super::look::Look;
use crate::net::turns::Turns;
use probe::Probe;
use resending::Resending;
use uploading::Target;
pub(super) use uploading::{Kept, Uploading};

/// An upload of the same name that comes later than this after the one before is another file.
const SAME_FILE_MAX: Duration = Duration::from_secs(3600);
/// A whole picture with a temporary name that tells nothing waits at most this long for its name, or
/// `rename_wait`: devices rename within moments after the 226.
const NAME_WAIT_MAX: Duration = Duration::from_secs(1);
/// The alert of a file that grows waits at most this long for the next piece, or `rename_wait`.
const GROWTH_WAIT_MAX: Duration = Duration::from_secs(120);
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
    /// Trees of devices that were seen to send a clip again as it grew.
    resending: Resending,
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
        Self { intake, wait, growing: Arc::default(), resending: Resending::default() }
    }

    /// The same with another wait.
    pub(super) fn with(&self, wait: Duration) -> Self {
        Self { wait, ..self.clone() }
    }

    /// A device that sends a clip again as it grows does so with all: where nothing shows that a clip is whole, its
    /// alert waits for the rest.
    fn note_resending(&self, tree: &str) {
        self.resending.note(tree);
    }

    fn resends(&self, tree: &str) -> bool {
        self.resending.has(tree)
    }

    fn wait_for(&self, awaits: Awaits) -> Duration {
        match awaits {
            Awaits::Nothing => Duration::ZERO,
            Awaits::Name => self.wait.min(NAME_WAIT_MAX),
            Awaits::Rest => self.wait,
        }
    }

    /// The turns at the processor, which all receivers share.
    pub(super) fn turns(&self) -> &Turns {
        &self.intake.turns
    }

    /// Logs that there is no room for an upload of `peer`.
    pub(super) fn report_full(&self, peer: IpAddr) {
        self.intake.report_full(peer);
    }

    /// Whether the disk has room, once the oldest have made it.
    pub(super) async fn make_room(&self, envelope: &Envelope) -> bool {
        self.intake.make_room(0, envelope).await
    }

    /// The spool's files.
    pub(super) fn blobs(&self) -> &Blobs {
        self.intake.spool.blobs()
    }

    /// Where an earlier upload is stored; `None` if it is not kept any more. Those that a crash cut off have negative
    /// numbers.
    pub(super) async fn find(&self, arrival: ArrivalId) -> Result<Option<AlertMedia>, SpoolError> {
        match unfinished_number(arrival) {
            Some(number) => Ok(self.blobs().unfinished(number).map(|it| media_of(arrival, it))),
            None => self.intake.spool.media(MediaPlace { arrival, index: None }).await,
        }
    }

    /// Starts an upload, or goes on with one.
    pub(super) async fn begin(&self, start: Start) -> Result<Uploading, Unready> {
        let began_at = Timestamp::from(SystemTime::now());
        let (mode, earlier) = (start.mode, start.earlier);
        let begin = |target| Uploading {
            uploads: self.clone(),
            start,
            target,
            probe: None,
            look: Look::default(),
            hasher: blake3::Hasher::new(),
            began_at,
            failed: None,
        };
        let new = |mut upload: Uploading| {
            upload.target = Some(Target::New(upload.new_blob()?));
            Ok::<_, Unready>(upload)
        };
        let (file, prefix_bytes) = match mode {
            UploadMode::New => {
                return match self.follow(earlier, began_at).await? {
                    Some(following) => Ok(begin(Some(Target::Following(following.into())))),
                    None => new(begin(None)),
                };
            }
            UploadMode::Append(file) => (file, file.size),
            UploadMode::Within { file, offset } => (file, offset),
        };
        let Some(stored) = self.find(file.arrival).await? else {
            // What it had is not kept any longer: what comes now is.
            return new(begin(None));
        };
        let mut upload = match mode {
            UploadMode::Append(_) => self.append(begin(None), file, &stored)?,
            _ => new(begin(None))?,
        };
        if unfinished_number(file.arrival).is_none() {
            upload.probe = Some(Probe::new(self.stored_file(file, began_at).await?, file.may_grow));
        }
        let (blobs, writes) = (self.blobs().clone(), !matches!(mode, UploadMode::Append(_)));
        tokio::task::spawn_blocking(move || upload.after(&blobs, &stored, prefix_bytes, writes))
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(Unready::from)
    }

    /// Goes on behind the end of an earlier upload.
    fn append(
        &self,
        mut upload: Uploading,
        file: File,
        stored: &AlertMedia,
    ) -> Result<Uploading, Unready> {
        let number = unfinished_number(file.arrival);
        let claim = self.claim(file.arrival)?;
        if stored.media.size != file.size
            || number.is_some_and(|number| self.blobs().take_unfinished(number).is_none())
        {
            return Err(Unready::Busy);
        }
        let mut writer = self.blobs().resume(&stored.blob, file.size)?;
        writer.belongs_to(self.intake.sender(&upload.start.envelope));
        upload.target = Some(match number {
            // No arrival has these bytes yet.
            Some(_) => {
                upload.note(&mut writer);
                Target::New(writer)
            }
            None => Target::Growing { claim, writer, again: false },
        });
        Ok(upload)
    }

    /// The earlier upload of the same name, where a new one may bring more of it.
    async fn follow(
        &self,
        earlier: Option<File>,
        now: Timestamp,
    ) -> Result<Option<Following>, Unready> {
        let Some(file) = earlier else { return Ok(None) };
        let Some(stored) = self.stored_file(file, now).await? else { return Ok(None) };
        let Ok(claim) = self.claim(file.arrival) else { return Ok(None) };
        // What cannot be read is no reason to refuse the new one.
        Ok(Following::new(claim, stored, self.blobs()).ok())
    }

    /// An earlier upload as a file, whole or not; `None` if a new one brings no more of it.
    async fn stored_file(
        &self,
        file: File,
        now: Timestamp,
    ) -> Result<Option<AlertMedia>, SpoolError> {
        let is_possible = file.may_grow
            && file.size > 0
            && unfinished_number(file.arrival).is_none()
            && now.since(file.modified) <= SAME_FILE_MAX;
        if !is_possible {
            return Ok(None);
        }
        let place = MediaPlace { arrival: file.arrival, index: Some(0) };
        let stored = self.intake.spool.media(place).await?;
        Ok(stored.filter(|stored| stored.media.range == (0..file.size)))
    }

    fn claim(&self, arrival: ArrivalId) -> Result<Claim, Unready> {
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if !growing.insert(arrival) {
            return Err(Unready::Busy);
        }
        Ok(Claim { arrival, all: Arc::clone(&self.growing) })
    }

    /// Listings give the bytes of a name back, also after a start. The path of the arrival is text.
    async fn note_path(&self, arrival: ArrivalId, path: &FilePath) {
        if std::str::from_utf8(path.as_bytes()).is_ok() {
            return;
        }
        if let Err(error) = self.intake.spool.note_path(arrival, path.as_bytes().to_vec()).await {
            tracing::warn!(%arrival, %error, "The bytes of an upload's name could not be noted.");
        }
    }

    /// An upload has another name, which may tell more.
    pub(super) async fn rename(&self, arrival: ArrivalId, path: &FilePath) {
        let renamed = async {
            self.note_path(arrival, path).await;
            let place = MediaPlace { arrival, index: Some(0) };
            let Some(AlertMedia { media, .. }) = self.intake.spool.media(place).await? else {
                return Ok(());
            };
            let path = path.to_string();
            let name = name_of(&path, media.kind, file_type::by_type(&media.content_type));
            let event = meaning(&path, media.kind, media.size).event;
            let now = Timestamp::from(SystemTime::now());
            let channels = self.intake.spool.rename(arrival, path, name, event, now).await?;
            self.intake.notifier.wake(&channels);
            Ok::<_, SpoolError>(())
        };
        if let Err(error) = renamed.await {
            // The device sees the new name; the alert has the one that it was uploaded under.
            tracing::error!(%arrival, %error, "The new name of an upload could not be noted.");
        }
    }
}

/// What an upload begins with.
pub(super) struct Start {
    pub(super) envelope: Envelope,
    /// The name of the device's tree.
    pub(super) tree: String,
    pub(super) path: FilePath,
    pub(super) mode: UploadMode,
    /// What was at the path before.
    pub(super) earlier: Option<File>,
}

/// The number of an upload that a crash cut off; `None` if it is an arrival.
fn unfinished_number(arrival: ArrivalId) -> Option<i64> {
    arrival.0.checked_neg().filter(|number| *number > 0)
}

/// What a crash cut off, as the device sees it.
pub(super) fn file_of(unfinished: &Unfinished) -> File {
    File {
        arrival: ArrivalId(-unfinished.number),
        size: unfinished.size,
        modified: unfinished.received_at,
        may_grow: false,
    }
}

fn media_of(arrival: ArrivalId, unfinished: Unfinished) -> AlertMedia {
    let media = Media {
        name: String::new(),
        content_type: String::new(),
        kind: MediaKind::File,
        range: 0..unfinished.size,
        encoding: Encoding::Identity,
        size: unfinished.size,
        whole: false,
        repeat: false,
        decoration: false,
    };
    let place = MediaPlace { arrival, index: None };
    AlertMedia { media, place, blob: unfinished.blob, url: None, clip: None }
}

/// The claim of one session to add to an upload.
pub(super) struct Claim {
    arrival: ArrivalId,
    all: Arc<Mutex<HashSet<ArrivalId>>>,
}

#[cfg(test)]
impl Claim {
    /// One that nobody contests.
    pub(super) fn of_test(arrival: ArrivalId) -> Self {
        Self { arrival, all: Arc::default() }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.arrival);
    }
}
