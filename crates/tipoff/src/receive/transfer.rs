//! One transfer: bytes between a data connection and the spool, within limits of time and size.

mod rate;

use std::future::Future;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use tipoff_ftp::{DownloadSource, Failure, File, Outcome};
use tipoff_model::Protocol;
use tipoff_spool::{SpoolError, Stored};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use self::rate::Rate;
use super::browser::Head;
use super::data::Plan;
use super::ftp::Receiver;
use super::ftp::pace::Pace;
use super::transcript::{Recorder, Trouble, grouped};
use super::upload::{Kept, Unready, Uploading};
use crate::net::wire::Wire;

/// Bytes of a file that are sent at once.
const STEP_BYTES: usize = 64 * 1024;
/// Reads, of 64 KiB at most, of what had come before a transfer was stopped.
const DRAINED_READS_MAX: usize = 16;
/// How long the end of the control connection may come behind the end of an upload that lacks its end.
const GONE_MAX: Duration = Duration::from_millis(100);

/// How long the end of a connection may take.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// What the control connection tells a transfer.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// It is to stop: keep what came.
    pub(super) stop: CancellationToken,
    /// The control connection is gone: what is still coming is kept, and may be all of it.
    pub(super) gone: CancellationToken,
    /// Told by the transfer: all bytes of the upload have come.
    pub(super) ended: CancellationToken,
}

impl Signals {
    /// Whether both are those of one transfer.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.ended == other.ended
    }
}

/// How the bytes of an upload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The device closed the connection, with the end of TLS where it is encrypted.
    Closed,
    /// It closed the connection without the end of TLS (RFC 8446, section 6.1), as those do that close and do
    /// not look back.
    Silent,
    /// The connection was reset.
    Reset,
    /// This happened before.
    Before(Failure),
    /// What came is the request of a browser, and nobody's upload.
    Foreign,
}

/// What the content of an upload says of its end.
#[derive(Clone, Copy)]
struct Ends {
    /// As in [`Uploading::is_complete`].
    is_complete: Option<bool>,
    /// As in [`Uploading::may_end_so`].
    may_end_so: bool,
}

impl End {
    /// What it makes of an upload; `None`: it is whole. In stream mode the end of the connection is the end of
    /// the file (RFC 959, section 3.4.1). ffmpeg closes the control connection before it: nothing else is known
    /// then, so the content must not say otherwise. After a reset it must have its end.
    fn failure(self, is_gone: bool, content: Ends) -> Option<Failure> {
        let Ends { is_complete, may_end_so } = content;
        let is_whole = match self {
            Self::Before(failure) => return Some(failure),
            Self::Foreign => return Some(Failure::NoConnection),
            Self::Closed if is_gone => may_end_so,
            Self::Closed => true,
            Self::Silent if !is_gone => is_complete != Some(false),
            Self::Silent | Self::Reset => is_complete == Some(true),
        };
        (!is_whole).then_some(Failure::Broken)
    }
}

/// Takes an upload.
pub(super) async fn receive(
    receiver: &Receiver,
    plan: Plan,
    has_room: bool,
    upload: impl Future<Output = Result<Uploading, Unready>>,
    signals: Signals,
) -> Outcome {
    let (peer, record) = (plan.context.peer, plan.context.record.clone());
    if !has_room {
        receiver.uploads.report_full(peer);
        record.trouble(Trouble::DiskFull);
        return Outcome::Failed(Failure::SpoolFull, None);
    }
    let mut wire = tokio::select! {
        opened = plan.open() => match opened {
            Ok(wire) => wire,
            Err(why) => return Outcome::Failed(why.into(), None),
        },
        () = signals.stop.cancelled() => {
            record.trouble(Trouble::GivenUp);
            return Outcome::Failed(Failure::Aborted, None);
        }
    };
    let mut upload = match upload.await {
        Ok(upload) => upload,
        Err(Unready::Busy) => return failed(Failure::Busy, None, &record),
        Err(Unready::Failed(error)) => {
            tracing::error!(%peer, %error, "The spool cannot take a new file.");
            return failed(failure_of(&error), None, &record);
        }
    };
    let before = upload.size();
    let end = take(receiver, &mut wire, &mut upload, &signals, &record).await;
    if end == End::Foreign {
        return Outcome::Failed(Failure::NoConnection, None);
    }
    upload.settle();
    signals.ended.cancel();
    // Clients that encrypt wait for our end of it; for the 226 they wait on the other connection.
    let _ = timeout(CLOSE_MAX, wire.close()).await;
    drop(wire);
    record.note(&format!("{} bytes of an upload.", grouped(upload.size().saturating_sub(before))));
    let began = Instant::now();
    let content = Ends { is_complete: upload.is_complete(), may_end_so: upload.may_end_so() };
    if end == End::Closed && !content.may_end_so {
        // Which of two connections ended first is known a moment after both have.
        let _ = timeout(GONE_MAX, signals.gone.cancelled()).await;
    }
    let failure = end.failure(signals.gone.is_cancelled(), content);
    match upload.store(failure.is_some()).await {
        Ok(Kept::Stored(file, stored)) => {
            receiver.metrics.arrival(Protocol::Ftp, failure.is_some(), began.elapsed());
            tell(peer, file, &stored, failure.is_some());
            record.stored(&stored, failure.is_some());
            match failure {
                None => Outcome::Stored(file),
                Some(failure) => failed(failure, Some(file), &record),
            }
        }
        Ok(Kept::Known(file)) => {
            record.note("All of them are kept already, of an earlier try.");
            failed(failure.unwrap_or(Failure::Temporary), Some(file), &record)
        }
        Ok(Kept::Nothing) => failed(failure.unwrap_or(Failure::Temporary), None, &record),
        Err(error) => {
            tracing::error!(%peer, %error, "An upload could not be stored; the device is told so.");
            failed(failure_of(&error), None, &record)
        }
    }
}

