//! The fleet's spool on the embedded engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use rusqlite::Connection;
use tipoff_model::Timestamp;
use tipoff_spool::SqliteSpool;

use super::generate::{self, Size};
use super::measure::Everything;

/// What belongs to this engine alone: the index of words.
const WORDS_INDEX: &str =
    "INSERT INTO words_index (rowid, words) SELECT incident, words || '  ' FROM words ORDER BY incident;
     UPDATE words_mark SET arrival = (SELECT max(arrival) FROM words)";

/// Makes the spool in a folder.
///
/// # Errors
/// If the database cannot be written.
pub(super) fn make(folder: &Path, size: Size, now: Timestamp) -> Result<()> {
    drop(open(folder)?);
    let connection = Connection::open(folder.join("spool.db"))?;
    connection.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;",
    )?;
    let triggers = triggers(&connection)?;
    connection.execute_batch("BEGIN")?;
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    for statement in generate::statements(size, now)? {
        connection.execute_batch(&statement)?;
    }
    connection.execute_batch(WORDS_INDEX)?;
    for (_, create) in &triggers {
        connection.execute_batch(create)?;
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
    // Otherwise the first commits would write all of it to the disk.
    rustix::fs::sync();
    Ok(())
}

/// Opens it.
///
/// # Errors
/// Those of [`SqliteSpool::open`].
pub(super) fn open(folder: &Path) -> Result<SqliteSpool> {
    Ok(SqliteSpool::open(folder, Arc::new(Everything))?)
}

/// The triggers of the spool. They would cost more than the rows.
fn triggers(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut select =
        connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
