//! The order in which what is received reaches the disk.
//!
//! A file system writes what waits in the system's cache before it confirms anything (ext4: the data of a
//! transaction goes before its commit), so an alarm's sync waits for the uploads of others. Therefore files that
//! are being received are synced in pieces as they come: what waits altogether is bounded by what the disk does
//! in a moment, each address has its share of that, addresses take turns, and pieces wait while something small
//! is being made durable.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

/// The disk may need so long for what waits: an alarm needs several syncs, and each of them waits for it.
const BACKLOG: Duration = Duration::from_millis(120);
/// Limits of the bytes that may wait for the disk, however slow or fast it is, and their number until its speed is
/// known.
const BACKLOG_BYTES_MIN: u64 = 2 * 1024 * 1024;
const BACKLOG_BYTES_MAX: u64 = 48 * 1024 * 1024;
const BACKLOG_BYTES_FIRST: u64 = 8 * 1024 * 1024;
/// Smallest size of a piece, in bytes: each costs a sync. The second one counts while more than twice the backlog
/// waits, because very many files are received at once.
const PIECE_BYTES_MIN: u64 = 512 * 1024;
const PIECE_BYTES_LEAST: u64 = 64 * 1024;
/// A file with at most so many bytes to sync at its end goes before pieces of others.
const SMALL_BYTES_MAX: u64 = 1024 * 1024;
/// Pieces that are synced at the same time.
const TURNS_MAX: usize = 2;
/// Time for which a piece lets small files pass. There may be no end of them, and the piece must be written too.
const LETS_PASS: Duration = Duration::from_millis(100);

/// What waits for the disk, by address. One for the whole spool.
#[derive(Debug)]
pub(crate) struct DiskQueue {
    state: Mutex<State>,
    /// Number of small files that are being made durable.
    small: AtomicUsize,
    small_ended: Notify,
}

#[derive(Debug)]
struct State {
    /// Bytes that are not synced, by address.
    unsynced: HashMap<IpAddr, u64>,
    /// Bytes that are not synced, of all addresses.
    all: u64,
    /// Bytes that the disk writes in [`BACKLOG`], by its measured speed.
    backlog_max: u64,
    /// Number of pieces that are being synced.
    running: usize,
    /// Tasks that wait for a turn, by address. The first address has the next turn.
    waiting: VecDeque<(IpAddr, VecDeque<oneshot::Sender<Turn>>)>,
}

impl Default for DiskQueue {
    fn default() -> Self {
        let state = State {
            unsynced: HashMap::new(),
            all: 0,
            backlog_max: BACKLOG_BYTES_FIRST,
            running: 0,
            waiting: VecDeque::new(),
        };
        Self { state: Mutex::new(state), small: AtomicUsize::new(0), small_ended: Notify::new() }
    }
}

impl DiskQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes that were written and are not synced.
    pub(crate) fn written(&self, address: IpAddr, bytes: u64) {
        let mut state = self.state();
        *state.unsynced.entry(address).or_default() += bytes;
        state.all += bytes;
    }

    /// Ends the count of bytes that are synced, or need not be because their file was removed.
    pub(crate) fn synced(&self, address: IpAddr, bytes: u64) {
        let mut state = self.state();
        if let Some(own) = state.unsynced.get_mut(&address) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                state.unsynced.remove(&address);
            }
        }
        state.all = state.all.saturating_sub(bytes);
    }

    /// Whether a file with so many unsynced bytes must sync them before it goes on. An address may have as much waiting
    /// as is left for others.
    pub(crate) fn must_sync(&self, address: IpAddr, bytes: u64) -> bool {
        let state = self.state();
        let least = match state.all > state.backlog_max.saturating_mul(2) {
            true => PIECE_BYTES_LEAST,
            false => PIECE_BYTES_MIN,
        };
        let own = state.unsynced.get(&address).copied().unwrap_or(0);
        bytes >= least && own > state.backlog_max.saturating_sub(state.all)
    }

    /// Whether more waits than the disk writes in [`BACKLOG`].
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        state.all > state.backlog_max
    }

    /// Notes how long a sync took. What may wait follows the disk's speed, averaged over about eight syncs.
    pub(crate) fn note_speed(&self, bytes: u64, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let backlog_us = u64::try_from(BACKLOG.as_micros()).unwrap_or(u64::MAX);
        let now = bytes.saturating_mul(backlog_us) / took_us;
        let mut state = self.state();
        let smoothed = (state.backlog_max.saturating_mul(7).saturating_add(now)) / 8;
        state.backlog_max = smoothed.clamp(BACKLOG_BYTES_MIN, BACKLOG_BYTES_MAX);
    }

    /// Announces a small file that is made durable until the guard is dropped. `None` if so many bytes are not small.
    pub(crate) fn small(self: &Arc<Self>, bytes: u64) -> Option<Small> {
        (bytes <= SMALL_BYTES_MAX).then(|| {
            self.small.fetch_add(1, Ordering::Relaxed);
            Small(Arc::clone(self))
        })
    }

    /// Waits for a turn to sync a piece.
    pub(crate) async fn turn(self: &Arc<Self>, address: IpAddr) -> Turn {
        let turn = match self.ask(address) {
            Ok(turn) => turn,
            Err(waiting) => match waiting.await {
                Ok(turn) => turn,
                // The other end is kept until it has sent the turn.
                Err(_) => Turn(Arc::clone(self)),
            },
        };
        let _ = timeout(LETS_PASS, self.until_no_small()).await;
        turn
    }

    async fn until_no_small(&self) {
        loop {
            let ended = self.small_ended.notified();
            if self.small.load(Ordering::Relaxed) == 0 {
                return;
            }
            ended.await;
        }
    }

    fn ask(self: &Arc<Self>, address: IpAddr) -> Result<Turn, oneshot::Receiver<Turn>> {
        let mut state = self.state();
        if state.running < TURNS_MAX {
            state.running += 1;
            return Ok(Turn(Arc::clone(self)));
        }
        let (turn_tx, turn_rx) = oneshot::channel();
        match state.waiting.iter_mut().find(|(waiting, _)| *waiting == address) {
            Some((_, queue)) => queue.push_back(turn_tx),
            None => state.waiting.push_back((address, VecDeque::from([turn_tx]))),
        }
        Err(turn_rx)
    }

    /// The next task, of the address whose turn it is. `None` if nobody waits.
    fn next(&self) -> Option<oneshot::Sender<Turn>> {
        let mut state = self.state();
        while let Some((address, mut queue)) = state.waiting.pop_front() {
            let next = queue.pop_front();
            if !queue.is_empty() {
                state.waiting.push_back((address, queue));
            }
            if next.as_ref().is_some_and(|turn_tx| !turn_tx.is_closed()) {
                return next;
            }
        }
        state.running = state.running.saturating_sub(1);
        None
    }
}

