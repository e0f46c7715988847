//! How the program ends: first nothing new begins and transfers in progress may finish, then everything stops.
//!
//! `cli/run.rs` triggers the phases; each task waits for the phase that concerns it.

use tokio::sync::watch;

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Everything runs.
    Running,
    /// Nothing new is begun; what was begun ends.
    Ending,
    /// Whatever still goes on stops here.
    Over,
}

/// Reads the phase. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<Phase>);

/// Changes the phase. If it is dropped, the program counts as over.
pub(crate) struct Trigger(watch::Sender<Phase>);

/// The two ends for a program that runs.
pub(crate) fn channel() -> (Trigger, Shutdown) {
    let (trigger_tx, shutdown) = watch::channel(Phase::Running);
    (Trigger(trigger_tx), Shutdown(shutdown))
}

impl Trigger {
    /// Enters this phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.0.send_replace(phase);
    }
}

impl Shutdown {
    /// The phase now.
    pub(crate) fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits for this phase or a later one.
    pub(crate) async fn reached(&mut self, phase: Phase) {
        // An error says that the trigger was dropped.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
