//! Uploads on their way into the spool. The bytes of a file go to its blob as they come, so that at the end it only has
//! to be made durable.
//!
//! `transfer.rs` reads the bytes; this folder decides what they are and where they go. A file may come in pieces, again
//! from the beginning, or under a temporary name: `probe.rs` and `resend_comparison.rs` recognise the first two,
//! `classify.rs` decides what the alert waits for.

mod append_claim;
mod classify;
mod file_inspector;
mod incoming_upload;
mod probe;
mod resend_comparison;
mod resending;

use std::io::{self, Read};
use std::net::IpAddr;
use std::time::Duration;

use tipoff_ftp::{FilePath, UploadMode, UploadedFile};
use tipoff_model::{AlertMedia, ArrivalId, Envelope, MediaPlace, Timestamp, file_type};
use tipoff_spool::{Blobs, SpoolError};

use self::append_claim::AppendClaims;
use self::classify::{Awaits, meaning, name_of};
use self::file_inspector::FileInspector;
use self::incoming_upload::UploadTarget;
pub(super) use self::incoming_upload::{IncomingUpload, StoreOutcome};
use self::probe::AppendProbe;
use self::resend_comparison::{EarlierUpload, ResendComparison};
use self::resending::ResendingViews;
use super::unfinished_upload;
use crate::net::processor_turns::Turns;
use crate::receive::arrival_writer::{ArrivalWriter, disk_error};
use crate::runtime::blocking::blocking;

/// An upload of the same name that comes later than this after the previous one is another file.
const SAME_FILE_MAX: Duration = Duration::from_secs(3600);
/// The alert of a whole picture with a temporary name waits at most this long for its lasting name, or `rename_wait`:
/// devices rename within moments after the 226.
const NAME_WAIT_MAX: Duration = Duration::from_secs(1);
/// The alert of a file that grows waits at most this long for the next piece, or `rename_wait`.
const APPEND_WAIT_MAX: Duration = Duration::from_secs(120);
/// Bytes of an earlier upload that are read at once.
const STEP_BYTES: usize = 64 * 1024;

/// Stores the uploads of the FTP receiver. Clones share its state.
#[derive(Clone)]
pub(super) struct Uploads {
    arrivals: ArrivalWriter,
    /// How long an alert waits for a lasting name, or for the rest of a file.
    wait: Duration,
    /// The uploads that sessions append to now.
    append_claims: AppendClaims,
    /// Views of devices that send a clip again as it grows.
    resending: ResendingViews,
}

/// Why an upload cannot begin.
pub(super) enum CannotBegin {
    /// Another session appends to this file.
    Busy,
    /// The spool fails.
    Failed(SpoolError),
}

