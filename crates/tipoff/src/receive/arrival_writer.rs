//! Writes arrivals into the spool. The bytes of a mail go to its blob and through the parser as they come, so that at
//! the end it only has to be made durable.
//!
//! All receivers use one writer, so that they share its limits: turns at the processor, memory of parsers, room on the
//! disk. Uploads have a writer of their own on top of it (`ftp/upload.rs`). What an arrival leads to (incident,
//! deliveries) is decided by the spool, in the transaction that stores it.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tipoff_mail::{Parsed, Parser};
use tipoff_model::{AddressShare, Content, Envelope, Media, MediaKind, Timestamp};
use tipoff_spool::{
    BlobWriter, Blobs, DedupPolicy, Digest, NewArrival, Sender, Spool, SpoolError, Stored,
    StoredBlob,
};
use tipoff_vendors::MailReading;

use super::access::DeviceResolver;
use super::mail_digest::{self, MailSize};
use super::parser_pool::{self, MailParser, ParserOwner, ParserPool};
use super::pictures::{AlarmOfPicture, PictureRequests};
use crate::disk::Disk;
use crate::media::whole_file;
use crate::net::processor_turns::{TurnShare, Turns};
use crate::runtime::blocking::blocking;
use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::per_minute::{PerMinute, network};

/// Time that a device has to send a mail again whose connection broke, before an alert is sent for what came of its
/// text.
const RESEND_WAIT: Duration = Duration::from_secs(5 * 60);

/// Alarms that are read and stored at a time.
const ALARMS_READ_MAX: usize = 8;

/// Stores the arrivals of all receivers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ArrivalWriter {
    pub(super) spool: Arc<dyn Spool>,
    /// Finds the device of each arrival.
    pub(super) resolver: DeviceResolver,
    /// Makes room before an arrival.
    disk: Disk,
    /// Wakes the channels of a stored arrival.
    pub(super) notifier: ChannelNotifier,
    /// Publishes a stored arrival to open pages.
    events: EventBus,
    /// The time of receipt: devices' own clocks are wrong (invariant 8).
    pub(super) clock: Clock,
    /// Turns at the processor, for the connections of all receivers.
    pub(super) turns: Turns,
    /// Turns at reading alarms that have come whole: what is found in one is in memory until it is stored.
    pub(super) alarm_turns: Turns,
    /// The parsers of the mails under way.
    parsers: ParserPool,
    /// The addresses whose arrivals were refused because the disk is full.
    refused_full: Arc<PerMinute<IpAddr>>,
    /// Asks for pictures of alarms that come without one.
    pictures: PictureRequests,
}

impl ArrivalWriter {
    /// A writer into this spool, with limits of its own.
    pub(crate) fn new(
        spool: Arc<dyn Spool>,
        resolver: DeviceResolver,
        disk: Disk,
        notifier: ChannelNotifier,
        events: EventBus,
        clock: Clock,
    ) -> Self {
        Self {
            spool,
            resolver,
            disk,
            notifier,
            events,
            clock,
            turns: Turns::default(),
            alarm_turns: Turns::new(ALARMS_READ_MAX),
            parsers: ParserPool::default(),
            refused_full: Arc::default(),
            pictures: PictureRequests::default(),
        }
    }

    /// The same, with these requests for pictures.
    pub(crate) fn with_pictures(self, pictures: PictureRequests) -> Self {
        Self { pictures, ..self }
    }

    /// Whether the disk has room for an arrival of this size, after the oldest ones are evicted where needed. Known
    /// devices have room longer than strangers.
    pub(crate) async fn make_room(&self, bytes: u64, envelope: &Envelope) -> bool {
        let device = self.resolver.device(envelope, None);
        self.disk.make_room(bytes, self.disk.is_known(&device)).await
    }

    /// The same for a device that is known for sure.
    pub(super) async fn make_room_for_known(&self, bytes: u64) -> bool {
        self.disk.make_room(bytes, true).await
    }

    /// Logs that there is no room for what `peer` sends, at most once a minute for each address.
    pub(super) fn report_full(&self, peer: IpAddr) {
        if let Some(times) = self.refused_full.due(network(peer)) {
            tracing::error!(%peer, times, "The disk of the spool is full: what a device sends is put off.");
        }
    }

    /// Whose share of the disk the bytes of a file count to.
    pub(super) fn sender(&self, envelope: &Envelope) -> Sender {
        let device = self.resolver.device(envelope, None);
        Sender::new(envelope.peer, self.disk.is_known(&device))
    }

