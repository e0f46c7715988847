//! A mail on its way into the spool: bytes go to the blob and through the parser as they come, so
//! that nothing is left to do at the end but to make it durable.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_mail::{Parsed, Parser};
use tipoff_model::{AddressShare, Content, Envelope, Media, MediaKind, Timestamp};
use tipoff_spool::{
    BlobWriter, Blobs, DedupPolicy, Digest, NewArrival, Sender, Spool, SpoolError, Stored,
    StoredBlob,
};
use tipoff_vendors::Reading;

use super::access::Doorkeeper;
use super::digest::{self, MailSize};
use super::parsers::{self, MailParser, Owner, Parsers};
use crate::disk::Disk;
use crate::net::turns::{Share, Turns};
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::per_minute::{PerMinute, network};

/// Time that a device has to send a mail again whose connection broke, before what came of its text is
/// alerted.
const SEND_AGAIN: Duration = Duration::from_secs(5 * 60);

/// What every receiver hands its arrivals to.
#[derive(Clone)]
pub(crate) struct Intake {
    pub(super) spool: Arc<dyn Spool>,
    pub(super) doorkeeper: Arc<Doorkeeper>,
    disk: Disk,
    pub(super) notifier: ChannelNotifier,
    events: EventBus,
    /// The processor's, for the connections of all receivers.
    pub(super) turns: Turns,
    /// Of the mails under way.
    parsers: Parsers,
    /// Who was told that the disk is full.
    put_off: Arc<PerMinute<IpAddr>>,
}

impl Intake {
    pub(crate) fn new(
        spool: Arc<dyn Spool>,
        doorkeeper: Arc<Doorkeeper>,
        disk: Disk,
        notifier: ChannelNotifier,
        events: EventBus,
    ) -> Self {
        Self {
            spool,
            doorkeeper,
            disk,
            notifier,
            events,
            turns: Turns::default(),
            parsers: Parsers::default(),
            put_off: Arc::default(),
        }
    }

    /// Whether the disk has room for an arrival of this size, once the oldest have made it: for known devices longer
    /// than for strangers.
    pub(crate) async fn make_room(&self, bytes: u64, envelope: &Envelope) -> bool {
        let device = self.doorkeeper.device(envelope, None);
        self.disk.make_room(bytes, self.disk.is_known(&device)).await
    }

    /// Logs that there is no room for what `peer` sends, at most once a minute for each address.
    pub(super) fn report_full(&self, peer: IpAddr) {
        if let Some(times) = self.put_off.due(network(peer)) {
            tracing::error!(%peer, times, "The disk of the spool is full: what a device sends is put off.");
        }
    }

    /// Whose share the bytes of a file are.
    pub(super) fn sender(&self, envelope: &Envelope) -> Sender {
        let device = self.doorkeeper.device(envelope, None);
        Sender::new(envelope.peer, self.disk.is_known(&device))
    }

    /// Starts a mail.
    pub(crate) fn begin(&self, envelope: Envelope) -> io::Result<Incoming> {
        let began_at = Timestamp::from(SystemTime::now());
        let mut writer = self.spool.blobs().begin(began_at, "eml")?;
        let device = self.doorkeeper.device(&envelope, None);
        let is_known = self.disk.is_known(&device);
        writer.belongs_to(Sender::new(envelope.peer, is_known));
        let owner = Owner { address: AddressShare::of(envelope.peer), is_known };
        Ok(Incoming {
            intake: self.clone(),
            size: MailSize::default(),
            envelope,
            writer,
            parser: self.parsers.begin(owner),
            began_at,
            failed: None,
        })
    }

    /// Stores an arrival; its channels are told at once.
    pub(super) async fn keep(&self, arrival: NewArrival) -> Result<Stored, SpoolError> {
        let stored = self.spool.store(arrival).await?;
        self.tell(&stored);
        Ok(stored)
    }

    /// Its channels begin, and whoever looks on sees it.
    pub(super) fn tell(&self, stored: &Stored) {
        self.notifier.wake(&stored.channels);
        self.events
            .publish(LiveEvent::Arrival { incident: stored.incident, opened: !stored.joined });
    }
}

/// A mail whose bytes are coming.
pub(crate) struct Incoming {
    intake: Intake,
    envelope: Envelope,
    writer: BlobWriter,
    parser: MailParser,
    size: MailSize,
    began_at: Timestamp,
    failed: Option<io::Error>,
}

