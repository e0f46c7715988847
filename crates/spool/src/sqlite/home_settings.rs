//! What somebody chose for the house as a whole: its mode, and that nobody is told for a while.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::Timestamp;

use super::at;
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
pub(super) fn read(connection: &Connection, what: Choice) -> Result<Option<(String, Timestamp)>> {
    Ok(connection
        .prepare_cached("SELECT value, at FROM choice WHERE what = ?1")?
        .query_row([what.as_str()], |row| Ok((row.get(0)?, at(row, 1)?)))
        .optional()?)
}

/// Chooses.
pub(super) fn write(
    connection: &Connection,
    what: Choice,
    value: &str,
    now: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO choice (what, value, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = excluded.at",
        )?
        .execute(params![what.as_str(), value, now.0])?;
    Ok(())
}

/// Until when nobody is to be told of anything.
pub(super) fn muted_until(connection: &Connection) -> Result<Option<Timestamp>> {
    let until = read(connection, Choice::Muted)?;
    Ok(until.and_then(|(ms, _)| ms.parse().ok()).map(Timestamp::from_ms))
}

/// Whether nobody is to be told of anything now.
pub(super) fn is_muted(connection: &Connection, now: Timestamp) -> Result<bool> {
    Ok(muted_until(connection)?.is_some_and(|until| until > now))
}
