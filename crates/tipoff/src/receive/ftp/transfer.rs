//! One transfer: bytes between a data connection and the spool, within limits of time and size.
//!
//! Whether an upload is whole is not obvious: FTP states no length, and devices end connections in every order. The
//! answer combines how the data connection ended, whether the control connection was closed, and what the content shows
//! ([`End::failure`]). An upload that is not whole is stored torn (invariant 7).

mod rate;

use std::future::Future;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use tipoff_ftp::{DownloadSource, TransferFailure, TransferOutcome, UploadedFile};
use tipoff_model::Protocol;
use tipoff_spool::{SpoolError, Stored};
use tokio::time::{sleep_until, timeout};

use self::rate::Rate;
use super::Receiver;
use super::browser_request::Head;
use super::data_connection::DataConnectionPlan;
use super::pace::WorkPace;
use super::signals::Signals;
use super::upload::{CannotBegin, IncomingUpload, StoreOutcome};
use crate::net::wire::Wire;
use crate::receive::transcript::{SessionProblem, TranscriptRecorder, grouped};

/// Bytes of a file that are sent at once.
const STEP_BYTES: usize = 64 * 1024;
/// Reads, of 64 KiB at most, of bytes that had come before a transfer was stopped.
const DRAINED_READS_MAX: usize = 16;
/// How long to wait for the end of the control connection after that of an upload whose content lacks its end.
const GONE_MAX: Duration = Duration::from_millis(100);

/// How long closing a connection may take.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// How the bytes of an upload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The device closed the connection, with the end of TLS where it is encrypted.
    Closed,
    /// The device closed the connection without the end of TLS (RFC 8446, section 6.1), as many do.
    Silent,
    /// The connection was reset.
    Reset,
    /// The upload failed for this reason before the connection ended.
    Before(TransferFailure),
    /// The bytes are a browser's request, not an upload.
    Foreign,
}

/// What the content of an upload shows about its end.
#[derive(Clone, Copy)]
struct ContentEnd {
    /// As in [`IncomingUpload::is_complete`].
    is_complete: Option<bool>,
    /// As in [`IncomingUpload::may_end_so`].
    may_end_so: bool,
}

impl End {
    /// Why the upload is not whole; `None` if it is. In stream mode the end of the connection is the end of the file
    /// (RFC 959, section 3.4.1). ffmpeg closes the control connection before the data connection: then the content must
    /// not lack its end. After a reset the content must show its end.
    fn failure(self, is_gone: bool, content: ContentEnd) -> Option<TransferFailure> {
        let ContentEnd { is_complete, may_end_so } = content;
        let is_whole = match self {
            Self::Before(failure) => return Some(failure),
            Self::Foreign => return Some(TransferFailure::NoConnection),
            Self::Closed if is_gone => may_end_so,
            Self::Closed => true,
            Self::Silent if !is_gone => is_complete != Some(false),
            Self::Silent | Self::Reset => is_complete == Some(true),
        };
        (!is_whole).then_some(TransferFailure::Broken)
    }
}

/// Receives an upload and stores it. The outcome tells the state machine what to reply: 226 only if the file is durable
/// (invariant 1). `upload` is awaited after the data connection is made, so that a device that does not connect leaves
/// no file.
pub(super) async fn receive(
    receiver: &Receiver,
    plan: DataConnectionPlan,
    has_room: bool,
    upload: impl Future<Output = Result<IncomingUpload, CannotBegin>>,
    signals: Signals,
) -> TransferOutcome {
    let (peer, record) = (plan.context.peer, plan.context.record.clone());
    if !has_room {
        receiver.uploads.report_full(peer);
        record.problem(SessionProblem::DiskFull);
        return TransferOutcome::Failed(TransferFailure::SpoolFull, None);
    }
    let mut wire = tokio::select! {
        opened = plan.open() => match opened {
            Ok(wire) => wire,
            Err(why) => return TransferOutcome::Failed(why.into(), None),
        },
        () = signals.stop.cancelled() => {
            record.problem(SessionProblem::GivenUp);
            return TransferOutcome::Failed(TransferFailure::Aborted, None);
        }
    };
    let mut upload = match upload.await {
        Ok(upload) => upload,
        Err(CannotBegin::Busy) => return failed(TransferFailure::Busy, None, &record),
        Err(CannotBegin::Failed(error)) => {
            tracing::error!(%peer, %error, "The spool cannot take a new file.");
            return failed(failure_of(&error), None, &record);
        }
    };
    let before = upload.size();
    let end = read_all(receiver, &mut wire, &mut upload, &signals, &record).await;
    if end == End::Foreign {
        return TransferOutcome::Failed(TransferFailure::NoConnection, None);
    }
    upload.settle();
    signals.ended.cancel();
    // Clients that encrypt wait until this side closes TLS; the 226 comes on the other connection.
    let _ = timeout(CLOSE_MAX, wire.close()).await;
    drop(wire);
    record.note(&format!("{} bytes of an upload.", grouped(upload.size().saturating_sub(before))));
    let began = Instant::now();
    let content = ContentEnd { is_complete: upload.is_complete(), may_end_so: upload.may_end_so() };
    if end == End::Closed && !content.may_end_so {
        // The order in which both connections ended is known only a moment later.
        let _ = timeout(GONE_MAX, signals.gone.cancelled()).await;
    }
    let failure = end.failure(signals.gone.is_cancelled(), content);
    store(receiver, upload, failure, peer, began, &record).await
}

