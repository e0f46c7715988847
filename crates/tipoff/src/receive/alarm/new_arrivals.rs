//! What is news in a request becomes arrivals, each with a blob of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use tipoff_model::{Alarm, AlarmPhase, Content, Device, Envelope, Media, Timestamp};
use tipoff_spool::{BlobWriter, DedupPolicy, MailDigest, NewArrival, SpoolError, Stored};
use tokio::time::Instant;

use super::AlarmReceiver;
use super::open_alarms::AlarmNews;
use crate::receive::arrival_writer::{self, disk_error};
use crate::receive::transcript::TranscriptRecorder;
use crate::runtime::blocking::blocking;
use crate::runtime::lock::lock;

/// Bytes that are read at a time.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// What became of several alarms.
#[derive(Default)]
pub(super) struct StoredNews {
    /// Those that are stored, in their order.
    pub(super) done: Vec<Stored>,
    /// Why the next one is not.
    pub(super) error: Option<SpoolError>,
}

/// How alarms came.
pub(super) enum Origin {
    /// A device sent them: who it is follows from the envelope.
    Sent,
    /// The device of this name in the configuration was asked for them.
    Asked(String),
}

/// What the arrivals of one request have in common.
pub(super) struct RequestFacts {
    pub(super) receiver: AlarmReceiver,
    pub(super) origin: Origin,
    pub(super) envelope: Envelope,
    pub(super) began_at: Timestamp,
    pub(super) vendor: Option<&'static str>,
    /// Whether the connection broke before the end of the body.
    pub(super) torn: bool,
    /// Finds the request if it comes again; kept with its last arrival, when all are stored.
    pub(super) digest: Option<MailDigest>,
}

impl RequestFacts {
    /// Stores each alarm that is news as an arrival of its own: they may be of several cameras of a recorder. The
    /// incident of an alarm that goes on is prolonged.
    ///
    /// # Errors
    /// An incident could not be prolonged; then nothing is stored.
    pub(super) async fn store_news(
        &self,
        writer: BlobWriter,
        alarms: Vec<Alarm>,
        media: &[Media],
        record: &TranscriptRecorder,
    ) -> Result<StoredNews, SpoolError> {
        let arrivals = &self.receiver.0.writer;
        let open_alarms = || lock(&self.receiver.0.open);
        let mut news = Vec::new();
        // Only what was asked for may have been alerted before: what a device sends late is news.
        let may_be_late = matches!(self.origin, Origin::Asked(_));
        for mut alarm in alarms {
            alarm.late &= may_be_late;
            let device = self.device(&alarm);
            let taken = match alarm.late {
                // It says nothing about what goes on now.
                true if alarm.phase == AlarmPhase::Stop => AlarmNews::Ended,
                true => AlarmNews::New,
                false => open_alarms().take(&device.key, &alarm, Instant::now()),
            };
            match taken {
                AlarmNews::New => news.push((device, alarm)),
                AlarmNews::GoesOn(incident) => {
                    record.note(&format!("{}: it goes on.", shown(&alarm)));
                    if let Some(incident) = incident {
                        arrivals.spool.prolong(incident, arrivals.clock.now()).await?;
                    }
                }
                AlarmNews::Ended => record.note(&format!("{}: it has ended.", shown(&alarm))),
            }
        }
        if news.is_empty() {
            record.note("Nothing new: nothing is stored.");
            return Ok(StoredNews::default());
        }
        let stored = self.store_all(writer, &news, media).await;
        let mut open = open_alarms();
        for (number, (device, alarm)) in news.iter().enumerate() {
            if alarm.late {
                continue;
            }
            match stored.done.get(number) {
                Some(stored) => open.stored(&device.key, alarm, stored.incident),
                None => open.not_stored(&device.key, alarm),
            }
        }
        drop(open);
        for stored in &stored.done {
            record.stored(stored, self.torn);
        }
        Ok(stored)
    }

    /// The device that an alarm is from.
    fn device(&self, alarm: &Alarm) -> Device {
        let (resolver, camera) = (&self.receiver.0.writer.resolver, alarm.camera.as_ref());
        match &self.origin {
            Origin::Sent => resolver.device(&self.envelope, camera),
            Origin::Asked(name) => resolver.asked(name, camera),
        }
    }

