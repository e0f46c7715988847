//! An interrupted run: the servers are ended, so that all that waits for them fails and cleans up.
//! It never touches a process that this run did not start.

use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

static ASKED: AtomicBool = AtomicBool::new(false);
/// The servers that run. Ended ones leave before they are reaped, so no number here is stale.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Whether the run is to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Remembers a started server, to be ended with the run.
pub(crate) fn watch(child: &Child) {
    running().push(child.id());
    if asked() {
        end_all();
    }
}

/// Stops a server and waits until its process has ended.
pub(crate) fn end(child: &mut Child) {
    running().retain(|id| *id != child.id());
    let _ = child.kill();
    let _ = child.wait();
}

/// Waits for the work; on SIGINT or SIGTERM makes it fail soon.
pub(crate) fn unless_interrupted<T: Send + 'static>(work: JoinHandle<Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = runtime.block_on(async move {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut work = tokio::task::spawn_blocking(move || work.join());
        tokio::select! {
            ended = &mut work => return Ok(ended),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        ASKED.store(true, Ordering::SeqCst);
        end_all();
        let _ = work.await;
        bail!("interrupted")
    })?;
    work?.map_err(|_| anyhow!("the run broke down"))?
}

fn end_all() {
    for id in running().iter() {
        if let Some(pid) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
