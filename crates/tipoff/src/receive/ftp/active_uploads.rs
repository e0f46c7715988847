//! The uploads that are under way, by their path. A device may end one and at once use its path in another session, as
//! ffmpeg does when it renames what it has written (`-atomic_writing 1`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tipoff_ftp::FilePath;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::signals::Signals;
use crate::runtime::lock::lock;

/// How long to wait for an upload that is ending: the disk decides how long it takes to store a file.
const ENDING_MAX: Duration = Duration::from_secs(5);
/// How long to wait for an upload to end: the server may notice late that both connections are closed.
const END_SHOWS_MAX: Duration = Duration::from_secs(1);

/// All uploads that are under way. Clones share them.
#[derive(Clone, Default)]
pub(super) struct ActiveUploads(Arc<ActiveUploadsShared>);

/// The state behind [`ActiveUploads`].
#[derive(Default)]
struct ActiveUploadsShared {
    /// By view: a device sees only its own.
    uploads: Mutex<HashMap<String, Vec<RunningUpload>>>,
    /// Notified when an upload has ended.
    ended: Notify,
}

/// One upload that is under way.
struct RunningUpload {
    path: FilePath,
    /// Says when all bytes have come.
    signals: Signals,
}

/// An upload that is under way, until this is dropped.
pub(super) struct ActiveUpload {
    all: ActiveUploads,
    view: String,
    signals: Signals,
}

impl ActiveUploads {
    /// Registers an upload that begins.
    pub(super) fn register(&self, view: &str, path: &FilePath, signals: &Signals) -> ActiveUpload {
        let upload = RunningUpload { path: path.clone(), signals: signals.clone() };
        self.uploads().entry(view.to_owned()).or_default().push(upload);
        ActiveUpload { all: self.clone(), view: view.to_owned(), signals: signals.clone() }
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, Vec<RunningUpload>>> {
        lock(&self.0.uploads)
    }

    /// The signals of an upload of this path, preferably of one that is ending.
    fn find(&self, view: &str, path: &FilePath) -> Option<Signals> {
        let uploads = self.uploads();
        let all = uploads.get(view)?.iter().filter(|upload| upload.path == *path);
        all.map(|upload| &upload.signals)
            .max_by_key(|signals| signals.ended.is_cancelled())
            .cloned()
    }

    /// Whether an upload of this path is under way.
    pub(super) fn has(&self, view: &str, path: &FilePath) -> bool {
        self.find(view, path).is_some()
    }

    /// Waits for the uploads of this path that are ending, up to a limit: then the command is processed as if there
    /// were none.
    pub(super) async fn wait(&self, view: &str, path: &FilePath) {
        let began = Instant::now();
        loop {
            let mut one_ended = pin!(self.0.ended.notified());
            one_ended.as_mut().enable();
            let Some(signals) = self.find(view, path) else { return };
            let is_ending = signals.ended.is_cancelled();
            let patience = if is_ending { ENDING_MAX } else { END_SHOWS_MAX };
            tokio::select! {
                () = one_ended => {}
                () = signals.ended.cancelled(), if !is_ending => {}
                () = sleep_until(began + patience) => return,
            }
        }
    }
}

impl Drop for ActiveUpload {
    fn drop(&mut self) {
        if let Entry::Occupied(mut of_view) =
            self.all.uploads().entry(std::mem::take(&mut self.view))
        {
            of_view.get_mut().retain(|upload| !upload.signals.is_same(&self.signals));
            if of_view.get().is_empty() {
                of_view.remove();
            }
        }
        self.all.0.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_an_upload_of_the_same_path_that_is_ending_is_waited_for() {
        let all = ActiveUploads::default();
        let path = |text: &str| FilePath::from_bytes(text.as_bytes());
        let waited = async |view: &str, name: &str| {
            let began = Instant::now();
            all.wait(view, &path(name)).await;
            began.elapsed()
        };
        let signals = Signals::default();
        let mark = all.register("cam", &path("/x"), &signals);
        assert_eq!(waited("cam", "/y").await, Duration::ZERO);
        assert_eq!(waited("other", "/x").await, Duration::ZERO);
        let is_about = |waited: Duration, expected: Duration| {
            waited >= expected && waited < expected + Duration::from_millis(10)
        };
        assert!(is_about(waited("cam", "/x").await, END_SHOWS_MAX), "it goes on");
        signals.ended.cancel();
        let _other = all.register("cam", &path("/x"), &Signals::default());
        assert!(is_about(waited("cam", "/x").await, ENDING_MAX), "the disk hangs");
        let (waited, ()) = tokio::join!(waited("cam", "/x"), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(mark);
        });
        assert!(is_about(waited, Duration::from_secs(2)), "it ends, and the other goes on");
    }
}
