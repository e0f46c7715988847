//! Requests to the task that reloads the configuration: what was added in the dashboard is to be read again.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// Requests that may wait.
const WAITING_MAX: usize = 16;
/// How long a request waits for its turn: the file may be on a disk that sleeps.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers once the request was carried out.
pub(crate) type Reply = oneshot::Sender<()>;

/// Asks the task that reloads the configuration to read again what was added in the dashboard.
#[derive(Clone)]
pub(crate) struct ReloadRequests(mpsc::Sender<Reply>);

impl ReloadRequests {
    /// Returns when what is stored now is in use, or cannot be: the state of the configuration says why.
    pub(crate) async fn apply_added(&self) {
        let (reply, done) = oneshot::channel();
        let asked = async {
            if self.0.send(reply).await.is_ok() {
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