    /// Begins to store a mail. Its bytes count to the share of its device or address from now on.
    ///
    /// # Errors
    /// The disk takes no new file.
    pub(crate) fn begin(&self, envelope: Envelope) -> io::Result<IncomingMail> {
        let began_at = self.clock.now();
        let mut writer = self.spool.blobs().begin(began_at, "eml")?;
        let device = self.resolver.device(&envelope, None);
        let is_known = self.disk.is_known(&device);
        writer.belongs_to(Sender::new(envelope.peer, is_known));
        let owner = ParserOwner { address: AddressShare::of(envelope.peer), is_known };
        Ok(IncomingMail {
            arrivals: self.clone(),
            size: MailSize::default(),
            envelope,
            writer,
            parser: self.parsers.begin(owner),
            began_at,
            failed: None,
        })
    }

    /// Stores an arrival, and announces it. The picture of an alarm that has none is asked for.
    pub(super) async fn store(&self, arrival: NewArrival) -> Result<Stored, SpoolError> {
        self.store_with_picture(arrival, None).await
    }

    /// The same for an alarm that names the address of its picture.
    pub(super) async fn store_with_picture(
        &self,
        mut arrival: NewArrival,
        picture: Option<&str>,
    ) -> Result<Stored, SpoolError> {
        let planned = self.pictures.plan(&self.resolver, &mut arrival, picture);
        let planned = planned.map(|planned| (planned, AlarmOfPicture::of(&arrival)));
        let stored = self.spool.store(arrival).await?;
        self.announce(&stored);
        if let Some((planned, alarm)) = planned {
            planned.request(&alarm, stored.incident);
        }
        Ok(stored)
    }

    /// Wakes the channels of a stored arrival, and publishes it to open pages.
    pub(super) fn announce(&self, stored: &Stored) {
        self.notifier.wake(&stored.channels);
        self.events
            .publish(LiveEvent::Arrival { incident: stored.incident, opened: !stored.joined });
    }
}

/// A mail that is being received.
pub(crate) struct IncomingMail {
    arrivals: ArrivalWriter,
    envelope: Envelope,
    /// The blob with the bytes as they came (invariant 2).
    writer: BlobWriter,
    parser: MailParser,
    /// Size without the line ends at its end.
    size: MailSize,
    /// When its first bytes were expected: by this an upload and a mail of one detection are ordered.
    began_at: Timestamp,
    /// The first error of the disk; nothing is written after it.
    failed: Option<io::Error>,
}

