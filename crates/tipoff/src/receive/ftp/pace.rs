//! How long a session works before others have their turn.

use std::time::{Duration, Instant};

/// A turn at the processor: some dozen commands, or a chunk of a file. So short that a device whose upload needs
/// some ten turns does not wait long among a hundred busy sessions.
const TURN: Duration = Duration::from_micros(250);

/// The turn of one session. Whoever works takes one before each step, and pauses it before it waits for something.
#[derive(Default)]
pub(in crate::receive) struct Pace {
    /// When it began to work.
    began: Option<Instant>,
    /// What it used of its turn before.
    used: Duration,
}

impl Pace {
    /// Has a turn when it returns. Where the last one is over, the others go first.
    pub(in crate::receive) async fn take(&mut self) {
        let working = self.began.map(|began| began.elapsed()).unwrap_or_default();
        if self.used + working >= TURN {
            tokio::task::yield_now().await;
            self.used = Duration::ZERO;
            self.began = None;
        }
        self.began.get_or_insert_with(Instant::now);
    }

    /// It waits for something, and does not work.
    pub(in crate::receive) fn pause(&mut self) {
        self.used += self.began.take().map(|began| began.elapsed()).unwrap_or_default();
    }
}