impl Incoming {
    /// The next bytes. A failing disk is told at the end, when there is somebody to tell.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.writer.write(bytes)
        {
            self.failed = Some(error);
        }
        self.parser.push(bytes);
        self.size.push(bytes);
    }

    /// Whether [`Incoming::keep_pace`] may have to wait.
    pub(crate) fn must_wait(&self) -> bool {
        self.writer.must_wait()
    }

    /// Waits where too much waits for the disk.
    pub(crate) async fn keep_pace(&mut self) {
        self.writer.keep_pace().await;
    }

    /// It has come whole: stores it. When this returns it is durable (docs/spool.md, A3).
    pub(crate) async fn complete(self) -> Result<Stored, SpoolError> {
        self.store(Ending::Whole).await.map(|kept| kept.stored)
    }

    /// The connection broke: keeps what came, if anything did. `may_have_ended`: what came last can be its end.
    pub(crate) async fn torn(self, may_have_ended: bool) -> Result<Option<Kept>, SpoolError> {
        if self.writer.size() == 0 {
            return Ok(None);
        }
        let ending = if may_have_ended { Ending::Unacknowledged } else { Ending::Broken };
        self.store(ending).await.map(Some)
    }

    /// The parser at the end of the mail. One that was given up reads it again, in a turn that lasts until the mail
    /// is stored, because what it finds is held until then.
    async fn parser(&mut self) -> io::Result<(Box<Parser>, Option<Share>)> {
        if let Some(parser) = self.parser.end() {
            return Ok((parser, None));
        }
        let turn = self.intake.parsers.turn_to_read_again(self.parser.owner()).await;
        let path = self.intake.spool.blobs().path(self.writer.name());
        let mut share = self.intake.turns.of(self.envelope.peer);
        Ok((parsers::read_again(path, &mut share).await?, Some(turn)))
    }

    async fn store(mut self, ending: Ending) -> Result<Kept, SpoolError> {
        if let Some(error) = self.failed {
            return Err(disk_error(&error));
        }
        let received_at = Timestamp::from(SystemTime::now());
        let (parser, _turn) = self.parser().await.map_err(|error| disk_error(&error))?;
        let parsed = match ending {
            Ending::Broken => parser.torn_parsed(),
            Ending::Whole | Ending::Unacknowledged => parser.finish_parsed(),
        };
        let Parsed { content, message_id, is_closed } = parsed;
        let torn = ending == Ending::Broken && !is_closed;
        let ready_at = match torn && !content.has_shots() {
            true => received_at.after(SEND_AGAIN),
            false => received_at,
        };
        let reading = tipoff_vendors::read(&content);
        let Reading { details, camera, .. } = reading;
        let content = Content { details, camera, ..content };
        let device = self.intake.doorkeeper.device(&self.envelope, content.camera.as_ref());
        let spool = &self.intake.spool;
        let (recipients, size) = (&self.envelope.recipients, self.size.bytes());
        let digest = digest::digest(&device.key, recipients, message_id.as_deref(), &self.size);
        let known = spool.known_mail(&digest, received_at);
        let unacknowledged = ending != Ending::Whole;
        let wants_prints = unacknowledged || spool.has_torn(&device.key);
        let blobs = spool.blobs().clone();
        let writer = self.writer;
        let durable = tokio::task::spawn_blocking(move || {
            let blob = writer.finish()?;
            let digests = if wants_prints { digests(&blobs, &blob, &content)? } else { Vec::new() };
            let same_as = known.filter(|(_, known)| is_same(&blobs, &blob, known, size));
            Ok((blob, content, digests, same_as.map(|(arrival, _)| arrival)))
        });
        let (blob, content, digests, same_as) = durable
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(|error: io::Error| disk_error(&error))?;
        let arrival = NewArrival {
            event: reading.event,
            housekeeping: false,
            vendor: reading.vendor,
            device,
            envelope: self.envelope,
            content,
            blob,
            began_at: self.began_at,
            received_at,
            ready_at,
            torn,
            unacknowledged,
            digest: Some(digest),
            same_as,
            digests,
            again: DedupPolicy::AfterTorn,
            tree: None,
        };
        let stored = self.intake.keep(arrival).await?;
        Ok(Kept { stored, torn })
    }
}

/// How the connection of a mail ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Behind the end of the mail: the device is told that it is stored.
    Whole,
    /// Behind what can be its end: the device is told nothing.
    Unacknowledged,
    /// Somewhere in it.
    Broken,
}

/// A mail whose connection broke, or that came whole.
pub(crate) struct Kept {
    pub(crate) stored: Stored,
    /// Whether something of it is missing.
    pub(crate) torn: bool,
}

pub(super) fn disk_error(error: &io::Error) -> SpoolError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            SpoolError::Full(error.to_string())
        }
        _ => SpoolError::File(error.to_string()),
    }
}

/// Whether two mails have the same bytes. One that cannot be read any more is another one: rather twice
/// than not at all.
fn is_same(blobs: &Blobs, one: &StoredBlob, other: &StoredBlob, size: u64) -> bool {
    let (one, other) = (blobs.path(&one.name), blobs.path(&other.name));
    digest::begin_equally(&one, &other, size).unwrap_or(false)
}

/// By the print of its pictures a mail is recognised that the device sends a second time.
fn digests(blobs: &Blobs, blob: &StoredBlob, content: &Content) -> io::Result<Vec<Option<Digest>>> {
    let print_of = |media: &Media| match media.kind {
        MediaKind::File => Ok(None),
        MediaKind::Picture | MediaKind::Animation | MediaKind::Video if !media.whole => Ok(None),
        _ => digest(blobs.read(&blob.name, media)?).map(Some),
    };
    content.media.iter().map(print_of).collect()
}

fn digest(reader: impl Read) -> io::Result<Digest> {
    Ok(blake3::Hasher::new().update_reader(reader)?.finalize().into())
}
