//! The signals that end the program, or have it read its configuration again.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the program handles.
pub(super) struct Signals {
    pub(super) end: Ends,
    /// SIGHUP: the configuration is to be read again.
    pub(super) hang_up: Signal,
}

impl Signals {
    /// Handles the signals from now on. Until then each of them kills the process.
    pub(super) fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let end = Ends { terminate, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { end, hang_up: signal(SignalKind::hangup())? })
    }
}

/// The signals that end the program: SIGTERM of a service manager, SIGINT of a terminal (Ctrl-C).
pub(super) struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    /// Waits for the first of them.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
