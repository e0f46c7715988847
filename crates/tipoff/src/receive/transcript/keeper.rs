//! The sessions that are open now, and those that have ended on their way into the spool. A flood
//! of them costs neither memory nor the disk: then only the newest of each address is kept.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tipoff_model::Protocol;
use tipoff_spool::{FinishedSession, SessionDetail, SessionLine, SpoolError};
use tokio::sync::{Notify, broadcast};

use super::{Finished, Recorder, Session};
use crate::runtime::per_minute::{PerMinute, network};
use crate::runtime::supervise::{Supervisor, Task};
use crate::runtime::telemetry::Metrics;

/// Between two writings into the spool.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Sessions that wait to be written; when there are more, only the newest of each address stays.
const WAITING_MAX: usize = 256;
/// Sessions of one address that brought nothing, of which all transcripts are kept in a minute. Beyond, they are a
/// flood, of which the newest is written each second.
const FRUITLESS_A_MINUTE: u32 = 60;
/// News that a slow listener may miss the oldest of.
const NEWS_MAX: usize = 256;

/// A session began, or ended and is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionNews {
    /// Its number.
    pub(crate) id: i64,
    /// Who connected.
    pub(crate) peer: IpAddr,
    /// The row of its device, known at the end.
    pub(crate) device: Option<i64>,
    /// Whether it has ended.
    pub(crate) ended: bool,
}

/// The transcripts of all sessions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transcripts(Arc<Shared>);

pub(super) struct Shared {
    store: Arc<dyn tipoff_spool::Sessions>,
    metrics: Arc<Metrics>,
    next_id: AtomicI64,
    /// Bytes of the transcripts of sessions under way.
    pub(super) held_bytes: AtomicUsize,
    open: Mutex<HashMap<i64, Weak<Session>>>,
    ended: Mutex<Ended>,
    fruitless: PerMinute<IpAddr, FRUITLESS_A_MINUTE>,
    any_ended: Notify,
    /// One batch at a time.
    writing: tokio::sync::Mutex<()>,
    news_tx: broadcast::Sender<SessionNews>,
}

/// Sessions that have ended and are not in the spool yet.
#[derive(Default)]
struct Ended {
    waiting: VecDeque<Arc<Finished>>,
    /// On their way.
    batch: Vec<Arc<Finished>>,
    /// How many were given up since the last batch.
    dropped: u64,
}

impl Transcripts {
    /// Numbers go on where those of the spool end.
    pub(crate) async fn open(
        store: Arc<dyn tipoff_spool::Sessions>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SpoolError> {
        let next_id = store.last_session().await?.saturating_add(1);
        Ok(Self(Arc::new(Shared {
            store,
            metrics,
            next_id: AtomicI64::new(next_id),
            held_bytes: AtomicUsize::default(),
            open: Mutex::default(),
            ended: Mutex::default(),
            fruitless: PerMinute::default(),
            any_ended: Notify::new(),
            writing: tokio::sync::Mutex::default(),
            news_tx: broadcast::Sender::new(NEWS_MAX),
        })))
    }

    /// A connection was accepted.
    pub(in crate::receive) fn begin(&self, protocol: Protocol, peer: IpAddr) -> Recorder {
        let shared = &self.0;
        let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
        let recorder = Recorder::new(id, protocol, peer, Arc::clone(shared));
        lock(&shared.open).insert(id, Arc::downgrade(&recorder.0));
        shared.tell(SessionNews { id, peer, device: None, ended: false });
        recorder
    }

    /// Starts the task that writes what has ended; it goes on until the program is over.
    pub(crate) fn start(&self, supervisor: &Supervisor) {
        let this = self.clone();
        supervisor.spawn_detached(Task::part("transcripts"), move || {
            let this = this.clone();
            async move {
                this.write_on().await;
                Ok(())
            }
        });
    }

    /// Writes what has ended, at most once a second, for ever.
    async fn write_on(self) {
        loop {
            self.0.any_ended.notified().await;
            self.flush().await;
            tokio::time::sleep(WRITE_EVERY).await;
        }
    }

    /// Writes what has ended now.
    pub(crate) async fn flush(&self) {
        let shared = &self.0;
        let _one_at_a_time = shared.writing.lock().await;
        let (batch, dropped) = lock(&shared.ended).take();
        if dropped > 0 {
            tracing::debug!(dropped, "There were too many sessions to keep all transcripts.");
            shared.metrics.transcripts_dropped(dropped);
        }
        if batch.is_empty() {
            return;
        }
        let sessions: Vec<FinishedSession> = batch.iter().map(|one| one.spell_out()).collect();
        let devices = shared.store.keep_sessions(sessions).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "Transcripts of sessions could not be kept.");
            Vec::new()
        });
        lock(&shared.ended).batch.clear();
        for (number, session) in batch.iter().enumerate() {
            let device = devices.get(number).copied().flatten();
            shared.tell(SessionNews { id: session.id, peer: session.peer, device, ended: true });
        }
    }
}

