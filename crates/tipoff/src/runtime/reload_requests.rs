//! Requests to the task that reloads the configuration: what was added in the dashboard, and the browsers that get
//! notifications, are to be read again.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// Requests that may wait.
const WAITING_MAX: usize = 16;
/// How long a request waits for its turn: the file may be on a disk that sleeps.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers once the request was carried out. `None` if nobody waits.
pub(crate) type Reply = Option<oneshot::Sender<()>>;

/// Asks the task that reloads the configuration to read again what was added in the dashboard.
#[derive(Clone)]
pub(crate) struct ReloadRequests(mpsc::Sender<Reply>);

impl ReloadRequests {
    /// The same for whoever does not wait.
    pub(crate) fn read_soon(&self) {
        // A full queue is read soon.
        let _ = self.0.try_send(None);
    }

    /// Returns when what is stored now is in use, or cannot be: the state of the configuration says why.
    pub(crate) async fn apply_added(&self) {
        let (reply, done) = oneshot::channel();
        let asked = async {
            if self.0.send(Some(reply)).await.is_ok() {
                // An error means that the program ends.
                let _ = done.await;
            }
        };
        if tokio::time::timeout(PATIENCE, asked).await.is_err() {
            tracing::warn!("The added channels are stored; they are not in use yet.");
        }
    }
}

/// A new queue of requests.
pub(crate) fn requests() -> (ReloadRequests, mpsc::Receiver<Reply>) {
    let (requests_tx, requests) = mpsc::channel(WAITING_MAX);
    (ReloadRequests(requests_tx), requests)
}
