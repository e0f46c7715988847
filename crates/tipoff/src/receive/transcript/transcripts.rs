//! The open sessions, and those that have ended and are not in the spool yet. A flood of sessions takes neither memory
//! nor disk: then only the newest of each address is stored.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tipoff_model::{Protocol, Timestamp};
use tipoff_spool::{FinishedSession, SessionDetail, SessionLine, SpoolError};
use tokio::sync::{Notify, broadcast};

use super::super::wrong_port::{RightPorts, WrongPort};
use super::{Finished, OpenSession, Opening, SessionProblem, TranscriptRecorder};
use crate::runtime::clock::Clock;
use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};
use crate::runtime::supervise::{Supervisor, Task};
use crate::runtime::telemetry::Metrics;

/// Pause between two writes into the spool.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Ended sessions that wait to be written; of more, only the newest of each address stays.
const WAITING_MAX: usize = 256;
/// Sessions without arrivals of one address whose transcripts are all stored in a minute. More are a flood, of which
/// only the newest is stored each second.
const FRUITLESS_A_MINUTE: u32 = 60;
/// Messages that wait for a slow subscriber; of more, it misses the oldest.
const NEWS_MAX: usize = 256;

/// A session began, or ended and is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionNews {
    /// Its number.
    pub(crate) id: i64,
    /// The address of the device.
    pub(crate) peer: IpAddr,
    /// The row of its device; `None` until the session has ended.
    pub(crate) device: Option<i64>,
    /// Whether it has ended.
    pub(crate) ended: bool,
}

/// The transcripts of all sessions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transcripts(Arc<TranscriptsShared>);

/// The state behind [`Transcripts`].
pub(super) struct TranscriptsShared {
    /// Where ended sessions are stored.
    store: Arc<dyn tipoff_spool::Sessions>,
    metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    numbers: Numbers,
    /// Bytes of the transcripts of open sessions.
    pub(super) held_bytes: AtomicUsize,
    /// The open sessions, by number. Weak, because a session ends when its recorders are dropped.
    open: Mutex<HashMap<i64, Weak<OpenSession>>>,
    ended: Mutex<Ended>,
    /// Counts sessions without arrivals by address.
    fruitless: PerMinute<IpAddr, FRUITLESS_A_MINUTE>,
    /// Notified when a session has ended.
    any_ended: Notify,
    /// Locked while a batch is written.
    writing: tokio::sync::Mutex<()>,
    news_tx: broadcast::Sender<SessionNews>,
}

/// Sessions that have ended and are not in the spool yet.
#[derive(Default)]
struct Ended {
    waiting: VecDeque<Arc<Finished>>,
    /// Sessions that are being written.
    batch: Vec<Arc<Finished>>,
    /// How many were dropped since the last batch.
    dropped: u64,
}

/// How sessions are numbered.
enum Numbers {
    /// One after the other: the next number.
    Counted(AtomicI64),
    /// By the time at which they begin, so that those of several nodes are in one order.
    ByTime {
        /// Tells apart what begins on several nodes in one millisecond.
        run: i64,
        /// The latest number.
        last: AtomicI64,
    },
}

/// Runs of nodes whose sessions never get the same number.
const RUNS: i64 = 1024;

impl Numbers {
    /// The number of a session that begins now.
    fn next(&self, now: Timestamp) -> i64 {
        match self {
            Self::Counted(next) => next.fetch_add(1, Ordering::Relaxed),
            Self::ByTime { run, last } => {
                let by_time = now.0.saturating_mul(RUNS).saturating_add(*run);
                let after = |last: i64| by_time.max(last.saturating_add(RUNS));
                let before =
                    last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(after(it)));
                before.map_or(by_time, after)
            }
        }
    }
}