/// For those who watch live.
impl Transcripts {
    /// The sessions that are open now, the latest first.
    pub(crate) fn open_sessions(&self) -> Vec<SessionLine> {
        let open: Vec<_> = lock(&self.0.open).values().filter_map(Weak::upgrade).collect();
        let mut lines: Vec<_> = open.iter().map(|session| session.line()).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.id));
        lines
    }

    /// One that is open, or has just ended and is not in the spool yet.
    pub(crate) fn read(&self, id: i64) -> Option<SessionDetail> {
        let open = lock(&self.0.open).get(&id).and_then(Weak::upgrade);
        if let Some(session) = open {
            return Some(session.detail());
        }
        let ended = lock(&self.0.ended).find(id);
        ended.map(|finished| finished.detail())
    }

    /// What begins and ends from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SessionNews> {
        self.0.news_tx.subscribe()
    }
}

impl Shared {
    /// The last recorder of a session is gone.
    pub(super) fn finish(&self, finished: Finished) {
        let id = finished.id;
        let is_of_flood = finished.state.arrivals.is_empty()
            && self.fruitless.due(network(finished.peer)).is_none();
        // First into the one, then out of the other: it is always in one of them.
        lock(&self.ended).push(Finished { is_of_flood, ..finished });
        lock(&self.open).remove(&id);
        self.any_ended.notify_one();
    }

    fn tell(&self, events: SessionNews) {
        if self.news_tx.receiver_count() > 0 {
            let _ = self.news_tx.send(events);
        }
    }
}

impl Ended {
    fn push(&mut self, finished: Finished) {
        if finished.is_of_flood {
            let before = self.waiting.len();
            self.waiting.retain(|it| !it.is_of_flood || it.peer != finished.peer);
            self.dropped += (before - self.waiting.len()) as u64;
        }
        if self.waiting.len() >= WAITING_MAX {
            self.thin();
        }
        self.waiting.push_back(Arc::new(finished));
    }

    /// Keeps the newest of each address, and makes room for as many as there are.
    fn thin(&mut self) {
        let before = self.waiting.len();
        let mut seen = HashSet::new();
        let newest_first = mem::take(&mut self.waiting).into_iter().rev();
        let mut kept: VecDeque<_> = newest_first
            .filter(|finished| seen.insert(finished.peer))
            .take(WAITING_MAX / 2)
            .collect();
        kept.make_contiguous().reverse();
        self.dropped += before.saturating_sub(kept.len()) as u64;
        self.waiting = kept;
    }

    fn take(&mut self) -> (Vec<Arc<Finished>>, u64) {
        self.batch = self.waiting.drain(..).collect();
        (self.batch.clone(), mem::take(&mut self.dropped))
    }

    fn find(&self, id: i64) -> Option<Arc<Finished>> {
        self.waiting.iter().chain(&self.batch).find(|finished| finished.id == id).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded here is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
