//! A thread that lives as long as the program: a child is killed when the thread that started it ends
//! (`PR_SET_PDEATHSIG`), and threads of the runtime come and go.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel, sync_channel};

type Work = Box<dyn FnOnce() + Send>;

static QUEUE: OnceLock<Option<Sender<Work>>> = OnceLock::new();

/// Runs `work` on the thread that never ends, and waits for it. Blocks for as long as that takes: to start
/// a program takes a millisecond.
pub fn on_steady_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let queue_tx = QUEUE.get_or_init(start).as_ref()?;
    let (done_tx, done_rx) = sync_channel(1);
    let work = move || {
        let _ = done_tx.send(work());
    };
    queue_tx.send(Box::new(work)).ok()?;
    done_rx.recv().ok()
}

/// `None` where the system has no thread left.
fn start() -> Option<Sender<Work>> {
    let (queue_tx, queue_rx) = channel::<Work>();
    let run = move || {
        for work in queue_rx {
            // A panic ends this piece of work, not the thread.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        }
    };
    std::thread::Builder::new().name("programs".to_owned()).spawn(run).ok()?;
    Some(queue_tx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_work_is_done_by_one_thread_and_a_panic_does_not_end_it() {
        let id = || on_steady_thread(|| std::thread::current().id());
        let first = id();
        assert!(first.is_some());
        assert_eq!(on_steady_thread(|| panic!("on purpose")), None::<()>);
        assert_eq!(std::thread::spawn(id).join().unwrap(), first);
    }
}
