//! The body of a request on its way from the connection to the task that processes it.

use std::time::Duration;

use hyper::body::Bytes;
use tipoff_alarm::BODY_BYTES_MAX;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Pieces that wait: the connection is read no faster than the disk writes.
const WAITING_MAX: usize = 2;
/// Bytes of a refused body that are read before it is answered.
const SKIPPED_MAX: u64 = BODY_BYTES_MAX;
/// Longest wait for the next piece. The connection has shorter limits of its own.
const PIECE_MAX: Duration = Duration::from_secs(120);

/// A piece of a body.
#[derive(Debug)]
pub(crate) enum BodyPiece {
    /// The next bytes.
    Bytes(Bytes),
    /// The body is complete.
    End,
}

/// Where the connection puts the body.
pub(crate) type BodySender = mpsc::Sender<BodyPiece>;

/// Where the body is taken from.
pub(super) struct BodyReceiver(mpsc::Receiver<BodyPiece>);

pub(super) fn channel() -> (BodySender, BodyReceiver) {
    let (body_tx, body_rx) = mpsc::channel(WAITING_MAX);
    (body_tx, BodyReceiver(body_rx))
}

impl BodyReceiver {
    /// The next piece; `None` if the connection broke.
    pub(super) async fn next(&mut self) -> Option<BodyPiece> {
        timeout(PIECE_MAX, self.0.recv()).await.ok().flatten()
    }

    /// Reads the rest, up to a limit, and drops it.
    pub(super) async fn skip(&mut self) {
        let mut skipped = 0;
        while let Some(BodyPiece::Bytes(bytes)) = self.next().await {
            skipped += bytes.len() as u64;
            if skipped > SKIPPED_MAX {
                return;
            }
        }
    }
}
