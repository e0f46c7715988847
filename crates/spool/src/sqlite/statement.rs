//! Statements on a connection of SQLite. Each is prepared once and kept.

use std::borrow::Cow;
use std::time::SystemTime;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params_from_iter};
use tipoff_model::Timestamp;

use super::text_index;
use crate::core::incident_search::Wanted;
use crate::sql::statement::{Columns, EachRow, Row, Sql, Value};
use crate::{Result, SpoolError};

impl Sql for Connection {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize> {
        #[cfg(test)]
        super::plans::note(statement);
        Ok(self.prepare_cached(statement)?.execute(params_from_iter(values))?)
    }

    fn insert(&self, statement: &str, values: &[Value<'_>]) -> Result<Option<i64>> {
        let inserted = Sql::execute(self, statement, values)?;
        Ok((inserted > 0).then(|| self.last_insert_rowid()))
    }

    fn query(&self, statement: &str, values: &[Value<'_>], each: &mut EachRow<'_>) -> Result<()> {
        #[cfg(test)]
        super::plans::note(statement);
        let mut select: CachedStatement<'_> = self.prepare_cached(statement)?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if each(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn now(&self) -> Result<Timestamp> {
        Ok(SystemTime::now().into())
    }

    fn last_number(&self, table: &str) -> Result<i64> {
        let last = self
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?
            .query_row([table], |row| row.get(0))
            .optional()?;
        Ok(last.unwrap_or(0))
    }

    fn incidents_with(&self, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>> {
        text_index::find(self, texts, wanted)
    }

    fn devices_named(&self, text: &str, max: usize) -> Result<Vec<i64>> {
        text_index::devices(self, text, max)
    }
}

impl Columns for rusqlite::Row<'_> {
    fn value(&self, index: usize) -> Result<Value<'_>> {
        match self.get_ref(index)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(integer) => Ok(Value::Integer(integer)),
            ValueRef::Text(text) => match str::from_utf8(text) {
                Ok(text) => Ok(Value::Text(Cow::Borrowed(text))),
                Err(error) => Err(SpoolError::Database(format!("column {index}: {error}"))),
            },
            ValueRef::Blob(bytes) => Ok(Value::Bytes(Cow::Borrowed(bytes))),
            ValueRef::Real(_) => {
                Err(SpoolError::Database(format!("column {index} has a value of another type")))
            }
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<rusqlite::Error> for SpoolError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full(error.to_string()),
            _ => Self::Database(error.to_string()),
        }
    }
}
