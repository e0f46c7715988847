//! Statements on a connection of SQLite. Each is prepared once and kept.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql, params_from_iter};

use crate::sql::statement::{Columns, EachRow, Row, Sql, Value};
use crate::{Result, SpoolError};

impl Sql for Connection {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize> {
        Ok(self.prepare_cached(statement)?.execute(params_from_iter(values))?)
    }

    fn insert(&self, statement: &str, values: &[Value<'_>]) -> Result<i64> {
        Ok(self.prepare_cached(statement)?.insert(params_from_iter(values))?)
    }

    fn query(&self, statement: &str, values: &[Value<'_>], each: &mut EachRow<'_>) -> Result<()> {
        let mut select: CachedStatement<'_> = self.prepare_cached(statement)?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if each(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
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
