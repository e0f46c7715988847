//! What somebody chose for the home as a whole: its mode, and until when all alerts are muted.

use tipoff_model::Timestamp;

use super::statement::{Sql, at, params};
use crate::Result;

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The name of a mode.
    Mode,
    /// When alerts are sent again, in milliseconds since 1970.
    Muted,
}

impl Choice {
    /// As the table has it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Muted => "muted",
        }
    }
}

/// What was chosen, and when.
pub(super) type Chosen = (String, Timestamp);

/// The latest choice.
pub(super) fn read(sql: &dyn Sql, what: Choice) -> Result<Option<Chosen>> {
    let select = "SELECT value, at FROM choice WHERE what = ?1";
    sql.row(select, params![what.as_str()], |row| Ok((row.get(0)?, at(row, 1)?)))
}

/// The mode that somebody chose last and when, and until when all alerts are muted.
pub(super) fn read_both(sql: &dyn Sql) -> Result<(Option<Chosen>, Option<Timestamp>)> {
    let (mode, muted_until) = (read(sql, Choice::Mode), muted_until(sql));
    Ok((mode?, muted_until?))
}

/// Replaces the choice.
pub(super) fn write(sql: &dyn Sql, what: Choice, value: &str, now: Timestamp) -> Result<()> {
    let write = "INSERT INTO choice (what, value, at) VALUES (?1, ?2, ?3)
        ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = excluded.at";
    sql.change(write, params![what.as_str(), value, now.0])?;
    Ok(())
}

/// Until when all alerts are muted.
pub(super) fn muted_until(sql: &dyn Sql) -> Result<Option<Timestamp>> {
    let until = read(sql, Choice::Muted)?;
    Ok(until.and_then(|(ms, _)| ms.parse().ok()).map(Timestamp::from_ms))
}