/// The right to sync a piece. When it is dropped, the next task gets it.
#[derive(Debug)]
pub(crate) struct Turn(Arc<DiskQueue>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turn_tx) = self.0.next() {
            // If the task has ended, the turn is dropped here, and so passes to the one after it.
            let _ = turn_tx.send(Turn(Arc::clone(&self.0)));
        }
    }
}

/// A small file is being made durable.
#[derive(Debug)]
pub(crate) struct Small(Arc<DiskQueue>);

impl Drop for Small {
    fn drop(&mut self) {
        if self.0.small.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.small_ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1024 * 1024;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    #[test]
    fn an_address_may_have_as_much_waiting_as_is_left_for_others() {
        let queue = DiskQueue::default();
        queue.written(address(1), 4 * MB);
        assert!(!queue.must_sync(address(1), 4 * MB), "half of it");
        queue.written(address(1), MB);
        assert!(queue.must_sync(address(1), 5 * MB));
        assert!(!queue.must_sync(address(1), MB / 4), "the piece is too small");
        assert!(!queue.must_sync(address(2), MB), "another address has nothing waiting");
        queue.written(address(2), 12 * MB);
        assert!(queue.must_sync(address(1), MB / 4), "there is too much for large pieces");
        queue.synced(address(2), 12 * MB);
        queue.synced(address(1), 5 * MB);
        assert!(queue.state().unsynced.is_empty() && queue.state().all == 0);
    }

    #[test]
    fn what_may_wait_follows_the_disk() {
        let queue = DiskQueue::default();
        (0..50).for_each(|_| queue.note_speed(MB, Duration::from_millis(200)));
        assert_eq!(queue.state().backlog_max, BACKLOG_BYTES_MIN, "a card with 5 MB/s");
        (0..50).for_each(|_| queue.note_speed(MB, Duration::from_millis(5)));
        let usual = queue.state().backlog_max;
        assert!((23 * MB..25 * MB).contains(&usual), "200 MB/s: {usual}");
        (0..50).for_each(|_| queue.note_speed(MB, Duration::ZERO));
        assert_eq!(queue.state().backlog_max, BACKLOG_BYTES_MAX);
    }

    #[tokio::test]
    async fn addresses_take_turns() {
        let queue = Arc::new(DiskQueue::default());
        let first = [queue.turn(address(9)).await, queue.turn(address(9)).await];
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for from in [1, 1, 1, 2, 3] {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            tasks.spawn(async move {
                let _turn = queue.turn(address(from)).await;
                order.lock().unwrap().push(from);
            });
            tokio::task::yield_now().await;
        }
        drop(first);
        tasks.join_all().await;
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 1]);
        assert_eq!(queue.state().running, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_wait_for_what_is_small_but_not_for_ever() {
        let queue = Arc::new(DiskQueue::default());
        assert!(queue.small(SMALL_BYTES_MAX + 1).is_none());
        let small = queue.small(1000);
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { drop(queue.turn(address(1)).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(small);
        waiting.await.unwrap();
        let _endless = queue.small(1000);
        let began = tokio::time::Instant::now();
        drop(queue.turn(address(1)).await);
        assert_eq!(began.elapsed(), LETS_PASS);
    }
}
