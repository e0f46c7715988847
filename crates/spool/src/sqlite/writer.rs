//! The one writer: a thread that gathers what is waiting into one transaction, so that many
//! arrivals share one fsync (group commit). Answers leave only after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::sql::database::caught;
use crate::{Result, SpoolError};

/// How many jobs may wait; whoever brings more waits for a place.
const QUEUE_MAX: usize = 1024;
/// How many jobs share a transaction at the most.
const BATCH_MAX: usize = 256;
/// Number of jobs after which the writer looks whether there is upkeep to do.
const UPKEEP_EVERY: usize = 64;
/// Between two attempts to open the database again, after the writer broke down.
const REOPEN_PAUSE: Duration = Duration::from_millis(500);

/// Called with the result of the commit.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Does its work inside the transaction, or learns that there is none, and tells whom to answer
/// after the commit.
type Job = Box<dyn FnOnce(Result<&Connection>) -> Answer + Send>;

/// Hands work to the writer's thread. Dropping it ends the thread after what is queued.
pub(super) struct Writer {
    queue_tx: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
}

/// State of the thread, for other threads.
#[derive(Default)]
struct State {
    /// Whether the last change could not be committed.
    is_failing: AtomicBool,
    restarts: AtomicU64,
}

impl Writer {
    /// Starts the thread with the connection that it alone writes by; should it ever break down, it goes
    /// on with another one from `reopen`. What `before_commit` does is shared by all that is committed
    /// with it. `upkeep` is done after every few jobs when they are answered, outside of any transaction.
    pub(super) fn start(
        connection: Connection,
        reopen: impl Fn() -> Result<Connection> + Send + 'static,
        before_commit: impl Fn() -> Result<()> + Send + 'static,
        upkeep: impl Fn(&Connection) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (queue_tx, queue_rx) = mpsc::channel(QUEUE_MAX);
        let state = Arc::new(State::default());
        let thread = Thread { reopen, before_commit, upkeep, queue_rx, state: Arc::clone(&state) };
        let thread = std::thread::Builder::new()
            .name("spool-writer".to_owned())
            .spawn(move || thread.run(connection))
            .map_err(|error| SpoolError::File(error.to_string()))?;
        Ok(Self { queue_tx: Some(queue_tx), thread: Some(thread), state })
    }

    /// How often it broke down and was started again.
    pub(super) fn restarts(&self) -> u64 {
        self.state.restarts.load(Ordering::Relaxed)
    }

    /// Whether work is done and committed. If the last commit failed, `change` is made to see whether
    /// the next one does.
    pub(super) async fn check(
        &self,
        change: impl FnOnce(&Connection) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let is_failing = self.state.is_failing.load(Ordering::Relaxed);
        self.run(move |connection| if is_failing { change(connection) } else { Ok(()) }).await
    }

    /// Does `work` in a transaction; the answer comes when it is durable. Work that fails is
    /// undone alone: what shares its transaction stays.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (answer_tx, answer_rx) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.and_then(|connection| in_savepoint(connection, work));
            Box::new(move |commit| {
                // Whoever asked may have gone away; the work is done all the same.
                let _ = answer_tx.send(done.and_then(|value| commit.map(|()| value)));
            })
        });
        let queue_tx = self.queue_tx.as_ref().ok_or(SpoolError::Closed)?;
        queue_tx.send(job).await.map_err(|_| SpoolError::Closed)?;
        answer_rx.await.map_err(|_| SpoolError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue_tx = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let done = caught(|| work(connection));
    if done.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    done
}

/// What the thread works with.
struct Thread<O, C, U> {
    reopen: O,
    before_commit: C,
    upkeep: U,
    queue_rx: mpsc::Receiver<Job>,
    state: Arc<State>,
}

impl<O, C, U> Thread<O, C, U>
where
    O: Fn() -> Result<Connection>,
    C: Fn() -> Result<()>,
    U: Fn(&Connection) -> Result<()>,
{
    /// Writes until the queue is closed. A panic costs the jobs that were being written, none of which is
    /// acknowledged; the others go on.
    fn run(mut self, connection: Connection) {
        let mut connection = Some(connection);
        while let Some(current) = connection.take() {
            let writing = AssertUnwindSafe(|| self.write_until_closed(&current));
            if catch_unwind(writing).is_ok() {
                return;
            }
            tracing::error!("The spool's writer broke down, and is started again.");
            self.state.is_failing.store(true, Ordering::Relaxed);
            self.state.restarts.fetch_add(1, Ordering::Relaxed);
            // Ends its transaction.
            drop(current);
            connection = self.connect();
        }
    }

    fn write_until_closed(&mut self, connection: &Connection) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut jobs = 0;
        while self.queue_rx.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            jobs += batch.len();
            write_batch(connection, &self.before_commit, &self.state, &mut batch);
            if jobs >= UPKEEP_EVERY {
                jobs = 0;
                if let Err(error) = (self.upkeep)(connection) {
                    tracing::warn!(%error, "The index of the spool's search could not be updated.");
                }
            }
        }
    }

    /// Another connection, unless nobody needs one any more.
    fn connect(&self) -> Option<Connection> {
        while !self.queue_rx.is_closed() {
            match (self.reopen)() {
                Ok(connection) => return Some(connection),
                Err(error) => tracing::error!(%error, "The spool cannot be opened again."),
            }
            std::thread::sleep(REOPEN_PAUSE);
        }
        None
    }
}

