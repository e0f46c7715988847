//! When a camera is not to be asked any more: its settings changed, another node asks it, or the program ends.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::runtime::shutdown::{Phase, Shutdown};

/// Why a camera is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// For good: its settings changed, or the program ends.
    ForGood,
    /// Another node asks it from now on.
    ToAnotherNode,
}

/// Says when a camera is to be left.
#[derive(Clone)]
pub(super) struct Leave {
    /// Cancelled when its settings have changed.
    pub(super) stop: CancellationToken,
    /// Whether this node asks it.
    pub(super) held: watch::Receiver<bool>,
    pub(super) shutdown: Shutdown,
}

impl Leave {
    /// Waits until the camera is to be left.
    pub(super) async fn requested(&mut self) -> Left {
        let Self { stop, held, shutdown } = self;
        tokio::select! {
            () = stop.cancelled() => Left::ForGood,
            () = shutdown.reached(Phase::Ending) => Left::ForGood,
            lost = held.wait_for(|is_held| !is_held) => match lost {
                Ok(_) => Left::ToAnotherNode,
                Err(_) => Left::ForGood,
            },
        }
    }

    /// Waits until this node asks the camera. Returns `false` if it is to be left for good.
    pub(super) async fn held(&mut self) -> bool {
        let Self { stop, held, shutdown } = self;
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = shutdown.reached(Phase::Ending) => false,
            held = held.wait_for(|is_held| *is_held) => held.is_ok(),
        }
    }
}
