//! The signals that end the program, or have it read its configuration again.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the program is told from outside.
pub(super) struct Signals {
    pub(super) end: Ends,
    /// SIGHUP: the configuration is to be read again.
    pub(super) hang_up: Signal,
}

impl Signals {
    /// From now on they are heard; before, they kill.
    pub(super) fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let end = Ends { terminate, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { end, hang_up: signal(SignalKind::hangup())? })
    }
}

/// What asks the program to end.
pub(super) struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