/// Notes what is to be changed, if anything is.
fn failed(failure: Failure, kept: Option<File>, record: &Recorder) -> Outcome {
    let trouble = match failure {
        Failure::Broken => Some(Trouble::Torn),
        Failure::Aborted => Some(Trouble::GivenUp),
        Failure::TimedOut => Some(Trouble::TimedOut),
        Failure::TooBig => Some(Trouble::TooBig),
        Failure::Busy => Some(Trouble::Busy),
        Failure::SpoolFull => Some(Trouble::DiskFull),
        Failure::Temporary => Some(Trouble::NotStored),
        // Noted where it failed; and a device may ask for what is not there.
        Failure::NoConnection | Failure::NotEncrypted | Failure::Gone => None,
    };
    if let Some(trouble) = trouble {
        record.trouble(trouble);
    }
    Outcome::Failed(failure, kept)
}

async fn take(
    receiver: &Receiver,
    wire: &mut Wire,
    upload: &mut Uploading,
    signals: &Signals,
    record: &Recorder,
) -> End {
    let settings = &receiver.settings;
    let deadline = tokio::time::Instant::now() + settings.max_transfer;
    let (mut pace, mut rate) = (Pace::default(), Rate::new(settings.stall));
    let mut head = Head::new(wire.is_tls());
    loop {
        pace.pause();
        let read = tokio::select! {
            biased;
            () = signals.stop.cancelled() => {
                upload.push(&head.take());
                drain(receiver, wire, upload).await;
                return End::Before(Failure::Aborted);
            }
            () = sleep_until(deadline) => {
                upload.push(&head.take());
                return End::Before(Failure::TimedOut);
            }
            read = timeout(settings.stall, wire.read(&receiver.buffers)) => read,
        };
        let end = match read {
            Err(_) => Some(End::Before(Failure::TimedOut)),
            Ok(Ok(chunk)) if chunk.bytes().is_empty() => Some(End::Closed),
            Ok(Ok(chunk)) => {
                pace.take().await;
                let is_foreign = head.see(chunk.bytes(), |bytes| upload.push(bytes));
                let is_slow = rate.is_too_low(chunk.bytes().len());
                match () {
                    () if is_foreign => {
                        record.note("A browser's request came to the data port: it is not stored.");
                        return End::Foreign;
                    }
                    () if is_slow => Some(End::Before(Failure::TimedOut)),
                    () => None,
                }
            }
            Ok(Err(error)) => Some(broken(&error, record)),
        };
        if let Some(end) = end {
            upload.push(&head.take());
            return end;
        }
        if upload.has_failed() {
            // Why is told by whoever stores it.
            return End::Before(Failure::SpoolFull);
        }
        upload.keep_pace().await;
        if upload.size() > settings.max_file {
            return End::Before(Failure::TooBig);
        }
    }
}

/// Reads what had come already when a transfer was stopped, but for more than so much.
async fn drain(receiver: &Receiver, wire: &mut Wire, upload: &mut Uploading) {
    for _ in 0..DRAINED_READS_MAX {
        match timeout(Duration::ZERO, wire.read(&receiver.buffers)).await {
            Ok(Ok(chunk)) if !chunk.bytes().is_empty() => upload.push(chunk.bytes()),
            _ => return,
        }
    }
}

