//! How the program ends: politely first, then for certain.

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

/// Tells everybody how far the end has come.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<Phase>);

/// Brings the end about.
pub(crate) struct Trigger(watch::Sender<Phase>);

/// A running program.
pub(crate) fn channel() -> (Trigger, Shutdown) {
    let (trigger_tx, shutdown) = watch::channel(Phase::Running);
    (Trigger(trigger_tx), Shutdown(shutdown))
}

impl Trigger {
    /// Goes on to this phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.0.send_replace(phase);
    }
}

impl Shutdown {
    /// How far it has come.
    pub(crate) fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits until it has come this far.
    pub(crate) async fn reached(&mut self, phase: Phase) {
        // The trigger gone means the same as the end.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
