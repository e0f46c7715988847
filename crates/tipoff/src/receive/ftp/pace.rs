//! How long a session works before others go on.

use std::time::{Duration, Instant};

use crate::net::turns::{Rank, Share};

/// Time at work after which a transfer lets other tasks run: a few chunks of a file. So short that a device whose
/// upload needs some ten turns does not wait long among a hundred that upload at full speed.
const TURN: Duration = Duration::from_micros(250);

/// The commands of one session: they wait for a fair turn.
pub(super) struct Commands {
    share: Share,
    /// During a transfer.
    pace: Pace,
}

impl Commands {
    pub(super) fn new(share: Share) -> Self {
        Self { share, pace: Pace::default() }
    }

    /// Has a turn when it returns. During a transfer few commands are possible. None of them waits for a turn then,
    /// because the same task cannot go on with the transfer meanwhile.
    pub(super) async fn take(&mut self, in_transfer: bool) {
        if in_transfer {
            self.share.pause();
            self.pace.take().await;
        } else {
            self.share.take().await;
        }
    }

    /// It waits for something, and does not work.
    pub(super) fn pause(&mut self) {
        self.share.pause();
        self.pace.pause();
    }

    /// The login is the device's own.
    pub(super) fn is_known(&mut self) {
        self.share.set_rank(Rank::Known);
    }
}

/// Lets others run now and then. Whoever works takes a turn before each piece, and pauses before it waits for
/// something.
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
