//! The one writer: a thread that gathers what is waiting into one transaction, so that many
//! arrivals share one fsync (group commit). Answers leave only after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{Result, SpoolError};

/// How many jobs may wait; whoever brings more waits for a place.
const QUEUE_MAX: usize = 1024;
/// How many jobs share a transaction at the most.
const BATCH_MAX: usize = 256;

/// Called with the result of the commit.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Does its work inside the transaction, or learns that there is none, and tells whom to answer
/// after the commit.
type Job = Box<dyn FnOnce(Result<&Connection>) -> Answer + Send>;

/// Hands work to the writer's thread. Dropping it ends the thread after what is queued.
pub(super) struct Writer {
    queue_tx: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread with the connection that it alone writes by. What `before_commit` does is
    /// shared by all that is committed with it.
    pub(super) fn start(
        connection: Connection,
        before_commit: impl Fn() -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (queue_tx, queue_rx) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("spool-writer".to_owned())
            .spawn(move || write_until_closed(&connection, &before_commit, queue_rx))
            .map_err(|error| SpoolError::File(error.to_string()))?;
        Ok(Self { queue_tx: Some(queue_tx), thread: Some(thread) })
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
    // A fault in one job must not end the thread that stores everybody's mail.
    let done = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(SpoolError::Database("a job ended unexpectedly".to_owned())));
    if done.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    done
}

fn write_until_closed(
    connection: &Connection,
    before_commit: &dyn Fn() -> Result<()>,
    mut queue_rx: mpsc::Receiver<Job>,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while queue_rx.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        write_batch(connection, before_commit, &mut batch);
    }
}

fn write_batch(
    connection: &Connection,
    before_commit: &dyn Fn() -> Result<()>,
    batch: &mut Vec<Job>,
) {
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

    #[tokio::test]
    async fn a_job_that_fails_or_panics_is_undone_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        let writer = Writer::start(connection, || Ok(())).unwrap();
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