    /// Stores alarms in their order. The first has the whole request as its blob; those behind it have its beginning and
    /// their own files, so that all together take little more than the request.
    async fn store_all(
        &self,
        writer: BlobWriter,
        news: &[(Device, Alarm)],
        media: &[Media],
    ) -> StoredNews {
        let mut stored = StoredNews { done: Vec::new(), error: None };
        let of = |alarm: &Alarm| -> Vec<Media> {
            alarm.media.iter().filter_map(|&index| media.get(index)).cloned().collect()
        };
        let Some(((device, alarm), others)) = news.split_first() else { return stored };
        let result = async {
            let mut parts = Vec::new();
            let mut room = writer.size();
            for (device, alarm) in others {
                let mut media = of(alarm);
                // The same file in many alarms is copied only as long as there is room.
                media.retain(|it| {
                    let bytes = it.range.end - it.range.start;
                    let fits = bytes <= room;
                    room -= if fits { bytes } else { 0 };
                    fits
                });
                let (part, media) = self.extract(&writer, media).await?;
                parts.push((part, device, alarm, media));
            }
            let digest_of = |is_last: bool| self.digest.filter(|_| is_last);
            let mut left = parts.len();
            let first =
                self.store(writer, device.clone(), alarm, of(alarm), digest_of(left == 0)).await?;
            stored.done.push(first);
            for (part, device, alarm, media) in parts {
                left -= 1;
                let digest = digest_of(left == 0);
                let next = self.store(part, device.clone(), alarm, media, digest).await?;
                stored.done.push(next);
            }
            Ok(())
        };
        stored.error = result.await.err();
        stored
    }

    /// A blob with the beginning of the request and these files, which are then ranges of it.
    async fn extract(
        &self,
        request: &BlobWriter,
        mut media: Vec<Media>,
    ) -> Result<(BlobWriter, Vec<Media>), SpoolError> {
        let mut part = begin_blob(&self.receiver, self.began_at, &self.envelope)?;
        let (path, size) = (request.path(), request.size());
        let extracted = blocking(move || {
            let mut file = File::open(path)?;
            copy_range(&mut file, 0..size.min(CHUNK_BYTES as u64), &mut part)?;
            for media in &mut media {
                let begin = part.size();
                copy_range(&mut file, media.range.clone(), &mut part)?;
                media.range = begin..part.size();
            }
            Ok((part, media))
        });
        extracted.await.map_err(|error| disk_error(&error))
    }

    /// Makes a blob durable and stores its alarm.
    async fn store(
        &self,
        writer: BlobWriter,
        device: Device,
        alarm: &Alarm,
        media: Vec<Media>,
        digest: Option<MailDigest>,
    ) -> Result<Stored, SpoolError> {
        let arrivals = &self.receiver.0.writer;
        let received_at = arrivals.clock.now();
        let content = self.content(alarm, media);
        let (writer, content, digests) = if content.has_shots() {
            let read = move || {
                let digests = arrival_writer::digests(&writer, &content)?;
                Ok((writer, content, digests))
            };
            blocking(read).await.map_err(|error| disk_error(&error))?
        } else {
            (writer, content, Vec::new())
        };
        let blob = writer.commit().await.map_err(|error| disk_error(&error))?;
        let arrival = NewArrival {
            event: alarm.event,
            housekeeping: false,
            vendor: self.vendor,
            device,
            envelope: self.envelope.clone(),
            content,
            blob,
            began_at: self.began_at,
            received_at,
            ready_at: received_at,
            torn: self.torn,
            unacknowledged: self.torn,
            digest,
            same_as: None,
            digests,
            // The same picture may come with another event, as a placeholder does.
            again: DedupPolicy::AfterTorn,
            tree: None,
        };
        arrivals.store_with_picture(arrival, alarm.picture.as_deref()).await
    }

    /// What an alarm says. Of a known vendor the event is the title, and the alert shows only what else is known.
    fn content(&self, alarm: &Alarm, media: Vec<Media>) -> Content {
        let words = [&*alarm.subject, &*alarm.text];
        let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
        Content {
            subject: alarm.subject.clone(),
            text: alarm.text.clone(),
            media,
            // A file that is missing shows in the arrival, which is torn; the raw request helps nobody.
            unclear: false,
            details: self.vendor.map(|_| words.join("\n")),
            camera: alarm.camera.clone(),
            late: alarm.late,
        }
    }
}

/// An alarm as the transcript names it.
fn shown(alarm: &Alarm) -> String {
    let title = alarm.event.title().unwrap_or("An alarm");
    match alarm.kind.is_empty() {
        true => title.to_owned(),
        false => format!("{title} ({})", alarm.kind),
    }
}

/// Copies a range of a file to the end of a blob. Blocks.
fn copy_range(file: &mut File, range: Range<u64>, to: &mut BlobWriter) -> io::Result<()> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut rest = file.take(range.end.saturating_sub(range.start));
    let mut piece = Vec::with_capacity(CHUNK_BYTES);
    loop {
        piece.clear();
        (&mut rest).take(CHUNK_BYTES as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(());
        }
        to.write(&piece)?;
    }
}

/// A blob whose bytes count to the share of whoever sends.
pub(super) fn begin_blob(
    receiver: &AlarmReceiver,
    began_at: Timestamp,
    envelope: &Envelope,
) -> Result<BlobWriter, SpoolError> {
    let arrivals = &receiver.0.writer;
    let begun = arrivals.spool.blobs().begin(began_at, "http");
    let mut writer = begun.map_err(|error| disk_error(&error))?;
    writer.belongs_to(arrivals.sender(envelope));
    Ok(writer)
}