impl From<SpoolError> for CannotBegin {
    fn from(error: SpoolError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for CannotBegin {
    fn from(error: io::Error) -> Self {
        Self::Failed(disk_error(&error))
    }
}

impl Uploads {
    /// Uploads that are stored by `arrivals`. `wait` is `rename_wait` of the configuration.
    pub(super) fn new(arrivals: ArrivalWriter, wait: Duration) -> Self {
        let (append_claims, resending) = (AppendClaims::default(), ResendingViews::default());
        Self { arrivals, wait, append_claims, resending }
    }

    /// The same with another wait.
    pub(super) fn with(&self, wait: Duration) -> Self {
        Self { wait, ..self.clone() }
    }

    /// How long an alert waits for what the upload lacks.
    fn wait_for(&self, awaits: Awaits) -> Duration {
        match awaits {
            Awaits::Nothing => Duration::ZERO,
            Awaits::Name => self.wait.min(NAME_WAIT_MAX),
            Awaits::Rest => self.wait,
        }
    }

    /// The turns at the processor, which all receivers share.
    pub(super) fn turns(&self) -> &Turns {
        &self.arrivals.turns
    }

    /// Logs that there is no room for an upload of `peer`.
    pub(super) fn report_full(&self, peer: IpAddr) {
        self.arrivals.report_full(peer);
    }

    /// Whether the disk has room, after the oldest arrivals are evicted where needed.
    pub(super) async fn make_room(&self, envelope: &Envelope) -> bool {
        self.arrivals.make_room(0, envelope).await
    }

    /// The blobs of the spool.
    pub(super) fn blobs(&self) -> &Blobs {
        self.arrivals.spool.blobs()
    }

    /// Where an earlier upload is stored; `None` if it is not stored any more.
    pub(super) async fn find(&self, arrival: ArrivalId) -> Result<Option<AlertMedia>, SpoolError> {
        match unfinished_upload::number(arrival) {
            Some(number) => {
                Ok(self.blobs().unfinished(number).map(|it| unfinished_upload::media(arrival, it)))
            }
            None => self.arrivals.spool.media(MediaPlace { arrival, index: None }).await,
        }
    }

    /// Begins an upload, or continues an earlier one. If the earlier one is no longer stored, the bytes begin a new
    /// file, so that nothing that a device sends is lost.
    pub(super) async fn begin(&self, start: UploadStart) -> Result<IncomingUpload, CannotBegin> {
        let began_at = self.arrivals.clock.now();
        let mode = start.mode;
        let comparison = match mode {
            UploadMode::New => self.compare(start.earlier, &start.envelope, began_at).await?,
            _ => None,
        };
        let begin = |target| IncomingUpload {
            uploads: self.clone(),
            start,
            target,
            probe: None,
            inspector: FileInspector::default(),
            hasher: blake3::Hasher::new(),
            began_at,
            failed: None,
        };
        let new = |mut upload: IncomingUpload| {
            upload.target = Some(UploadTarget::New(upload.new_blob()?));
            Ok::<_, CannotBegin>(upload)
        };
        let (file, prefix_bytes) = match mode {
            UploadMode::New => {
                return match comparison {
                    Some(comparison) => Ok(begin(Some(UploadTarget::Compare(comparison.into())))),
                    None => new(begin(None)),
                };
            }
            UploadMode::Append(file) => (file, file.size),
            UploadMode::Within { file, offset } => (file, offset),
        };
        let stored = self.find(file.arrival).await?;
        let Some(stored) = stored.filter(|stored| self.blobs().may_append(&stored.blob)) else {
            // The earlier bytes are not stored any more, or in too many pieces; the new ones are stored.
            return new(begin(None));
        };
        let mut upload = match mode {
            UploadMode::Append(_) => self.append(begin(None), file, &stored)?,
            _ => new(begin(None))?,
        };
        let mut earlier = None;
        if unfinished_upload::number(file.arrival).is_none() {
            earlier = self.earlier(file, &upload.start.envelope, began_at).await?;
            upload.probe = Some(AppendProbe::new(earlier.clone(), file.may_grow));
        }
        let (blobs, writes) = (self.blobs().clone(), !matches!(mode, UploadMode::Append(_)));
        let reads = move || {
            let reader = match earlier {
                Some(earlier) => earlier.bytes.read(&stored.media)?,
                None => blobs.read(&stored.blob, &stored.media)?,
            };
            upload.read_earlier(reader.take(prefix_bytes), writes)
        };
        blocking(reads).await.map_err(CannotBegin::from)
    }

    /// Continues an earlier upload at its end.
    fn append(
        &self,
        mut upload: IncomingUpload,
        file: UploadedFile,
        stored: &AlertMedia,
    ) -> Result<IncomingUpload, CannotBegin> {
        let number = unfinished_upload::number(file.arrival);
        let claim = self.append_claims.claim(file.arrival).ok_or(CannotBegin::Busy)?;
        if stored.media.size != file.size
            || number.is_some_and(|number| self.blobs().take_unfinished(number).is_none())
        {
            return Err(CannotBegin::Busy);
        }
        let mut writer = self.blobs().resume(&stored.blob, file.size)?;
        writer.belongs_to(self.arrivals.sender(&upload.start.envelope));
        upload.target = Some(match number {
            // No arrival has these bytes yet.
            Some(_) => {
                upload.make_resumable(&mut writer);
                UploadTarget::New(writer)
            }
            None => UploadTarget::Append { claim, writer, is_resent: false },
        });
        Ok(upload)
    }

    /// The comparison with the earlier upload of the same name, if the new one may bring more of it.
    async fn compare(
        &self,
        earlier: Option<UploadedFile>,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Option<ResendComparison>, CannotBegin> {
        let Some(file) = earlier else { return Ok(None) };
        let Some(earlier) = self.earlier(file, envelope, now).await? else { return Ok(None) };
        let Some(claim) = self.append_claims.claim(file.arrival) else { return Ok(None) };
        Ok(ResendComparison::new(claim, earlier).ok())
    }

    /// An earlier upload that a new one may bring more of; `None` if it cannot, or cannot be read: then the new one is
    /// accepted all the same.
    async fn earlier(
        &self,
        file: UploadedFile,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Option<EarlierUpload>, SpoolError> {
        let is_possible = file.may_grow
            && file.size > 0
            && unfinished_upload::number(file.arrival).is_none()
            && now.since(file.modified) <= SAME_FILE_MAX;
        if !is_possible {
            return Ok(None);
        }
        let place = MediaPlace { arrival: file.arrival, index: Some(0) };
        let stored = self.arrivals.spool.media(place).await?;
        let Some(stored) = stored.filter(|stored| stored.media.range == (0..file.size)) else {
            return Ok(None);
        };
        let sender = self.arrivals.sender(envelope);
        let bytes = self.blobs().local(&stored.blob, file.size, sender).await;
        Ok(bytes.ok().map(|bytes| EarlierUpload { stored, bytes }))
    }

    /// Stores the bytes of a path that is not UTF-8, so that listings show them also after a restart. The path of the
    /// arrival is text.
    async fn store_path_bytes(&self, arrival: ArrivalId, path: &FilePath) {
        if std::str::from_utf8(path.as_bytes()).is_ok() {
            return;
        }
        if let Err(error) = self.arrivals.spool.note_path(arrival, path.as_bytes().to_vec()).await {
            tracing::warn!(%arrival, %error, "Could not store the bytes of an upload's name.");
        }
    }

    /// Stores the new name of an upload, which may say more about it.
    pub(super) async fn rename(&self, arrival: ArrivalId, path: &FilePath) {
        let renamed = async {
            self.store_path_bytes(arrival, path).await;
            let place = MediaPlace { arrival, index: Some(0) };
            let Some(AlertMedia { media, .. }) = self.arrivals.spool.media(place).await? else {
                return Ok(());
            };
            let path = path.to_string();
            let name = name_of(&path, media.kind, file_type::by_type(&media.content_type));
            let event = meaning(&path, media.kind, media.size).event;
            let now = self.arrivals.clock.now();
            let channels = self.arrivals.spool.rename(arrival, path, name, event, now).await?;
            self.arrivals.notifier.wake(&channels);
            Ok::<_, SpoolError>(())
        };
        if let Err(error) = renamed.await {
            // The device sees the new name; the alert has the one of the upload.
            tracing::error!(%arrival, %error, "Could not store the new name of an upload.");
        }
    }
}

/// What is known of an upload when it begins.
pub(super) struct UploadStart {
    pub(super) envelope: Envelope,
    /// The name of the device's view.
    pub(super) view: String,
    pub(super) path: FilePath,
    pub(super) mode: UploadMode,
    /// The file that was at the path before.
    pub(super) earlier: Option<UploadedFile>,
}
