//! Fair turns at the processor for connections that are at work: each address gets its share, whatever it
//! sends and over how many connections, and who has used little goes first.
//!
//! A session takes a turn before it works on input and gives it back before it waits for anything else:
//!
//! ```ignore
//! while let Some(step) = session.next_step(&mut input) {
//!     share.take().await;      // At once, unless its turn is over and others wait.
//!     work(step);
//!     share.pause();           // Before a disk, a socket or a timer is awaited.
//! }
//! ```

mod queue;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub(crate) use self::queue::Rank;
use self::queue::{TurnParty, TurnQueue};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::network;

/// Time after which a turn is over: long enough for a chunk of a mail, short enough that a camera whose mail
/// needs some ten turns is not kept waiting by a hundred addresses.
const TURN: Duration = Duration::from_millis(1);
/// Time at work after which a connection lets other tasks of the runtime run, though nobody waits for a turn.
const YIELD: Duration = Duration::from_micros(500);
/// Turns at a time on a machine that does not tell its processors.
const AT_ONCE: usize = 2;

/// The turns of all connections. Clones share them.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Mutex<TurnQueue<oneshot::Sender<Grant>>>>);

/// As many turns at a time as there are processors.
impl Default for Turns {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(AT_ONCE, NonZeroUsize::get))
    }
}

impl Turns {
    /// So many turns at a time.
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(TurnQueue::new(at_once))))
    }

    /// The share of a connection from `peer`.
    pub(crate) fn of(&self, peer: IpAddr) -> TurnShare {
        TurnShare {
            turns: self.clone(),
            party: TurnParty { rank: Rank::Stranger, address: network(peer) },
            used: Duration::ZERO,
            since_yield: Duration::ZERO,
            turn: None,
        }
    }

    fn queue(&self) -> MutexGuard<'_, TurnQueue<oneshot::Sender<Grant>>> {
        lock(&self.0)
    }

    /// Gives the free turns to those who wait.
    fn grant(&self) {
        loop {
            let next = self.queue().next();
            let Some((party, waiter)) = next else { return };
            let grant = Grant { turns: self.clone(), party, used: Duration::ZERO };
            // Whoever waits no more gives it back, outside of the lock.
            drop(waiter.send(grant));
        }
    }
}

/// The right to work, until it is dropped.
#[derive(Debug)]
struct Grant {
    turns: Turns,
    party: TurnParty,
    used: Duration,
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.turns.queue().end(self.party, self.used);
        self.turns.grant();
    }
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Turns")
    }
}

/// A turn under way.
struct Turn {
    grant: Grant,
    began: Instant,
}

/// What one connection may use.
pub(crate) struct TurnShare {
    turns: Turns,
    party: TurnParty,
    /// Time that this connection has worked.
    used: Duration,
    /// The same since it last let others run.
    since_yield: Duration,
    turn: Option<Turn>,
}

impl TurnShare {
    /// Has a turn when it returns: the one that it has, unless that is over, else waits for one.
    pub(crate) async fn take(&mut self) {
        if self.turn.as_ref().is_some_and(|turn| turn.began.elapsed() < TURN) {
            return;
        }
        self.pause();
        if self.since_yield >= YIELD {
            self.since_yield = Duration::ZERO;
            tokio::task::yield_now().await;
        }
        let (grant_tx, grant_rx) = oneshot::channel();
        self.turns.queue().wait(self.party, self.used, grant_tx);
        self.turns.grant();
        // The queue drops nobody that waits.
        if let Ok(grant) = grant_rx.await {
            self.turn = Some(Turn { grant, began: Instant::now() });
        }
    }

    /// Gives the turn back, if it has one: to be called before anything else is awaited.
    pub(crate) fn pause(&mut self) {
        let Some(Turn { mut grant, began }) = self.turn.take() else {
            return;
        };
        grant.used = began.elapsed();
        self.used += grant.used;
        self.since_yield += grant.used;
    }

    /// The connection is of a device that is known, by its login or its address: it goes before strangers.
    pub(crate) fn set_rank(&mut self, rank: Rank) {
        self.pause();
        self.party.rank = rank;
    }
}

impl Drop for TurnShare {
    fn drop(&mut self) {
        self.pause();
    }
}

#[cfg(test)]
mod tests;