impl Transcripts {
    /// Transcripts that are stored in `store`. Numbers of sessions continue those that are stored there.
    pub(crate) async fn open(
        store: Arc<dyn tipoff_spool::Sessions>,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, SpoolError> {
        let next = store.last_session().await?.saturating_add(1);
        Ok(Self::new(store, Numbers::Counted(AtomicI64::new(next)), metrics, clock))
    }

    /// Those of one of several nodes, in the run of this number.
    pub(crate) fn of_node(
        store: Arc<dyn tipoff_spool::Sessions>,
        run: i64,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        let numbers = Numbers::ByTime { run: run.rem_euclid(RUNS), last: AtomicI64::default() };
        Self::new(store, numbers, metrics, clock)
    }

    fn new(
        store: Arc<dyn tipoff_spool::Sessions>,
        numbers: Numbers,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(TranscriptsShared {
            store,
            metrics,
            clock,
            numbers,
            held_bytes: AtomicUsize::default(),
            open: Mutex::default(),
            ended: Mutex::default(),
            fruitless: PerMinute::default(),
            any_ended: Notify::new(),
            writing: tokio::sync::Mutex::default(),
            news_tx: broadcast::Sender::new(NEWS_MAX),
        }))
    }

    /// Begins the transcript of an accepted connection.
    pub(in crate::receive) fn begin(&self, protocol: Protocol, peer: IpAddr) -> TranscriptRecorder {
        let recorder = self.begin_check(protocol, peer);
        let Opening { id, .. } = recorder.0.opening;
        lock(&self.0.open).insert(id, Arc::downgrade(&recorder.0));
        self.0.publish(SessionNews { id, peer, device: None, ended: false });
        recorder
    }

    /// Begins the transcript of a balancer's own connection, most likely a health check: it is not listed while it is open,
    /// and stored only if something happens in it.
    pub(in crate::receive) fn begin_check(
        &self,
        protocol: Protocol,
        peer: IpAddr,
    ) -> TranscriptRecorder {
        let shared = &self.0;
        let id = shared.numbers.next(shared.clock.now());
        TranscriptRecorder::new(id, protocol, peer, Arc::clone(shared))
    }

    /// Reports a client of the HTTP port that speaks another protocol, or waited for the greeting of one, as a session.
    pub(crate) fn report_at_http(&self, peer: IpAddr, spoken: Option<Protocol>, ports: RightPorts) {
        let record = self.begin(Protocol::Http, peer);
        match spoken {
            Some(spoken) => {
                let (of, came_to) = (Protocol::Http, ports.http.unwrap_or(0));
                let wrong = WrongPort { spoken, of, came_to, right: ports.of(spoken) };
                record.note(&format!("It began to speak {}.", wrong.spoken_name()));
                record.problem(SessionProblem::WrongPort(wrong));
            }
            None => {
                record.note("It sent nothing, as a device does that waits for a greeting.");
                record.problem(SessionProblem::SilentAtHttp(ports));
            }
        }
    }

    /// Reports a push to an address that takes no alarms, as a session. The address is not written: it may hold a password.
    pub(crate) fn report_lost_alarm(&self, peer: IpAddr) {
        let record = self.begin(Protocol::Http, peer);
        record.note("It sent a web request to an address that takes no alarms.");
        record.problem(SessionProblem::NoAlarmAddress);
    }

    /// Starts the task that writes ended sessions until the program ends.
    pub(crate) fn start(&self, supervisor: &Supervisor) {
        let this = self.clone();
        supervisor.spawn_detached(Task::part("transcripts"), move || {
            let this = this.clone();
            async move {
                this.write_forever().await;
                Ok(())
            }
        });
    }

    /// Writes ended sessions, at most once a second, forever.
    async fn write_forever(self) {
        loop {
            self.0.any_ended.notified().await;
            self.flush().await;
            tokio::time::sleep(WRITE_EVERY).await;
        }
    }

    /// Writes the sessions that have ended.
    pub(crate) async fn flush(&self) {
        let shared = &self.0;
        let _one_at_a_time = shared.writing.lock().await;
        let (batch, dropped) = lock(&shared.ended).take();
        if dropped > 0 {
            tracing::debug!(dropped, "There were too many sessions to store all transcripts.");
            shared.metrics.transcripts_dropped(dropped);
        }
        if batch.is_empty() {
            return;
        }
        let sessions: Vec<FinishedSession> = batch.iter().map(|one| one.to_stored()).collect();
        let devices = shared.store.keep_sessions(sessions).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "Could not store the transcripts of sessions.");
            Vec::new()
        });
        lock(&shared.ended).batch.clear();
        for (number, session) in batch.iter().enumerate() {
            let device = devices.get(number).copied().flatten();
            let Opening { id, peer, .. } = session.opening;
            shared.publish(SessionNews { id, peer, device, ended: true });
        }
    }
}

