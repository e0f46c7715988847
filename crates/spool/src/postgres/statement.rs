//! Statements on a connection of PostgreSQL. Each is prepared once for each connection.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::future::Future;
use std::ops::ControlFlow;

use deadpool_postgres::Object;
use futures_util::future::{FutureExt as _, try_join_all};
use tipoff_model::Timestamp;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Error, Statement};

use super::connection::{ANSWER_MAX, fault, is_reusable};
use super::text_index;
use crate::core::incident_search::Wanted;
use crate::sql::statement::{Columns, EachRow, Lock, Row, Sql, Value};
use crate::{Result, SpoolError};

/// A connection on which statements run, one after the other, on a thread for blocking work.
pub(super) struct Session {
    connection: Object,
    runtime: Handle,
    /// Changes that nobody waits for: they go with the next statement, so that a round trip carries many.
    queued: RefCell<Vec<Queued>>,
    /// Whether anything happened after which the connection must not be used again.
    is_broken: Cell<bool>,
    /// Round trips to the database until now.
    round_trips: Cell<u64>,
    /// Whether this is a transaction: statements that only read take no locks.
    is_writing: bool,
}

/// A change that goes with the next statement.
enum Queued {
    /// Words of the protocol, such as `BEGIN`.
    Plain(&'static str),
    /// A statement with its values.
    Change(Statement, Vec<Value<'static>>),
}

impl Session {
    /// For reading: every statement is a transaction of its own.
    pub(super) fn reading(connection: Object, runtime: Handle) -> Self {
        Self {
            connection,
            runtime,
            queued: RefCell::default(),
            is_broken: Cell::new(false),
            round_trips: Cell::new(0),
            is_writing: false,
        }
    }

    /// In a transaction, which begins with the first statement.
    pub(super) fn writing(connection: Object, runtime: Handle) -> Self {
        let session = Self { is_writing: true, ..Self::reading(connection, runtime) };
        session.queued.borrow_mut().push(Queued::Plain("BEGIN"));
        session
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
    pub(super) fn roll_back(&self) {
        self.queued.borrow_mut().clear();
        if self.is_writing && !self.is_broken.get() {
            let end = self.connection.batch_execute("ROLLBACK");
            if self.wait(end).is_err() {
                self.is_broken.set(true);
            }
        }
    }

    /// Runs several statements without values, separated by semicolons.
    pub(super) fn batch(&self, statements: &str) -> Result<()> {
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
        let queued = self.queued.take();
        if queued.is_empty() {
            return Ok(());
        }
        self.wait(async { self.send(&queued).await })
    }

    /// Sends changes at once and waits for all answers. They are done in their order.
    async fn send(&self, queued: &[Queued]) -> Result<(), Error> {
        try_join_all(queued.iter().map(async |queued| match queued {
            Queued::Plain(words) => self.connection.batch_execute(words).await,
            Queued::Change(statement, values) => {
                self.connection.execute_raw(statement, params(values)).await.map(drop)
            }
        }))
        .await
        .map(drop)
    }

    /// Does `work` after what waits, in the same round trip.
    fn after_queued<'a, T, F>(&'a self, work: F) -> Result<T>
    where
        F: Future<Output = Result<T, Error>> + 'a,
    {
        let queued = self.queued.take();
        self.wait(async {
            // Both are polled in this order, and so are sent in it.
            let ((), value) = tokio::try_join!(biased; self.send(&queued), work)?;
            Ok(value)
        })
    }

    /// The statement in PostgreSQL's words.
    fn prepare(&self, statement: &str, values: &[Value<'_>]) -> Result<Statement> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let translated = translate(statement);
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
        let changed = self.after_queued(self.connection.execute_raw(&prepared, params(values)))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn change(&self, statement: &str, values: &[Value<'_>]) -> Result<()> {
        let prepared = self.prepare(statement, values)?;
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
        let prepared = self.prepare(statement, values)?;
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.after_queued(self.connection.query(&prepared, &values))?;
        for row in &rows {
            if each(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn now(&self) -> Result<Timestamp> {
        let select = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
        <dyn Sql>::one(self, select, &[], |row| row.get(0).map(Timestamp))
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

    fn lock(&self, lock: Lock<'_>) -> Result<bool> {
        if self.is_writing {
            let (select, number) = lock_statement(lock);
            self.execute(select, &[Value::Integer(number)])?;
        }
        Ok(self.is_writing)
    }
}

/// The bits of the locks of devices: 5 in the upper byte. [`lock_statement`] repeats the number.
const OF_DEVICE: i64 = 5 << 56;

/// The statement that takes a lock, and its value. One for the device of something looks the device up as well.
fn lock_statement(lock: Lock<'_>) -> (&'static str, i64) {
    let statement = match lock {
        Lock::Opening
        | Lock::Devices
        | Lock::Accounts
        | Lock::Arrival(_)
        | Lock::Device(_)
        | Lock::AuditLog => "SELECT pg_advisory_xact_lock(?1)",
        Lock::DeviceOfIncident(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | device) FROM incident WHERE id = ?1"
        }
        Lock::DeviceOfArrival(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | device)
             FROM arrival JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1"
        }
        Lock::DeviceOfDelivery(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | incident.device)
             FROM delivery JOIN incident ON incident.id = delivery.incident WHERE delivery.id = ?1"
        }
    };
    (statement, number_of(lock))
}

/// The number of a lock. Locks of different kinds never have the same; two arrivals seldom do, and then one waits for
/// the other.
fn number_of(lock: Lock<'_>) -> i64 {
    // The upper byte tells the kinds apart. Numbers of rows never reach it.
    const KIND: u32 = 56;
    match lock {
        Lock::Opening => 1 << KIND,
        Lock::Devices => 2 << KIND,
        Lock::Accounts => 3 << KIND,
        Lock::AuditLog => 6 << KIND,
        Lock::Arrival(blob) => (4 << KIND) | (fnv(blob.as_bytes()) >> 8),
        Lock::Device(id) => OF_DEVICE | id,
        Lock::DeviceOfIncident(id) | Lock::DeviceOfArrival(id) | Lock::DeviceOfDelivery(id) => id,
    }
}

/// FNV-1a with 64 bits: the same in every version of the program.
fn fnv(bytes: &[u8]) -> i64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The sign would not survive the shift of the caller.
    i64::try_from(hash >> 1).unwrap_or_default()
}

/// A statement in PostgreSQL's words: `?1` is `$1`, a `?` without a number is that of its place, and hints for the embedded engine are left out. No text of a
/// statement has a question mark: texts are values.
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

fn type_of(value: &Value<'_>) -> Type {
    match value {
        // PostgreSQL finds out by the context.
        Value::Null => Type::UNKNOWN,
        Value::Integer(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

fn to_owned(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Integer(integer) => Value::Integer(*integer),
        Value::Text(text) => Value::Text(Cow::Owned(text.to_string())),
        Value::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.to_vec())),
    }
}

fn params<'a>(values: &'a [Value<'_>]) -> impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql(kind, out),
            // PostgreSQL keeps no zero byte in a text.
            Self::Text(text) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            Self::Text(text) => text.as_ref().to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl Columns for tokio_postgres::Row {
    fn value(&self, index: usize) -> Result<Value<'_>> {
        let read: Received<'_> = self.try_get(index).map_err(|error| fault(&error))?;
        Ok(read.0)
    }
}

/// A value as it comes from the database.
struct Received<'a>(Value<'a>);

impl<'a> FromSql<'a> for Received<'a> {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        let value = match *kind {
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::BYTEA => Value::Bytes(Cow::Borrowed(<&[u8]>::from_sql(kind, raw)?)),
            _ => Value::Text(Cow::Borrowed(<&str>::from_sql(kind, raw)?)),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        let numbers = [Type::INT8, Type::INT4, Type::BOOL, Type::BYTEA];
        numbers.contains(kind) || <&str as FromSql<'_>>::accepts(kind)
    }
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

    #[test]
    fn locks_of_different_kinds_have_different_numbers() {
        let locks = [
            Lock::Opening,
            Lock::Devices,
            Lock::Accounts,
            Lock::AuditLog,
            Lock::Device(0),
            Lock::Device(7),
            Lock::Arrival("7"),
            Lock::Arrival("8"),
        ];
        let mut numbers: Vec<i64> = locks.into_iter().map(number_of).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), locks.len());
        assert!(numbers.iter().all(|number| *number > 0), "{numbers:?}");
        let (statement, _) = lock_statement(Lock::DeviceOfDelivery(7));
        assert!(statement.contains(&OF_DEVICE.to_string()));
    }
}
