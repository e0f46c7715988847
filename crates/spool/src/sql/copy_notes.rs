//! Notes about a copy of the spool (`crate::copy`): which one is under way, and how far it is.
//!
//! The target has the note of its source until the copy is complete: nothing else opens it until then. The source has
//! the name of the copy until a Tipoff opens it: what it changes then would not be in the copy.

use serde::{Deserialize, Serialize};

use super::identity::{fact, set_fact};
use super::statement::{Sql, Value, from_json, json, params};
use crate::{Result, SpoolError};

/// Where the notes are: rows of `meta`, which are not copied.
pub(crate) const KEYS: [&str; 3] = [BEGUN, GOING_ON, POSITION];
/// In the target: the copy and the spool that it is of.
const BEGUN: &str = "copy_begun";
/// In the source: the copy.
const GOING_ON: &str = "copy_going_on";
/// In the target: how far the copy is.
const POSITION: &str = "copy_position";

/// A copy that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The random name of the copy.
    pub(crate) copy: String,
    /// The identity of the spool that is copied.
    pub(crate) spool: String,
}

/// How far a copy is. Rows are copied table by table, each in the order of its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// What is copied.
    pub(crate) stage: Stage,
    /// The key of the last copied row of the stage. Empty: none is copied yet.
    pub(crate) after: Vec<KeyPart>,
}

/// A stage of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// The rows of a table.
    Rows(String),
    /// The columns of a table that name other rows of it.
    Links(String),
    /// Files.
    Media,
    /// Everything is copied, and nothing is compared.
    Comparison,
}

/// A value of a key, as JSON keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyPart {
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl KeyPart {
    /// The value for a statement.
    pub(crate) fn value(&self) -> Value<'static> {
        match self {
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Text(text) => Value::from(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone().into()),
        }
    }

    /// The part of a key that a value is.
    ///
    /// # Errors
    /// It is none: no column of a key is empty.
    pub(crate) fn of(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Null => Err(SpoolError::Database("a key of a row is empty".to_owned())),
            Value::Integer(integer) => Ok(Self::Integer(*integer)),
            Value::Text(text) => Ok(Self::Text(text.to_string())),
            Value::Bytes(bytes) => Ok(Self::Bytes(bytes.to_vec())),
        }
    }
}

/// Refuses the target of an unfinished copy, and ends a copy of which this spool is the source.
///
/// # Errors
/// [`SpoolError::Unfinished`]; if the database fails.
pub(crate) fn check_opening(sql: &dyn Sql) -> Result<()> {
    if fact(sql, BEGUN)?.is_some() {
        return Err(SpoolError::Unfinished);
    }
    match going_on(sql)? {
        Some(_) => forget(sql, GOING_ON),
        None => Ok(()),
    }
}

/// The identity of the spool. `None`: it was never opened.
pub(crate) fn identity(sql: &dyn Sql) -> Result<Option<String>> {
    fact(sql, "identity")
}

/// The copy of which this spool is the source, if no Tipoff has opened it since the copy began.
pub(crate) fn going_on(sql: &dyn Sql) -> Result<Option<String>> {
    fact(sql, GOING_ON)
}

/// Notes in the source that it is copied. `None`: no longer.
pub(crate) fn set_going_on(sql: &dyn Sql, copy: Option<&str>) -> Result<()> {
    match copy {
        Some(copy) => set_fact(sql, GOING_ON, copy),
        None => forget(sql, GOING_ON),
    }
}

/// The copy of which this database is the unfinished target.
pub(crate) fn begun(sql: &dyn Sql) -> Result<Option<Begun>> {
    let select = "SELECT value FROM meta WHERE key = ?1";
    sql.row(select, params![BEGUN], |row| from_json(row, 0))
}

/// Notes in the target that a copy begins.
pub(crate) fn set_begun(sql: &dyn Sql, begun: &Begun) -> Result<()> {
    set_fact(sql, BEGUN, &json(begun)?)
}

/// How far the copy is. `None`: nothing is copied yet.
pub(crate) fn position(sql: &dyn Sql) -> Result<Option<Position>> {
    let select = "SELECT value FROM meta WHERE key = ?1";
    sql.row(select, params![POSITION], |row| from_json(row, 0))
}

/// Notes how far the copy is, in the transaction of what was copied.
pub(crate) fn set_position(sql: &dyn Sql, position: &Position) -> Result<()> {
    set_fact(sql, POSITION, &json(position)?)
}

/// Forgets an unfinished copy: it is complete, or begins anew.
pub(crate) fn forget_begun(sql: &dyn Sql) -> Result<()> {
    forget(sql, BEGUN)?;
    forget(sql, POSITION)
}

fn forget(sql: &dyn Sql, key: &str) -> Result<()> {
    sql.change("DELETE FROM meta WHERE key = ?1", params![key])
}
