//! How the statements of this crate reach an engine: a statement with values goes in, rows come out.
//!
//! The statements are written once. An engine implements [`Sql`] for its connection. Words that only SQLite has (`instr`,
//! scalar `max`, `->>` of a text) are functions of the other engine's tables; it leaves out the hint `INDEXED BY`.

use std::ops::ControlFlow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tipoff_model::{Event, Timestamp};

pub(crate) use super::value::{FromValue, ToValue, Value};
use crate::core::incident_search::Wanted;
use crate::{Result, SpoolError};

/// A connection on which statements run: inside the writer's transaction, or to read.
pub trait Sql {
    /// Runs a statement and returns the number of rows that it changed.
    ///
    /// # Errors
    /// If the engine refuses or fails: [`SpoolError::Full`] where it has no room, otherwise
    /// [`SpoolError::Database`].
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize>;

    /// Runs a statement whose number of changed rows nobody needs. An engine may send it with the next statement, and
    /// an error may come with that, or with the commit.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn change(&self, statement: &str, values: &[Value<'_>]) -> Result<()> {
        self.execute(statement, values).map(drop)
    }

    /// Runs an `INSERT` of at most one row and returns the number (`id`) that the row got. `None` if its condition
    /// or a conflict kept it out.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn insert(&self, statement: &str, values: &[Value<'_>]) -> Result<Option<i64>>;

    /// Passes the rows of a query to `each`, one by one, until it breaks.
    ///
    /// # Errors
    /// As [`Sql::execute`], and those of `each`.
    fn query(&self, statement: &str, values: &[Value<'_>], each: &mut EachRow<'_>) -> Result<()>;

    /// The time by the clock of the database.
    /// Errors are those of [`Sql::execute`].
    fn now(&self) -> Result<Timestamp>;

    /// What a query ends with so that its rows stay as they are until the transaction ends, if others write beside it.
    fn share_lock(&self) -> &'static str {
        ""
    }

    /// The largest number that a row of `table` ever had, also if that row was removed. 0 if there was none.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn last_number(&self, table: &str) -> Result<i64>;

    /// Waits until no other transaction holds the lock, and holds it until the end of this one. An engine may wait when the
    /// next statement runs. Returns whether another transaction may have written between the statements before: what was
    /// read must be read again. An engine with one writer has nothing to do.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn lock(&self, _lock: Lock<'_>) -> Result<bool> {
        Ok(false)
    }

    /// Runs `reads` to learn which queries will be asked soon: there, each query has no rows, and nothing is changed. An
    /// engine behind a network sends these queries with its next statement, all in one round trip, and keeps the
    /// answers until they are asked for, a change touches their tables, or a lock is taken. One that is never asked
    /// cost only its work. An engine in this process has nothing to do.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn expect(&self, _reads: &dyn Fn(&dyn Sql)) -> Result<()> {
        Ok(())
    }

    /// The number (`id`) for the next row of `table`, from an engine that gives numbers before rows are written: then
    /// nobody waits for the row. `None`: the row gets its number when it is written.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn number(&self, _table: &str) -> Result<Option<i64>> {
        Ok(None)
    }

    /// Number of rows over which a sum is spread that the arrivals of all devices change. One writer needs one; where
    /// transactions run side by side, each would wait for the commit of the one before.
    fn sum_rows(&self) -> i64 {
        1
    }

    /// The wanted incidents that may have all these texts in the words of their arrivals, by the engine's own index.
    /// More may be among them than have the texts, and none that has them is missing. `None` if the index knows none
    /// of the texts.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn incidents_with(&self, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>>;

    /// Devices that have the text in the name that people see, in any order, at most so many.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn devices_named(&self, text: &str, max: usize) -> Result<Vec<i64>>;
}

/// What one transaction at a time may do. Of several locks, each transaction takes those that come first here first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock<'a> {
    /// Store the arrival with this blob, or look whether it was stored.
    Arrival(&'a str),
    /// Make tables, and what a new spool begins with.
    Opening,
    /// Change users, tokens, links and what else may be only so many.
    Accounts,
    /// Make, name, merge and remove devices.
    Devices,
    /// Change the incidents of a device: their numbers, and those of their arrivals, are committed in order, and nothing
    /// is added to a delivery while its attempt is recorded.
    Device(i64),
    /// The same for the device of an incident.
    DeviceOfIncident(i64),
    /// The same for the device of an arrival.
    DeviceOfArrival(i64),
    /// The same for the device of a delivery.
    DeviceOfDelivery(i64),
    /// Remove entries of the audit log.
    AuditLog,
}

