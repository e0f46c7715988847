//! The transfer of a session that is under way, and its end.

use std::future::Future;
use std::pin::Pin;

use tipoff_ftp::Outcome;

use super::Conversation;
use crate::receive::transfer::Signals;
use crate::receive::under_way::Mark;
use crate::shutdown::Phase;

/// A transfer that is under way.
pub(super) struct Transfer<'a> {
    pub(super) work: Pin<Box<dyn Future<Output = Outcome> + std::marker::Send + 'a>>,
    pub(super) signals: Signals,
    /// Of an upload, until the device sees what is stored of it.
    pub(super) mark: Option<Mark>,
}

impl Conversation<'_> {
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
