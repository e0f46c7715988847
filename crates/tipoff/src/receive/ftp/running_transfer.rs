//! The transfer that a session runs beside its commands, and its end.
//!
//! The transfer is a future that the session's own task polls, not a task: it ends with its session, and an idle
//! session holds nothing for it.

use std::future::Future;
use std::pin::Pin;

use tipoff_ftp::{DownloadRequest, TransferOutcome, UploadRequest};
use tipoff_model::{Envelope, Protocol};

use super::FtpSession;
use super::active_uploads::ActiveUpload;
use super::signals::Signals;
use super::transfer;
use super::upload::UploadStart;
use crate::runtime::shutdown::Phase;

/// A transfer that is under way.
pub(super) struct RunningTransfer<'a> {
    /// The transfer itself, from its permit to what it stored.
    pub(super) work: Pin<Box<dyn Future<Output = TransferOutcome> + Send + 'a>>,
    /// Stops it, and says how far it is.
    pub(super) signals: Signals,
    /// `Some` for an upload, until the device sees what is stored of it.
    pub(super) active: Option<ActiveUpload>,
}

impl FtpSession<'_> {
    /// Starts an upload. It is registered at once, so that another session of the device that uses its path waits for
    /// it. Room on the disk is made before the data connection is opened.
    pub(super) fn receive(&mut self, request: UploadRequest) {
        let UploadRequest { data, protection, path, mode, earlier } = request;
        let session = self.control.envelope(Protocol::Ftp, self.login.clone(), self.proof);
        let envelope = Envelope { path: Some(path.to_string()), ..session };
        let (plan, view, receiver) =
            (self.plan(data, protection, true), self.view.clone(), self.receiver);
        let signals = Signals::default();
        let (transfer_signals, permit) = (signals.clone(), self.transfer_permit(&signals));
        let active = Some(receiver.active_uploads.register(&view, &path, &signals));
        let work = async move {
            let _permit = match permit.await {
                Ok(permit) => permit,
                Err(failure) => return TransferOutcome::Failed(failure, None),
            };
            let has_room = receiver.uploads.make_room(&envelope).await;
            let start = UploadStart { envelope, view, path, mode, earlier };
            let upload = receiver.uploads.begin(start);
            transfer::receive(receiver, plan, has_room, upload, transfer_signals).await
        };
        self.transfer = Some(RunningTransfer { work: Box::pin(work), signals, active });
    }

    /// Starts a download or a listing.
    pub(super) fn send(&mut self, request: DownloadRequest) {
        let DownloadRequest { data, protection, source } = request;
        let (plan, receiver) = (self.plan(data, protection, false), self.receiver);
        let signals = Signals::default();
        let (transfer_signals, permit) = (signals.clone(), self.transfer_permit(&signals));
        let work = async move {
            match permit.await {
                Ok(_permit) => transfer::send(receiver, plan, source, transfer_signals).await,
                Err(failure) => TransferOutcome::Failed(failure, None),
            }
        };
        self.transfer = Some(RunningTransfer { work: Box::pin(work), signals, active: None });
    }

    /// Waits for the transfer after the control connection is closed: what is still coming is stored (invariant 7).
    pub(super) async fn finish_transfer(&mut self) {
        let Some(RunningTransfer { work, signals, .. }) = &mut self.transfer else {
            return;
        };
        signals.gone.cancel();
        let outcome = tokio::select! {
            outcome = work.as_mut() => outcome,
            () = self.control.shutdown.reached(Phase::Over) => {
                signals.stop.cancel();
                work.await
            }
        };
        // The device sees what was stored when it connects again.
        self.session.transfer_ended(outcome);
        self.transfer = None;
    }
}

/// Waits for the end of the transfer; forever if there is none.
pub(super) async fn ended(transfer: &mut Option<RunningTransfer<'_>>) -> TransferOutcome {
    match transfer {
        Some(transfer) => transfer.work.as_mut().await,
        None => std::future::pending().await,
    }
}
