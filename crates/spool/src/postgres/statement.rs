//! Statements on a connection of PostgreSQL. Each is prepared once for each connection.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use futures_util::future::{FutureExt as _, try_join_all};
use tipoff_model::Timestamp;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row, Statement};

use super::ahead::{Answers, Asked, Expected, next_number};
use super::connection::{ANSWER_MAX, fault, is_reusable};
use super::locks::lock_statement;
use super::text_index;
use super::values::{params, to_owned, type_of};
use crate::core::incident_search::Wanted;
use crate::sql::database::caught;
use crate::sql::statement::{self as sql, EachRow, Lock, Sql, Value};
use crate::{Result, SpoolError};

/// A connection on which statements run, one after the other, on a thread for blocking work.
pub(super) struct Session {
    connection: Object,
    runtime: Handle,
    /// Changes that nobody waits for: they go with the next statement, so that a round trip carries many.
    queued: RefCell<Vec<Queued>>,
    /// Answers to queries that were sent ahead.
    answers: RefCell<Answers>,
    /// Whether anything happened after which the connection must not be used again.
    is_broken: Cell<bool>,
    /// Round trips to the database until now.
    round_trips: Cell<u64>,
    /// Whether this is a transaction: statements that only read take no locks.
    is_writing: bool,
}

/// What goes with the next statement.
enum Queued {
    /// Words of the protocol, such as `BEGIN`.
    Plain(&'static str),
    /// A statement with its values.
    Change(Statement, Vec<Value<'static>>),
    /// A query that somebody will ask.
    Query(Statement, Asked),
}

impl Session {
    /// For reading: every statement is a transaction of its own.
    pub(super) fn reading(connection: Object, runtime: Handle) -> Self {
        Self {
            connection,
            runtime,
            queued: RefCell::default(),
            answers: RefCell::default(),
            is_broken: Cell::new(false),
            round_trips: Cell::new(0),
            is_writing: false,
        }
    }

    /// For transactions, one after the other.
    pub(super) fn writing(connection: Object, runtime: Handle) -> Self {
        Self { is_writing: true, ..Self::reading(connection, runtime) }
    }

    /// Begins a transaction, with the next statement.
    pub(super) fn begin(&self) {
        self.forget_all();
        self.queued.borrow_mut().push(Queued::Plain("BEGIN"));
    }

    /// Does `work`. If it fails or panics, its transaction ends without its changes.
    pub(super) fn or_roll_back<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let done = caught(work);
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Sends what waits, and `COMMIT` with it.
    ///
    /// # Errors
    /// [`SpoolError::CommitUnknown`] if the connection broke before the answer.
    pub(super) fn commit(&self) -> Result<()> {
        // A commit that waits for a standby and runs out of time is reported as done, with a warning (PostgreSQL's
        // SyncRepWaitForLSN): it would be acknowledged and could be lost. So the server waits without a limit, and the
        // client gives up by itself.
        let unlimited = Queued::Plain("SET LOCAL statement_timeout = 0");
        self.queued.borrow_mut().extend([unlimited, Queued::Plain("COMMIT")]);
        self.flush().map_err(|error| match self.is_broken.get() {
            true => SpoolError::CommitUnknown(error.to_string()),
            false => error,
        })
    }

    /// Ends the transaction, if there is one, without its changes.
    fn roll_back(&self) {
        let unsent = self.queued.take();
        let has_begun = !matches!(unsent.first(), Some(Queued::Plain("BEGIN")));
        if self.is_writing && has_begun && !self.is_broken.get() {
            let end = self.connection.batch_execute("ROLLBACK");
            if self.wait(end).is_err() {
                self.is_broken.set(true);
            }
        }
    }

    /// Runs several statements without values, separated by semicolons.
    pub(super) fn batch(&self, statements: &str) -> Result<()> {
        self.forget_all();
        self.after_queued(self.connection.batch_execute(statements))
    }

    /// Round trips to the database until now. One in which a statement is prepared counts as well.
    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips.get()
    }

    /// The connection, if it can be used again.
    pub(super) fn end(self) -> (Object, bool) {
        let is_usable = !self.is_broken.get();
        (self.connection, is_usable)
    }

    /// Waits for an answer, up to the time limit.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T> {
        self.round_trips.set(self.round_trips.get() + 1);
        match self.runtime.block_on(async { timeout(ANSWER_MAX, answer).await }) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if !is_reusable(&error) {
                    self.is_broken.set(true);
                }
                Err(fault(&error))
            }
            Err(_) => {
                self.is_broken.set(true);
                Err(SpoolError::Database("the database does not answer".to_owned()))
            }
        }
    }

    /// Sends what waits.
    fn flush(&self) -> Result<()> {
        let is_empty = self.queued.borrow().is_empty();
        match is_empty {
            true => Ok(()),
            false => self.after_queued(std::future::ready(Ok(()))),
        }
    }

    /// Sends all at once and waits for all answers. It is done in its order.
    async fn send(&self, queued: &[Queued]) -> Result<Vec<Vec<Row>>, Error> {
        try_join_all(queued.iter().map(async |queued| match queued {
            Queued::Plain(words) => self.connection.batch_execute(words).await.map(|()| Vec::new()),
            Queued::Change(statement, values) => {
                self.connection.execute_raw(statement, params(values)).await.map(|_| Vec::new())
            }
            Queued::Query(statement, asked) => self.rows(statement, &asked.values).await,
        }))
        .await
    }

    async fn rows(&self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let rows = self.connection.query_raw(statement, params(values)).await?;
        rows.try_collect().await
    }

    /// Does `work` after what waits, in the same round trip.
    fn after_queued<'a, T, F>(&'a self, work: F) -> Result<T>
    where
        F: Future<Output = Result<T, Error>> + 'a,
    {
        let queued = self.queued.take();
        let (answers, value) = self.wait(async {
            // Both are polled in this order, and so are sent in it.
            tokio::try_join!(biased; self.send(&queued), work)
        })?;
        let mut kept = self.answers.borrow_mut();
        for (queued, rows) in queued.into_iter().zip(answers) {
            if let Queued::Query(_, asked) = queued {
                kept.add(asked, rows);
            }
        }
        Ok(value)
    }

    /// The answer to a query that was sent ahead, or is sent now with all that waits.
    fn answer(&self, statement: &str, values: &[Value<'_>]) -> Result<Option<Vec<Row>>> {
        if self.waits(statement, values) {
            self.flush()?;
        }
        Ok(self.answers.borrow_mut().take(statement, values))
    }

    /// Whether a query is sent ahead with the next statement.
    fn waits(&self, statement: &str, values: &[Value<'_>]) -> bool {
        self.queued.borrow().iter().any(|queued| match queued {
            Queued::Query(_, asked) => asked.is(statement, values),
            Queued::Plain(_) | Queued::Change(..) => false,
        })
    }

    /// Whether a query was or is sent ahead.
    fn is_expected(&self, statement: &str, values: &[Value<'_>]) -> bool {
        self.answers.borrow().have(statement, values) || self.waits(statement, values)
    }

    /// Forgets what was asked ahead and may have another answer after this change.
    fn forget_touched_by(&self, change: &str) {
        let is_touched = |queued: &Queued| match queued {
            Queued::Query(_, asked) => asked.is_touched_by(change),
            Queued::Plain(_) | Queued::Change(..) => false,
        };
        self.queued.borrow_mut().retain(|queued| !is_touched(queued));
        self.answers.borrow_mut().forget_touched_by(change);
    }

    /// Forgets all that was asked ahead.
    fn forget_all(&self) {
        self.queued.borrow_mut().retain(|queued| !matches!(queued, Queued::Query(..)));
        self.answers.borrow_mut().clear();
    }

    /// The statement in PostgreSQL's words.
    fn prepare(&self, statement: &str, values: &[Value<'_>]) -> Result<Statement> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let translated = translate(statement);
        #[cfg(test)]
        super::plans::note(&translated, &types);
        let prepare = self.connection.prepare_typed_cached(&translated, &types);
        let mut prepare = std::pin::pin!(prepare);
        // A statement that is kept from before is ready at once.
        match prepare.as_mut().now_or_never() {
            Some(prepared) => prepared.map_err(|error| fault(&error)),
            None => self.wait(prepare),
        }
    }
}

impl Sql for Session {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize> {
        let prepared = self.prepare(statement, values)?;
        self.forget_touched_by(statement);
        let changed = self.after_queued(self.connection.execute_raw(&prepared, params(values)))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn change(&self, statement: &str, values: &[Value<'_>]) -> Result<()> {
        let prepared = self.prepare(statement, values)?;
        self.forget_touched_by(statement);
        let values = values.iter().map(to_owned).collect();
        self.queued.borrow_mut().push(Queued::Change(prepared, values));
        Ok(())
    }

    fn insert(&self, statement: &str, values: &[Value<'_>]) -> Result<Option<i64>> {
        let mut id = None;
        self.query(&format!("{statement} RETURNING id"), values, &mut |row| {
            id = Some(row.get(0)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(id)
    }

    fn query(&self, statement: &str, values: &[Value<'_>], each: &mut EachRow<'_>) -> Result<()> {
        let rows = match self.answer(statement, values)? {
            Some(rows) => rows,
            None => {
                let prepared = self.prepare(statement, values)?;
                if !is_reading(statement) {
                    self.forget_touched_by(statement);
                }
                self.after_queued(self.rows(&prepared, values))?
            }
        };
        for row in &rows {
            if each(&sql::Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn now(&self) -> Result<Timestamp> {
        <dyn Sql>::one(self, NOW, &[], |row| row.get(0).map(Timestamp))
    }

    fn share_lock(&self) -> &'static str {
        if self.is_writing { "FOR SHARE" } else { "" }
    }

    fn last_number(&self, table: &str) -> Result<i64> {
        let select = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?1, 'id')), 0)";
        <dyn Sql>::one(self, select, &[Value::Text(table.into())], |row| row.get(0))
    }

    fn incidents_with(&self, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>> {
        text_index::find(self, texts, wanted)
    }

    fn devices_named(&self, text: &str, max: usize) -> Result<Vec<i64>> {
        text_index::devices(self, text, max)
    }

    fn lock(&self, lock: Lock<'_>) -> Result<bool> {
        if self.is_writing {
            // It goes with the next statement: whoever has the lock until then changes nothing that was read.
            let (select, number) = lock_statement(lock);
            self.forget_all();
            // Whoever had the lock may have merged the device: the second time finds the other.
            for _ in 0..if select.contains("FROM") { 2 } else { 1 } {
                self.change(select, &[Value::Integer(number)])?;
            }
        }
        Ok(self.is_writing)
    }

    fn expect(&self, reads: &dyn Fn(&dyn Sql)) -> Result<()> {
        let expected = Expected::default();
        reads(&expected);
        let mut queries = expected.into_queries();
        queries.retain(|asked| !self.is_expected(&asked.statement, &asked.values));
        for asked in queries {
            let prepared = self.prepare(&asked.statement, &asked.values)?;
            self.queued.borrow_mut().push(Queued::Query(prepared, asked));
        }
        Ok(())
    }

    fn number(&self, table: &str) -> Result<Option<i64>> {
        <dyn Sql>::one(self, &next_number(table), &[], |row| row.get(0)).map(Some)
    }

    fn sum_rows(&self) -> i64 {
        SUM_ROWS
    }
}

/// Whether a statement with rows only reads.
fn is_reading(statement: &str) -> bool {
    statement.trim_start().starts_with("SELECT") || statement.trim_start().starts_with("WITH")
}

/// Rows of each sum that all devices change: few transactions of a fleet meet in one of them, and all are read quickly.
const SUM_ROWS: i64 = 64;

const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
/// A statement in PostgreSQL's words: `?1` is `$1`, a `?` without a number is that of its place, and hints for the
/// embedded engine are left out. No text of a statement has a question mark: texts are values.
fn translate(statement: &str) -> String {
    const HINT: &str = "INDEXED BY ";
    let mut translated = String::with_capacity(statement.len() + 16);
    let mut parts = statement.split('?');
    translated.push_str(parts.next().unwrap_or_default());
    for (place, part) in parts.enumerate() {
        translated.push('$');
        if !part.starts_with(|first: char| first.is_ascii_digit()) {
            translated.push_str(&(place + 1).to_string());
        }
        translated.push_str(part);
    }
    while let Some(at) = translated.find(HINT) {
        let name = translated.get(at + HINT.len()..).unwrap_or_default();
        let length = name.find(char::is_whitespace).unwrap_or(name.len());
        translated.replace_range(at..at + HINT.len() + length, "");
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_translated() {
        let statement =
            "SELECT id FROM incident INDEXED BY incident_by_device WHERE device = ?1 LIMIT ?12";
        let translated = "SELECT id FROM incident  WHERE device = $1 LIMIT $12";
        assert_eq!(translate(statement), translated);
        assert_eq!(translate("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
    }
}