/// Reads a row, and says whether it needs the next one.
pub(crate) type EachRow<'a> = dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>> + 'a;

impl dyn Sql + '_ {
    /// What `find` finds; if that is nothing, what it finds once this transaction has the lock: whoever had it may have
    /// made what is sought.
    pub(crate) fn find_or_lock<T>(
        &self,
        lock: Lock<'_>,
        find: impl Fn() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match find()? {
            None if self.lock(lock)? => find(),
            found => Ok(found),
        }
    }

    /// Runs an `INSERT` of one row and returns the number (`id`) that the row got.
    pub(crate) fn insert_row(&self, statement: &str, values: &[Value<'_>]) -> Result<i64> {
        let number = self.insert(statement, values)?;
        number.ok_or_else(|| SpoolError::Database("a row was not inserted".to_owned()))
    }

    /// Runs an `INSERT` of one row that writes `number` as its `id`, and returns the number that the row got.
    pub(crate) fn insert_numbered(
        &self,
        number: Option<i64>,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<i64> {
        match number {
            Some(number) => self.change(statement, values).map(|()| number),
            None => self.insert_row(statement, values),
        }
    }

    /// Reads what does not depend on one another: in one round trip, if the engine needs any.
    pub(crate) fn together<T>(&self, read: impl Fn(&dyn Sql) -> Result<T>) -> Result<T> {
        self.expect(&|ahead| drop(read(ahead)))?;
        read(self)
    }

    /// All rows of a query.
    pub(crate) fn rows<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.query(statement, values, &mut |row| {
            rows.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// The first row of a query. `None` if it has none.
    pub(crate) fn row<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.find(statement, values, |row| read(row).map(Some))
    }

    /// What `read` finds in the first row in which it finds anything; the rows behind it are not read.
    pub(crate) fn find<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.query(statement, values, &mut |row| {
            found = read(row)?;
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// The row of a query that always has one, such as `SELECT count(*)`, or of one that was found before.
    ///
    /// # Errors
    /// [`SpoolError::Conflict`] if it has none; as [`Sql::query`].
    pub(crate) fn one<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let row = self.row(statement, values, read)?;
        // A row that this transaction found before may have been removed by another one.
        row.ok_or_else(|| SpoolError::Conflict("a query returned no row".to_owned()))
    }
}

/// The columns of a row, as an engine gives them.
pub trait Columns {
    /// The value of a column, counted from 0.
    ///
    /// # Errors
    /// If there is no such column, or its type is none of [`Value`].
    fn value(&self, index: usize) -> Result<Value<'_>>;
}

/// A row of a query.
pub struct Row<'a>(pub &'a dyn Columns);

impl Row<'_> {
    /// The value of a column, counted from 0.
    pub(crate) fn get<T: FromValue>(&self, index: usize) -> Result<T> {
        T::from_value(self.0.value(index)?).ok_or_else(|| {
            SpoolError::Database(format!("column {index} has a value of another type"))
        })
    }
}

/// The time in a column of milliseconds.
pub(crate) fn at(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    row.get(column).map(Timestamp)
}

/// The event in a column of names. One that this version does not know is the general one.
pub(crate) fn event(row: &Row<'_>, column: usize) -> Result<Event> {
    Ok(Event::from_name(&row.get::<String>(column)?).unwrap_or_default())
}

/// A count, which is never negative.
pub(crate) fn number<T: TryFrom<i64> + Default>(row: &Row<'_>, column: usize) -> Result<T> {
    Ok(T::try_from(row.get(column)?).unwrap_or_default())
}

/// The text that a column of JSON holds for a value.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| SpoolError::Database(error.to_string()))
}

/// The value in a column of JSON.
pub(crate) fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let parsed = match row.0.value(column)? {
        Value::Text(text) => serde_json::from_str(&text),
        Value::Bytes(bytes) => serde_json::from_slice(&bytes),
        Value::Null | Value::Integer(_) => serde_json::from_str(""),
    };
    parsed.map_err(|error| SpoolError::Database(format!("column {column}: {error}")))
}

/// The values of a statement, in the order of `?1`, `?2` ….
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::statement::ToValue::to_value(&$value)),*]
    };
}
pub(crate) use params;