/// Stores a received upload; as a torn one if the transfer failed. `began` is when its last byte was received.
async fn store(
    receiver: &Receiver,
    upload: IncomingUpload,
    failure: Option<TransferFailure>,
    peer: std::net::IpAddr,
    began: Instant,
    record: &TranscriptRecorder,
) -> TransferOutcome {
    let torn = failure.is_some();
    let not_stored = failure.unwrap_or(TransferFailure::Temporary);
    match upload.store(torn).await {
        Ok(StoreOutcome::Stored(file, stored)) => {
            receiver.metrics.arrival(Protocol::Ftp, torn, began.elapsed());
            report(peer, file, &stored, torn);
            record.stored(&stored, torn);
            match failure {
                None => TransferOutcome::Stored(file),
                Some(failure) => failed(failure, Some(file), record),
            }
        }
        Ok(StoreOutcome::Known(file)) => {
            record.note("All of them are stored already, from an earlier try.");
            failed(not_stored, Some(file), record)
        }
        Ok(StoreOutcome::Nothing) => failed(not_stored, None, record),
        Err(error) => {
            tracing::error!(%peer, %error, "An upload could not be stored; the reply says so to the device.");
            failed(failure_of(&error), None, record)
        }
    }
}

/// Notes the problem of a transfer that failed.
fn failed(
    failure: TransferFailure,
    kept: Option<UploadedFile>,
    record: &TranscriptRecorder,
) -> TransferOutcome {
    let problem = match failure {
        TransferFailure::Broken => Some(SessionProblem::Torn),
        TransferFailure::Aborted => Some(SessionProblem::GivenUp),
        TransferFailure::TimedOut => Some(SessionProblem::TimedOut),
        TransferFailure::TooBig => Some(SessionProblem::TooBig),
        TransferFailure::Busy => Some(SessionProblem::Busy),
        TransferFailure::SpoolFull => Some(SessionProblem::DiskFull),
        TransferFailure::Temporary => Some(SessionProblem::NotStored),
        // The first two are noted where they happen; the third is no problem, because devices look for missing files.
        TransferFailure::NoConnection | TransferFailure::NotEncrypted | TransferFailure::Gone => {
            None
        }
    };
    if let Some(problem) = problem {
        record.problem(problem);
    }
    TransferOutcome::Failed(failure, kept)
}

/// Reads the bytes of an upload until its connection ends or a limit is exceeded.
async fn read_all(
    receiver: &Receiver,
    wire: &mut Wire,
    upload: &mut IncomingUpload,
    signals: &Signals,
    record: &TranscriptRecorder,
) -> End {
    let settings = &receiver.settings;
    let deadline = tokio::time::Instant::now() + settings.max_transfer;
    let (mut pace, mut rate) = (WorkPace::default(), Rate::new(settings.stall));
    let mut head = Head::new(wire.is_tls());
    loop {
        pace.pause();
        let read = tokio::select! {
            biased;
            () = signals.stop.cancelled() => {
                upload.push(&head.take());
                drain(receiver, wire, upload).await;
                return End::Before(TransferFailure::Aborted);
            }
            () = sleep_until(deadline) => {
                upload.push(&head.take());
                return End::Before(TransferFailure::TimedOut);
            }
            read = timeout(settings.stall, wire.read(&receiver.buffers)) => read,
        };
        let end = match read {
            Err(_) => Some(End::Before(TransferFailure::TimedOut)),
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
                    () if is_slow => Some(End::Before(TransferFailure::TimedOut)),
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
            // Storing it returns the error.
            return End::Before(TransferFailure::SpoolFull);
        }
        upload.keep_pace().await;
        if upload.size() > settings.max_file {
            return End::Before(TransferFailure::TooBig);
        }
    }
}

