//! How long a session works before other tasks run.

use std::time::{Duration, Instant};

use crate::net::processor_turns::{Rank, TurnShare};

/// Working time after which a transfer lets other tasks run: a few chunks of a file. So short that a device whose
/// upload needs some ten turns does not wait long among a hundred that upload at full speed.
const TURN: Duration = Duration::from_micros(250);

/// The turns in which the commands of one session are processed.
pub(super) struct CommandTurns {
    share: TurnShare,
    /// Used instead of turns during a transfer.
    pace: WorkPace,
}

impl CommandTurns {
    pub(super) fn new(share: TurnShare) -> Self {
        Self { share, pace: WorkPace::default() }
    }

    /// Returns with a turn. During a transfer few commands are possible, and none of them waits for a turn, because the
    /// same task runs the transfer.
    pub(super) async fn take(&mut self, in_transfer: bool) {
        if in_transfer {
            self.share.pause();
            self.pace.take().await;
        } else {
            self.share.take().await;
        }
    }

    /// Ends the turn, before anything else is awaited.
    pub(super) fn pause(&mut self) {
        self.share.pause();
        self.pace.pause();
    }

    /// The device has proven to be a known one: it goes before strangers.
    pub(super) fn mark_known(&mut self) {
        self.share.set_rank(Rank::Known);
    }
}

/// Lets other tasks of the runtime run now and then. A transfer takes a turn before each piece of work, and pauses
/// before it awaits anything else.
#[derive(Default)]
pub(super) struct WorkPace {
    /// When the present work began.
    began: Option<Instant>,
    /// Working time of the turn before that.
    used: Duration,
}

impl WorkPace {
    /// Returns with a turn. Where the last one is over, other tasks run first.
    pub(super) async fn take(&mut self) {
        let working = self.began.map(|began| began.elapsed()).unwrap_or_default();
        if self.used + working >= TURN {
            tokio::task::yield_now().await;
            self.used = Duration::ZERO;
            self.began = None;
        }
        self.began.get_or_insert_with(Instant::now);
    }

    /// Ends the turn, before anything else is awaited.
    pub(super) fn pause(&mut self) {
        self.used += self.began.take().map(|began| began.elapsed()).unwrap_or_default();
    }
}