/// How a connection ended that could not be read any further.
fn broken(error: &io::Error, record: &Recorder) -> End {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => End::Silent,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => End::Reset,
        _ => {
            // Such as what TLS does not understand.
            record.note(&format!("The data connection broke: {error}."));
            End::Before(Failure::Broken)
        }
    }
}

fn tell(peer: std::net::IpAddr, file: File, stored: &Stored, torn: bool) {
    tracing::info!(
        %peer,
        arrival = %file.arrival,
        bytes = file.size,
        incident = %stored.incident,
        channels = stored.channels.join(", "),
        torn,
        "An upload is stored.",
    );
}

fn failure_of(error: &SpoolError) -> Failure {
    match error {
        SpoolError::Full(_) => Failure::SpoolFull,
        _ => Failure::Temporary,
    }
}

/// Gives a listing or a file.
pub(super) async fn send(
    receiver: &Receiver,
    plan: Plan,
    source: DownloadSource,
    signals: Signals,
) -> Outcome {
    let record = plan.context.record.clone();
    let sending = async {
        let mut wire = plan.open().await.map_err(Failure::from)?;
        let (what, bytes) = match source {
            DownloadSource::Listing(mut listing) => {
                let mut bytes = 0;
                while let Some(piece) = listing.next_piece() {
                    write(receiver, &mut wire, &piece).await?;
                    bytes += piece.len() as u64;
                }
                ("listing", bytes)
            }
            DownloadSource::File { file, offset } => {
                give(receiver, &mut wire, file, offset).await?;
                ("file", file.size.saturating_sub(offset))
            }
        };
        record.note(&format!("{} bytes of a {what} given.", grouped(bytes)));
        let closed = timeout(CLOSE_MAX, wire.close()).await;
        closed.map_err(|_| Failure::Broken)?.map_err(|_| Failure::Broken)
    };
    tokio::select! {
        sent = timeout(receiver.settings.max_transfer, sending) => match sent {
            Ok(Ok(())) => Outcome::Sent,
            Ok(Err(failure)) => Outcome::Failed(failure, None),
            Err(_) => Outcome::Failed(Failure::TimedOut, None),
        },
        () = signals.stop.cancelled() => Outcome::Failed(Failure::Aborted, None),
    }
}

async fn write(receiver: &Receiver, wire: &mut Wire, bytes: &[u8]) -> Result<(), Failure> {
    match timeout(receiver.settings.stall, wire.write(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Failure::Broken),
        Err(_) => Err(Failure::TimedOut),
    }
}

async fn give(
    receiver: &Receiver,
    wire: &mut Wire,
    file: File,
    offset: u64,
) -> Result<(), Failure> {
    let stored = receiver.uploads.find(file.arrival).await.map_err(|error| failure_of(&error))?;
    let mut stored = stored.ok_or(Failure::Gone)?;
    // Since then it may have grown.
    stored.media.range = offset..file.size;
    let blobs = receiver.uploads.blobs();
    let mut reader = blobs.read(&stored.blob, &stored.media).map_err(|_| Failure::Gone)?;
    loop {
        let step = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::with_capacity(STEP_BYTES);
            let read = (&mut reader).take(STEP_BYTES as u64).read_to_end(&mut bytes);
            read.map(|_| (reader, bytes))
        });
        let (again, bytes) =
            step.await.map_err(|_| Failure::Temporary)?.map_err(|_| Failure::Temporary)?;
        if bytes.is_empty() {
            return Ok(());
        }
        write(receiver, wire, &bytes).await?;
        reader = again;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_connection_ended_and_the_content_tell_whether_an_upload_is_whole() {
        let content = |is_complete, may_end_so| Ends { is_complete, may_end_so };
        let [yes, no] = [true, false].map(|whole| content(Some(whole), whole));
        let (unknown, video) = (content(None, false), content(None, true));
        for (end, is_gone, wholes, torns) in [
            // The device is told 226 or 426, and so it is believed.
            (End::Closed, false, &[yes, no, unknown][..], &[][..]),
            (End::Closed, true, &[yes, video], &[no, unknown]),
            (End::Silent, false, &[yes, unknown], &[no]),
            (End::Silent, true, &[yes], &[no, unknown]),
            (End::Reset, false, &[yes], &[no, unknown]),
            (End::Reset, true, &[yes], &[no, unknown]),
        ] {
            for complete in wholes {
                assert_eq!(end.failure(is_gone, *complete), None, "{end:?} {is_gone}");
            }
            for complete in torns {
                let failure = end.failure(is_gone, *complete);
                assert_eq!(failure, Some(Failure::Broken), "{end:?} {is_gone}");
            }
        }
        let aborted = End::Before(Failure::Aborted);
        assert_eq!(aborted.failure(false, yes), Some(Failure::Aborted));
    }
}
