//! The uploads that are under way, by their path: a device may end one and at once ask for it in another session,
//! as ffmpeg does that renames what it has written (`-atomic_writing 1`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tipoff_ftp::FilePath;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::transfer::Signals;

/// How long an upload that is ending is waited for: storing a file takes as long as the disk.
const ENDING_MAX: Duration = Duration::from_secs(5);
/// How long is waited for the end of one to show: that both connections were closed may be noticed late.
const END_SHOWS_MAX: Duration = Duration::from_secs(1);

/// All uploads that are under way.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// By tree: a device looks only through its own.
    uploads: Mutex<HashMap<String, Vec<Upload>>>,
    /// One has ended.
    ended: Notify,
}

struct Upload {
    path: FilePath,
    signals: Signals,
}

/// One upload, until it is dropped.
pub(super) struct Mark {
    all: UnderWay,
    tree: String,
    signals: Signals,
}

impl UnderWay {
    /// An upload has begun.
    pub(super) fn mark(&self, tree: &str, path: &FilePath, signals: &Signals) -> Mark {
        let upload = Upload { path: path.clone(), signals: signals.clone() };
        self.uploads().entry(tree.to_owned()).or_default().push(upload);
        Mark { all: self.clone(), tree: tree.to_owned(), signals: signals.clone() }
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, Vec<Upload>>> {
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of this path, before others one that is ending.
    fn find(&self, tree: &str, path: &FilePath) -> Option<Signals> {
        let uploads = self.uploads();
        let all = uploads.get(tree)?.iter().filter(|upload| upload.path == *path);
        all.map(|upload| &upload.signals)
            .max_by_key(|signals| signals.ended.is_cancelled())
            .cloned()
    }

    /// Whether there is one of this path.
    pub(super) fn has(&self, tree: &str, path: &FilePath) -> bool {
        self.find(tree, path).is_some()
    }

    /// Waits for the uploads of this path that are ending.
    pub(super) async fn wait(&self, tree: &str, path: &FilePath) {
        let began = Instant::now();
        loop {
            let mut one_ended = pin!(self.0.ended.notified());
            one_ended.as_mut().enable();
            let Some(signals) = self.find(tree, path) else { return };
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

impl Drop for Mark {
    fn drop(&mut self) {
        if let Entry::Occupied(mut of_tree) =
            self.all.uploads().entry(std::mem::take(&mut self.tree))
        {
            of_tree.get_mut().retain(|upload| !upload.signals.is_same(&self.signals));
            if of_tree.get().is_empty() {
                of_tree.remove();
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
        let all = UnderWay::default();
        let path = |text: &str| FilePath::from_bytes(text.as_bytes());
        let waited = async |tree: &str, name: &str| {
            let began = Instant::now();
            all.wait(tree, &path(name)).await;
            began.elapsed()
        };
        let signals = Signals::default();
        let mark = all.mark("cam", &path("/x"), &signals);
        assert_eq!(waited("cam", "/y").await, Duration::ZERO);
        assert_eq!(waited("other", "/x").await, Duration::ZERO);
        let is_about = |waited: Duration, expected: Duration| {
            waited >= expected && waited < expected + Duration::from_millis(10)
        };
        assert!(is_about(waited("cam", "/x").await, END_SHOWS_MAX), "it goes on");
        signals.ended.cancel();
        let _other = all.mark("cam", &path("/x"), &Signals::default());
        assert!(is_about(waited("cam", "/x").await, ENDING_MAX), "the disk hangs");
        let (waited, ()) = tokio::join!(waited("cam", "/x"), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(mark);
        });
        assert!(is_about(waited, Duration::from_secs(2)), "it ends, and the other goes on");
    }
}