impl IncomingMail {
    /// Takes the next bytes. An error of the disk is returned when the mail ends: only then the device gets a reply.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.writer.write(bytes)
        {
            self.failed = Some(error);
        }
        self.parser.push(bytes);
        self.size.push(bytes);
    }

    /// Whether [`IncomingMail::keep_pace`] may have to wait.
    pub(crate) fn must_wait(&self) -> bool {
        self.writer.must_wait()
    }

    /// Waits while too many bytes wait for the disk.
    pub(crate) async fn keep_pace(&mut self) {
        self.writer.keep_pace().await;
    }

    /// Stores a mail that has come whole. When this returns it is durable (docs/spool.md, A3).
    pub(crate) async fn complete(self) -> Result<Stored, SpoolError> {
        self.store(MailEnding::Whole).await.map(|mail| mail.stored)
    }

    /// Stores what came of a mail whose connection broke; `None` if nothing came. `may_have_ended` says that the last
    /// bytes can be its end.
    pub(crate) async fn torn(self, may_have_ended: bool) -> Result<Option<StoredMail>, SpoolError> {
        if self.writer.size() == 0 {
            return Ok(None);
        }
        let ending = if may_have_ended { MailEnding::Unacknowledged } else { MailEnding::Broken };
        self.store(ending).await.map(Some)
    }

    /// The parser at the end of the mail. If it was given up, the mail is read again, in a turn that lasts until the
    /// mail is stored, because what the parser finds is in memory until then.
    async fn parser(&mut self) -> io::Result<(Box<Parser>, Option<TurnShare>)> {
        if let Some(parser) = self.parser.end() {
            return Ok((parser, None));
        }
        let turn = self.arrivals.parsers.turn_to_read_again(self.parser.owner()).await;
        let path = self.writer.path();
        let mut share = self.arrivals.turns.of(self.envelope.peer);
        Ok((parser_pool::read_again(path, &mut share).await?, Some(turn)))
    }

    /// Makes the mail durable and stores it. The digests of its files are read before, on a thread for blocking work; a
    /// mail that may be a repetition of a stored one is compared with it byte by byte there.
    async fn store(mut self, ending: MailEnding) -> Result<StoredMail, SpoolError> {
        if let Some(error) = self.failed {
            return Err(disk_error(&error));
        }
        let received_at = self.arrivals.clock.now();
        let (parser, _turn) = self.parser().await.map_err(|error| disk_error(&error))?;
        let parsed = match ending {
            MailEnding::Broken => parser.torn_parsed(),
            MailEnding::Whole | MailEnding::Unacknowledged => parser.finish_parsed(),
        };
        let Parsed { content, message_id, is_closed } = parsed;
        let torn = ending == MailEnding::Broken && !is_closed;
        let ready_at = match torn && !content.has_shots() {
            true => received_at.after(RESEND_WAIT),
            false => received_at,
        };
        let reading = tipoff_vendors::read(&content);
        let MailReading { details, camera, .. } = reading;
        let content = Content { details, camera, ..content };
        let device = self.arrivals.resolver.device(&self.envelope, content.camera.as_ref());
        let spool = &self.arrivals.spool;
        let (recipients, size) = (&self.envelope.recipients, self.size.bytes());
        let digest =
            mail_digest::digest(&device.key, recipients, message_id.as_deref(), &self.size);
        let known = spool.known_mail(&digest, received_at);
        let unacknowledged = ending != MailEnding::Whole;
        let wants_digests = unacknowledged || spool.has_torn(&device.key);
        let (writer, content, digests, same_as) = match wants_digests || known.is_some() {
            false => (self.writer, content, Vec::new(), None),
            true => {
                let (writer, blobs) = (self.writer, spool.blobs().clone());
                let compares = move || {
                    let digests =
                        if wants_digests { digests(&writer, &content)? } else { Vec::new() };
                    let same_as = known.filter(|(_, known)| is_same(&writer, &blobs, known, size));
                    Ok((writer, content, digests, same_as.map(|(arrival, _)| arrival)))
                };
                blocking(compares).await.map_err(|error| disk_error(&error))?
            }
        };
        let blob = writer.commit().await.map_err(|error| disk_error(&error))?;
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
        let stored = self.arrivals.store(arrival).await?;
        Ok(StoredMail { stored, torn })
    }
}

/// How the connection of a mail ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MailEnding {
    /// After the end of the mail, which is acknowledged.
    Whole,
    /// After bytes that can be its end; nothing is acknowledged.
    Unacknowledged,
    /// In the middle of the mail.
    Broken,
}

/// A mail that is stored.
pub(crate) struct StoredMail {
    pub(crate) stored: Stored,
    /// Whether its connection broke before its end.
    pub(crate) torn: bool,
}

/// An error of the disk as the spool's. A full disk and a full quota are told apart from other errors: the device gets
/// another reply, and its owner another hint.
pub(super) fn disk_error(error: &io::Error) -> SpoolError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            SpoolError::Full(error.to_string())
        }
        _ => SpoolError::File(error.to_string()),
    }
}

/// Whether a mail has the same bytes as a stored one. If one cannot be read, they count as different: two alerts are
/// better than none.
fn is_same(mail: &BlobWriter, blobs: &Blobs, stored: &StoredBlob, size: u64) -> bool {
    let whole = whole_file(String::new(), "", MediaKind::File, stored.size);
    let same = File::open(mail.path())
        .and_then(|mail| mail_digest::begin_equally(mail, blobs.read(&stored.name, &whole)?, size));
    same.unwrap_or(false)
}

/// The digest of each whole picture and video, by which a file is recognised that a device sends again after its
/// connection broke. `None` for other files.
pub(super) fn digests(mail: &BlobWriter, content: &Content) -> io::Result<Vec<Option<Digest>>> {
    let digest_of = |media: &Media| match media.kind {
        MediaKind::File => Ok(None),
        MediaKind::Picture | MediaKind::Animation | MediaKind::Video if !media.whole => Ok(None),
        _ => digest(mail.read(media)?).map(Some),
    };
    content.media.iter().map(digest_of).collect()
}

/// The digest of a decoded file.
fn digest(reader: impl Read) -> io::Result<Digest> {
    Ok(blake3::Hasher::new().update_reader(reader)?.finalize().into())
}