/// For live pages.
impl Transcripts {
    /// The sessions that are open now, the latest first.
    pub(crate) fn open_sessions(&self) -> Vec<SessionLine> {
        let open: Vec<_> = lock(&self.0.open).values().filter_map(Weak::upgrade).collect();
        let mut lines: Vec<_> = open.iter().map(|session| session.line()).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.id));
        lines
    }

    /// A session that is open, or has just ended and is not in the spool yet.
    pub(crate) fn read(&self, id: i64) -> Option<SessionDetail> {
        let open = lock(&self.0.open).get(&id).and_then(Weak::upgrade);
        if let Some(session) = open {
            return Some(session.detail());
        }
        let ended = lock(&self.0.ended).find(id);
        ended.map(|finished| finished.detail())
    }

    /// The sessions that begin and end from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SessionNews> {
        self.0.news_tx.subscribe()
    }
}

impl TranscriptsShared {
    /// A session has ended: its last recorder was dropped.
    pub(super) fn finish(&self, finished: Finished) {
        let id = finished.opening.id;
        let is_listed = lock(&self.open).contains_key(&id);
        if !is_listed && finished.is_empty() {
            return;
        }
        let is_of_flood = finished.state.arrivals.is_empty()
            && self.fruitless.due(network(finished.opening.peer)).is_none();
        // Added to the one before it is removed from the other, so that it is always in one of them.
        lock(&self.ended).push(Finished { is_of_flood, ..finished });
        lock(&self.open).remove(&id);
        self.any_ended.notify_one();
    }

    /// Publishes news, if anybody subscribes.
    fn publish(&self, news: SessionNews) {
        if self.news_tx.receiver_count() > 0 {
            let _ = self.news_tx.send(news);
        }
    }
}

impl Ended {
    /// Adds an ended session. One of a flood replaces the one before it of the same address.
    fn push(&mut self, finished: Finished) {
        if finished.is_of_flood {
            let before = self.waiting.len();
            self.waiting.retain(|it| !it.is_of_flood || it.opening.peer != finished.opening.peer);
            self.dropped += (before - self.waiting.len()) as u64;
        }
        if self.waiting.len() >= WAITING_MAX {
            self.thin();
        }
        self.waiting.push_back(Arc::new(finished));
    }

    /// Keeps only the newest session of each address, and at most half of the maximum.
    fn thin(&mut self) {
        let before = self.waiting.len();
        let mut seen = HashSet::new();
        let newest_first = mem::take(&mut self.waiting).into_iter().rev();
        let mut kept: VecDeque<_> = newest_first
            .filter(|finished| seen.insert(finished.opening.peer))
            .take(WAITING_MAX / 2)
            .collect();
        kept.make_contiguous().reverse();
        self.dropped += before.saturating_sub(kept.len()) as u64;
        self.waiting = kept;
    }

    /// Takes all that wait as the next batch, with the number of those that were dropped.
    fn take(&mut self) -> (Vec<Arc<Finished>>, u64) {
        self.batch = self.waiting.drain(..).collect();
        (self.batch.clone(), mem::take(&mut self.dropped))
    }

    /// An ended session that waits or is being written.
    fn find(&self, id: i64) -> Option<Arc<Finished>> {
        self.waiting.iter().chain(&self.batch).find(|finished| finished.opening.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_several_nodes_have_numbers_of_their_own_in_the_order_of_time() {
        let node = |run| Numbers::ByTime { run, last: AtomicI64::default() };
        let (a, b) = (node(1), node(2));
        let at = |ms: i64| Timestamp::from_ms(1_800_000_000_000 + ms);
        let numbers = [
            a.next(at(0)),
            b.next(at(0)),
            a.next(at(0)),
            b.next(at(2)),
            a.next(at(3)),
            a.next(at(0)),
        ];
        assert!(
            numbers.is_sorted() && numbers.windows(2).all(|two| two[0] != two[1]),
            "{numbers:?}"
        );
        // A program that reads JSON as JavaScript does keeps every digit.
        assert!(numbers[5] < 1 << 53);
    }
}
