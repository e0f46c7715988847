//! Signals between a transfer and the control connection.

use tokio_util::sync::CancellationToken;

/// The signals of one transfer. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// Set by the session: the transfer is to stop and to store what came.
    pub(super) stop: CancellationToken,
    /// Set by the session: the control connection is closed. What is still coming is stored, and may be all of it.
    pub(super) gone: CancellationToken,
    /// Set by the transfer: all bytes of the upload have come.
    pub(super) ended: CancellationToken,
}

impl Signals {
    /// Whether both are those of one transfer.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.ended == other.ended
    }
}