fn write_batch(
    connection: &Connection,
    before_commit: &dyn Fn() -> Result<()>,
    writer: &State,
    batch: &mut Vec<Job>,
) {
    let before = connection.total_changes();
    let mut state = begin(connection);
    let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
    for job in batch.drain(..) {
        answers.push(job(state.as_ref().map(|()| connection).map_err(same)));
        // A full disk or a failing one makes SQLite end the whole transaction by itself.
        if state.is_ok() && connection.is_autocommit() {
            state = Err(SpoolError::Full("a transaction was given up".to_owned()));
        }
    }
    let committed = state.and_then(|()| before_commit()).and_then(|()| commit(connection));
    if let Err(error) = &committed {
        tracing::error!(%error, "The spool could not commit; nothing of it was acknowledged.");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    // What changed nothing says nothing. Before the answers: who has one may ask at once.
    if committed.is_err() || connection.total_changes() > before {
        writer.is_failing.store(committed.is_err(), Ordering::Relaxed);
    }
    for answer in answers {
        answer(committed.as_ref().copied().map_err(same));
    }
}

fn begin(connection: &Connection) -> Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    Ok(())
}

fn commit(connection: &Connection) -> Result<()> {
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

/// The same failure for each who waits for the commit.
fn same(error: &SpoolError) -> SpoolError {
    match error {
        SpoolError::Full(text) => SpoolError::Full(text.clone()),
        other => SpoolError::Database(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(writer: &Writer) -> i64 {
        let count = |connection: &Connection| {
            Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
        };
        writer.run(count).await.unwrap()
    }

    fn insert(connection: &Connection) -> Result<()> {
        connection.execute("INSERT INTO t VALUES (1)", [])?;
        Ok(())
    }

    fn no_upkeep(_: &Connection) -> Result<()> {
        Ok(())
    }

    fn reopen() -> Result<Connection> {
        Err(SpoolError::Closed)
    }

    #[tokio::test]
    async fn a_writer_that_breaks_down_is_started_again_and_undoes_what_was_not_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let open = move || Ok(Connection::open(&path)?);
        open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let breaks = Arc::new(AtomicBool::new(false));
        let (breaks_now, next) = (Arc::clone(&breaks), open.clone());
        let before_commit = move || {
            assert!(!breaks_now.swap(false, Ordering::Relaxed), "on purpose");
            Ok(())
        };
        let writer = Writer::start(open().unwrap(), next, before_commit, no_upkeep).unwrap();
        writer.run(insert).await.unwrap();
        breaks.store(true, Ordering::Relaxed);
        assert!(matches!(writer.run(insert).await, Err(SpoolError::Closed)));
        writer.run(insert).await.unwrap();
        assert_eq!((count(&writer).await, writer.restarts()), (2, 1));
    }

    #[tokio::test]
    async fn a_writer_that_cannot_commit_says_so_until_it_can_again() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        let is_full = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&is_full);
        let before_commit = move || match full.load(Ordering::Relaxed) {
            true => Err(SpoolError::Full("no room".to_owned())),
            false => Ok(()),
        };
        let writer = Writer::start(connection, reopen, before_commit, no_upkeep).unwrap();
        writer.check(insert).await.unwrap();
        assert_eq!(count(&writer).await, 0, "nothing is written while all is well");
        is_full.store(true, Ordering::Relaxed);
        assert!(writer.run(insert).await.is_err());
        assert!(writer.check(insert).await.is_err());
        is_full.store(false, Ordering::Relaxed);
        writer.check(insert).await.unwrap();
        writer.check(insert).await.unwrap();
        assert_eq!(count(&writer).await, 1, "one change shows that it works again");
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_is_undone_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        let writer = Writer::start(connection, reopen, || Ok(()), no_upkeep).unwrap();
        let failing = |connection: &Connection| {
            insert(connection)?;
            Err::<(), _>(SpoolError::Closed)
        };
        let panicking = |connection: &Connection| {
            insert(connection)?;
            Ok("no number".parse::<i64>().unwrap())
        };
        let (good, failed, panicked, also_good) = tokio::join!(
            writer.run(insert),
            writer.run(failing),
            writer.run(panicking),
            writer.run(insert),
        );
        assert!(good.is_ok() && also_good.is_ok());
        assert!(failed.is_err() && panicked.is_err());
        assert_eq!(count(&writer).await, 2);
    }
}
