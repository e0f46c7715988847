//! The transfer of a session that is under way, and its end.

use std::future::Future;
use std::pin::Pin;

use tipoff_ftp::{DownloadRequest, Outcome, UploadRequest};
use tipoff_model::{Envelope, Protocol};

use super::Conversation;
use crate::receive::transfer::{self, Signals};
use crate::receive::under_way::Mark;
use crate::receive::upload::Start;
use crate::runtime::shutdown::Phase;

/// A transfer that is under way.
pub(super) struct Transfer<'a> {
    pub(super) work: Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>,
    pub(super) signals: Signals,
    /// Of an upload, until the device sees what is stored of it.
    pub(super) mark: Option<Mark>,
}

impl Conversation<'_> {
    pub(super) fn receive(&mut self, receive: UploadRequest) {
        let UploadRequest { data, protection, path, mode, earlier } = receive;
        let envelope = Envelope {
            protocol: Protocol::Ftp,
            peer: self.control.peer,
            login: self.login.clone(),
            proof: self.proof,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls: self.control.is_tls(),
            path: Some(path.to_string()),
        };
        let (plan, tree, receiver) =
            (self.plan(data, protection, true), self.tree.clone(), self.receiver);
        let signals = Signals::default();
        let (told, place) = (signals.clone(), self.place(&signals));
        let mark = Some(receiver.under_way.mark(&tree, &path, &signals));
        let work = async move {
            let _place = match place.await {
                Ok(place) => place,
                Err(failure) => return Outcome::Failed(failure, None),
            };
            let has_room = receiver.uploads.make_room(&envelope).await;
            let start = Start { envelope, tree, path, mode, earlier };
            let upload = receiver.uploads.begin(start);
            transfer::receive(receiver, plan, has_room, upload, told).await
        };
        self.transfer = Some(Transfer { work: Box::pin(work), signals, mark });
    }

    pub(super) fn send(&mut self, send: DownloadRequest) {
        let DownloadRequest { data, protection, source } = send;
        let (plan, receiver) = (self.plan(data, protection, false), self.receiver);
        let signals = Signals::default();
        let (told, place) = (signals.clone(), self.place(&signals));
        let work = async move {
            match place.await {
                Ok(_place) => transfer::send(receiver, plan, source, told).await,
                Err(failure) => Outcome::Failed(failure, None),
            }
        };
        self.transfer = Some(Transfer { work: Box::pin(work), signals, mark: None });
    }

    /// The control connection is gone: what is still coming is kept (invariant 7).
    pub(super) async fn see_transfer_through(&mut self) {
        let Some(Transfer { work, signals, .. }) = &mut self.transfer else {
            return;
        };
        signals.gone.cancel();
        let outcome = tokio::select! {
            outcome = work.as_mut() => outcome,
            () = self.shutdown.reached(Phase::Over) => {
                signals.stop.cancel();
                work.await
            }
        };
        // The device sees what was kept when it comes again.
        self.session.transfer_ended(outcome);
        self.transfer = None;
    }
}

/// The end of the transfer; never, where there is none.
pub(super) async fn ended(transfer: &mut Option<Transfer<'_>>) -> Outcome {
    match transfer {
        Some(transfer) => transfer.work.as_mut().await,
        None => std::future::pending().await,
    }
}