/// Reads what had come before a transfer was stopped, up to a limit.
async fn drain(receiver: &Receiver, wire: &mut Wire, upload: &mut IncomingUpload) {
    for _ in 0..DRAINED_READS_MAX {
        match timeout(Duration::ZERO, wire.read(&receiver.buffers)).await {
            Ok(Ok(chunk)) if !chunk.bytes().is_empty() => upload.push(chunk.bytes()),
            _ => return,
        }
    }
}

/// How a connection ended whose read failed.
fn broken(error: &io::Error, record: &TranscriptRecorder) -> End {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => End::Silent,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => End::Reset,
        _ => {
            // Such as invalid TLS.
            record.note(&format!("The data connection broke: {error}."));
            End::Before(TransferFailure::Broken)
        }
    }
}

/// Logs a stored upload.
fn report(peer: std::net::IpAddr, file: UploadedFile, stored: &Stored, torn: bool) {
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

/// The failure for an error of the spool: a full disk, or one after which the device may try again.
fn failure_of(error: &SpoolError) -> TransferFailure {
    match error {
        SpoolError::Full(_) => TransferFailure::SpoolFull,
        _ => TransferFailure::Temporary,
    }
}

/// Sends a listing or a file. A listing is made piece by piece, so that a device with many files does not need memory
/// for all of it.
pub(super) async fn send(
    receiver: &Receiver,
    plan: DataConnectionPlan,
    source: DownloadSource,
    signals: Signals,
) -> TransferOutcome {
    let record = plan.context.record.clone();
    let sending = async {
        let mut wire = plan.open().await.map_err(TransferFailure::from)?;
        let (kind, bytes) = match source {
            DownloadSource::Listing(mut listing) => {
                let mut bytes = 0;
                while let Some(piece) = listing.next_piece() {
                    write(receiver, &mut wire, &piece).await?;
                    bytes += piece.len() as u64;
                }
                ("listing", bytes)
            }
            DownloadSource::File { file, offset } => {
                send_file(receiver, &mut wire, file, offset).await?;
                ("file", file.size.saturating_sub(offset))
            }
        };
        record.note(&format!("{} bytes of a {kind} sent.", grouped(bytes)));
        let closed = timeout(CLOSE_MAX, wire.close()).await;
        closed.map_err(|_| TransferFailure::Broken)?.map_err(|_| TransferFailure::Broken)
    };
    tokio::select! {
        sent = timeout(receiver.settings.max_transfer, sending) => match sent {
            Ok(Ok(())) => TransferOutcome::Sent,
            Ok(Err(failure)) => TransferOutcome::Failed(failure, None),
            Err(_) => TransferOutcome::Failed(TransferFailure::TimedOut, None),
        },
        () = signals.stop.cancelled() => TransferOutcome::Failed(TransferFailure::Aborted, None),
    }
}

/// Writes bytes of a download. A device that reads nothing for `stall` ends it.
async fn write(receiver: &Receiver, wire: &mut Wire, bytes: &[u8]) -> Result<(), TransferFailure> {
    match timeout(receiver.settings.stall, wire.write(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(TransferFailure::Broken),
        Err(_) => Err(TransferFailure::TimedOut),
    }
}

/// Sends a stored upload from an offset (REST). Each step is read on a thread for blocking work.
async fn send_file(
    receiver: &Receiver,
    wire: &mut Wire,
    file: UploadedFile,
    offset: u64,
) -> Result<(), TransferFailure> {
    let stored = receiver.uploads.find(file.arrival).await.map_err(|error| failure_of(&error))?;
    let mut stored = stored.ok_or(TransferFailure::Gone)?;
    // It may have grown since the device asked for it.
    stored.media.range = offset..file.size;
    let blobs = receiver.uploads.blobs();
    let mut reader = blobs.read(&stored.blob, &stored.media).map_err(|_| TransferFailure::Gone)?;
    loop {
        let step = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::with_capacity(STEP_BYTES);
            let read = (&mut reader).take(STEP_BYTES as u64).read_to_end(&mut bytes);
            read.map(|_| (reader, bytes))
        });
        let (again, bytes) = step
            .await
            .map_err(|_| TransferFailure::Temporary)?
            .map_err(|_| TransferFailure::Temporary)?;
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
        let content = |is_complete, may_end_so| ContentEnd { is_complete, may_end_so };
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
                assert_eq!(failure, Some(TransferFailure::Broken), "{end:?} {is_gone}");
            }
        }
        let aborted = End::Before(TransferFailure::Aborted);
        assert_eq!(aborted.failure(false, yes), Some(TransferFailure::Aborted));
    }
}
