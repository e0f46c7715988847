//! What somebody chose for the house as a whole: its mode, and that nobody is told for a while.

use tipoff_model::Timestamp;

use super::statement::{Sql, at, params};
use crate::Result;

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The name of a mode.
    Mode,
    /// The time until which nobody is told, in milliseconds since 1970.
    Muted,
}

impl Choice {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Muted => "muted",
        }
    }
}

/// What was chosen last, and when.
pub(super) fn read(sql: &dyn Sql, what: Choice) -> Result<Option<(String, Timestamp)>> {
    sql.row("SELECT value, at FROM choice WHERE what = ?1", params![what.as_str()], |row| {
        Ok((row.get(0)?, at(row, 1)?))
    })
}

/// Chooses.
pub(super) fn write(sql: &dyn Sql, what: Choice, value: &str, now: Timestamp) -> Result<()> {
    sql.execute(
        "INSERT INTO choice (what, value, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = excluded.at",
        params![what.as_str(), value, now.0],
    )?;
    Ok(())
}

/// Until when nobody is to be told of anything.
pub(super) fn muted_until(sql: &dyn Sql) -> Result<Option<Timestamp>> {
    let until = read(sql, Choice::Muted)?;
    Ok(until.and_then(|(ms, _)| ms.parse().ok()).map(Timestamp::from_ms))
}

/// Whether nobody is to be told of anything now.
pub(super) fn is_muted(sql: &dyn Sql, now: Timestamp) -> Result<bool> {
    Ok(muted_until(sql)?.is_some_and(|until| until > now))
}
